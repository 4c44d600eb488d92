// Random schemas of 2020-12 and random values for them, from a seed; and their text, with numbers and strings spelt in
// many ways. All numbers have at most fifteen digits: what JavaScript makes of them is what they say.
import { Judge } from './judge.mjs';

// mulberry32
export class Random {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
  below(n) {
    return Math.floor(this.next() * n);
  }
  chance(p) {
    return this.next() < p;
  }
  pick(list) {
    return list[this.below(list.length)];
  }
  some(list, p = 0.5) {
    return list.filter(() => this.chance(p));
  }
  times(most, make) {
    return Array.from({ length: this.below(most + 1) }, (_, i) => make(i));
  }
}

const plain = ['a', 'b', 'c', 'foo', 'bar'];
const names = [...plain, 'ä', '😀', '', 'a/b', 'm~n', 'p%q', '"', 'x\ny', 'e\u0301', '\u00e9', 'a.b', '$ref'];
// Names that JavaScript's objects have from birth.
const born = ['constructor', 'toString', '__proto__', 'length'];
const letters = ['', 'a', 'b', 'ab', 'abc', 'foo', 'a1', '12', '1', 'true', 'AB'];
const strings = [...letters, 'ä', '😀', 'a😀b', 'e\u0301', '\u0000', '"\\/', 'a\nb'];
const whole = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, -1, -2, 100, 1e21, 1e22];
const numbers = [...whole, 0.5, 1.5, -0.5, 0.1, 0.2, 0.3, 0.01, 19.99, 1.1, 2.75, 12.345];
const huge = [1e300, -1e300, 1.5e300, 1e-300, 9007199254740, -9007199254740, 123456789012345, 0.123456789012345];
const divisors = [1, 2, 3, 0.5, 0.1, 0.01, 0.2, 1.5, 7, 10, 1e-8, 1e20, 0.3, 123456789];
// Each with strings that match.
const patterns = [
  ['^a', ['a', 'ab', 'a1']],
  ['b$', ['b', 'ab']],
  ['^[a-z]+$', ['a', 'foo', 'abc']],
  ['\\d', ['1', 'a1', '12']],
  ['^\\p{L}*$', ['ä', 'AB', '']],
  ['^.$', ['😀', 'a', 'ä']],
  ['', ['', 'a']],
  ['^(?!a)', ['b', 'foo', '']],
  ['^(a|b)+$', ['a', 'ab']],
  ['[^a]', ['b', 'foo']],
  ['\\u{1F600}|^$', ['😀', '']],
  ['^\\S{2,3}$', ['ab', 'foo', 'a1']],
  ['(?:o){2}', ['foo']],
  ['\\bab?\\b', ['a', 'ab']],
];
const tags = ['a', 'b', 'foo', 'ä', '', '1', 1, 2, 1.5, true, null, []];
const types = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'];

export function value(r, depth = 2) {
  const kind = r.below(depth > 0 ? 8 : 6);
  if (kind < 2) {
    return r.chance(0.1) ? r.pick(huge) : r.pick(numbers);
  }
  if (kind < 4) {
    return r.pick(strings);
  }
  if (kind < 6) {
    return r.pick([null, true, false, 0, 1, '']);
  }
  return kind === 6
    ? r.times(3, () => value(r, depth - 1))
    : Object.fromEntries(r.times(3, () => [name(r), value(r, depth - 1)]));
}

const name = (r) => (r.chance(0.04) ? r.pick(born) : r.pick(r.chance(0.6) ? plain : names));
// An object that may have the own member "__proto__".
const objectOf = (entries) => Object.fromEntries(entries);

