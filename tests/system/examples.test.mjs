// The examples as a reader would run them.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort, Gateway } from './lib/gateway.mjs';
import { github, source } from './lib/sign.mjs';
import { until } from './lib/wait.mjs';
import { api, runIsOver } from './lib/words.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

test('examples/node: fifteen lines that verify a step call and answer it', async (t) => {
  // Its one package is among ours: nothing is downloaded.
  const dir = mkdtempSync(join(tmpdir(), 'hooklatch-example-'));
  copyFileSync(here('../../examples/node/server.mjs'), join(dir, 'server.mjs'));
  symlinkSync(here('node_modules'), join(dir, 'node_modules'));
  const port = await freePort();
  const secret = `whsec_${Buffer.from('the secret of the example').toString('base64')}`;
  const example = spawn(process.execPath, ['server.mjs'], {
    cwd: dir,
    env: { ...process.env, PORT: String(port), STEP_SECRET: secret },
  });
  let output = '';
  example.stdout.on('data', (text) => {
    output += text;
  });
  example.stderr.on('data', (text) => {
    output += text;
  });
  t.after(() => {
    example.kill();
    rmSync(dir, { recursive: true });
  });
  const status = () =>
    fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: '{}' }).then(
      (answer) => answer.status,
      () => 0,
    );
  assert.equal(await until('the example to listen', status), 401, 'what is not signed is refused');

  const gateway = await Gateway.start(t, {
    endpoints: { example: { url: `http://127.0.0.1:${port}`, secrets: [{ value: secret }] } },
    sources: { github: source('github') },
    workflows: [
      {
        id: 'flow',
        on: { event: 'github.push' },
        steps: [{ id: 'greet', http: { endpoint: 'example', path: '/greet' } }],
      },
    ],
  });
  const body = JSON.stringify({ ref: 'refs/heads/main', commits: [] });
  const { json } = await gateway.post('github', body, github(body));
  const run = await until(
    () => `the run to end; the example said ${output}`,
    async () => {
      const one = (await gateway.list(api.runsOf(json.id)))[0];
      return one && runIsOver(one) && gateway.get(api.run(one.id));
    },
  );
  assert.equal(run.state, 'done');
  assert.match(JSON.stringify(run), /"seen":\s*\["ref",\s*"commits"\]/);
  assert.match(output, /^greet: github\.push \S+, attempt 1, key \S+\/greet\/\d+$/m);
});
