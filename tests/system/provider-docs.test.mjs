// docs/providers.md is what the binary says of its providers; docs/provider-files.md holds what it shows: its files are
// written down, its commands run, and they must say just that.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';

const root = resolve(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/provider-files.md'), 'utf8');
const dir = mkdtempSync(join(tmpdir(), 'hooklatch-docs-'));
symlinkSync(resolve(process.env.HOOKLATCH), join(dir, 'hooklatch'));
after(() => rmSync(dir, { recursive: true }));

const env = { ...process.env, PATH: `${dir}:${process.env.PATH}` };
const run = (...args) => spawnSync('hooklatch', args, { cwd: dir, encoding: 'utf8', env, timeout: 60000 });
const good = (...args) => {
  const ran = run(...args);
  assert.equal(ran.status, 0, ran.stderr);
  return ran.stdout;
};

const commands = [];
for (const [, kind, name, text] of page.matchAll(/^```(\w+)(?: (\S+))?\n(.*?)^```$/gms)) {
  if (name) writeFileSync(join(dir, name), text);
  if (kind !== 'console') continue;
  for (const part of text.split(/^\$ /m).slice(1)) {
    const [command, ...output] = part.split('\n');
    commands.push({ command, output: output.join('\n').trimEnd() });
  }
}

test('the page has commands to run', () => assert.ok(commands.length >= 6, `${commands.length}`));

for (const { command, output } of commands)
  test(command, () => {
    const ran = spawnSync('sh', ['-c', `(${command}) 2>&1`], { cwd: dir, encoding: 'utf8', env, timeout: 60000 });
    assert.equal(ran.stdout.trimEnd(), output);
  });

test('docs/providers.md is up to date (else: scripts/providers-doc BINARY)', () => {
  assert.equal(readFileSync(join(root, 'docs/providers.md'), 'utf8'), good('providers', '--markdown'));
  const count = readdirSync(join(root, 'conf/providers')).length;
  assert.ok(readFileSync(join(root, 'README.md'), 'utf8').includes(`the ${count} senders`), `README: the ${count} senders`);
});

test('providers lists every file of conf/providers, and a folder of the configuration', () => {
  const files = readdirSync(join(root, 'conf/providers')).map((name) => name.replace(/\.yaml$/, ''));
  const ids = (text) => text.trim().split('\n').map((line) => line.split(/ +/)[0]);
  assert.deepEqual(ids(good('providers')), files.sort());
  const listed = JSON.parse(good('providers', '--json'));
  assert.deepEqual(listed.map((p) => p.id), files);
  for (const p of listed) assert.ok(p.name && p.scheme && p.verified, p.id);
  assert.deepEqual(ids(good('providers', '-c', 'hooklatch.yaml')), [...files, 'kiosk'].sort());
});

test('every provider says where its facts come from, what to type into the form, and asks for its secret', () => {
  const ids = readdirSync(join(root, 'conf/providers')).map((name) => name.replace(/\.yaml$/, ''));
  const shown = good('providers', ...ids);
  for (const p of JSON.parse(good('providers', '--json', ...ids))) {
    assert.match(readFileSync(join(root, 'conf/providers', `${p.id}.yaml`), 'utf8'), /^# .+\n(# .+\n)*#\n# Facts: /, p.id);
    assert.match(p.setup, /\{url\}/, p.id);
    assert.ok(p.scheme === 'none' || p.secret.what, p.id);
    assert.ok(shown.includes(`https://YOUR-ADDRESS/webhooks/${p.id}`), p.id);
  }
});

test('an unknown name, a broken file', () => {
  const unknown = run('providers', 'githb');
  assert.equal(unknown.status, 1);
  assert.match(unknown.stderr, /no provider "githb" \(did you mean "github"\?\)/);
  writeFileSync(join(dir, 'broken.yaml'), 'id: broken\nscheme: magic\n');
  const broken = run('providers', './broken.yaml');
  assert.equal(broken.status, 1);
  assert.match(broken.stderr, /broken\.yaml:2:.*scheme/);
});

test('who signs nothing is told so, and how a source proves its sender then', () => {
  writeFileSync(join(dir, 'card.yaml'), 'id: card\nscheme: mtls\n');
  writeFileSync(join(dir, 'empty.json'), '{}');
  assert.match(good('providers', './card.yaml'), /client_certificate: \{subjects: /);
  assert.doesNotMatch(good('providers', './card.yaml'), /secrets:/);
  assert.match(good('verify', '--provider', './card.yaml', 'empty.json'), /note: what proves it is the client's certificate/);
  assert.match(good('verify', '--provider', 'dockerhub', 'empty.json'), /note: Docker Hub signs nothing/);
  assert.match(run('sign', '--provider', 'dockerhub', 'empty.json').stderr, /nothing to sign/);
});

test('init makes up what the user chooses, leaves room for the rest, and says what to type', () => {
  const files = ['alertmanager', 'stripe', 'meta', 'dockerhub', 'asana', 'wise'];
  const said = good('init', '-o', 'made.yaml', ...files);
  const config = readFileSync(join(dir, 'made.yaml'), 'utf8');
  const secrets = readFileSync(join(dir, 'made.env'), 'utf8');
  assert.match(secrets, /^ALERTMANAGER_WEBHOOK_SECRET=hooklatch:[\w-]{32}$/m);
  assert.match(secrets, /^STRIPE_WEBHOOK_SECRET=$/m);
  assert.match(secrets, /^DOCKERHUB_WEBHOOK_SECRET=[\w-]{32}$/m);
  assert.doesNotMatch(secrets, /ASANA|WISE/);
  assert.match(config, /provider: meta\n {4}secrets: \[\{env: META_WEBHOOK_SECRET\}\]\n {4}params:\n {6}verify_token: ""/);
  assert.match(config, /provider: dockerhub\n {4}verify: none\n {4}path_token: \{env: DOCKERHUB_WEBHOOK_SECRET\}/);
  assert.match(config, /provider: asana\n {4}secrets: handshake.*\n {4}# dedupe: \{by: body\}/);
  assert.match(config, /provider: wise\n {4}secrets: \[\{file: wise\.pem\}\]/);
  const path = (id) => (id === 'dockerhub' ? `${id}/${/DOCKERHUB_WEBHOOK_SECRET=(.*)/.exec(secrets)[1]}` : id);
  for (const id of files) assert.match(said, new RegExp(`URL {11}https://YOUR-ADDRESS/webhooks/${path(id)}\n`));
  assert.match(said, /receiver webhook_configs/);
});