const root = 'https://test.example/dir/root.json';
const escapePointer = (text) => encodeURIComponent(text.replace(/~/g, '~0').replace(/\//g, '~1'));

// One document. A reference that does not go down into the value leads only to definitions further back in the list:
// such a way never comes back to where it was (C 9.4.1 leaves open what a validator does then; ours refuses).
class Maker {
  constructor(r) {
    this.r = r;
    this.dynamic = r.chance(0.2);
    this.unevaluated = r.chance(0.45);
  }

  document() {
    const { r } = this;
    const resources = this.dynamic || r.chance(0.25);
    this.definitions = r.times(4, (i) => ({
      name: `${r.pick(names)}${i}`,
      anchor: r.chance(0.2) ? `anchor-${i}` : null,
      uri: resources && r.chance(0.5) ? `${r.pick(['', 'sub/', '../'])}d${i}.json` : null,
      mark: this.dynamic ? r.pick(['dynamic', 'dynamic', 'plain', null]) : null,
    }));
    this.mark = this.dynamic ? r.pick(['dynamic', 'dynamic', 'plain', null]) : null;
    const bodies = [];
    this.home = null;
    for (let i = this.definitions.length - 1; i >= 0; i--) {
      const definition = this.definitions[i];
      this.home = definition.uri ? i : null;
      bodies[i] = this.schema(2, i + 1);
      if (typeof bodies[i] === 'boolean' && (definition.anchor || definition.uri || definition.mark)) {
        bodies[i] = {};
      }
      if (definition.anchor) {
        bodies[i].$anchor = definition.anchor;
      }
      if (definition.uri) {
        bodies[i].$id = definition.uri;
        this.#mark(bodies[i], definition.mark);
      }
    }
    this.home = null;
    const body = this.schema(3, 0);
    const document = typeof body === 'boolean' ? { allOf: [body] } : body;
    if (this.definitions.length > 0) {
      document.$defs = objectOf(this.definitions.map((definition, i) => [definition.name, bodies[i]]));
    }
    if (resources) {
      document.$id = root;
      this.#mark(document, this.mark);
    }
    if (r.chance(0.2)) {
      document.$schema = 'https://json-schema.org/draft/2020-12/schema';
    }
    return document;
  }

  #mark(schema, mark) {
    if (mark) {
      schema[mark === 'dynamic' ? '$dynamicAnchor' : '$anchor'] = 'node';
    }
    if (mark === 'plain') {
      // (one $anchor only: the other name goes)
      schema.$anchor = 'node';
    }
  }

  // A reference to definition i, or (i < 0) to the root.
  #reference(i) {
    const { r } = this;
    const definition = this.definitions[i];
    const absolute = (uri) => new URL(uri, root).href;
    if (i < 0) {
      return this.home === null ? r.pick(['#', '#', this.hasId() ? root : '#']) : root;
    }
    if (definition.uri) {
      return this.home === i ? '#' : absolute(definition.uri);
    }
    const place = definition.anchor && r.chance(0.5) ? definition.anchor : `/$defs/${escapePointer(definition.name)}`;
    return `${this.home === null ? '' : root}#${place}`;
  }

  hasId() {
    return this.definitions.some((one) => one.uri) || this.dynamic;
  }

  // floor: the first definition that may be referred to without going down; -1: everything may, the root too.
  #ref(floor) {
    const from = Math.max(floor, 0);
    const choices = this.definitions.map((_, i) => i).filter((i) => i >= from);
    if (floor < 0) {
      choices.push(-1);
    }
    return choices.length > 0 ? this.#reference(this.r.pick(choices)) : null;
  }

  // Only where it goes down: what it leads to is known when the value is.
  #dynamicRef() {
    const { r } = this;
    const all = this.definitions.map((one, i) => ({ ...one, i })).filter((one) => one.uri && one.mark);
    const own = this.home === null ? this.mark : this.definitions[this.home].mark;
    const choices = all.map((one) => `${new URL(one.uri, root).href}#node`);
    if (own) {
      choices.push('#node', '#node', '#node', '#node');
    }
    return choices.length > 0 ? r.pick(choices) : null;
  }

  schema(depth, floor) {
    const { r } = this;
    if (depth <= 0 || r.chance(0.08)) {
      return r.chance(0.5) ? r.chance(0.75) : this.#leaf();
    }
    const schema = r.chance(0.4) ? this.#leaf() : {};
    const parts = [this.#objects, this.#objects, this.#arrays, this.#logic, this.#logic, this.#references];
    for (let i = r.below(3) + 1; i > 0; i--) {
      r.pick(parts).call(this, schema, depth - 1, floor);
    }
    return schema;
  }

  #leaf() {
    const { r } = this;
    const all = {
      type: () => (r.chance(0.7) ? r.pick(types) : [...new Set([r.pick(types), r.pick(types)])]),
      enum: () => distinct([value(r), value(r), ...r.times(r.chance(0.1) ? 14 : 3, () => value(r))]),
      const: () => value(r),
      multipleOf: () => r.pick(divisors),
      minimum: () => r.pick(numbers),
      maximum: () => r.pick(numbers),
      exclusiveMinimum: () => r.pick(numbers),
      exclusiveMaximum: () => r.pick(numbers),
      minLength: () => r.below(4),
      maxLength: () => r.below(4),
      pattern: () => r.pick(patterns)[0],
    };
    const chosen = r.chance(0.45) ? ['type'] : r.some(Object.keys(all), 0.17);
    return Object.fromEntries(chosen.map((keyword) => [keyword, all[keyword]()]));
  }

  #objects(schema, depth, floor) {
    const { r } = this;
    const down = () => this.schema(depth, -1);
    const map = (most, key, make) => objectOf(r.times(most, () => [key(), make()]));
    const all = {
      properties: () => map(4, () => name(r), down),
      patternProperties: () => map(2, () => r.pick(patterns)[0], down),
      additionalProperties: down,
      propertyNames: () => this.schema(Math.min(depth, 1), -1),
      required: () => [...new Set(r.times(2, () => name(r)))],
      minProperties: () => r.below(3),
      maxProperties: () => r.below(4) + 1,
      dependentRequired: () => map(2, () => name(r), () => [...new Set(r.times(2, () => name(r)))]),
      dependentSchemas: () => map(2, () => name(r), () => this.schema(depth, floor)),
      unevaluatedProperties: () => (this.unevaluated ? (r.chance(0.5) ? false : down()) : null),
    };
    const weights = { properties: 0.6, patternProperties: 0.25, unevaluatedProperties: 0.4 };
    this.#add(schema, all, weights);
  }

  #arrays(schema, depth) {
    const { r } = this;
    const down = () => this.schema(depth, -1);
    const all = {
      prefixItems: () => [down(), ...r.times(2, down)],
      items: down,
      contains: down,
      minContains: () => r.below(3),
      maxContains: () => r.below(3) + 1,
      minItems: () => r.below(3),
      maxItems: () => r.below(4),
      uniqueItems: () => r.chance(0.8),
      unevaluatedItems: () => (this.unevaluated ? (r.chance(0.5) ? false : down()) : null),
    };
    this.#add(schema, all, { prefixItems: 0.35, items: 0.3, unevaluatedItems: 0.4 });
  }

  #logic(schema, depth, floor) {
    const { r } = this;
    const here = () => this.schema(depth, floor);
    const list = () => [here(), ...r.times(2, here)];
    const all = { allOf: list, anyOf: list, oneOf: list, not: here, if: here };
    if (r.chance(0.12)) {
      schema[r.pick(['anyOf', 'oneOf'])] = this.#union(depth);
      return;
    }
    const keyword = r.pick(Object.keys(all));
    schema[keyword] = all[keyword]();
    if (keyword === 'if') {
      for (const branch of r.some(['then', 'else'], 0.7)) {
        schema[branch] = here();
      }
    }
  }

  // Many objects that a member tells apart, or nearly so.
  #union(depth) {
    const { r } = this;
    const tag = name(r);
    const branch = () => {
      const member = r.chance(0.7) ? { const: r.pick(tags) } : { enum: distinct([r.pick(tags), r.pick(tags)]) };
      const further = r.times(2, () => [name(r), this.schema(Math.min(depth, 1), -1)]);
      const made = { properties: objectOf([...further, [tag, r.chance(0.9) ? member : true]]) };
      if (r.chance(0.85)) {
        made.required = [...new Set([tag, ...r.times(1, () => name(r))])];
      }
      return r.chance(0.2) ? { ...made, additionalProperties: false } : made;
    };
    return Array.from({ length: 3 + r.below(r.chance(0.2) ? 30 : 8) }, branch);
  }

  #references(schema, _depth, floor) {
    const { r } = this;
    const dynamic = this.dynamic && floor < 0 && r.chance(0.7) ? this.#dynamicRef() : null;
    if (dynamic) {
      schema.$dynamicRef = dynamic;
      return;
    }
    const ref = this.#ref(floor);
    if (ref !== null) {
      schema.$ref = ref;
    }
  }

  #add(schema, all, weights) {
    for (const keyword of this.r.some(Object.keys(all), 1).filter((one) => this.r.chance(weights[one] ?? 0.12))) {
      const made = all[keyword]();
      if (made !== null) {
        schema[keyword] = made;
      }
    }
  }
}

