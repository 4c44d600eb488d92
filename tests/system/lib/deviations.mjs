// What ajv (8.20) is known to do differently from the specification of 2020-12, told by a look at the schema.
// Minimal cases of each: tests/unit/schema/disagreements.c.
import { Judge, subschemas } from './judge.mjs';

const has = (schema, ...keywords) => keywords.some((keyword) => Object.hasOwn(schema, keyword));

function* everySchema(schema) {
  if (typeof schema === 'object') {
    yield schema;
    for (const sub of subschemas(schema)) {
      yield* everySchema(sub);
    }
  }
}

// Is there a reference that leads back to itself?
function isRecursive(document, all) {
  const judge = new Judge(document);
  const leadsTo = (schema, goal, seen) => {
    if (typeof schema !== 'object' || seen.has(schema)) {
      return false;
    }
    seen.add(schema);
    const target = has(schema, '$ref') ? [judge.resolve(schema.$ref, judge.baseOf(schema)).schema] : [];
    return schema === goal || [...target, ...subschemas(schema)].some((next) => leadsTo(next, goal, seen));
  };
  const target = (one) => judge.resolve(one.$ref, judge.baseOf(one)).schema;
  return all.some((one) => has(one, '$ref') && leadsTo(target(one), one, new Set()));
}

const unevaluated = ['unevaluatedItems', 'unevaluatedProperties'];
const anyHas = (all, ...keywords) => all.some((one) => has(one, ...keywords));

const deviations = {
  // C 8.2.3.2: it knows only references "#name", takes the root's anchors for those of every resource, and inside "if"
  // or "not" forgets what else failed.
  'dynamic references': (all) => anyHas(all, '$dynamicRef'),
  // C 10.3.1.3, 11.2: what contains evaluates are the items that fit, not all.
  'contains evaluates all items': (all) => anyHas(all, 'contains') && anyHas(all, 'unevaluatedItems'),
  // C 10.2.2.4, 11.3: after dependentSchemas it has forgotten what "properties" evaluated.
  'dependentSchemas and unevaluated': (all) => anyHas(all, 'dependentSchemas') && anyHas(all, ...unevaluated),
  // C 7.7.1.1, 10.2.2.1: what a failed "if" evaluated counts, and what a "then" evaluated may not.
  'if and unevaluated': (all) => anyHas(all, 'if') && anyHas(all, ...unevaluated),
  // C 8.2.3.1, 11: what a reference to a schema evaluates that is not compiled yet is anyone's guess.
  'recursion and unevaluated': (all, document) => anyHas(all, ...unevaluated) && isRecursive(document, all),
  // C 11.2: "all items" of a branch or reference is the number 1 to it.
  'items of a branch and unevaluatedItems': (all) =>
    anyHas(all, 'unevaluatedItems') &&
    (anyHas(all, 'items') || all.filter((one) => has(one, 'unevaluatedItems')).length > 1) &&
    anyHas(all, 'anyOf', 'oneOf', '$ref'),
  // C 10.3.1.3: beside other keywords for items and inside "not", "anyOf" … an empty array passes a "contains" that
  // everything fits.
  'contains of anything': (all) => all.some((one) => has(one, 'contains') && has(one, 'prefixItems', 'items')),
  // C 10.3.2.1: it looks for no property of this name.
  'a property "__proto__"': (all) => all.some((one) => has(one.properties ?? {}, '__proto__')),
  // V 6.5.3: inside "not", "anyOf" … it takes the name of what is missing for whether something is.
  'the name ""': (all) =>
    all.some((one) => [one.required, ...Object.values(one.dependentRequired ?? {})].some((list) => list?.includes(''))),
  // C 4.2.2: it calls or compares what every JavaScript object has from birth, where a member hides it.
  'equality of objects': (all, _document, instance) =>
    anyHas(all, 'const', 'enum', 'uniqueItems') &&
    /"(constructor|toString|valueOf)"/.test(JSON.stringify([all[0], instance])),
};

export function deviationsOf({ schema: document, instance }) {
  const all = [...everySchema(document)];
  return Object.keys(deviations).filter((name) => deviations[name](all, document, instance));
}
