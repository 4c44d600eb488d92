// What is sent, and the schema it is checked by: GitHub's own, from npm.
import { createHmac } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventSchema } from './event-schema.mjs';
import { peerRequire } from './peer.mjs';

export const secret = 'a bench secret that is long enough';
const wantedBytes = 7168;

export const sign = (body) => `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

// Writes the push schema, the push, and a small body for filling a store; returns their paths and signatures.
export function writePayloads(dir, fillBytes) {
  const schemas = JSON.parse(readFileSync(peerRequire.resolve('@octokit/webhooks-schemas/schema.json'), 'utf8'));
  const examples = JSON.parse(readFileSync(peerRequire.resolve('@octokit/webhooks-examples'), 'utf8'));
  const Ajv = peerRequire('ajv').default;
  const schema = eventSchema(schemas, 'push');
  const valid = new Ajv({ strict: false, validateFormats: false }).compile(schema);
  const distance = (text) => Math.abs(Buffer.byteLength(text) - wantedBytes);
  const push = examples
    .find((event) => event.name === 'push')
    .examples.filter((example) => valid(example))
    .map((example) => JSON.stringify(example))
    .sort((a, b) => distance(a) - distance(b))[0];
  const fill = JSON.stringify({ zen: 'Fill it.', pad: 'x'.repeat(Math.max(1, fillBytes - 27)) });
  mkdirSync(join(dir, 'schemas', 'github'), { recursive: true });
  const files = {
    schema: join(dir, 'schemas', 'github', 'push.schema.json'),
    push: join(dir, 'push.json'),
    fill: join(dir, 'fill.json'),
  };
  writeFileSync(files.schema, JSON.stringify(schema));
  writeFileSync(files.push, push);
  writeFileSync(files.fill, fill);
  return {
    schemaDir: join(dir, 'schemas'),
    schemaFile: files.schema,
    push: { file: files.push, text: push, signature: sign(push), event: 'push' },
    fill: { file: files.fill, text: fill, signature: sign(fill), event: 'ping' },
  };
}