const distinct = (values) => [...new Map(values.map((one) => [JSON.stringify(one), one])).values()];

export const schemaDocument = (r) => new Maker(r).document();

// Everything that is asked of a value at one place, where one branch of each choice is taken.
function asked(r, judge, schema, base, depth, out) {
  if (typeof schema === 'boolean' || depth <= 0) {
    return out;
  }
  const here = judge.baseOf(schema, base);
  const also = (sub, from = here) => asked(r, judge, sub, from, depth - 1, out);
  out.push({ schema, base: here });
  for (const keyword of ['$ref', '$dynamicRef'].filter((one) => Object.hasOwn(schema, one))) {
    const target = judge.resolve(schema[keyword], here);
    also(target.schema, target.base);
  }
  for (const sub of schema.allOf ?? []) {
    also(sub);
  }
  for (const choice of [schema.anyOf, schema.oneOf].filter(Boolean)) {
    also(r.pick(choice));
  }
  if (Object.hasOwn(schema, 'if')) {
    const yes = r.chance(0.5);
    if (yes) {
      also(schema.if);
    }
    also(schema[yes ? 'then' : 'else'] ?? true);
  }
  for (const sub of r.some(Object.values(schema.dependentSchemas ?? {}), 0.3)) {
    also(sub);
  }
  return out;
}

