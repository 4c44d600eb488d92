// The vendors' own packages sign and verify in turn with hooklatch: the command line and the running gateway (lib/sdks.mjs says who does what).
// GitHub's example payloads are judged by GitHub's official schema: the gateway must come to the verdict that ajv comes to.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, suite, test } from 'node:test';
import { sign } from '@octokit/webhooks-methods';
import Ajv from 'ajv';
import Stripe from 'stripe';
import { Webhook as SvixWebhook } from 'svix';
import { eventSchema } from '../../bench/lib/event-schema.mjs';
import { StepEndpoint } from './lib/endpoint.mjs';
import { Gateway, Scope } from './lib/gateway.mjs';
import {
  messageOf,
  sdks,
  signedByHooklatch,
  signedByPackage,
  sourceOf,
  table,
  touched,
  verifiedByHooklatch,
} from './lib/sdks.mjs';
import { secrets, source } from './lib/sign.mjs';
import { api } from './lib/words.mjs';

const require = createRequire(import.meta.url);
const examples = require('@octokit/webhooks-examples');
const official = require('@octokit/webhooks-schemas/schema.json');

async function githubHeaders(body, event = 'push') {
  return {
    'x-github-event': event,
    'x-github-delivery': randomUUID(),
    'x-hub-signature-256': await sign(secrets.github, body),
  };
}

suite("vendors' packages and the command line", () => {
  for (const sdk of sdks.filter(({ signs }) => signs)) {
    test(`${sdk.name}: verify accepts what ${sdk.package} signs, and no other body`, async () => {
      const message = await signedByPackage(sdk, messageOf(sdk));
      const good = await verifiedByHooklatch(sdk, message);
      assert.equal(good.code, 0, `${good.stdout}${good.stderr}`);
      const bad = await verifiedByHooklatch(sdk, touched(sdk, message));
      assert.equal(bad.code, 1, `${bad.stdout}${bad.stderr}`);
    });
  }

  for (const sdk of sdks.filter(({ verifies }) => verifies)) {
    test(`${sdk.name}: ${sdk.package} accepts what sign signs, and no other body`, async () => {
      const message = await signedByHooklatch(sdk, messageOf(sdk));
      const own = await verifiedByHooklatch(sdk, message);
      assert.equal(own.code, 0, `${own.stdout}${own.stderr}`);
      assert.equal(await sdk.verifies(message), true, JSON.stringify(message));
      assert.equal(await sdk.verifies(touched(sdk, message)), false);
    });
  }

  test('README.md says which package judges which preset', () => {
    const page = readFileSync(new URL('README.md', import.meta.url), 'utf8');
    assert.ok(page.includes(table()), `the table should be:\n${table()}`);
  });

  test('every preset that a package judges says so', () => {
    for (const { provider } of sdks) {
      const preset = readFileSync(new URL(`../../conf/providers/${provider}.yaml`, import.meta.url), 'utf8');
      assert.match(preset, /^verified: sdk$/m, provider);
    }
  });
});

