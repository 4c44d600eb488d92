// What a step endpoint sees, and what its answers do.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { StepEndpoint } from './lib/endpoint.mjs';
import { freePort, Gateway, merge } from './lib/gateway.mjs';
import { ended } from './lib/runs.mjs';
import { github, source } from './lib/sign.mjs';
import { until } from './lib/wait.mjs';
import { api, attemptsOf, runIsOver, stepsOf, uuid7 } from './lib/words.mjs';

const fast = { max: 5, base: '20ms', factor: 2, cap: '100ms' };

// A gateway with one workflow over one endpoint; step: what the first step says besides its place.
async function start(t, step = {}, more = {}) {
  const endpoint = await StepEndpoint.start(t);
  const gateway = await Gateway.start(
    t,
    merge(
      {
        endpoints: { steps: endpoint.declaration },
        sources: { github: source('github') },
        workflows: [
          {
            id: 'flow',
            on: { event: 'github.push' },
            steps: [{ id: 'first', http: { endpoint: 'steps', path: '/first' }, retry: fast, ...step }],
          },
        ],
      },
      more,
    ),
  );
  return { gateway, endpoint };
}

async function push(gateway, body = JSON.stringify({ n: randomUUID() })) {
  const answer = await gateway.post('github', body, github(body));
  assert.equal(answer.json?.status, 'accepted', answer.text);
  return answer.json.id;
}