// A value that was made with the schema in mind; often it fits.
export function valueFor(r, judge, schema, base, depth = 4) {
  const all = asked(r, judge, schema, base, 6, []);
  const said = (keyword) => all.filter((one) => Object.hasOwn(one.schema, keyword)).map((one) => one.schema[keyword]);
  if (all.length === 0 || depth <= 0) {
    return value(r, Math.max(depth, 0));
  }
  const constants = [...said('const'), ...said('enum').flat()];
  if (constants.length > 0 && r.chance(0.8)) {
    return r.pick(constants);
  }
  switch (chooseType(r, all, said)) {
    case 'null':
      return null;
    case 'boolean':
      return r.chance(0.5);
    case 'integer':
      return Math.round(numberFor(r, said));
    case 'number':
      return numberFor(r, said);
    case 'string':
      return stringFor(r, said);
    case 'array':
      return arrayFor(r, judge, all, said, depth);
    default:
      return objectFor(r, judge, all, said, depth);
  }
}

const typeOfKeyword = [
  ['object', ['properties', 'required', 'patternProperties', 'additionalProperties', 'unevaluatedProperties']],
  ['object', ['dependentSchemas', 'dependentRequired', 'propertyNames']],
  ['array', ['items', 'prefixItems', 'contains', 'unevaluatedItems', 'uniqueItems', 'minItems']],
  ['string', ['pattern', 'minLength', 'maxLength']],
  ['number', ['minimum', 'maximum', 'multipleOf', 'exclusiveMinimum', 'exclusiveMaximum']],
];

function chooseType(r, all, said) {
  const wanted = said('type').map((one) => [one].flat());
  if (wanted.length > 0) {
    const common = wanted[0].filter((one) => wanted.every((list) => list.includes(one)));
    return r.pick(common.length > 0 ? common : wanted[0]);
  }
  const asks = (keyword) => all.some((one) => Object.hasOwn(one.schema, keyword));
  const likely = typeOfKeyword.filter(([, keywords]) => keywords.some(asks));
  return likely.length > 0 && r.chance(0.9) ? r.pick(likely)[0] : r.pick(types);
}

