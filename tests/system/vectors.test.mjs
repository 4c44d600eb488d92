// The shared verification vectors through HTTP, byte for byte: accept is any answer but 401, reject is 401, a handshake is answered as it demands.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { MovedClock } from './lib/clock.mjs';
import { Gateway, Scope } from './lib/gateway.mjs';
import { exchange, requestBytes } from './lib/raw.mjs';
import { bodyOf, vectors, vectorsFile } from './lib/vectors.mjs';
import { api } from './lib/words.mjs';

const providers = ['github', 'standard-webhooks', 'stripe', 'slack', 'shopify'];
const ours = (vectors ?? []).filter((vector) => providers.includes(vector.provider));

// One source for each provider with these secrets.
const nameOf = new Map();
for (const { provider, secrets } of ours) {
  const key = JSON.stringify([provider, secrets]);
  nameOf.set(key, nameOf.get(key) ?? `${provider}-${nameOf.size}`);
}
const sourceName = ({ provider, secrets }) => nameOf.get(JSON.stringify([provider, secrets]));
const sources = Object.fromEntries(
  ours.map((vector) => [
    sourceName(vector),
    { provider: vector.provider, secrets: vector.secrets.map((value) => ({ value })) },
  ]),
);

async function send(gateway, vector) {
  const body = bodyOf(vector.request);
  const headers = [...vector.request.headers, ['Content-Length', body.length], ['Connection', 'close']];
  const answers = await exchange(
    gateway.ingest,
    requestBytes(vector.request.method, `/webhooks/${sourceName(vector)}`, headers, body),
  );
  assert.equal(answers.length, 1, JSON.stringify(answers));
  return answers[0];
}

async function check(gateway, { expect, provider }, answer) {
  if (expect.result === 'reject') {
    assert.equal(answer.status, 401, answer.text);
  } else if (expect.result === 'handshake') {
    assert.deepEqual([answer.status, answer.text], [expect.status, expect.body]);
    assert.ok(
      answer.headers.get('content-type')?.startsWith(expect.headers['Content-Type']),
      answer.headers.get('content-type'),
    );
  } else {
    assert.ok(answer.status === 200 || answer.status === 400, `${answer.status} ${answer.text}`);
  }
  if (expect.result === 'accept' && expect.event_type && answer.status === 200) {
    const event = await gateway.get(api.event(answer.json.id));
    assert.equal(event.type, `${provider}.${expect.event_type.replace(/[^A-Za-z0-9_.:/-]/g, '_')}`);
  }
}

for (const now of new Set(ours.map((vector) => vector.now))) {
  suite(`vectors at ${now}`, () => {
    const scope = new Scope();
    const dir = mkdtempSync(join(tmpdir(), 'hooklatch-vectors-'));
    const clock = new MovedClock(dir, now);
    let gateway;

    before(async () => {
      gateway = await Gateway.start(scope, { sources: { ...sources, ...MovedClock.source } }, { dir, env: clock.env });
    });
    after(async () => {
      await scope.end();
      rmSync(dir, { recursive: true });
    });

    for (const vector of ours.filter((one) => one.now === now)) {
      test(`${vector.id}: ${vector.expect.result}${vector.level === 'policy' ? ' (policy)' : ''}`, async () => {
        await check(gateway, vector, await clock.at(gateway, now, () => send(gateway, vector)));
      });
    }
  });
}

test('the vectors are there', { skip: vectors ? false : `no ${vectorsFile}` }, () => {
  assert.ok(ours.length > 100);
});
