// hooklatch validate --bundle: schemas in files and folders become one, which says the same of every instance: alone in another
// folder, and in ajv.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import Ajv from 'ajv';
import Ajv2019 from 'ajv/dist/2019.js';
import Ajv2020 from 'ajv/dist/2020.js';
import { hooklatch } from './lib/gateway.mjs';

const here = mkdtempSync(join(tmpdir(), 'hooklatch-bundle-'));
const there = mkdtempSync(join(tmpdir(), 'hooklatch-elsewhere-'));
const vendors = fileURLToPath(new URL('../../schemas', import.meta.url));

function put(name, value) {
  mkdirSync(dirname(join(here, name)), { recursive: true });
  writeFileSync(join(here, name), typeof value === 'string' ? value : JSON.stringify(value, null, 2));
}
async function bundle(path, ...options) {
  const { code, stdout, stderr } = await hooklatch(['validate', '--bundle', ...options, path], { cwd: here });
  assert.equal(code, 0, stderr);
  assert.equal(stderr, '');
  assert.ok(!stdout.includes('file:') && !stdout.includes(here), stdout);
  return stdout;
}
async function verdict(schema, instance, cwd) {
  const input = JSON.stringify(instance);
  const { code, stderr } = await hooklatch(['validate', '--output', 'flag', schema, '-'], { cwd, input });
  assert.ok(code === 0 || code === 1, stderr);
  return code === 0;
}
// A validator of ajv for it; Class may be null, then nobody asks ajv.
function compiled(Class, text) {
  if (Class === null) return null;
  return new Class({ strict: false, validateFormats: false }).compile(JSON.parse(text));
}
// What the files say, what the bundle says elsewhere, and what ajv says of the bundle: all as expected.
async function check(Class, path, valid, invalid) {
  const text = await bundle(path);
  const ajv = compiled(Class, text);
  writeFileSync(join(there, 'bundle.json'), text);
  for (const [instances, expected] of [[valid, true], [invalid, false]]) {
    for (const instance of instances) {
      const words = `${JSON.stringify(instance)}\n${text}`;
      assert.equal(await verdict(path, instance, here), expected, `files: ${words}`);
      assert.equal(await verdict('bundle.json', instance, there), expected, `bundle: ${words}`);
      if (ajv !== null) assert.equal(ajv(instance), expected, `ajv: ${words}`);
    }
  }
  return text;
}

