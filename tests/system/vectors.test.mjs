// The shared verification vectors through HTTP, byte for byte: accept is any answer but 401 (what is rightly signed may still
// be no JSON), reject is 401, a handshake is answered as it demands.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { MovedClock } from './lib/clock.mjs';
import { Gateway, Scope } from './lib/gateway.mjs';
import { exchange, requestBytes } from './lib/raw.mjs';
import { assertAnswered, bodyOf, title, vectors, vectorsFile } from './lib/vectors.mjs';
import { api } from './lib/words.mjs';

const ours = vectors ?? [];
const publicUrl = ({ request }) => request.url.replace(/\?.*/, '');
const query = ({ request }) => /\?.*/.exec(request.url)?.[0] ?? '';

// One source for each provider with these secrets and params under this URL. Without secrets it waits for its handshake.
const keyOf = (vector) => JSON.stringify([vector.provider, vector.secrets, vector.params, publicUrl(vector)]);
const names = new Map();
for (const vector of ours) {
  names.set(keyOf(vector), names.get(keyOf(vector)) ?? `${vector.provider}-${names.size}`);
}
const sourceName = (vector) => names.get(keyOf(vector));
const sources = Object.fromEntries(
  ours.map((vector) => [
    sourceName(vector),
    {
      provider: vector.provider,
      secrets: vector.secrets.length > 0 ? vector.secrets.map((value) => ({ value })) : 'handshake',
      url: publicUrl(vector),
      ...(Object.keys(vector.params).length > 0 && { params: vector.params }),
    },
  ]),
);

async function send(gateway, vector) {
  const { method, headers } = vector.request;
  const body = bodyOf(vector.request);
  const lines = [...headers, ['Content-Length', body.length], ['Connection', 'close']];
  const target = `/webhooks/${sourceName(vector)}${query(vector)}`;
  const answers = await exchange(gateway.ingest, requestBytes(method, target, lines, body), [method]);
  assert.equal(answers.length, 1, JSON.stringify(answers));
  return answers[0];
}

// A method that is none of the provider's is answered before anybody looks at the signature.
const otherMethod = (status, { method }) => status === 405 && method !== 'POST';

async function check(gateway, { expect, provider, request }, answer) {
  if (expect.result === 'reject') {
    assert.ok(answer.status === 401 || otherMethod(answer.status, request), `${answer.status} ${answer.text}`);
  } else if (expect.result === 'handshake') {
    assertAnswered(assert, expect, { ...answer, body: answer.text });
  } else {
    const fine = [200, 201, 202, 204, 400, 415].includes(answer.status) || otherMethod(answer.status, request);
    assert.ok(fine, `${answer.status} ${answer.text}`);
  }
  const id = answer.json?.id ?? answer.json?.events?.[0]?.id; // the first event's, where the body holds several
  if (expect.result === 'accept' && expect.event_type && id) {
    const event = await gateway.get(api.event(id));
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
      gateway = await Gateway.start(
        scope,
        { secrets_key: { value: randomBytes(32).toString('hex') }, sources: { ...sources, ...MovedClock.source } },
        { dir, env: clock.env },
      );
    });
    after(async () => {
      await scope.end();
      rmSync(dir, { recursive: true });
    });

    for (const vector of ours.filter((one) => one.now === now)) {
      test(title(vector), async () => {
        await check(gateway, vector, await clock.at(gateway, now, () => send(gateway, vector)));
      });
    }
  });
}

test('the vectors are there', { skip: vectors ? false : `no ${vectorsFile}` }, () => {
  assert.ok(ours.length >= 397);
});
