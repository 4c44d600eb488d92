// Every row of the table of ingest answers, from the outside. Framing is in framing.test.mjs, a full disk in startup.test.mjs.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { StepEndpoint } from './lib/endpoint.mjs';
import { assertProblem, Gateway, Scope } from './lib/gateway.mjs';
import { exchange } from './lib/raw.mjs';
import { github, secrets, slack, source, standardWebhooks, stripe } from './lib/sign.mjs';
import { until } from './lib/wait.mjs';
import { api, ownAnswer, refusedReason, uuid7 } from './lib/words.mjs';

const thing = {
  type: 'object',
  required: ['n'],
  properties: { n: { type: 'integer' }, name: { type: 'string', maxLength: 8 } },
};
const right = () => JSON.stringify({ n: 1, at: randomUUID() });
const wrong = () => JSON.stringify({ n: 'one', at: randomUUID() });
const listed = { events: { 'github.push': { schema: 'thing.schema.json' } } };

async function startGateway(t) {
  const endpoint = await StepEndpoint.start(t);
  const gateway = await Gateway.start(
    t,
    {
      schemas: ['schemas'],
      endpoints: { steps: endpoint.declaration },
      sources: {
        github: source('github', listed),
        rejecting: source('github', { ...listed, on_invalid: 'reject' }),
        accepting: source('github', { ...listed, on_invalid: 'accept' }),
        ignoring: source('github', { ...listed, on_unlisted: 'ignore' }),
        holding: source('github', { ...listed, on_unlisted: 'hold' }),
        choosy: source('github', { ...listed, on_unlisted: 'reject' }),
        answering: source('github', ownAnswer(202, 'text/plain', 'thank you')),
        undeduped: source('github', { dedupe: { by: 'none' } }),
        limited: source('github', { rate: { per_second: 1, burst: 2 } }),
        bykey: source('github', { dedupe: { by: 'key' } }),
        bybody: source('github', { dedupe: { by: 'body' } }),
        slack: source('slack'),
        stripe: source('stripe'),
        standard: source('standard-webhooks'),
        shop: {
          verify: {
            scheme: 'hmac',
            hash: 'sha256',
            encoding: 'hex',
            signature: { in: 'header', name: 'X-Hub-Signature-256', prefix: 'sha256=' },
            signed_content: ['{body}'],
          },
          secrets: [{ value: 'an older secret' }, { value: secrets.github }],
          event: { type: 'shop.{/kind}', dedupe: '{/id}' },
        },
      },
      workflows: [
        {
          id: 'on-push',
          on: { event: 'github.push' },
          steps: [{ id: 'call', http: { endpoint: 'steps', path: '/call' } }],
        },
      ],
    },
    { files: { 'schemas/thing.schema.json': thing } },
  );
  return { gateway, endpoint };
}

const post = (gateway, name, body, options, headers) =>
  gateway.post(name, body, { ...github(body, options), ...headers });
const runsOf = (gateway, id) => gateway.list(api.runsOf(id));

async function assertAccepted(gateway, name, body, options, headers) {
  const answer = await post(gateway, name, body, options, headers);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.json.status, 'accepted', answer.text);
  assert.match(answer.json.id, uuid7);
  return answer.json.id;
}

// The newest refusals come first; one lane writes them after the answer.
const untilRefused = (gateway, reason) =>
  until(`a refusal with reason ${reason}`, async () =>
    (await gateway.list(api.refused)).find((refusal) => refusedReason(refusal) === reason),
  );

