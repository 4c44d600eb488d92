// Senders that hand their secret over by themselves (`secrets: handshake`): the first one is taken, sealed and in use everywhere
// once it is answered; later ones are refused; restarts keep it; the operator can read it, and forget it.
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertProblem, Gateway, hooklatch } from './lib/gateway.mjs';
import { until } from './lib/wait.mjs';
import { api } from './lib/words.mjs';

const key = randomBytes(32).toString('hex');
const hmac = { scheme: 'hmac', hash: 'sha256', encoding: 'hex', signed_content: ['{body}'] };

// As Asana: the secret comes in a header, and is wanted back in one.
const asana = {
  ...hmac,
  signature: { in: 'header', name: 'X-Hook-Signature' },
  secret: { what: 'X-Hook-Secret' },
  handshakes: [
    {
      name: 'hook-secret',
      signed: 'no',
      when: { method: 'POST', header_present: ['X-Hook-Secret'] },
      secret: { in: 'header', name: 'X-Hook-Secret' },
      response: { status: 200, headers: { 'X-Hook-Secret': '{header:X-Hook-Secret}' } },
    },
  ],
};

// As Notion: the secret comes in the body, and the operator types it into a form.
const notion = {
  id: 'notes',
  name: 'Notes',
  ...hmac,
  signature: { in: 'header', name: 'X-Notes-Signature', prefix: 'sha256=' },
  secret: { what: 'verification token' },
  event_type: [{ in: 'json', name: '/type' }],
  handshakes: [
    {
      name: 'verification',
      signed: 'no',
      when: { method: 'POST', json_present: ['/verification_token'] },
      secret: { in: 'json', name: '/verification_token' },
      response: { status: 200 },
    },
  ],
};

const configuration = (more = {}) => ({
  threads: 4,
  secrets_key: { file: 'secrets.key' },
  providers: 'providers',
  sources: {
    tasks: { verify: asana, event: { type: 'tasks' }, secrets: 'handshake' },
    notes: { provider: 'notes', secrets: 'handshake' },
  },
  ...more,
});
const options = () => ({ files: { 'secrets.key': `${key}\n`, 'providers/notes.yaml': notion } });

async function start(t, more) {
  const gateway = await Gateway.prepare(t, configuration(more), options());
  chmodSync(join(gateway.dir, 'secrets.key'), 0o600);
  await gateway.serve();
  return gateway;
}

const newSecret = () => randomBytes(32).toString('hex');
const sign = (body, secret) => createHmac('sha256', secret).update(body).digest('hex');
const handTask = (gateway, secret) => gateway.post('tasks', '{}', { 'x-hook-secret': secret, connection: 'close' });
const handNote = (gateway, secret) => gateway.post('notes', JSON.stringify({ verification_token: secret }));
// Each on a connection of its own: the kernel spreads them over the threads.
const sendTask = (gateway, secret, n = 0) => {
  const body = JSON.stringify({ n });
  return gateway.post('tasks', body, { 'x-hook-signature': sign(body, secret), connection: 'close' });
};
const secretsOf = async (gateway) => (await gateway.get('/api/v1/secrets')).items;
const stateOf = async (gateway, source) => (await secretsOf(gateway)).find((item) => item.source === source);
const command = (gateway, ...args) => hooklatch(['secrets', ...args, '-c', gateway.file]);

function assertNotInFiles(gateway, text) {
  for (const name of readdirSync(gateway.dir)) {
    if (name.startsWith('hooklatch.db')) {
      assert.ok(!readFileSync(join(gateway.dir, name)).includes(text), `${name} holds the secret in the clear`);
    }
  }
  assert.ok(!gateway.logs.includes(text), 'the log holds the secret');
}

