// What the tables of packages are written with.
import { randomUUID } from 'node:crypto';

// A text that breaks whoever signs something else than the bytes: not ASCII, a line separator, what JSON escapes. A change of it must not
// be accepted.
export const before = 'before ünï\u2028cöde 😀 "\\/';
export const changed = (body) => body.replace('before', 'behind');

// (id, text) => body, as compact JSON: two packages sign JSON.stringify of what they parsed.
export const json = (fields) => (id, text) => JSON.stringify(fields(id, text));

export const seconds = () => Math.floor(Date.now() / 1000);

// For packages that throw where they refuse.
export const holds = async (check) => {
  try {
    await check();
    return true;
  } catch {
    return false;
  }
};

export const uuid = randomUUID;
