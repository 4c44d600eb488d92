// What schemas do at the door beyond yes and no: formats where asked for, how many violations are told, checks that are
// given up, secrets, dialects and references of a folder, and a schema that is wrong at a reload.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { assertProblem, Gateway, hooklatch, Scope } from './lib/gateway.mjs';
import { github, source } from './lib/sign.mjs';
import { until } from './lib/wait.mjs';
import { api } from './lib/words.mjs';

const dialect = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'https://shop.example/dialect',
  $vocabulary: {
    'https://json-schema.org/draft/2020-12/vocab/core': true,
    'https://json-schema.org/draft/2020-12/vocab/applicator': true,
    'https://json-schema.org/draft/2020-12/vocab/format-assertion': true,
  },
  $dynamicAnchor: 'meta',
  allOf: [
    { $ref: 'https://json-schema.org/draft/2020-12/meta/core' },
    { $ref: 'https://json-schema.org/draft/2020-12/meta/applicator' },
    { $ref: 'https://json-schema.org/draft/2020-12/meta/format-assertion' },
  ],
};
const files = {
  'schemas/day.json': { properties: { day: { format: 'date' } } },
  'schemas/many.json': { items: { type: 'null' } },
  'schemas/slow.json': { properties: { text: { pattern: '^(a+)+$' } } },
  'schemas/login.json': { properties: { password: { minLength: 20 }, pin: { type: 'string', writeOnly: true, maxLength: 1 } } },
  'schemas/dialect.json': dialect,
  // "type" is of no vocabulary of the dialect, "format" decides by itself
  'schemas/own.json': { $schema: 'https://shop.example/dialect', type: 'null', properties: { day: { format: 'date' } } },
  'schemas/tree.json': {
    $id: 'https://shop.example/tree',
    $dynamicAnchor: 'node',
    type: 'object',
    properties: { children: { items: { $dynamicRef: '#node' } } },
  },
  'schemas/strict-tree.json': { $id: 'https://shop.example/strict', $dynamicAnchor: 'node', $ref: 'tree', unevaluatedProperties: false },
};

const rejecting = (schema, more) =>
  source('github', { events: { 'github.push': { schema, ...more } }, on_invalid: 'reject' });

suite('schemas at the door', () => {
  const scope = new Scope();
  let gateway;

  before(async () => {
    gateway = await Gateway.start(
      scope,
      {
        schemas: ['schemas'],
        limits: { schema_errors: 3 },
        sources: {
          annotated: rejecting('day.json'),
          asserted: rejecting('day.json', { assert_format: true }),
          many: rejecting('many.json'),
          slow: rejecting('slow.json'),
          login: rejecting('login.json'),
          own: rejecting('own.json'),
          tree: rejecting('strict-tree.json'),
          held: source('github', { events: { 'github.push': { schema: 'login.json' } } }),
        },
      },
      { files },
    );
  });
  after(() => scope.end());

  const post = (to, data) => {
    const body = JSON.stringify(data);
    return gateway.post(to, body, github(body));
  };
  const refused = async (to, data) => assertProblem(await post(to, data), 422);

  test('format is an annotation, and decides where the binding says so', async () => {
    assert.equal((await post('annotated', { day: 'tomorrow' })).status, 200);
    assert.equal((await post('asserted', { day: '2026-11-28' })).status, 200);
    const problem = await refused('asserted', { day: 'tomorrow' });
    assert.match(problem.errors[0].message, /^must be a date.*found string "tomorrow"$/);
    assert.equal(problem.errors[0].schema, 'day.json#/properties/day/format');
  });

  test('as many violations are told as limits.schema_errors says', async () => {
    assert.equal((await refused('many', [1, 2, 3, 4, 5])).errors.length, 3);
    assert.equal((await refused('many', [1, null])).errors.length, 1);
  });

  test('a check that is given up is refused with a reason of its own', async () => {
    const problem = await refused('slow', { text: `${'a'.repeat(60)}b` });
    assert.match(problem.type, /schema-limit$/);
    assert.match(problem.detail, /within the limits/);
  });

  test('secrets stay out of answers, held events, refusals and the log', async () => {
    const secret = 'hunter2-is-short';
    const problem = await refused('login', { password: secret, pin: secret });
    assert.match(JSON.stringify(problem), /string of 16 characters \(not shown\)/);
    const { json } = await post('held', { password: secret, pin: secret });
    const event = await gateway.get(api.event(json.id));
    for (const text of [JSON.stringify(problem), JSON.stringify(event.errors ?? event.violations), gateway.logs]) {
      assert.ok(text !== undefined && !text.includes(secret), text);
    }
  });

  test('a dialect of the folder: its vocabularies, no others', async () => {
    assert.equal((await post('own', { day: '2026-11-28' })).status, 200);
    await refused('own', { day: 'tomorrow' });
  });

  test('a dynamic reference means the stricter tree all the way down', async () => {
    assert.equal((await post('tree', { children: [{ children: [] }] })).status, 200);
    const problem = await refused('tree', { children: [{ childen: [] }] });
    assert.match(JSON.stringify(problem.errors), /unknown property \\"childen\\"/);
  });

  test('a schema that is wrong at a reload: the old one goes on, and the log says where', async () => {
    writeFileSync(join(gateway.dir, 'schemas/day.json'), '{"properties": {"day": {"format": 7}}}');
    const reload = await hooklatch(['reload', '-c', gateway.file]);
    assert.notEqual(reload.code, 0);
    await until('the word of the log', () => /day\.json#\/properties\/day\/format/.test(gateway.logs + reload.stderr));
    await refused('asserted', { day: 'tomorrow' });
    writeFileSync(join(gateway.dir, 'schemas/day.json'), '{}');
    const again = await hooklatch(['reload', '-c', gateway.file]);
    assert.equal(again.code, 0, again.stderr);
    await until('the new schema', async () => (await post('asserted', { day: 'yesterday' })).status === 200);
  });
});
