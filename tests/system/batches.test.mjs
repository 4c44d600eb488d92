// Bodies that are several events, bodies that are no JSON, and when it happened: from the outside.
import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import { StepEndpoint } from './lib/endpoint.mjs';
import { assertProblem, Gateway, Scope } from './lib/gateway.mjs';
import { until } from './lib/wait.mjs';
import { api, eventOf, ownAnswer, refusedReason, runIsOver, uuid7 } from './lib/words.mjs';

const secret = 'a secret of many events';
const sign = (body) => ({ 'x-signature': createHmac('sha256', secret).update(body).digest('hex') });
const post = (gateway, source, body, headers = {}) => {
  const text = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  return gateway.post(source, text, { ...sign(text), ...headers });
};
const item = (more = {}) => ({ id: randomUUID(), kind: 'delivered', n: 1, ...more });
const statuses = (answer) => answer.json.events.map((event) => event.status);
const ids = (answer) => answer.json.events.map((event) => event.id);

const verify = {
  scheme: 'hmac',
  hash: 'sha256',
  encoding: 'hex',
  signature: { in: 'header', name: 'X-Signature' },
  signed_content: ['{body}'],
};
const source = (more = {}, provider = {}) => ({
  verify: { ...verify, ...provider },
  secrets: [{ value: secret }],
  ...more,
});
const mail = {
  event: { type: 'mail.{/kind}', dedupe: '{/id}', subject: '{/to}' },
  events: { 'mail.**': { schema: 'item.schema.json' } },
};
const schema = { type: 'object', properties: { n: { type: 'integer' } } };

const configuration = (endpoint) => ({
  schemas: ['schemas'],
  limits: { batch_items: 3000, writer_mailbox: '8MiB' },
  endpoints: { steps: endpoint.declaration },
  sources: {
    mail: source(mail, { split: '/*' }),
    rejecting: source({ ...mail, on_invalid: 'reject' }, { split: '/*' }),
    whole: source({ ...mail, split: 'none' }, { split: '/*' }),
    deep: source({
      event: { type: 'deep.{/field}', dedupe: '{body:/id}-{/n}', time: { in: 'item', name: '/at', format: 'unix-ms' } },
      split: '/entry/*/changes/*',
    }),
    bybody: source({ event: { type: 'mail.one' }, split: '/*', dedupe: { by: 'body' } }),
    acked: source({ event: { type: 'mail.one' }, split: '/*', ...ownAnswer(202, 'text/plain', 'ok') }),
    keyed: source({ event: { type: 'mail.one', dedupe: '{body:/id}{/n}' }, split: '/list/*' }),
    slow: source({
      event: { type: 'slow' },
      split: '/*',
      events: { slow: { schema: 'slow.schema.json' } },
    }),
    form: source(
      { event: { type: 'form.{/kind}' }, split: '/*' },
      { content_types: ['application/x-www-form-urlencoded'], form_json_field: 'payload' },
    ),
    crowd: source({ event: { type: 'crowd' }, split: '/*' }),
    untyped: source({ event: { type: '{/kind}' }, split: '/*' }),
    json: source({ event: { type: 'plain.json', time: { in: 'header', name: 'X-When', format: 'rfc3339' } } }),
    text: source({ data: 'text', event: { type: 'text.{header:X-Kind}' } }),
    binary: source({ data: 'binary', event: { type: 'binary.{header:X-Kind}' } }),
  },
  workflows: [
    {
      id: 'each',
      on: { event: 'mail.delivered', match: { '/n': { gt: 0 } } },
      steps: [{ id: 'tell', http: { endpoint: 'steps', path: '/tell' } }],
    },
    {
      id: 'xml',
      on: { event: 'text.*', match: { '': { glob: '<order*' } } },
      steps: [{ id: 'tell', http: { endpoint: 'steps', path: '/xml' } }],
    },
    ...Array.from({ length: 8 }, (_, n) => ({
      id: `crowd-${n}`,
      on: { event: 'crowd' },
      steps: [{ id: 'tell', http: { endpoint: 'steps', path: '/crowd' } }],
    })),
  ],
});
const options = {
  files: { 'schemas/item.schema.json': schema, 'schemas/slow.schema.json': { pattern: '^(([a-z])+.)+[A-Z]([a-z])+$' } },
};

