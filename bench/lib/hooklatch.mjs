// Our own side of the comparison: a generated configuration, started as an operator would.
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { secret } from './payload.mjs';
import { freePort, Server } from './process.mjs';

const stepSecret = `whsec_${Buffer.from('a bench secret for step calls').toString('base64')}`;

function configuration({ ingest, admin, schemaDir, sink }) {
  const lines = [
    `listen: {ingest: "127.0.0.1:${ingest}", admin: "127.0.0.1:${admin}"}`,
    'store: "sqlite:hooklatch.db"',
    `schemas: [${JSON.stringify(schemaDir)}]`,
    'sources:',
    `  github: {provider: github, secrets: [{value: "${secret}"}], events: {github.push: {schema: github/push.schema.json}}}`,
    `  fill: {provider: github, secrets: [{value: "${secret}"}]}`,
  ];
  if (sink) {
    lines.push(
      'endpoints:',
      `  sink: {url: "http://127.0.0.1:${sink}", secrets: [{value: "${stepSecret}"}]}`,
      'workflows:',
      '  - {id: push, on: {event: github.push}, steps: [{id: call, http: {endpoint: sink, path: /step}}]}',
    );
  }
  return `${lines.join('\n')}\n`;
}

export const hooklatch = {
  name: 'hooklatch',
  stores: true,
  schema: true,
  prepare() {
    this.binary = resolve(process.env.HOOKLATCH ?? 'hooklatch');
    if (!existsSync(this.binary)) {
      throw new Error(`${this.binary} is not there: build it, or name it in HOOKLATCH`);
    }
    this.version = execFileSync(this.binary, ['--version'], { encoding: 'utf8' }).trim().split('\n')[0];
  },
  async start(dir, payloads, sink) {
    const [ingest, admin] = [await freePort(), await freePort()];
    writeFileSync(join(dir, 'hooklatch.yaml'), configuration({ ingest, admin, schemaDir: payloads.schemaDir, sink }), {
      mode: 0o600,
    });
    const server = await Server.start(this.binary, ['serve', '-c', join(dir, 'hooklatch.yaml')], {
      port: ingest,
      cwd: dir,
      log: join(dir, 'log'),
    });
    return {
      server,
      port: ingest,
      admin,
      path: '/webhooks/github',
      fillPath: '/webhooks/fill',
      db: join(dir, 'hooklatch.db'),
    };
  },
  // accepted, not held: held events skip the work of a run.
  isGood: (text) => JSON.parse(text).status === 'accepted',
};
