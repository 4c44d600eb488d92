// hooklatch infer, as a user types it: files and lines, merging, messages and exit codes.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, suite, test } from 'node:test';
import { hooklatch } from './lib/gateway.mjs';

const dir = mkdtempSync(join(tmpdir(), 'hooklatch-infer-'));
const samplesDir = resolve(import.meta.dirname, '../../schemas');

const run = (args, input) => hooklatch(['infer', ...args], { cwd: dir, input });
function file(name, value) {
  writeFileSync(join(dir, name), typeof value === 'string' ? value : JSON.stringify(value));
  return name;
}
async function learn(args, input) {
  const result = await run(args, input);
  assert.equal(result.code, 0, result.stderr);
  assert.equal(result.stderr, '');
  return result.stdout;
}
async function bad(code, words, args, input) {
  const result = await run(args, input);
  assert.equal(result.code, code, result.stdout);
  assert.match(result.stderr, words);
  assert.equal(result.stdout, '');
}

const orders = Array.from({ length: 12 }, (_, n) => ({
  id: `0190a6e2-7b3c-7def-8123-4567890000${String(n).padStart(2, '0')}`,
  status: n % 3 === 0 ? 'paid' : 'open',
  total: n % 4 === 0 ? n + 0.5 : n,
  at: `2026-01-${String(n + 1).padStart(2, '0')}T09:30:00Z`,
  note: n % 2 === 0 ? null : 'as agreed on the phone',
  ...(n > 5 ? { lines: [{ sku: `A-${n}`, count: n }] } : {}),
}));
const lines = (list) => list.map((value) => `${JSON.stringify(value)}\n`).join('');

suite('infer', () => {
  after(() => rmSync(dir, { recursive: true }));

  test('types, required members, formats and enums; the same from files, lines and in any order', async () => {
    const text = await learn(['--lines', '--title', 'Order', '-'], lines(orders));
    assert.deepEqual(JSON.parse(text), {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: 'Order',
      type: 'object',
      properties: {
        at: { type: 'string', format: 'date-time' },
        id: { type: 'string', format: 'uuid' },
        lines: {
          type: 'array',
          items: {
            type: 'object',
            properties: { count: { type: 'integer' }, sku: { type: 'string' } },
            required: ['count', 'sku'],
          },
        },
        note: { type: ['string', 'null'] },
        status: { type: 'string', enum: ['open', 'paid'] },
        total: { type: 'number' },
      },
      required: ['at', 'id', 'note', 'status', 'total'],
    });
    const back = orders.map((order) => Object.fromEntries(Object.entries(order).reverse())).reverse();
    assert.equal(await learn(['--lines', '--title', 'Order', '-'], `\n${lines(back)}  \r\n`), text);
    const files = orders.map((order, n) => file(`order-${n}.json`, order));
    assert.equal(await learn(['--title', 'Order', ...files]), text);
  });

  test('ranges, closed objects and enums only as asked for', async () => {
    const schema = JSON.parse(await learn(['--lines', '--ranges', '--closed', '--enum-max', '0', '-'], lines(orders)));
    assert.deepEqual(schema.properties.total, { type: 'number', minimum: 0.5, maximum: 11 });
    assert.deepEqual(schema.properties.status, { type: 'string', minLength: 4, maxLength: 4 });
    assert.equal(schema.properties.lines.minItems, 1);
    assert.equal(schema.additionalProperties, false);
    assert.equal(schema.properties.lines.items.additionalProperties, false);
  });

  test('--merge: the older schema grows by what is new, and keeps its words', async () => {
    const old = JSON.parse(await learn(['--lines', '-'], lines(orders)));
    old.properties.total.description = 'in euros';
    file('old.json', old);
    const merged = JSON.parse(
      await learn(['--merge', 'old.json', '-'], JSON.stringify({ ...orders[0], total: null, status: 'void', extra: 1 })),
    );
    assert.deepEqual(merged.properties.total, { description: 'in euros', type: ['number', 'null'] });
    assert.deepEqual(merged.properties.status.enum, ['open', 'paid', 'void']);
    assert.deepEqual(merged.properties.extra, { type: 'integer' });
    assert.deepEqual(merged.required, old.required);
    assert.deepEqual(JSON.parse(await learn(['--lines', '--merge', 'old.json', '-'], lines(orders))), old);
  });

  test('hooklatch validate says that every sample of the vendors satisfies what was learned from them', async () => {
    const names = ['issue_comment', 'issues', 'ping', 'pull_request', 'push', 'release', 'workflow_run'];
    const files = names.map((name) => join(samplesDir, 'github', `${name}.example.json`));
    file('github.json', await learn(['--ranges', '--closed', ...files]));
    const result = await hooklatch(['validate', join(dir, 'github.json'), ...files]);
    assert.equal(result.code, 0, result.stdout);
    assert.equal(result.stdout.match(/: valid$/gm).length, files.length);
    const more = JSON.parse(readFileSync(files[0], 'utf8'));
    more.surprise = true;
    const refused = await hooklatch(['validate', join(dir, 'github.json'), '-'], { input: JSON.stringify(more) });
    assert.equal(refused.code, 1);
  });

  test('what is wrong is named with its place', async () => {
    await bad(1, /^broken\.json:2:6: expected a value/, [file('broken.json', '{\n "a":}')]);
    await bad(1, /^standard input:3:8: duplicate key "a"/, ['--lines', '-'], '{}\n\n{"a":1,"a":2}\n');
    await bad(1, /there is no sample/, ['--lines', '-'], '\n\n');
    await bad(2, /cannot read nobody\.json/, ['nobody.json']);
    await bad(2, /usage: hooklatch infer/, []);
    await bad(2, /usage: hooklatch infer/, ['--nonsense', 'order-0.json']);
    await bad(2, /--enum-max is a number from 0 to 1000/, ['--enum-max', 'x', 'order-0.json']);
    await bad(2, /^free\.json:1:22: "pattern" cannot be merged with \(#\/items\/pattern\): infer knows type, /, [
      '--merge',
      file('free.json', { items: { pattern: 'x' } }),
      'order-0.json',
    ]);
    await bad(2, /bad\.json.*type/, ['--merge', file('bad.json', { type: 'colour' }), 'order-0.json']);
    await bad(1, /^deep\.json:1:121: /, [file('deep.json', '['.repeat(121) + ']'.repeat(121))]);
    assert.equal(JSON.parse(await learn([file('deep.json', '['.repeat(120) + ']'.repeat(120))])).type, 'array');
  });

  test('many random samples: one schema, whatever their order', async () => {
    let seed = 7;
    const roll = (n) => (seed = (seed * 48271) % 2147483647) % n;
    const value = (depth) => {
      const kind = roll(depth > 3 ? 5 : 9);
      if (kind > 6) return Array.from({ length: roll(4) }, () => value(depth + 1));
      if (kind > 4) {
        return Object.fromEntries(Array.from({ length: roll(6) }, () => [`k${roll(8)}`, value(depth + 1)]));
      }
      return [null, roll(2) === 0, roll(100), roll(100) / 8, ['on', 'off', 'a b', ''][roll(4)]][kind];
    };
    const samples = Array.from({ length: 2000 }, () => value(0));
    const text = await learn(['--lines', '--ranges', '-'], lines(samples));
    for (let round = 0; round < 3; round++) {
      samples.sort(() => roll(3) - 1);
      assert.equal(await learn(['--lines', '--ranges', '-'], lines(samples)), text);
    }
  });
});