suite('batches', () => {
  const scope = new Scope();
  let endpoint;
  let gateway;

  before(async () => {
    endpoint = await StepEndpoint.start(scope);
    gateway = await Gateway.start(scope, configuration(endpoint), options);
  });
  after(() => scope.end());

  const raw = async (id) => (await gateway.request(api.body(id))).text;

  test('one event an item: its exact bytes, type, key, subject; one answer; one run each', async () => {
    const parts = ['{ "id":"a1", "kind":"delivered","n": 1.0, "to":"x@y" }', '{"id":"a2","kind":"bounced","n":2}', '{"id":"a3","kind":"delivered","n":0}'];
    const body = `[\n ${parts.join(' ,\n ')}]`;
    const answer = await post(gateway, 'mail', body);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.status, 'accepted');
    assert.deepEqual(statuses(answer), ['accepted', 'accepted', 'accepted']);
    const events = await Promise.all(ids(answer).map((id) => gateway.get(api.event(id))));
    assert.deepEqual(
      events.map((event) => [event.type, event.key, event.subject, event.batch.index, event.batch.count]),
      [
        ['mail.delivered', 'a1', 'x@y', 0, 3],
        ['mail.bounced', 'a2', undefined, 1, 3],
        ['mail.delivered', 'a3', undefined, 2, 3],
      ],
    );
    assert.match(events[0].batch.id, uuid7);
    assert.equal(new Set(events.map((event) => event.batch.id)).size, 1);
    const text = (await gateway.request(api.event(ids(answer)[0]))).text;
    assert.ok(text.includes(parts[0]), 'digits and white space as they came');
    for (const [i, event] of events.entries()) {
      assert.equal(await raw(event.id), body, 'the body as received');
      assert.ok(event.headers.some(([name]) => name.toLowerCase() === 'content-type'));
      assert.equal(event.body_bytes, body.length);
      const runs = await gateway.get(api.runsOf(event.id));
      assert.equal(runs.items.length, i === 0 ? 1 : 0);
    }
    await until('the step', () => endpoint.calls.some((call) => call.body?.event.id === events[0].id));
    const call = endpoint.calls.find((one) => one.body?.event.id === events[0].id);
    assert.ok(call.text.includes(`"input":${parts[0]}`), 'the item, byte for byte');
  });

  test('deduplicated item by item, in whatever company they come again', async () => {
    const [a, b, c, d] = [item(), item(), item(), item()];
    const first = await post(gateway, 'mail', [a, b, c]);
    assert.deepEqual(statuses(first), ['accepted', 'accepted', 'accepted']);
    const again = await post(gateway, 'mail', [d, c, a]);
    assert.deepEqual(statuses(again), ['accepted', 'duplicate', 'duplicate']);
    assert.deepEqual(ids(again).slice(1), [ids(first)[2], ids(first)[0]]);
    const alone = await post(gateway, 'mail', [b]);
    assert.deepEqual(alone.json, { id: ids(first)[1], status: 'duplicate' });
    const all = await post(gateway, 'mail', [a, b]);
    assert.equal(all.json.status, 'duplicate');
    const changed = await post(gateway, 'mail', [a, { ...b, n: 7 }]);
    assert.deepEqual(statuses(changed), ['duplicate', 'accepted'], 'same key, other bytes');
    await gateway.restart();
    assert.equal((await post(gateway, 'mail', [d, c, b, a])).json.status, 'duplicate');
    assert.deepEqual((await gateway.get(api.event(ids(again)[0]))).data, d);
  });

  test('equal items of one body are duplicates of each other', async () => {
    const answer = await post(gateway, 'bybody', [{ a: 1 }, { a: 2 }, { a: 1 }]);
    assert.deepEqual(statuses(answer), ['accepted', 'accepted', 'duplicate']);
    assert.equal(ids(answer)[2], ids(answer)[0]);
  });

  test('hold: only the item that violates its schema; released alone', async () => {
    const answer = await post(gateway, 'mail', [item(), item({ n: 'one' }), item()]);
    assert.equal(answer.json.status, 'accepted');
    assert.deepEqual(statuses(answer), ['accepted', 'held', 'accepted']);
    const held = await gateway.get(api.event(ids(answer)[1]));
    assert.equal(held.errors[0].instance, '/n', 'from the item on');
    assert.equal(held.errors[0].line, 1);
    assert.equal(held.errors[0].column, JSON.stringify(held.data).indexOf('"one"') + 1, 'in the text of its data');
    await gateway.call(api.release(ids(answer)[1]));
    assert.equal((await gateway.get(api.event(ids(answer)[1]))).status, 'released');
  });

  test('reject: one bad item refuses all, by its number, and nothing is stored', async () => {
    const bad = [item(), item(), item({ n: 'one' })];
    const problem = assertProblem(await post(gateway, 'rejecting', bad), 422, /^item 2: /);
    assert.equal(problem.item, 2);
    assert.equal(problem.errors[0].instance, '/n');
    await until('the refusal', async () =>
      (await gateway.list(api.refused)).some((refusal) => refusal.source === 'rejecting'),
    );
    assert.equal((await gateway.list(`${api.events}?source=rejecting`)).length, 0);
    assert.deepEqual(statuses(await post(gateway, 'rejecting', bad.slice(0, 2))), ['accepted', 'accepted']);
  });

  test('an item without a type: 400 for all', async () => {
    assertProblem(await post(gateway, 'untyped', [{ kind: 'x' }, 1]), 400, /^item 1: .*event type/);
  });

  test('nothing to split: the body is one event', async () => {
    for (const body of [[], {}, { id: 'h', kind: 'heartbeat' }]) {
      const answer = await post(gateway, 'bybody', body);
      assert.equal(answer.json.status, 'accepted', answer.text);
      const event = await gateway.get(api.event(answer.json.id));
      assert.deepEqual(event.data, body);
      assert.equal(event.batch, undefined);
    }
  });

  test('split: none; an answer of its own; a form', async () => {
    const whole = await post(gateway, 'whole', [item(), item()]);
    assert.equal((await gateway.get(api.event(whole.json.id))).data.length, 2);
    const acked = await post(gateway, 'acked', [item(), item()]);
    assert.deepEqual([acked.status, acked.text], [202, 'ok']);
    const body = `payload=${encodeURIComponent(JSON.stringify([item({ kind: 'a' }), item({ kind: 'ü' })]))}`;
    const form = await post(gateway, 'form', body, { 'content-type': 'application/x-www-form-urlencoded' });
    assert.equal(form.status, 200, form.text);
    const second = await gateway.get(api.event(ids(form)[1]));
    assert.equal(second.data.kind, 'ü');
    assert.equal(await raw(second.id), body);
  });

  test('pointers from the item and from the body; when it happened', async () => {
    const id = randomUUID();
    const change = (n, at) => ({ field: 'messages', n, at });
    const body = { id, entry: [{ changes: [change(1, 1700000000123)] }, {}, { changes: [change(2, 'no time'), change(3)] }] };
    const answer = await post(gateway, 'deep', body);
    assert.deepEqual(statuses(answer), ['accepted', 'accepted', 'accepted'], answer.text);
    const events = await Promise.all(ids(answer).map((one) => gateway.get(api.event(one))));
    assert.deepEqual(
      events.map((event) => [event.key, event.happened]),
      [
        [`${id}-1`, '2023-11-14T22:13:20.123000Z'],
        [`${id}-2`, undefined],
        [`${id}-3`, undefined],
      ],
    );
    assert.ok(events.every((event) => event.time > '2024'), 'received now');
    const one = await post(gateway, 'json', {}, { 'x-when': '2020-01-02T03:04:05+01:00' });
    assert.equal((await gateway.get(api.event(one.json.id))).happened, '2020-01-02T02:04:05.000000Z');
  });

  test('more items than are taken at once: 413, kept as refused, counted', async () => {
    const many = Array.from({ length: 3001 }, (_, n) => n);
    assertProblem(await post(gateway, 'bybody', many), 413, /3001 events; 3000/);
    await until('the refusal', async () =>
      (await gateway.list(api.refused)).some((refusal) => refusedReason(refusal) === 'too-many-items'),
    );
    const answer = await post(gateway, 'bybody', many.slice(1));
    assert.equal(answer.json.events.length, 3000);
    const metrics = (await gateway.request('/metrics')).text;
    assert.match(metrics, /deliveries_total\{source="bybody",outcome="too-large"\} 1/);
    assert.match(metrics, /batch_events_total\{source="bybody",outcome="accepted"\} 30\d\d/);
  });

  test('items that together start too many workflows: 413, nothing stored', async () => {
    const many = Array.from({ length: 2501 }, (_, n) => n); // 20,008 workflows
    assertProblem(await post(gateway, 'crowd', many), 413, /too many workflows/);
  });

  test('items that together take too much memory, or too long: 413, nothing stored', async () => {
    const list = Array.from({ length: 2000 }, (_, n) => ({ n }));
    assertProblem(await post(gateway, 'keyed', { id: 'k'.repeat(12000), list }), 413, /memory/);
    assert.equal((await post(gateway, 'keyed', { id: 'k'.repeat(100), list })).status, 200);
    const slow = Array.from({ length: 1000 }, (_, n) => `${'a'.repeat(60)}${n}`);
    assertProblem(await post(gateway, 'slow', slow), 413, /too long/);
    assert.equal((await gateway.list(`${api.events}?source=slow`)).length, 0);
  });

  test('2 MiB of items: stored once, every item whole', async () => {
    const pad = 'p'.repeat(1000);
    const items = Array.from({ length: 1900 }, (_, n) => item({ kind: 'opened', n, pad }));
    const answer = await post(gateway, 'mail', items);
    assert.equal(answer.status, 200, answer.text.slice(0, 200));
    assert.equal(answer.json.events.length, 1900);
    for (const n of [0, 1, 950, 1899]) {
      assert.deepEqual((await gateway.get(api.event(ids(answer)[n]))).data, items[n]);
    }
    const { batch } = await gateway.get(api.event(ids(answer)[0]));
    const { DatabaseSync } = await import('node:sqlite');
    const database = new DatabaseSync(gateway.database, { readOnly: true });
    const its = database.prepare('SELECT count(*) AS n, sum(length(body)) AS bytes FROM events WHERE batch = ?');
    const stored = database.prepare('SELECT count(*) AS n FROM bodies WHERE body_bytes = ?');
    assert.deepEqual({ ...its.get(Buffer.from(batch.id.replaceAll('-', ''), 'hex')) }, { n: 1900, bytes: 0 });
    assert.equal(stored.get(JSON.stringify(items).length).n, 1);
    database.close();
  });

  test('XML and other bodies: 415 unless the source takes them', async () => {
    const xml = '<order a="ü">\n</order>';
    const type = { 'content-type': 'application/xml', 'x-kind': 'order' };
    assertProblem(await post(gateway, 'json', xml, type), 415);
    const text = await post(gateway, 'text', xml, type);
    assert.equal(text.status, 200, text.text);
    const event = await gateway.get(api.event(text.json.id));
    assert.deepEqual([event.type, event.data, event.content_type], ['text.order', xml, 'application/xml']);
    assert.equal(await raw(text.json.id), xml);
    await until('the step', () => endpoint.calls.some((call) => call.body?.input === xml));
    assert.equal((await gateway.get(api.runsOf(text.json.id))).items.length, 1);
    assert.deepEqual((await post(gateway, 'text', '', type)).json.status, 'accepted', 'an empty text');
    const bytes = Buffer.from([0, 255, 254, 10, 13]);
    assertProblem(await post(gateway, 'text', bytes, type), 400, /UTF-8 from byte 1/);
    assertProblem(await post(gateway, 'json', bytes), 400);
    const binary = await post(gateway, 'binary', bytes, { 'content-type': 'image/png', 'x-kind': 'png' });
    assert.equal((await gateway.get(api.event(binary.json.id))).data, bytes.toString('base64'));
    assert.equal((await gateway.post('text', xml, { ...type, 'x-signature': '00' })).status, 401, 'signed as before');
  });

  test('what needs JSON is an error of the configuration where there is none', async () => {
    const bad = { text: { ...configuration(endpoint).sources.mail, data: 'text', split: '/*' } };
    const other = await Gateway.prepare(scope, { ...configuration(endpoint), sources: bad, workflows: [] }, options);
    const { code, logs } = await other.refusesToStart();
    assert.notEqual(code, 0);
    for (const words of [/has no schema/, /cannot be split/, /no JSON to look into/]) {
      assert.match(logs, words);
    }
  });
});

