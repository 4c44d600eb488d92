// The commands that talk to a running gateway, as a user types them.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { StepEndpoint } from './lib/endpoint.mjs';
import { assertProblem, Gateway, hooklatch, Scope } from './lib/gateway.mjs';
import { github, source } from './lib/sign.mjs';
import { until } from './lib/wait.mjs';

const order = { type: 'object', properties: { total: { type: 'number', minimum: 0 } } };

suite('commands', () => {
  const scope = new Scope();
  let gateway;

  before(async () => {
    const endpoint = await StepEndpoint.start(scope);
    gateway = await Gateway.start(
      scope,
      {
        schemas: ['schemas'],
        endpoints: { steps: endpoint.declaration },
        sources: {
          github: source('github', { events: { 'github.push': { schema: 'order.schema.json' } } }),
          open: { verify: 'none', event: { type: 'open.{/kind}' } },
        },
        workflows: [
          { id: 'all', on: 'github.**', steps: [{ id: 'call', http: { endpoint: 'steps', path: '/x' } }] },
          {
            id: 'big',
            on: { event: 'github.push', match: { '/total': { gt: 100 } } },
            steps: [{ id: 'call', http: { endpoint: 'steps', path: '/x' } }],
          },
        ],
      },
      { files: { 'schemas/order.schema.json': order } },
    );
  });
  after(() => scope.end());

  const run = (command, ...args) => hooklatch([command, '-c', gateway.file, ...args], { cwd: gateway.dir });
  const file = (name, value) => {
    writeFileSync(join(gateway.dir, name), JSON.stringify(value));
    return name;
  };
  async function good(command, ...args) {
    const result = await run(command, ...args);
    assert.equal(result.code, 0, result.stderr);
    return result.stdout;
  }
  async function bad(code, words, command, ...args) {
    const result = await run(command, ...args);
    assert.equal(result.code, code, result.stdout);
    assert.match(result.stderr, words);
  }
  const idOf = (answer) => /"id":"([0-9a-f-]{36})"/.exec(answer)[1];

  test('send: the sample of an event, or a file; what is wrong with the words is named', async () => {
    assert.match(await good('send', 'github'), /^200 .*"accepted"/);
    assert.match(await good('send', 'open', 'x', file('open.json', { kind: 'x' })), /^200 .*"accepted"/);
    await bad(1, /has no source "gitub"; it has github, open/, 'send', 'gitub');
    await bad(1, /there are push, ping/, 'send', 'github', 'pusch');
    await bad(1, /a source without a preset has no samples: give an EVENT and a FILE/, 'send', 'open');
  });

  test('send: a configuration with errors is told whole, with line and hint', async () => {
    writeFileSync(join(gateway.dir, 'bad.yaml'), 'sources: {a: {provder: github}}\nthreds: 3\n');
    const result = await hooklatch(['send', '-c', join(gateway.dir, 'bad.yaml'), 'a']);
    assert.equal(result.code, 1);
    assert.match(result.stderr, /bad\.yaml:1:.*"provder"\n +hint: did you mean "provider"/);
    assert.match(result.stderr, /bad\.yaml:2:.*"threds"/);
  });

  test('verify and sign: what is missing is named', async () => {
    for (const command of ['verify', 'sign']) {
      const result = await hooklatch([command, '--provider', 'github', '-'], { input: '{}' });
      assert.equal(result.code, 2);
      assert.match(result.stderr, /give --secret: the webhook secret, as env:NAME, file:PATH or value:TEXT/);
    }
  });

  test('explain: signature, schema, every workflow that matched, every attempt', async () => {
    const id = idOf(await good('send', 'github', 'push', file('small.json', { total: 5 })));
    let story;
    await until('the run to end', async () => /: done/.test((story = await good('explain', id))));
    assert.match(story, /signature: verified\n/);
    assert.match(story, /schema: valid/);
    assert.match(story, /workflow all: started/);
    assert.match(story, /workflow big: not started: .*\/total/);
    assert.match(story, /attempt 1 at .*: ok, answered 200/);
    const open = idOf(await good('send', 'open', 'x', file('o.json', { kind: 'y' })));
    assert.match(await good('explain', open), /signature: not verified \(the source says verify: none\)/);
    await bad(1, /neither an event nor a refusal nor a run/, 'explain', 'nonsense');
  });

  test('held: listed, explained, released once', async () => {
    const id = idOf(await good('send', 'github', 'push', file('wrong.json', { total: -5 })));
    assert.match(await good('held'), new RegExp(`${id}.*invalid`));
    assert.match(await good('explain', id), /\/total: must be at least 0.*\(line 1, column 10;/);
    assert.match(await good('held', 'release', id), /"released","runs":1/);
    await bad(1, /409: the event is not held/, 'held', 'release', id);
  });

  test('refused: listed with its true reason, and explained', async () => {
    assert.equal((await gateway.post('github', '{}', github('{"other":1}'))).status, 401);
    let row;
    await until('the refusal', async () => (row = /^([0-9a-f-]{36}) .*bad-signature/m.exec(await good('refused'))));
    assert.match(await good('explain', row[1]), /answered 401 because of bad-signature/);
  });

  test('push: the type, the key, and the place of a fault in the data as given', async () => {
    const first = await good('push', '--key', 'k', 'user:created', '{"n": 9007199254740993}');
    assert.match(await good('events', 'body', idOf(first)), /^\{"n": 9007199254740993\}\n?$/);
    assert.match(await good('push', '--key', 'k', 'user:created', '{}'), /"duplicate"/);
    await bad(1, /DATA: line 1, column 6: /, 'push', 'user:created', '{"a":');
    await bad(1, /holds only letters, digits/, 'push', 'user created');
  });

  test('lists: a filter that a list does not know, or a bad value, is named with what is right', async () => {
    await bad(1, /no query parameter "type" here; this route takes limit, before, source/, 'refused', '--type', 'x');
    await bad(1, /"limit" is to be a number from 1 to 1000/, 'events', '--limit', '0');
    await bad(1, /"status" is to be accepted, held, released or ignored/, 'events', '--status', 'done');
    await bad(1, /"state" is to be running, done, failed or cancelled/, 'runs', '--state', 'held');
  });

  test('reload: what came of it, and the exit code', async () => {
    assert.match(await good('reload'), /reloaded: 2 sources, 2 workflows, 1 endpoints/);
  });

  test('the API says which methods a route takes, and how to come in', async () => {
    for (const [path, allow] of [
      ['/api/v1/events', 'GET, POST'],
      ['/api/v1/plan', 'GET'],
      ['/api/v1/reload', 'POST'],
    ]) {
      const answer = await gateway.request(path, { method: 'DELETE' });
      assertProblem(answer, 405, new RegExp(`takes ${allow}$`));
      assert.equal(answer.headers.get('allow'), allow);
    }
    const stranger = await gateway.request('/api/v1/plan', { headers: { authorization: 'Bearer x' } });
    assert.equal(stranger.headers.get('www-authenticate'), 'Bearer');
  });
});
