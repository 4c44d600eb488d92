// Workflows as graphs: order, conditions, shaped input, checked output, deadlines, on_failure, versions. The first test runs the example
// of docs/workflows.md as it stands there.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { StepEndpoint } from './lib/endpoint.mjs';
import { Gateway, merge } from './lib/gateway.mjs';
import { ended } from './lib/runs.mjs';
import { source, standardWebhooks } from './lib/sign.mjs';
import { api, attemptsOf, stepsOf } from './lib/words.mjs';

const fast = { max: 3, base: '20ms', factor: 1, cap: '40ms' };
const http = (path) => ({ endpoint: 'shop', path: `/${path}` });
const step = (id, more = {}) => ({ id, http: http(id), retry: fast, ...more });

async function start(t, workflow, more = {}) {
  const endpoint = await StepEndpoint.start(t);
  const gateway = await Gateway.start(
    t,
    merge(
      {
        endpoints: { shop: endpoint.declaration },
        sources: { shop: source('standard-webhooks', { event: { type: 'shop.{/kind}' } }) },
        workflows: [{ id: 'order', on: 'shop.order.paid', ...workflow }],
      },
      more,
    ),
  );
  return { gateway, endpoint };
}

async function order(gateway, data = {}) {
  const body =
    typeof data === 'string' ? data : JSON.stringify({ kind: 'order.paid', id: 17, total: 42.5, n: randomUUID(), ...data });
  const answer = await gateway.post('shop', body, standardWebhooks(body));
  assert.equal(answer.json?.status, 'accepted', answer.text);
  return answer.json.id;
}

const states = (run) => Object.fromEntries(stepsOf(run).map((one) => [one.id, one.state]));
const called = (endpoint) => endpoint.calls.map((call) => call.body.run.step);

function example() {
  const text = readFileSync(new URL('../../docs/workflows.md', import.meta.url), 'utf8');
  return /```yaml\n(workflows:\n[\s\S]*?)```/.exec(text)[1];
}

test('the example of the documentation: fan-out, fan-in, a condition either way, shaped input, on_failure', async (t) => {
  const endpoint = await StepEndpoint.start(t);
  const gateway = await Gateway.prepare(t, {
    endpoints: { shop: endpoint.declaration },
    sources: { shop: source('standard-webhooks', { event: { type: 'shop.{/kind}' } }) },
  });
  gateway.configureWith(example());
  await gateway.serve();
  let total = '99.50';
  let invoice = '{"invoice":4711}';
  endpoint.answer = (call) => {
    const { step: id } = call.body.run;
    return { body: id === 'price' ? `{"total":${total}}` : id === 'bill' ? invoice : '{}' };
  };

  let run = await ended(gateway, await order(gateway, '{"kind":"order.paid","id":9007199254740993,"total":1}'));
  assert.deepEqual(states(run), {
    price: 'done', stock: 'done', bill: 'done', gift: 'skipped', ship: 'done', alert: 'skipped',
  });
  assert.equal(run.state, 'done');
  assert.deepEqual(called(endpoint).slice(0, 2).sort(), ['price', 'stock']);
  assert.deepEqual(called(endpoint).slice(2), ['bill', 'ship']);
  const bill = endpoint.calls[2];
  assert.ok(
    bill.text.includes('"input":{"order":9007199254740993,"amount":99.50,"note":"order 9007199254740993"}'),
    bill.text,
  );
  const skipped = attemptsOf(run).find((attempt) => attempt.step === 'gift');
  assert.deepEqual([skipped.outcome, skipped.error], ['skipped', 'if: /steps/price/total: 99.50 is not >= 100']);

  total = '100';
  endpoint.calls.length = 0;
  run = await ended(gateway, await order(gateway));
  assert.equal(states(run).gift, 'done');
  assert.deepEqual(called(endpoint).slice(2), ['bill', 'gift', 'ship']);

  invoice = '{}';
  run = await ended(gateway, await order(gateway), 60);
  assert.equal(run.state, 'failed');
  assert.deepEqual(states(run), {
    price: 'done', stock: 'done', bill: 'failed', gift: 'cancelled', ship: 'cancelled', alert: 'done',
  });
  assert.match(attemptsOf(run).find((attempt) => attempt.step === 'bill').error, /output violates its schema.*invoice/);
});

test('fan-out starts all at once, fan-in waits for all, however they end', async (t) => {
  const leaves = ['a', 'b', 'c', 'd'];
  const { gateway, endpoint } = await start(t, {
    steps: [step('join', { needs: leaves }), ...leaves.map((id) => step(id, { needs: [] }))],
  });
  let open;
  const all = new Promise((resolve) => (open = resolve));
  endpoint.handle = async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const body = JSON.parse(Buffer.concat(parts));
    endpoint.calls.push({ body });
    if (endpoint.calls.length === leaves.length) open();
    await all;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ from: body.run.step }));
  };
  const run = await ended(gateway, await order(gateway));
  assert.equal(run.state, 'done');
  assert.equal(endpoint.calls.length, 5);
  const [join] = endpoint.calls.slice(4);
  assert.equal(join.body.run.step, 'join');
  assert.deepEqual(Object.keys(join.body.steps).sort(), leaves);
});