test('kill -9 in the middle of batches: all of a body or nothing', async (t) => {
  const endpoint = await StepEndpoint.start(t);
  const gateway = await Gateway.start(t, configuration(endpoint), options);
  const acknowledged = [];
  let on = true;
  let n = 0;
  const senders = Array.from({ length: 4 }, async () => {
    while (on) {
      const body = Array.from({ length: 40 }, () => item({ n: n++ }));
      await until('an acknowledgement', async () => {
        const answer = await post(gateway, 'mail', body).catch(() => undefined);
        assert.ok(answer === undefined || [200, 503].includes(answer.status), answer?.text);
        if (answer?.status === 200) {
          acknowledged.push({ body, ids: ids(answer) });
        }
        return answer?.status === 200 || !on;
      });
    }
  });
  for (let cycle = 0; cycle < 4; cycle++) {
    const goal = acknowledged.length + 5;
    await until('some acknowledgements', () => acknowledged.length >= goal);
    await gateway.kill9();
    await gateway.serve();
  }
  on = false;
  await Promise.all(senders);
  const events = await gateway.list(`${api.events}?limit=1000`);
  const known = new Map(events.map((event) => [event.id, event]));
  for (const batch of acknowledged) {
    assert.equal(new Set(batch.ids).size, 40);
    assert.ok(batch.ids.every((id) => known.has(id)), 'nothing acknowledged is lost');
  }
  const batches = Map.groupBy(events, (event) => event.batch.id);
  for (const [id, list] of batches) {
    assert.equal(list.length, 40, `${id}: all of the body`);
  }
  const runs = await until('every run to end', async () => {
    const all = await gateway.list(`${api.runs}?limit=1000`);
    return all.every(runIsOver) && all;
  }, 60);
  // n: 0 is in the first batch and starts nothing.
  assert.equal(new Set(runs.map(eventOf)).size, events.length - 1);
});
