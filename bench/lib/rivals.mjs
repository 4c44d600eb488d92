// The servers that are compared. Each: name, what it checks and keeps, and start(dir, payloads) → {server, port, path, db?}.
// A rival that is built from source lands in a cache outside the project; one that cannot be built says why and is left out.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, cache, onPath } from './cache.mjs';
import { nodeVersion, peerDir, peerNode, peerVersion } from './peer.mjs';
import { freePort, Server } from './process.mjs';
import { secret } from './payload.mjs';

function peer(workers) {
  return {
    name: workers === 1 ? 'fastify + ajv, 1 process' : `fastify + ajv, cluster of ${workers}`,
    stores: false,
    schema: true,
    prepare() {
      this.version = `fastify ${peerVersion('fastify')}, ajv ${peerVersion('ajv')}, node ${nodeVersion()}`;
    },
    async start(dir, payloads) {
      const port = await freePort();
      const env = {
        PEER_PORT: String(port),
        PEER_SECRET: secret,
        PEER_SCHEMA: payloads.schemaFile,
        PEER_WORKERS: String(workers),
        NODE_ENV: 'production',
      };
      const server = await Server.start(peerNode(), [join(peerDir, 'server.mjs')], {
        port,
        env,
        cwd: dir,
        log: join(dir, 'log'),
      });
      return { server, port, path: '/webhooks/github' };
    },
  };
}

const webhook = {
  name: 'adnanh/webhook',
  stores: false,
  schema: false,
  note: 'runs /bin/true for each accepted webhook: running a command is all it can do',
  prepare() {
    this.binary = onPath('webhook');
    this.version = execFileSync(this.binary, ['--version'], { encoding: 'utf8' }).trim();
  },
  // waited: it answers when the command has ended, not before.
  async start(dir, _payloads, _sink, waited = false) {
    const port = await freePort();
    const hooks = [
      {
        id: 'github',
        'execute-command': '/bin/true',
        'include-command-output-in-response': waited,
        'trigger-rule': {
          match: { type: 'payload-hmac-sha256', secret, parameter: { source: 'header', name: 'X-Hub-Signature-256' } },
        },
        'trigger-rule-mismatch-http-response-code': 401,
      },
    ];
    writeFileSync(join(dir, 'hooks.json'), JSON.stringify(hooks));
    const args = ['-hooks', join(dir, 'hooks.json'), '-ip', '127.0.0.1', '-port', String(port)];
    return {
      server: await Server.start(this.binary, args, { port, cwd: dir, log: join(dir, 'log') }),
      port,
      path: '/hooks/github',
    };
  },
};

const qhook = {
  name: 'qhook',
  stores: true,
  schema: false,
  note: 'pull queue, nothing is pulled: it stores and delivers nothing',
  prepare() {
    this.binary = build('qhook', 'cargo', ['install', 'qhook', '--version', '0.6.1', '--locked', '--root', cache]);
    this.version = 'qhook 0.6.1';
  },
  async start(dir) {
    const port = await freePort();
    const db = join(dir, 'qhook.db');
    writeFileSync(
      join(dir, 'qhook.yaml'),
      [
        `database: {driver: sqlite, url: "sqlite:${db}?mode=rwc"}`,
        `server: {port: ${port}}`,
        `sources: {github: {type: webhook, verify: github, secret: "${secret}"}}`,
        'queues: {all: {source: github}}',
        '',
      ].join('\n'),
    );
    const options = { port, env: { RUST_LOG: 'error' }, cwd: dir, log: join(dir, 'log') };
    return {
      server: await Server.start(this.binary, ['start', '--config', join(dir, 'qhook.yaml')], options),
      port,
      path: '/webhooks/github',
      db,
    };
  },
};

const hookaido = {
  name: 'Hookaido',
  stores: true,
  schema: false,
  note: 'pull mode, nothing is pulled: it stores and delivers nothing',
  prepare() {
    const module = 'github.com/nuetzliches/hookaido/v2/cmd/hookaido@v2.8.0';
    this.binary = build('hookaido', 'go', ['install', module], { env: { GOBIN: join(cache, 'bin') } });
    this.version = 'Hookaido 2.8.0';
  },
  async start(dir) {
    const [port, pull, admin] = [await freePort(), await freePort(), await freePort()];
    const db = join(dir, 'hookaido.db');
    writeFileSync(
      join(dir, 'Hookaidofile'),
      [
        `ingress { listen 127.0.0.1:${port} }`,
        `pull_api { listen 127.0.0.1:${pull}\n  auth token raw:bench }`,
        `admin_api { listen 127.0.0.1:${admin} }`,
        'queue_limits { max_depth 100000000\n  drop_policy reject }',
        'observability { access_log { enabled off }\n  runtime_log { level error } }',
        '/webhooks/github {',
        '  auth hmac {\n    provider github\n    secret env:BENCH_SECRET\n  }',
        '  queue { backend sqlite }\n  pull { path /pull/github }\n}',
        '',
      ].join('\n'),
    );
    const options = { port, env: { BENCH_SECRET: secret }, cwd: dir, log: join(dir, 'log') };
    const args = ['run', '--config', join(dir, 'Hookaidofile'), '--db', db];
    return { server: await Server.start(this.binary, args, options), port, path: '/webhooks/github', db };
  },
};

export const rivals = [peer(1), peer(2), webhook, qhook, hookaido];