suite('validate --bundle', () => {
  after(() => {
    rmSync(here, { recursive: true });
    rmSync(there, { recursive: true });
  });

  test('2020-12: folders, anchors, booleans, an $id of its own, numbers as written', async () => {
    put('shop/order.json', {
      $defs: { line: { type: 'object' } },
      properties: {
        customer: { $ref: 'parts/customer.json' },
        lines: { items: { allOf: [{ $ref: '#/$defs/line' }, { $ref: '../common.json#line' }] } },
        nothing: { $ref: 'parts/never.json' },
        money: { $ref: 'parts/money.json#/$defs/amount' },
        currency: { $ref: 'https://shop.example/currency' },
      },
    });
    put('shop/parts/customer.json', { required: ['name'], properties: { name: { $ref: '../../common.json#/$defs/name' } } });
    put('shop/parts/never.json', 'false');
    put(
      'shop/parts/money.json',
      '{"$id":"https://shop.example/money","$defs":{"amount":{"exclusiveMaximum":1.0e1},"c":{"$id":"currency","enum":["EUR"]}}}',
    );
    put('common.json', {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $defs: { name: { type: 'string' }, line: { $anchor: 'line', required: ['sku'], properties: { of: { $ref: 'shop/order.json' } } } },
    });
    const text = await check(
      Ajv2020,
      'shop/order.json',
      [{}, { customer: { name: 'x' }, lines: [{ sku: 1, of: {} }], money: 9.9, currency: 'EUR' }],
      [{ customer: {} }, { customer: { name: 1 } }, { lines: [{}] }, { lines: [{ sku: 1, of: { nothing: 1 } }] }, { nothing: 1 }, { money: 10 }, { currency: 'x' }],
    );
    assert.ok(text.includes('"exclusiveMaximum":1.0e1'));
    assert.deepEqual(Object.keys(JSON.parse(text).$defs), [
      'line',
      'https://bundle.invalid/parts/customer.json',
      'https://up1.bundle.invalid/common.json',
      'https://bundle.invalid/parts/never.json',
      'https://shop.example/money',
    ]);
  });

  test('2020-12: $dynamicRef across files', async () => {
    put('tree/strict.json', { $dynamicAnchor: 'node', $ref: 'tree.json', unevaluatedProperties: false });
    put('tree/tree.json', { $dynamicAnchor: 'node', properties: { data: true, children: { items: { $dynamicRef: '#node' } } } });
    await check(Ajv2020, 'tree/strict.json', [{ data: 1, children: [{ data: 2 }] }], [{ daat: 1 }, { children: [{ daat: 1 }] }]);
    // ajv cannot do this one at all
    put('leaf.json', { $id: 'https://tree.example/leaf', $defs: { leaf: { $dynamicAnchor: 'leaf', type: 'number' } } });
    put('branch.json', { items: { $dynamicRef: 'leaf.json#leaf' } });
    await check(null, 'branch.json', [[1]], [['x']]);
  });

  test('2019-09: $recursiveRef across files', async () => {
    const $schema = 'https://json-schema.org/draft/2019-09/schema';
    put('rec/strict.json', { $schema, $recursiveAnchor: true, $ref: 'tree.json', unevaluatedProperties: false });
    put('rec/tree.json', { $schema, $recursiveAnchor: true, properties: { children: { items: { $recursiveRef: '#' } } } });
    await check(Ajv2019, 'rec/strict.json', [{ children: [{ children: [] }] }], [{ x: 1 }, { children: [{ x: 1 }] }]);
  });

  test('draft-07: a root that is $ref, definitions, anchors, an $id that ends in #', async () => {
    const $schema = 'http://json-schema.org/draft-07/schema#';
    put('old/root.json', { $schema, $ref: '#/definitions/pair', definitions: { pair: { items: [{ $ref: 'lib/a.json' }, { $ref: 'lib/b.json#n' }] } } });
    put('old/lib/a.json', { $schema, $id: 'http://old.example/a#', $ref: '#/definitions/s', definitions: { s: { type: 'string' } } });
    put('old/lib/b.json', { $schema, definitions: { n: { $id: '#n', anyOf: [{ type: 'null' }, { $ref: '../root.json' }] } } });
    const text = await check(Ajv, 'old/root.json', [['x', null], ['x', ['y', null]]], [[1], ['x', [1]]]);
    assert.deepEqual(Object.keys(JSON.parse(text).definitions), ['pair', 'http://old.example/a', 'https://bundle.invalid/lib/b.json']);
  });

  test('--draft is written down where no $schema says it', async () => {
    put('plain.json', '{"items": [{"$ref": "null.json"}], "additionalItems": false}');
    put('null.json', '{"type": "null"}');
    const text = await bundle('plain.json', '--draft', '7');
    assert.equal(JSON.parse(text).$schema, 'http://json-schema.org/draft-07/schema#');
    writeFileSync(join(there, 'plain.json'), text);
    assert.deepEqual(await Promise.all([[null], [1], [null, null]].map((i) => verdict('plain.json', i, there))), [true, false, false]);
  });

  test("the vendors' schemas: their examples satisfy the bundle too, in ajv", async () => {
    for (const vendor of ['github', 'gitlab', 'shopify', 'stripe']) {
      for (const name of readdirSync(join(vendors, vendor)).filter((n) => n.endsWith('.example.json'))) {
        const text = await bundle(join(vendors, vendor, name.replace('.example.', '.schema.')));
        const ajv = compiled(Ajv2020, text);
        assert.ok(ajv(JSON.parse(readFileSync(join(vendors, vendor, name), 'utf8'))), `${vendor}/${name}`);
        assert.ok(!ajv([]), `${vendor}/${name}`);
      }
    }
  });

  test('a bundle works beside the files it was made of, even when one of them is broken since', async () => {
    put('beside/r.json', { $ref: 'b.json' });
    put('beside/b.json', { properties: { c: { $ref: 'c.json' } } });
    put('beside/c.json', { $id: 'urn:c', type: 'integer' });
    put('beside/bundle.json', await bundle('beside/r.json'));
    assert.deepEqual(await verdict('beside/bundle.json', { c: 1 }, here), true);
    put('beside/b.json', '{');
    assert.deepEqual(await verdict('beside/bundle.json', { c: 'x' }, here), false);
  });

  test('what cannot be written is no success', async () => {
    put('good.json', '{}');
    put('any.json', '{"title": "anything"}');
    for (const args of ['--bundle any.json', 'any.json good.json', '--output basic any.json good.json']) {
      const ran = spawnSync('sh', ['-c', `"${process.env.HOOKLATCH}" validate ${args} >/dev/full`], { cwd: here, encoding: 'utf8' });
      assert.equal(ran.status, 2, args);
      assert.match(ran.stderr, /standard output: cannot be written/);
    }
  });

  test('what is wrong', async () => {
    put('broken.json', { $ref: 'nowhere.json' });
    const run = (...args) => hooklatch(['validate', ...args], { cwd: here });
    const broken = await run('--bundle', 'broken.json');
    assert.deepEqual([broken.code, broken.stdout], [2, '']);
    assert.match(broken.stderr, /broken\.json#\/\$ref: nothing here has the URI \S*nowhere\.json/);
    for (const args of [['--bundle'], ['--bundle', 'plain.json', 'null.json'], ['--bundle', '--batch'], ['--bundle', '--batch', 'null.json']]) {
      const { code, stderr } = await run(...args);
      assert.equal(code, 2);
      assert.match(stderr, /^usage: hooklatch validate/);
    }
  });
});