function numberFor(r, said) {
  const bounds = [...said('minimum'), ...said('maximum'), ...said('exclusiveMinimum'), ...said('exclusiveMaximum')];
  const of = said('multipleOf');
  if (of.length > 0 && r.chance(0.7)) {
    return Number((r.pick(of) * r.below(1000)).toPrecision(12));
  }
  if (bounds.length > 0 && r.chance(0.8)) {
    return Number((r.pick(bounds) + r.pick([0, 0, 1, -1, 0.5, 0.001, 10])).toPrecision(15));
  }
  return r.chance(0.1) ? r.pick(huge) : r.pick(numbers);
}

function stringFor(r, said) {
  const matching = said('pattern').flatMap((pattern) => patterns.find(([one]) => one === pattern)?.[1] ?? []);
  if (matching.length > 0 && r.chance(0.85)) {
    return r.pick(matching);
  }
  const least = Math.max(0, ...said('minLength'));
  const text = r.pick(strings);
  return [...text].length < least && r.chance(0.8) ? text + r.pick(['a', '😀', 'ä']).repeat(least) : text;
}

const most = (list, otherwise) => (list.length > 0 ? Math.min(...list) : otherwise);

function arrayFor(r, judge, all, said, depth) {
  const least = Math.max(0, ...said('minItems'), ...said('minContains'));
  const longest = Math.max(...said('prefixItems').map((list) => list.length), 0);
  const length = Math.min(Math.max(least, r.below(longest + 3)), most(said('maxItems'), 9));
  const contained = all.filter((one) => Object.hasOwn(one.schema, 'contains'));
  const make = (i) => {
    const choices = [];
    for (const { schema, base } of all) {
      if (i < (schema.prefixItems?.length ?? 0)) {
        choices.push([schema.prefixItems[i], base]);
      } else if (Object.hasOwn(schema, 'items')) {
        choices.push([schema.items, base]);
      } else if (Object.hasOwn(schema, 'unevaluatedItems') && r.chance(0.3)) {
        choices.push([schema.unevaluatedItems, base]);
      }
    }
    if (contained.length > 0 && r.chance(0.5)) {
      const one = r.pick(contained);
      choices.splice(0, r.below(2) * choices.length, [one.schema.contains, one.base]);
    }
    return choices.length > 0 ? valueFor(r, judge, ...r.pick(choices), depth - 1) : value(r, Math.min(depth - 1, 1));
  };
  const list = Array.from({ length }, (_, i) => make(i));
  if (list.length > 1 && r.chance(0.1)) {
    list[list.length - 1] = list[0]; // twice the same
  }
  return list;
}

function objectFor(r, judge, all, said, depth) {
  const wanted = new Set(said('required').flat());
  for (const properties of said('properties')) {
    for (const key of r.some(Object.keys(properties), 0.6)) {
      wanted.add(key);
    }
  }
  for (const pattern of said('patternProperties').flatMap(Object.keys)) {
    if (r.chance(0.4)) {
      wanted.add(r.pick(patterns.find(([one]) => one === pattern)[1]));
    }
  }
  for (const key of [...said('dependentRequired'), ...said('dependentSchemas')].flatMap(Object.keys)) {
    if (r.chance(0.4)) {
      wanted.add(key);
    }
  }
  for (const map of said('dependentRequired')) {
    for (const key of [...wanted].filter((one) => Object.hasOwn(map, one))) {
      map[key].filter(() => r.chance(0.9)).forEach((one) => wanted.add(one));
    }
  }
  const closed = [...said('additionalProperties'), ...said('unevaluatedProperties')].includes(false);
  const least = Math.max(0, ...said('minProperties'));
  while (wanted.size < least || r.chance(closed ? 0.07 : 0.25)) {
    wanted.add(name(r));
  }
  const keys = [...wanted];
  if (r.chance(0.9)) {
    keys.splice(most(said('maxProperties'), keys.length));
  }
  return objectOf(keys.map((key) => [key, memberFor(r, judge, all, key, depth)]));
}