test('a secret in a header: handed over, answered, in use by all threads, the only one', async (t) => {
  const gateway = await start(t);
  const secret = newSecret();

  assertProblem(await sendTask(gateway, secret), 401);
  assert.equal((await stateOf(gateway, 'tasks')).state, 'waiting');
  const answer = await handTask(gateway, secret);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('x-hook-secret'), secret);
  for (const sent of await Promise.all(Array.from({ length: 40 }, (_, n) => sendTask(gateway, secret, n)))) {
    assert.equal(sent.status, 200, sent.text);
  }

  const other = newSecret();
  const refused = await handTask(gateway, other);
  assertProblem(refused, 401);
  assert.equal(refused.headers.get('x-hook-secret'), null);
  const lost = await handTask(gateway, secret); // the same again: its answer may have been lost
  assert.deepEqual([lost.status, lost.headers.get('x-hook-secret')], [200, secret]);
  assertProblem(await sendTask(gateway, other), 401);
  assert.equal((await sendTask(gateway, secret, 99)).status, 200);

  const { state, time, remote, handshake, late } = await stateOf(gateway, 'tasks');
  assert.deepEqual({ state, remote, handshake, late }, { state: 'handed-over', remote: '127.0.0.1', handshake: 'hook-secret', late: 1 });
  assert.ok(Math.abs(Date.parse(time) - Date.now()) < 600_000, time);
  const row = await until('the refusal to be kept', async () =>
    (await gateway.list(api.refused)).find((item) => item.reason === 'secret-handed-over-before'),
  );
  const whole = await gateway.get(`${api.refused}/${row.id}`);
  assert.equal(whole.body, '');
  assert.ok(!JSON.stringify(whole).includes(other), 'the refusal holds the secret');
  assert.match(gateway.logs, /level=warn msg="a sender has handed over the secret.*source=tasks/);
  assert.match(gateway.logs, /level=warn msg="somebody tries to hand over another secret.*source=tasks/);
  assertNotInFiles(gateway, secret);
  assertNotInFiles(gateway, other);

  const metrics = (await gateway.request('/metrics')).text;
  assert.match(metrics, /hooklatch_handed_secrets_total\{source="tasks",outcome="taken"\} 1\n/);
  assert.match(metrics, /hooklatch_handed_secrets_total\{source="tasks",outcome="late"\} 1\n/);
  assert.match(metrics, /hooklatch_secret_waiting\{source="tasks"\} 0\n/);
  assert.match(metrics, /hooklatch_secret_waiting\{source="notes"\} 1\n/);
});

test('a secret in the body: the operator reads it, nobody else does', async (t) => {
  const gateway = await start(t);
  const secret = `secret_${newSecret()}`;

  const before = await command(gateway, 'show', 'notes');
  assert.equal(before.code, 1);
  assert.match(before.stderr, /no secret was handed over to the source "notes"/);
  assert.equal((await handNote(gateway, secret)).status, 200);
  assertProblem(await handNote(gateway, `secret_${newSecret()}`), 401);
  assert.deepEqual(await command(gateway, 'show', 'notes'), { code: 0, signal: undefined, stdout: `${secret}\n`, stderr: '' });
  assert.match(gateway.logs, /msg="the secret that a sender handed over was shown" source=notes/);
  const list = await command(gateway);
  assert.match(list.stdout, /^notes +handed-over +\S+ +127\.0\.0\.1 +verification +1$/m);
  assert.match(list.stdout, /^tasks +waiting/m);
  const plan = await gateway.get('/api/v1/plan');
  assert.equal(plan.sources.find((source) => source.name === 'notes').secret, 'handed-over');
  assert.equal(plan.sources.find((source) => source.name === 'tasks').secret, 'waiting');
  for (const path of ['/api/v1/secrets', '/api/v1/plan', '/metrics', api.refused]) {
    assert.ok(!(await gateway.request(path)).text.includes(secret), path);
  }
  for (const path of ['/api/v1/secrets/notes/show', '/api/v1/secrets/notes/forget', '/api/v1/secrets']) {
    const answer = await gateway.request(path, { method: path.endsWith('s') ? 'GET' : 'POST', headers: { authorization: 'Bearer no' } });
    assertProblem(answer, 401);
  }
  assert.equal((await command(gateway, 'show', 'nobody')).code, 1);

  const body = JSON.stringify({ type: 'page.created', verification_token: 'no handshake any more' });
  const sent = await gateway.post('notes', body, { 'x-notes-signature': `sha256=${sign(body, secret)}` });
  assert.equal(sent.status, 200, sent.text);
  assert.equal(sent.json.status, 'accepted');
  await gateway.stop();
  assertNotInFiles(gateway, secret);
});

test('of many at once exactly one is taken, and it is the one in use', async (t) => {
  const gateway = await start(t);
  const secrets = Array.from({ length: 60 }, newSecret);

  const answers = await Promise.all(secrets.map((secret) => handTask(gateway, secret)));
  const taken = answers.flatMap((answer, n) => (answer.status === 200 ? [n] : []));
  assert.equal(taken.length, 1, answers.map((answer) => answer.status).join(' '));
  assert.ok(answers.every((answer, n) => n === taken[0] || answer.status === 401));
  assert.equal(answers[taken[0]].headers.get('x-hook-secret'), secrets[taken[0]]);
  const uses = await Promise.all(secrets.map((secret) => sendTask(gateway, secret)));
  assert.deepEqual(
    uses.flatMap((answer, n) => (answer.status === 200 ? [n] : [])),
    taken,
  );
  await gateway.restart();
  assert.equal((await sendTask(gateway, secrets[taken[0]])).status, 200);
  for (const secret of secrets) {
    assertNotInFiles(gateway, secret);
  }
});

test('it outlives kill -9 and reloads, and forgetting it makes room for another', async (t) => {
  const gateway = await start(t);
  const [first, second] = [newSecret(), newSecret()];

  assert.equal((await handTask(gateway, first)).status, 200);
  await gateway.kill9();
  await gateway.serve();
  assert.equal((await sendTask(gateway, first, 1)).status, 200);
  assertProblem(await handTask(gateway, second), 401);

  gateway.configure(configuration({ log: { level: 'debug' } }));
  assert.equal((await gateway.call('/api/v1/reload')).ok, true);
  for (const sent of await Promise.all(Array.from({ length: 20 }, (_, n) => sendTask(gateway, first, 100 + n)))) {
    assert.equal(sent.status, 200);
  }

  const forgotten = await command(gateway, 'forget', 'tasks');
  assert.deepEqual({ code: forgotten.code, stderr: forgotten.stderr }, { code: 0, stderr: '' });
  for (const sent of await Promise.all(Array.from({ length: 20 }, (_, n) => sendTask(gateway, first, 200 + n)))) {
    assertProblem(sent, 401);
  }
  assert.equal((await command(gateway, 'forget', 'tasks')).code, 1);
  assert.equal((await stateOf(gateway, 'tasks')).state, 'waiting');
  assert.equal((await handTask(gateway, second)).status, 200);
  await gateway.kill9();
  await gateway.serve();
  assertProblem(await sendTask(gateway, first, 300), 401);
  assert.equal((await sendTask(gateway, second, 301)).status, 200);
});

test('kill -9 while one is handed over: answered means kept, and nothing is half there', async (t) => {
  const gateway = await start(t);
  for (let cycle = 0; cycle < 8; cycle++) {
    const secret = newSecret();
    const answer = handTask(gateway, secret).catch(() => undefined);
    // Anywhere between the request's first byte and the answer, or after it.
    for (let turns = cycle * 3; turns > 0; turns--) {
      await new Promise(setImmediate);
    }
    await gateway.kill9();
    await gateway.serve();
    const { state } = await stateOf(gateway, 'tasks');
    const status = (await answer)?.status;
    assert.ok(status === undefined || status === 200, `cycle ${cycle}: ${status}`);
    assert.ok(status === undefined || state === 'handed-over', `cycle ${cycle}: answered ${status}, and then ${state}`);
    const sent = await sendTask(gateway, secret, cycle);
    assert.equal(sent.status, state === 'handed-over' ? 200 : 401, `cycle ${cycle}: ${state}`);
    if (state === 'handed-over') {
      assert.equal((await command(gateway, 'show', 'tasks')).stdout, `${secret}\n`);
      assert.equal((await command(gateway, 'forget', 'tasks')).code, 0);
    }
  }
});

test('another key does not open it: told at the start and at a reload, with what to do', async (t) => {
  const gateway = await start(t);
  const secret = newSecret();

  assert.equal((await handTask(gateway, secret)).status, 200);
  writeFileSync(join(gateway.dir, 'secrets.key'), randomBytes(32).toString('base64'));
  const reload = await gateway.request('/api/v1/reload', { method: 'POST' });
  assert.equal(reload.status, 422);
  assert.match(reload.json.text, /source tasks: the secret .* under another secrets_key/);
  assert.equal((await sendTask(gateway, secret, 1)).status, 200);
  await gateway.stop();
  const { code, logs } = await gateway.refusesToStart();
  assert.equal(code, 1);
  assert.match(logs, /source tasks: the secret .* under another secrets_key.*hooklatch secrets forget tasks/);

  // What the message says to do when the key is lost.
  const { tasks, ...sources } = configuration().sources;
  gateway.configure(configuration({ sources }));
  writeFileSync(gateway.file, JSON.stringify({ ...gateway.config, sources }), { mode: 0o600 });
  await gateway.serve();
  assert.equal((await stateOf(gateway, 'tasks')).state, 'unused');
  assert.equal((await command(gateway, 'show', 'tasks')).code, 1);
  assert.equal((await command(gateway, 'forget', 'tasks')).code, 0);
  gateway.configure(configuration({ sources: { tasks, ...sources } }));
  await gateway.restart();
  const other = newSecret();
  assert.equal((await handTask(gateway, other)).status, 200);
  assert.equal((await sendTask(gateway, other, 2)).status, 200);
});

test('secrets of the file win over one that was handed over', async (t) => {
  const gateway = await start(t);
  const [handed, told] = [newSecret(), newSecret()];

  assert.equal((await handTask(gateway, handed)).status, 200);
  const { tasks, ...sources } = configuration().sources;
  gateway.configure(configuration({ sources: { tasks: { ...tasks, secrets: [{ value: told }] }, ...sources } }));
  assert.equal((await gateway.call('/api/v1/reload')).ok, true);
  assert.match(gateway.logs, /msg="the secret that a sender handed over is not used.*source=tasks/);
  await until('the new secret to be in use', async () => (await sendTask(gateway, told, 1)).status === 200);
  for (const sent of await Promise.all(Array.from({ length: 10 }, () => handTask(gateway, newSecret())))) {
    assertProblem(sent, 401);
  }
  assert.equal((await stateOf(gateway, 'tasks')).state, 'unused');
  gateway.configure(configuration());
  await gateway.restart();
  assertProblem(await sendTask(gateway, told, 2), 401);
  assert.equal((await sendTask(gateway, handed, 3)).status, 200);
});

test('what is not stored is not answered, and not in use', async (t) => {
  const gateway = await Gateway.prepare(t, configuration(), { ...options(), env: { HOOKLATCH_TEST_FAIL_COMMIT: '3' } });
  await gateway.serve();
  const secret = newSecret();
  const answers = [];
  // Which commit is the failing one is the store's affair: some are made at the start.
  for (let n = 0; n < 4; n++) {
    answers.push(await handTask(gateway, secret));
    if (answers.at(-1).status === 200) {
      break;
    }
    assertProblem(answers.at(-1), 503);
    assert.equal(answers.at(-1).headers.get('x-hook-secret'), null);
    assertProblem(await sendTask(gateway, secret, n), 401);
  }
  assert.deepEqual(
    answers.map((answer) => answer.status),
    [503, 200],
  );
  assert.equal((await sendTask(gateway, secret, 9)).status, 200);
});

test('send says where the secret is that it has not got', async (t) => {
  const gateway = await start(t);
  const { code, stderr } = await hooklatch(['send', '-c', gateway.file, 'tasks']);
  assert.equal(code, 1);
  assert.match(stderr, /its sender hands it over: .*hooklatch secrets show tasks/);
});

test('init: a configuration that waits for the secret, and a key to seal it', async (t) => {
  const gateway = await Gateway.prepare(t, {});
  const file = join(gateway.dir, 'made.yaml');
  const made = await hooklatch(['init', '-o', file, 'asana']);
  if (/there is no provider "asana"/.test(made.stderr)) {
    t.skip('this build has no provider that hands its secret over');
    return;
  }
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stdout, /secret +it hands it over in its first request[^]*hooklatch secrets show asana/);
  assert.match(readFileSync(file, 'utf8'), /^ +secrets: handshake\b/m);
  const [, made_key] = /^HOOKLATCH_SECRETS_KEY=([0-9a-f]{64})$/m.exec(readFileSync(join(gateway.dir, 'made.env'), 'utf8'));
  const env = { ...process.env, HOOKLATCH_SECRETS_KEY: made_key, STEP_SECRET: `whsec_${Buffer.from('x').toString('base64')}` };
  const check = await hooklatch(['check', '-c', file], { env });
  assert.equal(check.code, 0, check.stdout + check.stderr);
  assert.match(check.stdout, /secret: its sender hands it over/);
  // Another one beside it keeps the key.
  assert.equal((await hooklatch(['init', '-o', file, '--force', 'asana'])).code, 0);
  assert.equal(readFileSync(join(gateway.dir, 'made.env'), 'utf8').match(/^HOOKLATCH_SECRETS_KEY=/gm).length, 1);
});

test('the presets: Asana and Notion', async (t) => {
  const preset = (provider) => ({ provider, secrets: 'handshake' });
  const gateway = await Gateway.start(
    t,
    { secrets_key: { value: key }, sources: { asana: preset('asana'), notion: preset('notion') } },
    options(),
  );
  const [first, second] = [newSecret(), `secret_${newSecret()}`];
  const post = (source, body, headers) => gateway.post(source, JSON.stringify(body), headers);

  const asked = await post('asana', {}, { 'x-hook-secret': first });
  assert.equal(asked.status, 200, asked.text);
  assert.equal(asked.headers.get('x-hook-secret'), first);
  assert.equal((await post('notion', { verification_token: second })).status, 200);
  assert.equal((await command(gateway, 'show', 'notion')).stdout, `${second}\n`);
  assertProblem(await post('asana', {}, { 'x-hook-secret': newSecret() }), 401);
  assertProblem(await post('notion', { verification_token: newSecret() }), 401);
  const page = { id: 'a1', type: 'page.created', entity: { id: 'b2' }, timestamp: '2026-03-04T09:11:02.214Z' };
  const signature = `sha256=${sign(JSON.stringify(page), second)}`;
  const sent = await post('notion', page, { 'x-notion-signature': signature });
  assert.equal(sent.status, 200, sent.text);
  assertProblem(await post('notion', { ...page, id: 'a2' }, { 'x-notion-signature': signature }), 401);
  await gateway.stop();
  assertNotInFiles(gateway, first);
  assertNotInFiles(gateway, second);
});

test('secrets that are of no use are refused', async (t) => {
  const gateway = await start(t);

  assertProblem(await handTask(gateway, 'x'.repeat(1025)), 401);
  assertProblem(await gateway.post('notes', JSON.stringify({ verification_token: '' })), 401);
  assertProblem(await gateway.post('notes', JSON.stringify({ verification_token: { a: 1 } })), 401);
  assert.equal((await stateOf(gateway, 'tasks')).state, 'waiting');
  assert.equal((await stateOf(gateway, 'notes')).state, 'waiting');
  assert.equal((await handTask(gateway, 'x'.repeat(1024))).status, 200);
});
