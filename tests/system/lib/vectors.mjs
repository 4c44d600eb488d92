// ../shared/providers, where it is there: signed requests, and the answer that a verifier must give.
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const shared =
  process.env.HOOKLATCH_SHARED ?? resolve(fileURLToPath(new URL('../../..', import.meta.url)), '..', 'shared');
const read = (name) => {
  const file = resolve(shared, 'providers', name);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
};
const all = read('vectors.json')?.vectors;
const catalogue = new Map(read('catalogue.json')?.providers.map((provider) => [provider.id, provider]));

export const vectorsFile = resolve(shared, 'providers', 'vectors.json');
// Those of every provider that fits one generic verifier; undefined when the file is not there.
export const vectors = all?.filter(({ provider }) => catalogue.get(provider)?.fit === 'generic');
export const schemeOf = (provider) => catalogue.get(provider).scheme;
export const title = (vector) => `${vector.id}: ${vector.expect.result}${vector.level === 'policy' ? ' (policy)' : ''}`;

export function bodyOf({ body_b64: whole, body_gen: parts }) {
  if (parts === undefined) {
    return Buffer.from(whole, 'base64');
  }
  const decode = (text) => Buffer.from(text ?? '', 'base64');
  const unit = decode(parts.unit_b64);
  return Buffer.concat([
    decode(parts.prefix_b64),
    Buffer.alloc(unit.length * parts.count, unit),
    decode(parts.suffix_b64),
  ]);
}

// The answer to a handshake: bodies that are JSON are compared as JSON. headers: a Headers.
export function assertAnswered(assert, expect, { status, headers, body }) {
  assert.equal(status, expect.status, body);
  for (const [name, value] of Object.entries(expect.headers)) {
    const got = name === 'Content-Type' ? headers.get(name)?.replace(/;.*/, '') : headers.get(name);
    assert.equal(got, value, name);
  }
  if (expect.headers['Content-Type'] === 'application/json') {
    assert.deepEqual(JSON.parse(body), JSON.parse(expect.body));
  } else {
    assert.equal(body, expect.body);
  }
}
