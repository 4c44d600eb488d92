// The smallest question that still shows a disagreement: parts are taken away for as long as it does.

const entriesOf = (any) => (typeof any === 'object' && any !== null ? Object.entries(any) : []);

// Everything that is one step simpler.
function* simpler(any) {
  if (typeof any !== 'object' || any === null) {
    return;
  }
  const isList = Array.isArray(any);
  const rebuilt = (entries) => (isList ? entries.map(([, item]) => item) : Object.fromEntries(entries));
  for (const [key, item] of entriesOf(any)) {
    yield rebuilt(entriesOf(any).filter(([other]) => other !== key));
    const replaced = (by) => rebuilt(entriesOf(any).map(([other, old]) => [other, other === key ? by : old]));
    if (typeof item === 'object' && item !== null) {
      for (const by of [true, 0]) {
        yield replaced(by);
      }
      for (const [, inner] of entriesOf(item)) {
        yield replaced(inner);
      }
      for (const by of simpler(item)) {
        yield replaced(by);
      }
    }
  }
}

// disagrees({ schema, instance }) may be asynchronous; what throws does not disagree.
export async function shrunk(question, disagrees, patience = 2000) {
  let best = question;
  let left = patience;
  const still = async (candidate) => {
    try {
      return await disagrees(candidate);
    } catch {
      return false;
    }
  };
  for (let progress = true; progress; ) {
    progress = false;
    for (const part of ['instance', 'schema']) {
      for (const smaller of [...(part === 'schema' ? [] : [0, '', {}, []]), ...simpler(best[part])]) {
        if (left-- <= 0) {
          return best;
        }
        const candidate = { ...best, [part]: smaller };
        if (JSON.stringify(smaller).length < JSON.stringify(best[part]).length && (await still(candidate))) {
          best = candidate;
          progress = true;
          break;
        }
      }
    }
  }
  return best;
}
