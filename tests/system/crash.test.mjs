// kill -9 under load at random moments, again and again: what was acknowledged is there once, every run ends, and the endpoint saw every
// (run, step) at least once, under one idempotency key. HOOKLATCH_CRASH_CYCLES (20), HOOKLATCH_CRASH_SEED repeats a run.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { StepEndpoint } from './lib/endpoint.mjs';
import { Gateway } from './lib/gateway.mjs';
import { github, source } from './lib/sign.mjs';
import { until } from './lib/wait.mjs';
import { api, eventOf, runIsOver } from './lib/words.mjs';

const cycles = Number(process.env.HOOKLATCH_CRASH_CYCLES ?? 20);
const seed = Number(process.env.HOOKLATCH_CRASH_SEED ?? randomInt(2 ** 31));
const senders = 8;
const retry = { max: 100, base: '20ms', factor: 2, cap: '200ms' };
const configuration = (endpoint) => ({
  endpoints: { steps: endpoint.declaration },
  sources: { github: source('github') },
  workflows: [
    {
      id: 'flow',
      on: { event: 'github.push' },
      steps: ['one', 'two'].map((id) => ({ id, http: { endpoint: 'steps', path: `/${id}` }, retry })),
    },
  ],
});

// A small generator that a seed repeats (mulberry32).
function randomFrom(start) {
  let state = start;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

// Senders that never give up: every delivery is sent until it is acknowledged, as a vendor would.
class Load {
  constructor(gateway) {
    this.gateway = gateway;
    this.acknowledged = new Map(); // n → event id
    this.next = 0;
    this.on = true;
    this.running = Array.from({ length: senders }, () => this.sendOn());
  }

  async sendOn() {
    while (this.on) {
      const n = this.next++;
      const body = JSON.stringify({ n, pad: 'x'.repeat(n % 3 === 0 ? 4000 : 40) });
      await until(`delivery ${n} to be acknowledged`, () => this.sendOnce(n, body), 120);
    }
  }

  async sendOnce(n, body) {
    const answer = await this.gateway
      .post('github', body, github(body, { delivery: `delivery-${n}` }))
      .catch(() => undefined);
    if (answer?.status === 200) {
      this.acknowledged.set(n, answer.json.id);
      return true;
    }
    assert.ok(answer === undefined || answer.status === 503, `delivery ${n}: ${answer?.status} ${answer?.text}`);
    return false;
  }

  async end() {
    this.on = false;
    await Promise.all(this.running);
  }
}

async function crashUnderLoad(gateway, load, random) {
  const goal = load.acknowledged.size + random(150);
  await until('some acknowledgements', () => load.acknowledged.size >= goal, 60);
  // Between two turns of the event loop, or after some more of them: anywhere in a commit.
  for (let turns = random(40); turns > 0; turns--) {
    await new Promise(setImmediate);
  }
  await gateway.kill9();
  await gateway.serve();
}

test(`${cycles} times kill -9 under load`, async (t) => {
  t.diagnostic(`HOOKLATCH_CRASH_SEED=${seed}`);
  const random = randomFrom(seed);
  const endpoint = await StepEndpoint.start(t);
  // Some calls fail, so that retries are under way too.
  endpoint.answer = (_call, count) => ({ status: count % 7 === 0 ? 500 : 200 });
  const gateway = await Gateway.start(t, configuration(endpoint));
  const load = new Load(gateway);
  try {
    for (let cycle = 0; cycle < cycles; cycle++) {
      await crashUnderLoad(gateway, load, random);
    }
  } finally {
    await load.end();
  }
  t.diagnostic(`${load.acknowledged.size} events acknowledged, ${endpoint.calls.length} calls seen`);

  const events = await gateway.list(`${api.events}?limit=1000`);
  const ids = new Set(events.map((event) => event.id));
  assert.equal(ids.size, events.length, 'no event is listed twice');
  assert.deepEqual(
    [...load.acknowledged.values()].filter((id) => !ids.has(id)),
    [],
    'nothing acknowledged is lost',
  );
  assert.equal(new Set(load.acknowledged.values()).size, load.acknowledged.size, 'no two deliveries share an event');
  assert.equal(events.length, load.acknowledged.size, 'no delivery became two events');

  const runs = await until(
    'every run to end',
    async () => {
      const all = await gateway.list(`${api.runs}?limit=1000`);
      return all.every(runIsOver) && all;
    },
    120,
  );
  assert.equal(runs.length, events.length, 'one run an event');
  assert.equal(new Set(runs.map(eventOf)).size, runs.length);
  assert.deepEqual(
    runs.filter((run) => run.state !== 'done').map((run) => run.id),
    [],
  );

  const seen = endpoint.byStep();
  for (const { id } of runs) {
    for (const step of ['one', 'two']) {
      const calls = seen.get(`${id}/${step}`) ?? [];
      assert.ok(calls.length >= 1, `${id}/${step} was called`);
      assert.equal(new Set(calls.map((call) => call.key)).size, 1, `${id}/${step} has one idempotency key`);
    }
  }
  const keys = [...seen.values()].map(([first]) => first.key);
  assert.equal(new Set(keys).size, keys.length, 'no key is shared');
  assert.deepEqual(
    endpoint.calls.filter((call) => call.signatureError),
    [],
  );
});