test('the document: event, the input byte for byte, run; signed, with idempotency key and traceparent', async (t) => {
  const { gateway, endpoint } = await start(t);
  const body = '{ "z":1, "big": 9007199254740993,"e":1e400,\n\t"text":"\\u00e9 é", "a":{} }';
  const event = await push(gateway, body);
  const [call] = await endpoint.waitFor(1);
  assert.ifError(call.signatureError);
  assert.deepEqual([call.method, call.path], ['POST', '/steps/first']);
  assert.match(call.headers['content-type'], /^application\/json/);
  assert.ok(call.text.includes(body), 'the bytes of the input are those of the webhook');
  const { event: attributes, run, steps } = call.body;
  assert.equal(attributes.specversion, '1.0');
  assert.equal(attributes.id, event);
  assert.equal(attributes.type, 'github.push');
  assert.match(attributes.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
  assert.ok(attributes.source);
  assert.deepEqual(steps, {});
  assert.match(run.id, uuid7);
  assert.deepEqual([run.workflow, run.step, run.attempt, run.max_attempts], ['flow', 'first', 1, fast.max]);
  assert.ok(Date.parse(run.deadline) > Date.now() - 60000, run.deadline);
  assert.match(call.key, new RegExp(`^${run.id}/first/\\d+$`));
  assert.equal(call.headers['webhook-id'], call.key);
  assert.match(call.headers.traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/);
  assert.equal((await ended(gateway, event)).state, 'done');
});

test('steps one after the other; each sees the outputs of those before it', async (t) => {
  const { gateway, endpoint } = await start(
    t,
    {},
    {
      workflows: [
        {
          id: 'flow',
          on: { event: 'github.push' },
          steps: ['a', 'b', 'c'].map((id) => ({ id, http: { endpoint: 'steps', path: `/${id}` }, retry: fast })),
        },
      ],
    },
  );
  endpoint.answer = (call) => ({ body: `{"from":"${call.body.run.step}","big":9007199254740993}` });
  const run = await ended(gateway, await push(gateway));
  assert.equal(run.state, 'done');
  assert.deepEqual(
    endpoint.calls.map((call) => call.path),
    ['/steps/a', '/steps/b', '/steps/c'],
  );
  assert.deepEqual(Object.keys(endpoint.calls[2].body.steps), ['a', 'b']);
  assert.ok(endpoint.calls[2].text.includes('9007199254740993'), 'outputs keep their digits');
  assert.equal(new Set(endpoint.calls.map((call) => call.key)).size, 3, 'a key each');
});

test('every answer that is no 2xx is tried again, under one key, until it succeeds', async (t) => {
  const { gateway, endpoint } = await start(t);
  const answers = [
    { status: 500 },
    { status: 404, body: 'not JSON' },
    { close: true },
    { status: 400 },
    { status: 204, body: '' },
  ];
  // By attempt: what was closed on a kept-alive connection is sent once more on a fresh one within the same attempt.
  endpoint.answer = (call) => answers[call.body.run.attempt - 1];
  const run = await ended(gateway, await push(gateway));
  assert.equal(run.state, 'done');
  assert.equal(new Set(endpoint.calls.map((call) => call.key)).size, 1);
  assert.deepEqual([...new Set(endpoint.calls.map((call) => call.body.run.attempt))], [1, 2, 3, 4, 5]);
  assert.equal(new Set(endpoint.calls.map((call) => call.headers['webhook-id'])).size, 1);
  assert.equal(attemptsOf(run).length, 5);
  assert.match(JSON.stringify(attemptsOf(run)), /500/);
});

test('attempts are used up: the step and the run fail', async (t) => {
  const { gateway, endpoint } = await start(t, { retry: { ...fast, max: 3 } });
  endpoint.answer = () => ({ status: 503 });
  const run = await ended(gateway, await push(gateway));
  assert.equal(run.state, 'failed');
  assert.equal(stepsOf(run)[0].state, 'failed');
  assert.equal(endpoint.calls.length, 3);
});

test('a step after one that failed is not called', async (t) => {
  const { gateway, endpoint } = await start(
    t,
    {},
    {
      workflows: [
        {
          id: 'flow',
          on: { event: 'github.push' },
          steps: ['a', 'b'].map((id) => ({
            id,
            http: { endpoint: 'steps', path: `/${id}` },
            retry: { ...fast, max: 1 },
          })),
        },
      ],
    },
  );
  endpoint.answer = () => ({ status: 500 });
  assert.equal((await ended(gateway, await push(gateway))).state, 'failed');
  assert.deepEqual(
    endpoint.calls.map((call) => call.path),
    ['/steps/a'],
  );
});

test('Retry-After is honoured, in seconds and as a date', async (t) => {
  const { gateway, endpoint } = await start(t);
  const answers = [
    () => ({ status: 429, headers: { 'retry-after': '1' } }),
    () => ({ status: 503, headers: { 'retry-after': new Date(Date.now() + 2000).toUTCString() } }),
    () => ({}),
  ];
  endpoint.answer = (_call, n) => answers[n - 1]();
  assert.equal((await ended(gateway, await push(gateway))).state, 'done');
  const [first, second, third] = endpoint.calls.map((call) => call.at);
  assert.ok(second - first >= 990, `the second came after ${second - first} ms`);
  assert.ok(third - second >= 900, `the third came after ${third - second} ms`);
});

test('Hooklatch-Retry: no fails the step at once', async (t) => {
  const { gateway, endpoint } = await start(t);
  endpoint.answer = () => ({ status: 422, headers: { 'hooklatch-retry': 'no' }, body: { why: 'never' } });
  const run = await ended(gateway, await push(gateway));
  assert.equal(run.state, 'failed');
  assert.equal(endpoint.calls.length, 1);
});

test('explain prints no control characters of an endpoint', async (t) => {
  const { gateway, endpoint } = await start(t, { retry: { ...fast, max: 1 } });
  endpoint.answer = () => ({ status: 500, body: 'oh\x1b]0;mine\x07\u009b2J\nrun 1 of workflow x: done' });
  const event = await push(gateway);
  await ended(gateway, event);
  const { stdout, status } = spawnSync(process.env.HOOKLATCH, ['explain', '-c', gateway.file, event], {
    encoding: 'utf8',
  });
  assert.equal(status, 0);
  assert.match(stdout, /output: oh /);
  assert.doesNotMatch(stdout, /[\x00-\x09\x0b-\x1f\x7f-\x9f]|^run 1/m);
});

test('410 fails the step and disables that path of the endpoint, until a reload', async (t) => {
  const { gateway, endpoint } = await start(
    t,
    {},
    {
      workflows: [
        {
          id: 'gone',
          on: { event: 'github.push' },
          steps: [{ id: 's', http: { endpoint: 'steps', path: '/gone' }, retry: fast }],
        },
        {
          id: 'there',
          on: { event: 'github.push' },
          steps: [{ id: 's', http: { endpoint: 'steps', path: '/there' }, retry: fast }],
        },
      ],
    },
  );
  const callsOf = (path) => endpoint.calls.filter((call) => call.path === `/steps/${path}`).length;
  const runsEnded = (event) =>
    until(`both runs of ${event}`, async () => {
      const runs = await gateway.list(api.runsOf(event));
      return runs.length === 2 && runs.every(runIsOver);
    });
  endpoint.answer = (call) => ({ status: call.path.endsWith('gone') ? 410 : 200 });
  await runsEnded(await push(gateway));
  await runsEnded(await push(gateway));
  assert.deepEqual([callsOf('gone'), callsOf('there')], [1, 2]);
  await gateway.call(api.reload, {});
  await runsEnded(await push(gateway));
  assert.equal(callsOf('gone'), 2);
});

test('an endpoint that hangs is cut off by the time-out and tried again', async (t) => {
  const { gateway, endpoint } = await start(t, { timeout: '300ms' });
  endpoint.answer = (_call, n) => ({ hang: n < 3 });
  const run = await ended(gateway, await push(gateway));
  assert.equal(run.state, 'done');
  assert.equal(endpoint.calls.length, 3);
  assert.match(JSON.stringify(attemptsOf(run)), /time/i);
});

test('redirects are not followed', async (t) => {
  const { gateway, endpoint } = await start(t, { retry: { ...fast, max: 2 } });
  let followed = 0;
  const elsewhere = createServer((_request, response) => {
    followed++;
    response.end('{}');
  }).listen(0, '127.0.0.1');
  t.after(() => elsewhere.close());
  await once(elsewhere, 'listening');
  endpoint.answer = (_call, n) => ({
    status: [302, 307][n - 1],
    headers: { location: `http://127.0.0.1:${elsewhere.address().port}/` },
  });
  assert.equal((await ended(gateway, await push(gateway))).state, 'failed');
  assert.deepEqual([endpoint.calls.length, followed], [2, 0]);
});

test('an endpoint that is down is tried again until it is up', async (t) => {
  const port = await freePort();
  const gateway = await Gateway.start(t, {
    endpoints: { steps: { ...new StepEndpoint().declaration, url: `http://127.0.0.1:${port}/steps` } },
    sources: { github: source('github') },
    workflows: [
      {
        id: 'flow',
        on: { event: 'github.push' },
        steps: [{ id: 's', http: { endpoint: 'steps', path: '/s' }, retry: { ...fast, max: 100 } }],
      },
    ],
  });
  const event = await push(gateway);
  await until('a failed attempt', async () => {
    const run = (await gateway.list(api.runsOf(event)))[0];
    return run && attemptsOf(await gateway.get(api.run(run.id))).length > 0;
  });
  const endpoint = await StepEndpoint.start(t, port);
  assert.equal((await ended(gateway, event)).state, 'done');
  assert.ok(endpoint.calls[0].body.run.attempt > 1);
});

test('what waits for its retry survives a clean restart, under the same key', async (t) => {
  const { gateway, endpoint } = await start(t, { retry: { ...fast, base: '2s', cap: '2s', max: 50 } });
  endpoint.answer = () => ({ status: 500 });
  const event = await push(gateway);
  await endpoint.waitFor(1);
  await gateway.restart();
  endpoint.answer = () => ({});
  assert.equal((await ended(gateway, event, 60)).state, 'done');
  assert.equal(new Set(endpoint.calls.map((call) => call.key)).size, 1);
});

test('at shutdown a running step may finish, and its result is kept', async (t) => {
  const { gateway, endpoint } = await start(t);
  let finish;
  endpoint.answer = () => ({ hang: true });
  endpoint.server.prependListener('request', (_request, response) => {
    finish = () => response.writeHead(200, { 'content-type': 'application/json' }).end('{"kept":true}');
  });
  const event = await push(gateway);
  await endpoint.waitFor(1);
  const stopping = gateway.stop();
  await until('the door to be shut', () =>
    fetch(`http://127.0.0.1:${gateway.ingest}/healthz`).then(
      (answer) => answer.arrayBuffer().then(() => false),
      () => true,
    ),
  );
  finish();
  await stopping;
  await gateway.serve();
  const run = await ended(gateway, event);
  assert.equal(run.state, 'done');
  assert.match(JSON.stringify(run), /kept/);
  assert.equal(endpoint.calls.length, 1);
});

test('many runs at once: each step is called once', async (t) => {
  const { gateway, endpoint } = await start(t);
  const bodies = Array.from({ length: 500 }, (_, n) => JSON.stringify({ n }));
  await Promise.all(bodies.map((body) => push(gateway, body)));
  await endpoint.waitFor(500, 60);
  await until('all runs to end', async () => (await gateway.list(`${api.runs}?limit=1000`)).every(runIsOver), 60);
  assert.equal(endpoint.byStep().size, 500);
  assert.equal(endpoint.calls.length, 500);
});