suite("vendors' packages and the gateway", () => {
  const scope = new Scope();
  let gateway;

  before(async () => {
    gateway = await Gateway.start(scope, { sources: Object.fromEntries(sdks.map((sdk) => [sdk.name, sourceOf(sdk)])) });
  });
  after(() => scope.end());

  const post = (sdk, { body, query, headers }) => gateway.post(`${sdk.name}${query}`, body, headers);

  // One character of each header that signing has added and that holds a signature.
  function* forged(message, unsigned) {
    for (const [header, value] of Object.entries(message.headers)) {
      if (!(header in unsigned.headers) && /signature|hmac|authorization/.test(header)) {
        const at = value.length - 4;
        const other = value.slice(0, at) + (value[at] === '0' ? '1' : '0') + value.slice(at + 1);
        yield [header, { ...message, headers: { ...message.headers, [header]: other } }];
      }
    }
  }

  for (const sdk of sdks) {
    test(`${sdk.name}: what is signed is stored with its type; what is touched afterwards is refused`, async () => {
      const texts = [undefined, `before ${'x'.repeat(100000)}`];
      for (const text of texts) {
        const unsigned = messageOf(sdk, text);
        const message = await (sdk.signs ? signedByPackage : signedByHooklatch)(sdk, unsigned);
        const good = await post(sdk, message);
        assert.equal(good.status, sdk.ack ?? 200, good.text);
        assert.equal((await post(sdk, touched(sdk, message))).status, 401, 'body');
        for (const [header, other] of forged(message, unsigned)) {
          assert.equal((await post(sdk, other)).status, 401, header);
        }
      }
      const events = await gateway.list(`${api.events}?source=${sdk.name}`);
      assert.deepEqual(
        events.map(({ type }) => type),
        texts.map(() => sdk.type),
      );
    });
  }

  for (const sdk of sdks.filter(({ handshakes }) => handshakes)) {
    for (const handshake of sdk.handshakes) {
      test(`${sdk.name}: the handshake ${handshake.name} is answered as ${sdk.package} answers it`, async () => {
        const { body, method = 'POST', query = '' } = handshake;
        const unsigned = { ...messageOf(sdk), body, query };
        const message = body === undefined ? unsigned : await signedByHooklatch(sdk, unsigned);
        const answer = await gateway.post(`${sdk.name}${query}`, body, message.headers, { method });
        assert.deepEqual({ status: answer.status, body: answer.json ?? answer.text }, await handshake.answer(message));
      });
    }
  }

  test('a stale signature of the vendor is refused', async () => {
    const stripe = sdks.find(({ name }) => name === 'stripe');
    const { body } = messageOf(stripe);
    const timestamp = Math.floor(Date.now() / 1000) - 301;
    const header = new Stripe('sk_test_unused').webhooks.generateTestHeaderString({
      payload: body,
      secret: stripe.secret,
      timestamp,
    });
    assert.equal((await gateway.post('stripe', body, { 'stripe-signature': header })).status, 401);
  });

  test('our own step calls are verified by both packages', async (t) => {
    const endpoint = await StepEndpoint.start(t);
    const caller = await Gateway.start(t, {
      endpoints: { steps: endpoint.declaration },
      sources: { github: source('github') },
      workflows: [
        { id: 'w', on: { event: 'github.**' }, steps: [{ id: 's', http: { endpoint: 'steps', path: '/s' } }] },
      ],
    });
    const body = '{"n":1}';
    await caller.post('github', body, await githubHeaders(body));
    const [call] = await endpoint.waitFor(1);
    assert.ifError(call.signatureError);
    new SvixWebhook(endpoint.secret).verify(call.text, call.headers);
    assert.throws(() => new SvixWebhook(endpoint.secret).verify(`${call.text} `, call.headers));
  });
});

suite("GitHub's examples against GitHub's schema", () => {
  const scope = new Scope();
  const compile = (schema) => new Ajv({ strict: false, validateFormats: false }).compile(schema);
  const events = examples
    .map(({ name }) => ({ name, schema: eventSchema(official, name) }))
    .filter(({ schema }) => schema !== undefined);
  let gateway;

  before(async () => {
    const files = Object.fromEntries(events.map(({ name, schema }) => [`schemas/github/${name}.schema.json`, schema]));
    const listed = Object.fromEntries(
      events.map(({ name }) => [`github.${name}`, { schema: `github/${name}.schema.json` }]),
    );
    gateway = await Gateway.start(
      scope,
      {
        schemas: ['schemas'],
        sources: {
          github: source('github', { events: listed }),
          whole: source('github', { events: { 'github.**': { schema: 'github/any.schema.json' } } }),
        },
      },
      { files: { ...files, 'schemas/github/any.schema.json': official } },
    );
  });
  after(() => scope.end());

  // Every example goes to a source; the answer must say what ajv says: accepted or held.
  async function judge(name, judges) {
    const verdicts = { accepted: 0, held: 0 };
    for (const { name: event, examples: payloads } of examples) {
      for (const [index, payload] of payloads.entries()) {
        const body = JSON.stringify(payload);
        const answer = await gateway.post(name, body, await githubHeaders(body, event));
        const judgement = judges.get(event) ?? judges.get('*');
        const expected = judgement === undefined || judgement(payload) ? 'accepted' : 'held';
        assert.deepEqual(
          [answer.status, answer.json?.status],
          [200, expected],
          `${event} example ${index}: ${answer.text}`,
        );
        verdicts[expected]++;
      }
    }
    return verdicts;
  }

  test('each event with its own schema', async (t) => {
    const verdicts = await judge('github', new Map(events.map(({ name, schema }) => [name, compile(schema)])));
    t.diagnostic(`${verdicts.accepted} accepted, ${verdicts.held} held; ${events.length} schemas`);
    assert.ok(verdicts.accepted > 250, JSON.stringify(verdicts));
  });

  test('all with the whole official file, as it is', async (t) => {
    const verdicts = await judge('whole', new Map([['*', compile(official)]]));
    t.diagnostic(`${verdicts.accepted} accepted, ${verdicts.held} held`);
  });

  test('all of them can be read back', async () => {
    const stored = await gateway.list(`${api.events}?limit=100`);
    const sent = examples.reduce((sum, { examples: payloads }) => sum + payloads.length, 0);
    assert.equal(new Set(stored.map((event) => event.id)).size, 2 * sent);
  });
});
