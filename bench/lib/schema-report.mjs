// The numbers of bench/schema.mjs as Markdown. results: set → validator → { rounds, refused }.
import { median, table, verdict } from './report.mjs';

const number = (value) =>
  value.toLocaleString('en-US', {
    minimumFractionDigits: value < 10 ? 2 : value < 100 ? 1 : 0,
    maximumFractionDigits: value < 10 ? 2 : value < 100 ? 1 : 0,
  });
const spread = (values) =>
  `${number(median(values))} (${number(Math.min(...values))}–${number(Math.max(...values))})`;

const values = (entry, key) => entry.rounds.map((round) => round[key]).filter((value) => value !== undefined);
const middle = (entry, key) => {
  const all = entry.refused ? [] : values(entry, key);
  return all.length > 0 ? median(all) : undefined;
};

// Every instance of a set is valid, and every document of its invalid.jsonl is not: that is known.
const errs = (set, { rounds }) => rounds.some((round) => round.valid !== set.good || round.invalid !== set.bad);

const sets = ({ length }) => (length === 1 ? '1 set' : `${length} sets`);
const geometricMean = (all) => Math.exp(all.reduce((sum, value) => sum + Math.log(value), 0) / all.length);

// Theirs divided by ours, of the sets that both do, and do right.
function ratios({ results, able }, rival, key) {
  return [...results].flatMap(([set, of]) => {
    const [mine, theirs] = [of.get(able[0]), of.get(rival)];
    const [a, b] = [middle(mine, key), middle(theirs, key)];
    return a === undefined || b === undefined || errs(set, mine) || errs(set, theirs) ? [] : [b / a];
  });
}

// How far behind ours a rival is, over all sets: the last row of a table.
function meanRow(all, key) {
  const cells = all.able.slice(1).map((rival) => {
    const of = ratios(all, rival, key);
    return of.length > 0 ? `${geometricMean(of).toFixed(2)} × (${sets(of)})` : '–';
  });
  return ['theirs / ours, geometric mean', '', '1', ...cells];
}

function setTable(all, key, cell, bytes = 'bytes', chosen = [...all.results]) {
  const rows = chosen.map(([set, of]) => [
    set.name,
    Math.round(set[bytes]).toLocaleString('en-US'),
    ...all.able.map((validator) => {
      const entry = of.get(validator);
      if (middle(entry, key) === undefined) {
        return '–';
      }
      const text = cell(values(entry, key), set);
      return errs(set, entry) ? `wrong: ${text}` : text;
    }),
  ]);
  return table(['', 'bytes each', ...all.able.map(({ name }) => name)], [...rows, meanRow(all, key)]);
}

function compileTable({ results, able }) {
  const rows = [...results].map(([set, of]) => [
    set.name,
    ...able.map((validator) => {
      const entry = of.get(validator);
      const [ms, memory] = [middle(entry, 'compile'), middle(entry, 'memory')];
      return ms === undefined ? '–' : `${number(ms)}${memory ? `, ${number(memory / 1024)} KiB` : ''}`;
    }),
  ]);
  return table(['', ...able.map(({ name }) => name)], rows);
}

function targetRows(all) {
  const find = (name, key) => {
    const set = [...all.results.keys()].find((one) => one.name === name);
    return set && middle(all.results.get(set).get(all.able[0]), key);
  };
  const means = all.able.slice(1).flatMap((rival) => {
    const of = ratios(all, rival, 'check');
    return of.length > 0 && rival.name !== 'valijson'
      ? [[`validate alone: ${rival.name} / ours, geometric mean of ${sets(of)}`, geometricMean(of), ' ×', 1, false]]
      : [];
  });
  const memory = find('github-webhooks-any', 'memory');
  return [
    ...means,
    ['github-push: parse + validate', find('github-push', 'parse_check'), ' µs', 10, true],
    ['github-webhooks-any: validate alone', find('github-webhooks-any', 'check'), ' µs', 20, true],
    ["memory of GitHub's whole schema, compiled", memory && memory / 2 ** 20, ' MiB', 8, true],
  ]
    .filter(([, measured]) => measured !== undefined)
    .map(([what, measured, unit, goal, lower]) => [
      what,
      `${number(measured)}${unit}`,
      `${lower ? '≤' : '≥'} ${goal}${unit}`,
      verdict(measured, goal, undefined, lower) === 'goal' ? 'reached' : 'missed',
    ]);
}

// Refusals, and verdicts that differ from what is known.
function findings({ results, able, leftOut }) {
  const said = [...results].flatMap(([set, of]) =>
    able.flatMap((validator) => {
      const entry = of.get(validator);
      if (entry.refused) {
        return [`- ${set.name}, ${validator.name}: refused: ${entry.refused.replace(/\.$/, '')}.`];
      }
      const wrong = entry.rounds.find((round) => round.valid !== set.good || round.invalid !== set.bad);
      return wrong
        ? [
            `- ${set.name}, ${validator.name}: wrong verdicts: takes ${wrong.valid} of ${set.good} valid documents, refuses ` +
              `${wrong.invalid} of ${set.bad} invalid ones; its times there are in no mean.`,
          ]
        : [];
    }),
  );
  return [...said, ...leftOut.map(([name, why]) => `- Left out: ${name}: ${why.replace(/\.$/, '')}.`)];
}

export function markdown(all) {
  const rate = (us, set) => `${spread(us)}, ${number(set.bytes / median(us))} MB/s`;
  return `${[
    table(['machine', ''], all.machine),
    `Microseconds a document of processor time, in turns on one core, ${all.rounds} rounds of ${all.seconds} s each, median (lowest–highest). ` +
      `Every validator has the same files; verdicts are compared with what is known of them.`,
    '**Validate alone**, documents parsed before, µs each:',
    setTable(all, 'check', spread),
    '**Parse + validate**, µs each, and MB/s (10⁶ bytes) of the median:',
    setTable(all, 'parse_check', rate),
    '**Validate what is invalid**, until the first error, µs each:',
    setTable(all, 'check_invalid', spread, 'badBytes', [...all.results].filter(([set]) => set.bad > 0)),
    '**Compile**, ms, and memory of the compiled schema where the validator tells or its heap does:',
    compileTable(all),
    [
      ...all.able.map(({ name, version, note }) => `- ${name}: ${version}${note ? `; ${note}` : ''}.`),
      ...findings(all),
    ].join('\n'),
    table(['target', 'measured', 'goal', ''], targetRows(all)),
  ].join('\n\n')}\n`;
}
