// What checking costs with ajv's compiled functions: ajv.mjs SECONDS FOLDER prints one line of JSON, as bench/schema --json does.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { peerRequire } from '../lib/peer.mjs';

const [seconds, folder] = [Number(process.argv[2]), process.argv[3]];
const lines = (name) =>
  existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8').split('\n').filter(Boolean) : [];

// Processor time of the whole process: collecting garbage and compiling run in threads of their own.
const spentSince = (start) => {
  const { user, system } = process.cpuUsage(start);
  return user + system;
};

// Microseconds a value, over so many seconds.
function timed(run, values, wanted) {
  const start = process.cpuUsage();
  let rounds = 0;
  do {
    for (const until = performance.now() + 20; performance.now() < until; rounds++) {
      for (const value of values) {
        run(value);
      }
    }
  } while (spentSince(start) < wanted * 1e6);
  return spentSince(start) / (rounds * values.length);
}

// A large schema's functions take V8 some seconds to optimize.
function measure(run, values, warmUp) {
  timed(run, values, warmUp);
  return timed(run, values, seconds);
}

function bench() {
  const text = readFileSync(join(folder, 'schema.json'), 'utf8');
  const Ajv = peerRequire(text.includes('draft/2020-12/schema') ? 'ajv/dist/2020' : 'ajv').default;
  const start = process.cpuUsage();
  const valid = new Ajv({ strict: false, validateFormats: false }).compile(JSON.parse(text));
  const compile = spentSince(start) / 1000;
  const texts = lines('instances.jsonl');
  const [good, bad] = [texts, lines('invalid.jsonl')].map((all) => all.map((line) => JSON.parse(line)));
  return {
    valid: good.filter((value) => valid(value)).length,
    invalid: bad.filter((value) => !valid(value)).length,
    check: measure(valid, good, 3),
    parse_check: measure((line) => valid(JSON.parse(line)), texts, 1),
    check_invalid: bad.length > 0 ? measure(valid, bad, 1) : undefined,
    compile,
  };
}

let result;
try {
  result = bench();
} catch (error) {
  result = { refused: error.message };
}
process.stdout.write(`${JSON.stringify(result)}\n`);