suite('ingest', () => {
  const scope = new Scope();
  let gateway;
  let endpoint;

  before(async () => {
    ({ gateway, endpoint } = await startGateway(scope));
  });
  after(() => scope.end());

  test('stored: 200 with id and "accepted", the event can be read back as it came', async () => {
    const body = '{ "n": 1,\n "big": 9007199254740993, "small": 1e-400, "text": "\\u00e9\u00e9" }';
    const id = await assertAccepted(gateway, 'github', body, { delivery: 'read-me-back' });
    const event = await gateway.get(api.event(id));
    assert.equal(event.id, id);
    assert.equal(event.type, 'github.push');
    assert.equal(event.source, 'github');
    const raw = await gateway.request(api.event(id));
    assert.ok(raw.text.includes('9007199254740993') && raw.text.includes('1e-400'), 'numbers keep their digits');
    assert.equal((await gateway.request(api.body(id))).text, body, 'byte for byte');
    const listing = await gateway.list(api.events);
    assert.ok(listing.some((one) => one.id === id));
  });

  test('the answer of a source: own status and body', async () => {
    const answer = await post(gateway, 'answering', right());
    assert.deepEqual([answer.status, answer.text], [202, 'thank you']);
    assert.match(answer.headers.get('content-type'), /^text\/plain/);
  });

  test('duplicate: the same delivery again answers 200 with the first id; another body under that key is another event', async () => {
    const body = right();
    const delivery = randomUUID();
    const id = await assertAccepted(gateway, 'github', body, { delivery });
    const again = await post(gateway, 'github', body, { delivery });
    assert.deepEqual([again.status, again.json], [200, { id, status: 'duplicate' }]);
    assert.notEqual(await assertAccepted(gateway, 'github', right(), { delivery }), id);
    assert.notEqual(
      await assertAccepted(gateway, 'undeduped', body, { delivery }),
      await assertAccepted(gateway, 'undeduped', body, { delivery }),
    );
  });

  test('duplicate: by key alone, by body alone, and many at once', async () => {
    const delivery = randomUUID();
    const body = right();
    const id = await assertAccepted(gateway, 'bykey', body, { delivery });
    assert.deepEqual((await post(gateway, 'bykey', right(), { delivery })).json, { id, status: 'duplicate' });
    const first = await assertAccepted(gateway, 'bybody', body);
    assert.deepEqual((await post(gateway, 'bybody', body)).json, { id: first, status: 'duplicate' });
    const same = { delivery: randomUUID() };
    const burst = await Promise.all(Array.from({ length: 40 }, () => post(gateway, 'github', body, same)));
    assert.equal(burst.filter((answer) => answer.json.status === 'accepted').length, 1);
    assert.equal(new Set(burst.map((answer) => answer.json.id)).size, 1);
  });

  test('schema violated, hold: 200 "held", nothing starts until it is released', async () => {
    const answer = await post(gateway, 'github', wrong());
    assert.deepEqual([answer.status, answer.json.status], [200, 'held'], answer.text);
    const { id } = answer.json;
    const held = await gateway.list(api.held);
    assert.ok(
      held.some((event) => event.id === id),
      'listed as held',
    );
    assert.equal((await runsOf(gateway, id)).length, 0);
    const before = endpoint.calls.length;
    await gateway.call(api.release(id));
    await until('the step of the released event', () =>
      endpoint.calls.slice(before).some((call) => call.body?.event.id === id),
    );
    assert.equal((await runsOf(gateway, id)).length, 1);
    assert.ok(!(await gateway.list(api.held)).some((event) => event.id === id), 'no longer held');
    assert.equal((await gateway.request(api.release(id), { method: 'POST' })).status, 409, 'released once');
  });

  test('schema violated, reject: 422 with the errors, kept as refused', async () => {
    const problem = assertProblem(await post(gateway, 'rejecting', wrong()), 422);
    assert.match(JSON.stringify(problem), /\/n/, 'says where');
    await until('the refusal', async () =>
      (await gateway.list(api.refused)).some((refusal) => refusal.source === 'rejecting'),
    );
  });

  test('schema violated, accept: stored, marked, its run starts', async () => {
    const id = await assertAccepted(gateway, 'accepting', wrong());
    assert.equal((await runsOf(gateway, id)).length, 1);
    assert.match(JSON.stringify(await gateway.get(api.event(id))), /invalid/);
  });

  test('event type without a schema: accept, ignore, hold, reject', async () => {
    const release = { event: 'release' };
    await assertAccepted(gateway, 'github', right(), release);
    const ignored = await post(gateway, 'ignoring', right(), release);
    assert.equal(ignored.status, 200);
    assert.equal((await runsOf(gateway, ignored.json.id)).length, 0);
    const held = await post(gateway, 'holding', right(), release);
    assert.deepEqual([held.status, held.json.status], [200, 'held']);
    assertProblem(await post(gateway, 'choosy', right(), release), 422);
  });

  test("handshakes: Slack's challenge is answered when signed, its form probe unsigned; GitHub's ping is an event", async () => {
    const challenge = JSON.stringify({ type: 'url_verification', challenge: 'ch-1 "quoted"' });
    const answer = await gateway.post('slack', challenge, slack(challenge));
    assert.deepEqual([answer.status, answer.text], [200, 'ch-1 "quoted"']);
    assert.match(answer.headers.get('content-type'), /^text\/plain/);
    assert.equal((await gateway.post('slack', challenge, slack(challenge, { secret: 'not it' }))).status, 401);
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    assert.equal((await gateway.post('slack', 'ssl_check=1&token=x', form)).status, 200);
    assert.equal(
      (
        await gateway.get(
          api.event(await assertAccepted(gateway, 'github', '{"zen":"Speak like a human."}', { event: 'ping' })),
        )
      ).type,
      'github.ping',
    );
  });

  test('signature missing, wrong, stale: 401 with one text for all, the reason only in the refused log', async () => {
    const body = JSON.stringify({ id: `evt_${randomUUID()}`, type: 'a.b' });
    const old = Math.floor(Date.now() / 1000) - 3600;
    const answers = [
      await gateway.post('github', body),
      await post(gateway, 'github', body, { secret: 'another' }),
      await gateway.post('github', `${body} `, github(body)),
      await gateway.post('stripe', body, stripe(body, { at: old })),
      await gateway.post('standard', body, standardWebhooks(body, { at: old + 7200 })),
    ];
    answers.forEach((answer) => assertProblem(answer, 401));
    assert.equal(new Set(answers.map((answer) => answer.text)).size, 1, 'one text');
    for (const reason of ['missing-signature', 'bad-signature', 'stale', 'future']) {
      await untilRefused(gateway, reason);
    }
    assert.match((await gateway.request('/metrics')).text, /stale/);
  });

  test('any of several secrets verifies; type, key and kept bytes come from the template of a source without preset', async () => {
    const body = JSON.stringify({ kind: 'order paid!', id: 'o-1' });
    const answer = await gateway.post('shop', body, github(body));
    assert.equal(answer.status, 200, answer.text);
    assert.equal((await gateway.get(api.event(answer.json.id))).type, 'shop.order_paid_');
    assert.deepEqual((await gateway.post('shop', body, github(body))).json, {
      id: answer.json.id,
      status: 'duplicate',
    });
  });

  test('malformed JSON, UTF-8, depth, duplicate keys: 400 with line and column', async () => {
    const cases = [
      ['{"a":1,\n "b":}', 2, 6],
      ['{"a":1,\n "a":2}', 2, 2],
      [Buffer.from('7b2261223a22ff227d', 'hex'), 1, 7],
      [`${'['.repeat(300)}${']'.repeat(300)}`, 1, 257],
      ['', 1, 1],
      ['{"a":1} x', 1, 9],
    ];
    for (const [body, line, column] of cases) {
      const problem = assertProblem(await post(gateway, 'github', body), 400);
      assert.deepEqual(
        [problem.line, problem.column],
        [line, column],
        `${String(body).slice(0, 40)}: ${problem.detail}`,
      );
    }
  });

  test("forms: GitHub's payload field is the data", async () => {
    const body = `payload=${encodeURIComponent(JSON.stringify({ n: 4, name: 'form' }))}`;
    const id = await assertAccepted(
      gateway,
      'github',
      body,
      {},
      { 'content-type': 'application/x-www-form-urlencoded' },
    );
    assert.match((await gateway.request(api.event(id))).text, /"name":\s*"form"/);
  });

  test('content coding: gzip is undone before anything looks, any other is 415', async () => {
    const body = right();
    const zipped = gzipSync(body);
    const signed = await gateway.post('github', zipped, { ...github(body), 'content-encoding': 'gzip' });
    assert.deepEqual([signed.status, signed.json?.status], [200, 'accepted'], signed.text);
    assertProblem(await gateway.post('github', zipped, { ...github(zipped), 'content-encoding': 'gzip' }), 401);
    assertProblem(
      await gateway.post('github', deflateSync(body), { ...github(body), 'content-encoding': 'deflate' }),
      415,
    );
    const bomb = gzipSync(Buffer.alloc(64 << 20, 0x20));
    assertProblem(await gateway.post('github', bomb, { ...github(bomb), 'content-encoding': 'gzip' }), 413);
    assertProblem(
      await gateway.post('github', zipped.subarray(0, -6), { ...github(body), 'content-encoding': 'gzip' }),
      400,
    );
  });

  test('unknown source 404, method 405 with Allow, content type 415, body too large 413', async () => {
    const body = right();
    assertProblem(await gateway.post('nobody', body, github(body)), 404, /source/);
    assertProblem(await gateway.post('', body, github(body)), 404);
    const put = await gateway.post('github', body, github(body), { method: 'PUT' });
    assertProblem(put, 405);
    assert.match(put.headers.get('allow') ?? '', /POST/);
    assertProblem(
      await gateway.post('github', body, { ...github(body), 'content-type': 'text/plain' }),
      415,
      /content type/,
    );
    const large = JSON.stringify({ n: 1, pad: 'x'.repeat((2 << 20) + 1) });
    assertProblem(await gateway.post('github', large, github(large)), 413);
    assertProblem(await gateway.post('github', body, { ...github(body), 'x-large': 'x'.repeat(40 << 10) }), 431);
  });

  test('too many: 429 with Retry-After, kept as refused; bad signatures use nothing up', async () => {
    for (let i = 0; i < 5; i++) {
      assert.equal((await gateway.post('limited', right(), github('something else'))).status, 401);
    }
    const answers = [];
    for (let i = 0; i < 6; i++) {
      answers.push(await post(gateway, 'limited', right()));
    }
    assert.deepEqual(answers.slice(0, 2).map((answer) => answer.status), [200, 200]);
    const late = answers.filter((answer) => answer.status !== 200);
    assert.ok(late.length >= 3, `${late.length} of 6 refused`);
    for (const answer of late) {
      assertProblem(answer, 429, /again later/);
      assert.equal(answer.headers.get('retry-after'), '1');
    }
    await untilRefused(gateway, 'rate');
  });

  test('a body just within the limit is taken, with all 2 MiB of it', async () => {
    const shell = JSON.stringify({ n: 1, pad: '' });
    const body = JSON.stringify({ n: 1, pad: 'x'.repeat((2 << 20) - shell.length) });
    await assertAccepted(gateway, 'github', body);
  });

  test('events by the API start the same workflows', async () => {
    const before = endpoint.calls.length;
    const answer = await gateway.call(api.events, { type: 'github.push', data: { n: 99 } });
    assert.match(answer.id, uuid7);
    await until('its step', () => endpoint.calls.slice(before).some((call) => call.body?.input.n === 99));
  });

  test('the API wants the token, and a Host that is ours; the ingest listener has no API', async () => {
    const [foreign] = await exchange(
      gateway.admin,
      `GET ${api.events} HTTP/1.1\r\nHost: evil.example\r\nAuthorization: Bearer ${gateway.token}\r\nConnection: close\r\n\r\n`,
    );
    assert.equal(foreign.status, 403, foreign.text);
    assertProblem(await gateway.request(api.events, { headers: { authorization: '' } }), 401);
    assertProblem(await gateway.request(api.events, { headers: { authorization: 'Bearer wrong' } }), 401);
    assert.equal(
      (
        await fetch(`http://127.0.0.1:${gateway.ingest}${api.events}`, {
          headers: { authorization: `Bearer ${gateway.token}` },
        })
      ).status,
      404,
    );
  });

  test('health on both listeners, metrics on admin', async () => {
    for (const port of [gateway.ingest, gateway.admin]) {
      for (const path of ['/healthz', '/readyz']) {
        assert.equal((await fetch(`http://127.0.0.1:${port}${path}`)).status, 200, `${port}${path}`);
      }
    }
    assert.equal((await fetch(`http://127.0.0.1:${gateway.ingest}/metrics`)).status, 404);
    const metrics = await gateway.request('/metrics');
    assert.match(metrics.headers.get('content-type'), /^text\/plain/);
    assert.match(metrics.text, /^hooklatch_commit_waiting 0$/m);
    assert.match(metrics.text, /^hooklatch_[a-z_]+\{[^}]*source="github"[^}]*\} \d+/m);
  });
});
