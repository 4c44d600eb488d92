// ../shared/providers/vectors.json, where it is there.
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const shared =
  process.env.HOOKLATCH_SHARED ?? resolve(fileURLToPath(new URL('../../..', import.meta.url)), '..', 'shared');
const file = resolve(shared, 'providers', 'vectors.json');

// undefined when the file is not there.
export const vectors = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).vectors : undefined;
export const vectorsFile = file;

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
