// The vendors' own packages sign; the gateway must take what they made and refuse it once it is touched. GitHub's example payloads are
// judged by GitHub's official schema: the gateway must come to the verdict that ajv comes to.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { after, before, suite, test } from 'node:test';
import { sign } from '@octokit/webhooks-methods';
import Ajv from 'ajv';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import Stripe from 'stripe';
import { Webhook as SvixWebhook } from 'svix';
import { eventSchema } from '../../bench/lib/event-schema.mjs';
import { StepEndpoint } from './lib/endpoint.mjs';
import { Gateway, Scope } from './lib/gateway.mjs';
import { secrets, source } from './lib/sign.mjs';
import { api } from './lib/words.mjs';

const require = createRequire(import.meta.url);
const examples = require('@octokit/webhooks-examples');
const official = require('@octokit/webhooks-schemas/schema.json');

// body → headers, by the vendor's package.
const vendors = {
  github: async (body) => ({
    'x-github-event': 'push',
    'x-github-delivery': randomUUID(),
    'x-hub-signature-256': await sign(secrets.github, body),
  }),
  stripe: async (body) => ({
    'stripe-signature': new Stripe('sk_test_unused').webhooks.generateTestHeaderString({
      payload: body,
      secret: secrets.stripe,
    }),
  }),
  'standard-webhooks': async (body) => standard(new StandardWebhook(secrets['standard-webhooks']), body),
  svix: async (body) => standard(new SvixWebhook(secrets['standard-webhooks']), body),
};

function standard(webhook, body) {
  const id = `msg_${randomUUID()}`;
  const now = new Date();
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now / 1000)),
    'webhook-signature': webhook.sign(id, now, body),
  };
}

suite("vendors' packages", () => {
  const scope = new Scope();
  let gateway;

  before(async () => {
    gateway = await Gateway.start(scope, {
      sources: {
        github: source('github'),
        stripe: source('stripe'),
        'standard-webhooks': source('standard-webhooks'),
        svix: source('standard-webhooks'),
      },
    });
  });
  after(() => scope.end());

  for (const [name, signer] of Object.entries(vendors)) {
    test(`${name}: what it signs is accepted, what is touched afterwards is not`, async () => {
      for (const more of ['plain', 'ünï\u2028cöde 😀', 'x'.repeat(100000)]) {
        const body = JSON.stringify({ id: `evt_${randomUUID()}`, type: 'invoice.paid', data: { more } });
        const headers = await signer(body);
        const good = await gateway.post(name, body, headers);
        assert.deepEqual([good.status, good.json?.status], [200, 'accepted'], good.text);
        assert.equal((await gateway.post(name, body.replace('paid', 'lost'), headers)).status, 401, 'body');
        for (const [header, value] of Object.entries(headers).filter(([key]) => /signature/.test(key))) {
          const at = value.length - 4;
          const touched = value.slice(0, at) + (value[at] === '0' ? '1' : '0') + value.slice(at + 1);
          assert.equal((await gateway.post(name, body, { ...headers, [header]: touched })).status, 401, header);
        }
      }
    });
  }

  test('a stale signature of the vendor is refused', async () => {
    const body = '{"type":"a.b"}';
    const timestamp = Math.floor(Date.now() / 1000) - 301;
    const header = new Stripe('sk_test_unused').webhooks.generateTestHeaderString({
      payload: body,
      secret: secrets.stripe,
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
    await caller.post('github', body, await vendors.github(body));
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
        const headers = { ...(await vendors.github(body)), 'x-github-event': event };
        const answer = await gateway.post(name, body, headers);
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