test('a failed step cancels what needs it, and nothing else; on_failure sees what was done', async (t) => {
  const { gateway, endpoint } = await start(t, {
    steps: [
      step('good', { needs: [] }),
      step('bad', { needs: [], retry: { ...fast, max: 1 } }),
      step('after-bad', { needs: ['bad'] }),
      step('after-good', { needs: ['good'] }),
    ],
    on_failure: [
      step('alert', { input: { good: '{/steps/good/n}', bad: '{/steps/bad/n}', event: '{/event/type}', why: 'bad: {/failed/bad}' } }),
      step('tidy', { if: { '/failed/bad': { exists: true } } }),
      step('other', { if: { '/failed/good': { exists: true } } }),
    ],
  });
  endpoint.answer = (call) => (call.body.run.step === 'bad' ? { status: 500 } : { body: { n: 1 } });
  const run = await ended(gateway, await order(gateway));
  assert.equal(run.state, 'failed');
  assert.deepEqual(states(run), {
    good: 'done', bad: 'failed', 'after-bad': 'cancelled', 'after-good': 'done', alert: 'done', tidy: 'done', other: 'skipped',
  });
  assert.deepEqual(called(endpoint).slice(-2), ['alert', 'tidy']);
  assert.deepEqual(endpoint.calls.at(-2).body.input, {
    good: 1, bad: null, event: 'shop.order.paid', why: 'bad: answered 500 (attempt 1 of 1, the last)',
  });
  assert.deepEqual(endpoint.calls.at(-2).body.failed, { bad: 'answered 500 (attempt 1 of 1, the last)' });
  assert.equal(endpoint.calls[0].body.failed, undefined);
});

test('retry.on: what is not named fails at once, what is named is tried again', async (t) => {
  const { gateway, endpoint } = await start(t, { steps: [step('call', { retry: { ...fast, on: ['timeout', '5xx', 429] } })] });
  const ends = async (...answers) => {
    endpoint.calls.length = 0;
    endpoint.answer = (_call, n) => answers[n - 1] ?? {};
    const run = await ended(gateway, await order(gateway));
    return [run.state, endpoint.calls.length, attemptsOf(run).map((attempt) => attempt.error ?? '').join(' ')];
  };
  assert.deepEqual((await ends({ status: 503 }, { status: 429 })).slice(0, 2), ['done', 3]);
  const [state, calls, error] = await ends({ status: 404 });
  assert.deepEqual([state, calls], ['failed', 1]);
  assert.match(error, /answered 404, which retry.on does not name/);
  // A kept-alive connection that is closed is no answer yet: one call more goes over a new one.
  const [closed, , words] = await ends({ close: true }, { close: true }, { close: true });
  assert.equal(closed, 'failed');
  assert.match(words, /which retry.on does not name/);
});

test('deadline: no attempt begins or lasts beyond it', async (t) => {
  const { gateway, endpoint } = await start(t, {
    deadline: '1s',
    steps: [step('slow', { timeout: '1h', retry: { max: 50, base: '50ms', factor: 1, cap: '50ms' } }), step('never')],
    on_failure: [step('alert')],
  });
  endpoint.answer = (call) => (call.body.run.step === 'slow' ? { hang: true } : {});
  let run = await ended(gateway, await order(gateway));
  assert.deepEqual(states(run), { slow: 'failed', never: 'cancelled', alert: 'done' });
  assert.equal(attemptsOf(run).filter((attempt) => attempt.step === 'slow').length, 1);
  endpoint.answer = (call) => (call.body.run.step === 'slow' ? { status: 500 } : {});
  run = await ended(gateway, await order(gateway));
  assert.deepEqual(states(run), { slow: 'failed', never: 'cancelled', alert: 'done' });
  assert.match(attemptsOf(run).filter((attempt) => attempt.step === 'slow').at(-1).error, /deadline/);
  const { deadline } = endpoint.calls.find((call) => call.body.run.step === 'slow').body.run;
  const { started } = attemptsOf(run)[0];
  assert.ok(Date.parse(deadline) - Date.parse(started) < 60000, `${deadline} is the deadline of the run, not the step's hour`);
});

test('a run keeps the workflow it began with, over a reload and a restart', async (t) => {
  const graph = (path, condition) => ({
    workflows: [
      {
        id: 'order',
        on: 'shop.order.paid',
        steps: [
          step('first', { retry: { ...fast, max: 90, cap: '50ms' } }),
          step('second', { http: http(path), if: condition, input: { from: path, id: '{/input/id}' } }),
        ],
      },
    ],
  });
  const { gateway, endpoint } = await start(t, {}, graph('old', { '/steps/first/ok': true }));
  endpoint.answer = () => ({ status: 500 });
  const event = await order(gateway);
  await endpoint.waitFor(1);
  gateway.configure({ ...gateway.config, ...graph('new', { '/steps/first/ok': false }) });
  await gateway.call(api.reload);
  await gateway.restart();
  endpoint.answer = () => ({ body: { ok: true } });
  const run = await ended(gateway, event);
  assert.equal(run.state, 'done');
  assert.deepEqual(states(run), { first: 'done', second: 'done' });
  assert.equal(endpoint.calls.at(-1).path, '/steps/old');
  assert.deepEqual(endpoint.calls.at(-1).body.input, { from: 'old', id: 17 });
  const next = await ended(gateway, await order(gateway));
  assert.deepEqual(states(next), { first: 'done', second: 'skipped' });
});
