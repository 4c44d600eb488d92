// make bench-schema: our JSON Schema engine and others, in turns, one core, the same files. See --help.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeComputer } from './lib/machine.mjs';
import { writeInto } from './lib/report.mjs';
import { markdown } from './lib/schema-report.mjs';
import { validators } from './lib/validators.mjs';

const shared = process.env.HOOKLATCH_SHARED ?? fileURLToPath(new URL('../../shared', import.meta.url));
const help = `usage: bench/run.sh schema.mjs [options]
  --rounds N       turns of every validator on every set (5)
  --seconds S      of each measurement in a turn (0.5)
  --only TEXT      sets whose name holds TEXT
  --sets DIR       folders of sets (json-schema-bench in HOOKLATCH_SHARED, or in shared beside the project)
  --core N         the core all run on (the last one)
  --write          put the tables into bench/RESULTS.md
HOOKLATCH_BENCH_SCHEMA names our binary (bench/schema), HOOKLATCH_BENCH_CACHE where rivals are built.
`;
const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '0.5' },
    only: { type: 'string', default: '' },
    sets: { type: 'string', default: join(shared, 'json-schema-bench') },
    core: { type: 'string', default: String(cpus().length - 1) },
    write: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
const say = (text) => process.stderr.write(`${text}\n`);
const firstLine = (error) => error.message.split('\n')[0];

function findSets() {
  return readdirSync(options.sets)
    .filter((name) => name.includes(options.only) && existsSync(join(options.sets, name, 'schema.json')))
    .map((name) => {
      const folder = resolve(options.sets, name);
      const lines = (file) =>
        existsSync(join(folder, file)) ? readFileSync(join(folder, file), 'utf8').split('\n').filter(Boolean) : [];
      const size = (all) => all.reduce((sum, line) => sum + Buffer.byteLength(line), 0) / all.length;
      const [good, bad] = [lines('instances.jsonl'), lines('invalid.jsonl')];
      return { name, folder, good: good.length, bad: bad.length, bytes: size(good), badBytes: size(bad) };
    });
}

// Those that can run here, and why the others cannot. Without ours, the first, there is nothing to compare.
function contestants() {
  const leftOut = [];
  const [ours, ...rivals] = validators;
  ours.prepare();
  const able = rivals.filter((validator) => {
    try {
      validator.prepare();
      return true;
    } catch (error) {
      leftOut.push([validator.name, firstLine(error)]);
      say(`left out: ${validator.name}: ${firstLine(error)}`);
      return false;
    }
  });
  return { able: [ours, ...able], leftOut };
}

function turn(validator, set) {
  try {
    return validator.measure(set.folder, Number(options.seconds), options.core);
  } catch (error) {
    return { refused: firstLine(error) };
  }
}

function compare(able, sets) {
  const results = new Map(sets.map((set) => [set, new Map(able.map((validator) => [validator, { rounds: [] }]))]));
  for (let round = 1; round <= Number(options.rounds); round++) {
    for (const set of sets) {
      for (const [validator, entry] of [...results.get(set)].filter(([, one]) => !one.refused)) {
        const result = turn(validator, set);
        if (result.refused) {
          entry.refused = result.refused;
        } else {
          entry.rounds.push(result);
        }
        say(`${round} ${set.name}, ${validator.name}: ${result.refused ?? `${result.check.toFixed(2)} µs`}`);
      }
    }
  }
  return results;
}

function main() {
  const { able, leftOut } = contestants();
  const load = loadavg()[0];
  const machine = describeComputer();
  const results = compare(able, findSets());
  machine.push(['Core', `number ${options.core}, every program pinned to it`]);
  machine.push(['Load', `${load.toFixed(1)} before, ${loadavg()[0].toFixed(1)} after (1.0 is this run's own)`]);
  const text = markdown({ machine, able, leftOut, results, rounds: options.rounds, seconds: options.seconds });
  if (options.write) {
    const by = 'bench/run.sh schema.mjs --write';
    writeInto(fileURLToPath(new URL('RESULTS.md', import.meta.url)), text, 'schema', by);
  }
  process.stdout.write(text);
}

if (options.help) {
  process.stdout.write(help);
} else {
  main();
}