function memberFor(r, judge, all, key, depth) {
  const choices = [];
  for (const { schema, base } of all) {
    const before = choices.length;
    if (Object.hasOwn(schema.properties ?? {}, key)) {
      choices.push([schema.properties[key], base]);
    }
    for (const [pattern, sub] of Object.entries(schema.patternProperties ?? {})) {
      if (new RegExp(pattern, 'u').test(key)) {
        choices.push([sub, base]);
      }
    }
    for (const keyword of ['additionalProperties', 'unevaluatedProperties']) {
      if (choices.length === before && Object.hasOwn(schema, keyword)) {
        choices.push([schema[keyword], base]);
      }
    }
  }
  return choices.length > 0 ? valueFor(r, judge, ...r.pick(choices), depth - 1) : value(r, Math.min(depth - 1, 1));
}

// Changes one place.
export function mutated(r, instance, depth = 3) {
  if (depth > 0 && Array.isArray(instance) && instance.length > 0 && r.chance(0.8)) {
    const copy = [...instance];
    const i = r.below(copy.length);
    r.pick([
      () => copy.splice(i, 1),
      () => copy.splice(i, 0, value(r, 1)),
      () => copy.push(copy[i]),
      () => copy.splice(i, 1, mutated(r, copy[i], depth - 1)),
    ])();
    return copy;
  }
  if (depth > 0 && typeof instance === 'object' && instance !== null && !Array.isArray(instance) && r.chance(0.8)) {
    const entries = Object.entries(instance);
    const i = r.below(entries.length);
    r.pick([
      () => entries.splice(i, 1),
      () => entries.push([name(r), value(r, 1)]),
      () => entries.length > 0 && entries.splice(i, 1, [entries[i][0], mutated(r, entries[i][1], depth - 1)]),
      () => entries.reverse(),
    ])();
    return objectOf(entries);
  }
  return value(r, Math.min(depth, 1));
}

// A schema and values: about half of them fit, where that can be.
export function pairs(r, count) {
  const document = schemaDocument(r);
  const judge = new Judge(document);
  const instances = [];
  for (let i = 0; i < count; i++) {
    const wanted = r.chance(0.5);
    let instance;
    let valid;
    for (let tries = 0; tries < 4; tries++) {
      instance = r.chance(0.05) ? value(r) : valueFor(r, judge, document, root);
      if (!wanted) {
        instance = mutated(r, instance);
      }
      valid = judge.valid(instance);
      if (valid === wanted) {
        break;
      }
    }
    instances.push({ instance, valid });
  }
  return { document, instances };
}

// JSON text in which the same numbers and strings are spelt differently from place to place.
export function text(r, any) {
  if (Array.isArray(any)) {
    return `[${any.map((item) => text(r, item)).join(',')}]`;
  }
  if (typeof any === 'object' && any !== null) {
    return `{${Object.entries(any)
      .map(([key, item]) => `${stringText(r, key)}:${text(r, item)}`)
      .join(',')}}`;
  }
  if (typeof any === 'string') {
    return stringText(r, any);
  }
  return typeof any === 'number' ? numberText(r, any) : JSON.stringify(any);
}

function numberText(r, number) {
  const shortest = JSON.stringify(number);
  if (!r.chance(0.25)) {
    return shortest;
  }
  if (/e/.test(shortest)) {
    return shortest.replace('e', r.pick(['E', 'e']));
  }
  return r.pick([
    shortest.includes('.') ? `${shortest}0` : `${shortest}.0`,
    `${shortest}e0`,
    `${shortest}E+0`,
    shortest.includes('.') ? `${shortest}e-0` : shortest === '0' ? '-0' : `${shortest}0e-1`,
  ]);
}

function stringText(r, string) {
  const shortest = JSON.stringify(string);
  if (!r.chance(0.15)) {
    return shortest;
  }
  const escaped = Array.from({ length: string.length }, (_, i) => {
    const code = string.charCodeAt(i);
    return r.chance(0.5) || code < 32 || code > 126 || code === 34 || code === 92
      ? `\\u${code.toString(16).padStart(4, '0')}`
      : string[i];
  });
  return `"${escaped.join('')}"`;
}
