// JSON Schema 2020-12 as the specification tells it, one paragraph after the other, slowly: the judge between two
// validators. Sections are those of the core (C) and validation (V) specifications of 2020-12.

const own = Object.hasOwn;
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

// C 4.2.2: equality of instances.
export function same(a, b) {
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => same(item, b[i]));
  }
  if (isObject(a)) {
    const keys = Object.keys(a);
    return (
      isObject(b) &&
      keys.length === Object.keys(b).length &&
      keys.every((key) => own(b, key) && same(a[key], b[key]))
    );
  }
  return a === b;
}

function typeOf(value) {
  if (value === null) {
    return 'null';
  }
  return Array.isArray(value) ? 'array' : typeof value;
}

// A double as its shortest decimal says it: [digits, exponent].
function decimal(number) {
  const [, whole, fraction = '', exponent = '0'] = /^-?(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(number));
  return [BigInt(whole + fraction), Number(exponent) - fraction.length];
}

// V 6.2.1, without rounding.
export function isMultiple(value, of) {
  const [a, down] = decimal(value);
  const [b, up] = decimal(of);
  const least = Math.min(down, up);
  return (a * 10n ** BigInt(down - least)) % (b * 10n ** BigInt(up - least)) === 0n;
}

const points = (text) => [...text].length;
const patterns = new Map();
const matches = (pattern, text) => {
  if (!patterns.has(pattern)) {
    patterns.set(pattern, new RegExp(pattern, 'u'));
  }
  return patterns.get(pattern).test(text);
};

// What a keyword says of a value without looking into sub-schemas.
const assertions = {
  type: (types, value) =>
    [types].flat().some((type) => (type === 'integer' ? Number.isInteger(value) : type === typeOf(value))),
  enum: (values, value) => values.some((one) => same(one, value)),
  const: (one, value) => same(one, value),
  multipleOf: (of, value) => typeof value !== 'number' || isMultiple(value, of),
  maximum: (bound, value) => typeof value !== 'number' || value <= bound,
  exclusiveMaximum: (bound, value) => typeof value !== 'number' || value < bound,
  minimum: (bound, value) => typeof value !== 'number' || value >= bound,
  exclusiveMinimum: (bound, value) => typeof value !== 'number' || value > bound,
  maxLength: (bound, value) => typeof value !== 'string' || points(value) <= bound,
  minLength: (bound, value) => typeof value !== 'string' || points(value) >= bound,
  pattern: (pattern, value) => typeof value !== 'string' || matches(pattern, value),
  maxItems: (bound, value) => !Array.isArray(value) || value.length <= bound,
  minItems: (bound, value) => !Array.isArray(value) || value.length >= bound,
  uniqueItems: (unique, value) =>
    !unique ||
    !Array.isArray(value) ||
    value.every((item, i) => value.slice(0, i).every((other) => !same(item, other))),
  maxProperties: (bound, value) => !isObject(value) || Object.keys(value).length <= bound,
  minProperties: (bound, value) => !isObject(value) || Object.keys(value).length >= bound,
  required: (names, value) => !isObject(value) || names.every((name) => own(value, name)),
  dependentRequired: (map, value) =>
    !isObject(value) ||
    Object.entries(map).every(([name, names]) => !own(value, name) || names.every((other) => own(value, other))),
};

// Keywords by what they hold: schemas are looked for nowhere else (C 9.4.2: what lies elsewhere is no schema).
const single = [
  'items',
  'contains',
  'additionalProperties',
  'propertyNames',
  'unevaluatedItems',
  'unevaluatedProperties',
  'not',
  'if',
  'then',
  'else',
];
const lists = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];
const maps = ['$defs', 'properties', 'patternProperties', 'dependentSchemas'];

export function* subschemas(schema) {
  if (!isObject(schema)) {
    return;
  }
  for (const keyword of single.filter((one) => own(schema, one))) {
    yield schema[keyword];
  }
  for (const keyword of lists.filter((one) => own(schema, one))) {
    yield* schema[keyword];
  }
  for (const keyword of maps.filter((one) => own(schema, one))) {
    yield* Object.values(schema[keyword]);
  }
}

export class Judge {
  #resources = new Map(); // URI → { root, anchors, dynamic }
  #bases = new Map(); // schema → URI of its resource

  constructor(document) {
    this.document = document;
    this.#index(document, 'https://no-id.example/');
  }

