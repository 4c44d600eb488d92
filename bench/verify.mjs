// make bench-verify: what verifying a delivery costs, by scheme and size, in rounds. See --help.
import { execFileSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeComputer } from './lib/machine.mjs';
import { median, table, writeInto } from './lib/report.mjs';

const help = `usage: bench/run.sh verify.mjs [options]
  --rounds N       (5)
  --seconds S      of each measurement in a round (0.3)
  --core N         the core it runs on (the last one)
  --write          put the tables into bench/RESULTS.md
HOOKLATCH_BENCH_VERIFY names the binary (bench/verify).
`;
const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '0.3' },
    core: { type: 'string', default: String(cpus().length - 1) },
    write: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});

function round() {
  const binary = process.env.HOOKLATCH_BENCH_VERIFY;
  const text = execFileSync('taskset', ['-c', options.core, binary, '--seconds', options.seconds], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return text.trim().split('\n').map((line) => JSON.parse(line));
}

const whole = (value) => Math.round(value).toLocaleString('en-US');
const spread = (values) => `${whole(median(values))} (${whole(Math.min(...values))}–${whole(Math.max(...values))})`;

function markdown(rounds, machine) {
  const all = rounds[0].map((row, i) => ({ ...row, rows: rounds.map((one) => one[i]) }));
  const ns = (entry, key = 'ns') => entry.rows.map((row) => row[key]);
  const over = (entry) => ns(entry).map((value, i) => value - ns(entry, 'bare')[i]);
  const schemes = all.filter((entry) => entry.scheme);
  const rows = schemes.map((entry) => [
    entry.scheme,
    whole(entry.bytes),
    spread(ns(entry)),
    entry.bare ? spread(ns(entry, 'bare')) : '–',
    entry.bare ? spread(over(entry)) : '–',
  ]);
  const many = all.filter((entry) => entry.sources);
  const hmac = schemes.filter((entry) => entry.scheme.startsWith('hmac'));
  const worst = Math.max(...hmac.map((entry) => median(over(entry))));
  const [one, thousand] = many.map((entry) => median(ns(entry)));
  return [
    table(['', ''], machine),
    'Nanoseconds of one core a delivery: median (least–most) of the rounds. Ours: `verify_delivery` with the ten headers of a GitHub webhook besides the signature. Bare: OpenSSL alone over a body of that size with everything set up (EVP_MAC with its key kept, EVP_Digest…, EVP_DigestVerify). Both in turns of 100 µs, of which the median counts.',
    table(['scheme', 'bytes', 'ours', 'bare OpenSSL', 'on top'], rows),
    'From a path to a judgement (source looked up, signature, JSON, event type), 1 KB, sources in random order:',
    table(['sources', 'ns'], many.map((entry) => [whole(entry.sources), spread(ns(entry))])),
    table(
      ['target', 'measured', 'goal', ''],
      [
        ['HMAC: on top of bare OpenSSL, the worst case', `${whole(worst)} ns`, '≤ 1,000 ns', worst <= 1000 ? 'reached' : 'missed'],
        [
          '1,000 sources against one',
          `${whole(thousand - one)} ns more (${((thousand / one - 1) * 100).toFixed(0)} %)`,
          'nothing',
          thousand / one < 1.05 ? 'reached' : 'see below',
        ],
      ],
    ),
  ].join('\n\n');
}

function main() {
  const before = loadavg()[0];
  const machine = describeComputer();
  const rounds = Array.from({ length: Number(options.rounds) }, round);
  machine.push(['Rounds', `${options.rounds}, ${options.seconds} s each, core ${options.core}`]);
  machine.push(['Load', `${before.toFixed(1)} before, ${loadavg()[0].toFixed(1)} after (1.0 is this run's own)`]);
  const text = markdown(rounds, machine);
  if (options.write) {
    const by = 'bench/run.sh verify.mjs --write';
    writeInto(fileURLToPath(new URL('RESULTS.md', import.meta.url)), text, 'verify', by);
  }
  process.stdout.write(`${text}\n`);
}

if (options.help) {
  process.stdout.write(help);
} else {
  main();
}
