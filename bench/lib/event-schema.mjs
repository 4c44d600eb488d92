// GitHub's official schema is one file for all events. One event's definition and all that it reaches, as a schema of its own.
export function eventSchema(all, event) {
  const root = [`${event}_event`, `${event}$event`].find((name) => name in all.definitions);
  if (root === undefined) {
    return undefined;
  }
  const schema = { $schema: all.$schema, allOf: [{ $ref: `#/definitions/${root}` }] };
  const definitions = {};
  const visit = (node) => {
    if (node === null || typeof node !== 'object') {
      return;
    }
    const name = typeof node.$ref === 'string' ? node.$ref.replace('#/definitions/', '') : undefined;
    if (name !== undefined && !(name in definitions)) {
      definitions[name] = all.definitions[name];
      visit(definitions[name]);
    }
    Object.values(node).forEach(visit);
  };
  visit(schema);
  return { ...schema, definitions };
}