  // C 8.2.1, 8.2.2: where resources begin, and their names for places.
  #index(schema, base) {
    if (!isObject(schema)) {
      return;
    }
    const uri = own(schema, '$id') ? new URL(schema.$id, base).href : base;
    if (!this.#resources.has(uri)) {
      this.#resources.set(uri, { root: schema, anchors: new Map(), dynamic: new Map() });
    }
    const resource = this.#resources.get(uri);
    this.#bases.set(schema, uri);
    if (own(schema, '$anchor')) {
      resource.anchors.set(schema.$anchor, schema);
    }
    if (own(schema, '$dynamicAnchor')) {
      resource.anchors.set(schema.$dynamicAnchor, schema);
      resource.dynamic.set(schema.$dynamicAnchor, schema);
    }
    for (const sub of subschemas(schema)) {
      this.#index(sub, uri);
    }
  }

  // C 8.2.3.1
  resolve(ref, base) {
    const url = new URL(ref, base);
    const fragment = decodeURIComponent(url.hash.slice(1));
    url.hash = '';
    const resource = this.#resources.get(url.href);
    if (fragment !== '' && !fragment.startsWith('/')) {
      const anchor = resource.dynamic.has(fragment) && fragment;
      return { schema: resource.anchors.get(fragment), base: url.href, anchor };
    }
    let schema = resource.root;
    for (const token of fragment.split('/').slice(1)) {
      schema = schema[token.replace(/~1/g, '/').replace(/~0/g, '~')];
    }
    return { schema, base: this.baseOf(schema, url.href), anchor: false };
  }

  // C 8.2.3.2: the outermost resource of the dynamic scope that has the anchor.
  #resolveDynamic(ref, base, scope) {
    const first = this.resolve(ref, base);
    const outermost = first.anchor && scope.find((uri) => this.#resources.get(uri).dynamic.has(first.anchor));
    return outermost ? { schema: this.#resources.get(outermost).dynamic.get(first.anchor), base: outermost } : first;
  }

  baseOf(schema, base) {
    return this.#bases.get(schema) ?? base;
  }

  valid(instance) {
    return this.#evaluate(this.document, instance, 'https://no-id.example/', []) !== null;
  }

  // The names and indices that were evaluated (C 7.7, 11), or null: invalid.
  #evaluate(schema, value, outer, outerScope) {
    if (typeof schema === 'boolean') {
      return schema ? { names: new Set(), indices: new Set() } : null;
    }
    const base = this.baseOf(schema, outer);
    const scope = [...outerScope, base];
    const seen = { names: new Set(), indices: new Set() };
    const check = (sub, item, from = base) => this.#evaluate(sub, item, from, scope);
    const merge = (result) => {
      for (const name of result?.names ?? []) {
        seen.names.add(name);
      }
      for (const index of result?.indices ?? []) {
        seen.indices.add(index);
      }
      return result !== null;
    };

    const simple = Object.keys(assertions).every(
      (keyword) => !own(schema, keyword) || assertions[keyword](schema[keyword], value),
    );
    // No part is skipped because of another: annotations come from all of them.
    const parts = [
      this.#inPlace(schema, value, scope, base, check, merge),
      !Array.isArray(value) || this.#array(schema, value, check, seen),
      !isObject(value) || this.#object(schema, value, check, seen),
    ];
    return simple && parts.every(Boolean) && this.#unevaluated(schema, value, check, seen) ? seen : null;
  }

  // C 8.2.3, 10.2
  #inPlace(schema, value, scope, base, check, merge) {
    let ok = true;
    if (own(schema, '$ref')) {
      const target = this.resolve(schema.$ref, base);
      ok = merge(check(target.schema, value, target.base)) && ok;
    }
    if (own(schema, '$dynamicRef')) {
      const target = this.#resolveDynamic(schema.$dynamicRef, base, scope);
      ok = merge(check(target.schema, value, target.base)) && ok;
    }
    const all = (keyword) => (schema[keyword] ?? []).map((sub) => check(sub, value));
    for (const result of all('allOf')) {
      ok = merge(result) && ok;
    }
    if (own(schema, 'anyOf')) {
      ok = all('anyOf').map(merge).some(Boolean) && ok;
    }
    if (own(schema, 'oneOf')) {
      ok = all('oneOf').map(merge).filter(Boolean).length === 1 && ok;
    }
    if (own(schema, 'not')) {
      ok = check(schema.not, value) === null && ok;
    }
    if (own(schema, 'if')) {
      const next = merge(check(schema.if, value)) ? 'then' : 'else';
      ok = (!own(schema, next) || merge(check(schema[next], value))) && ok;
    }
    for (const [name, sub] of Object.entries(schema.dependentSchemas ?? {})) {
      if (isObject(value) && own(value, name)) {
        ok = merge(check(sub, value)) && ok;
      }
    }
    return ok;
  }

  // C 10.3.1
  #array(schema, value, check, seen) {
    const prefix = schema.prefixItems ?? [];
    let ok = true;
    const visit = (sub, i) => {
      ok = check(sub, value[i]) !== null && ok;
      seen.indices.add(i);
    };
    value.slice(0, prefix.length).forEach((_, i) => {
      visit(prefix[i], i);
    });
    for (let i = prefix.length; own(schema, 'items') && i < value.length; i++) {
      visit(schema.items, i);
    }
    if (own(schema, 'contains')) {
      const found = value.map((_, i) => i).filter((i) => check(schema.contains, value[i]) !== null);
      ok = found.length >= (schema.minContains ?? 1) && found.length <= (schema.maxContains ?? Infinity) && ok;
      for (const i of found) {
        seen.indices.add(i);
      }
    }
    return ok;
  }

  // C 10.3.2
  #object(schema, value, check, seen) {
    let ok = true;
    for (const name of Object.keys(value)) {
      const subs = own(schema.properties ?? {}, name) ? [schema.properties[name]] : [];
      for (const [pattern, sub] of Object.entries(schema.patternProperties ?? {})) {
        if (matches(pattern, name)) {
          subs.push(sub);
        }
      }
      if (subs.length === 0 && own(schema, 'additionalProperties')) {
        subs.push(schema.additionalProperties);
      }
      for (const sub of subs) {
        ok = check(sub, value[name]) !== null && ok;
        seen.names.add(name);
      }
      ok = (!own(schema, 'propertyNames') || check(schema.propertyNames, name) !== null) && ok;
    }
    return ok;
  }

  // C 11.2, 11.3
  #unevaluated(schema, value, check, seen) {
    let ok = true;
    if (own(schema, 'unevaluatedItems') && Array.isArray(value)) {
      for (const i of value.keys()) {
        ok = (seen.indices.has(i) || check(schema.unevaluatedItems, value[i]) !== null) && ok;
        seen.indices.add(i);
      }
    }
    if (own(schema, 'unevaluatedProperties') && isObject(value)) {
      for (const name of Object.keys(value)) {
        ok = (seen.names.has(name) || check(schema.unevaluatedProperties, value[name]) !== null) && ok;
        seen.names.add(name);
      }
    }
    return ok;
  }
}
