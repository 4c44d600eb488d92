// make bench: hooklatch and its rivals in turns, then what only hooklatch is asked. See --help.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { hooklatch } from './lib/hooklatch.mjs';
import { describeMachine, refuseMemory } from './lib/machine.mjs';
import * as measure from './lib/measure.mjs';
import { writePayloads } from './lib/payload.mjs';
import { freePort, Server } from './lib/process.mjs';
import { markdown, writeInto } from './lib/report.mjs';
import { rivals } from './lib/rivals.mjs';

const help = `usage: bench/run.sh [options]
  --rounds N       rounds of every contestant (3)
  --seconds N      of full load in each (10)
  --fill N         events in the store that is not empty (2000000; 0: leave it out)
  --fill-bytes N   bytes of each of them (200)
  --idle N         idle connections (10000)
  --only TEXT      contestants whose name holds TEXT; "hooklatch" for ours alone
  --no-extras      full load only
  --write          put the tables into bench/RESULTS.md
HOOKLATCH names our binary, HOOKLATCH_BENCH_DIR a folder on a real disk (/var/tmp), HOOKLATCH_BENCH_CACHE where rivals are built.
`;

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '10' },
    fill: { type: 'string', default: '2000000' },
    'fill-bytes': { type: 'string', default: '200' },
    idle: { type: 'string', default: '10000' },
    only: { type: 'string', default: '' },
    'no-extras': { type: 'boolean' },
    write: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
const number = (name) => Number(options[name]);
const say = (text) => process.stderr.write(`${text}\n`);

let folders = 0;
const newFolder = (work) => {
  const dir = join(work, String(++folders));
  mkdirSync(dir);
  return dir;
};

// Those that can run here, and why the others cannot.
function contestants() {
  const leftOut = [];
  const able = [hooklatch, ...rivals]
    .filter((rival) => rival.name.includes(options.only))
    .filter((rival) => {
      try {
        rival.prepare();
        return true;
      } catch (error) {
        leftOut.push([rival.name, error.message]);
        say(`left out: ${rival.name}: ${error.message}`);
        return false;
      }
    });
  return { able, leftOut };
}

async function filledStore(work, payloads) {
  const dir = newFolder(work);
  say(`filling a store with ${options.fill} events of ${payloads.fill.text.length} bytes`);
  const target = await hooklatch.start(dir, payloads);
  try {
    await measure.fillStore(target, payloads.fill, number('fill'), say);
  } finally {
    await target.server.stop();
  }
  return dir;
}

// One turn: start, prove, warm up, measure, end. A store that is not kept goes with its folder.
async function turn(entry, work, payloads) {
  const dir = entry.full ? entry.dir : newFolder(work);
  const target = await entry.rival.start(dir, payloads);
  try {
    await measure.proveHonest(entry.rival, target, payloads.push);
    await measure.fullLoad(target, payloads.push, 2);
    const result = await measure.fullLoad(target, payloads.push, number('seconds'));
    await measure.proveHonest(entry.rival, target, payloads.push);
    entry.rounds.push(result);
    say(
      `  ${entry.title}: ${Math.round(result.rate)}/s, ${Math.round(result.cpu)} µs each, p99 ${result.p99.toFixed(1)} ms`,
    );
  } finally {
    await target.server.stop();
    if (!entry.full) {
      rmSync(dir, { recursive: true });
    }
  }
}

async function compare(able, leftOut, work, payloads) {
  const load = able.map((rival) => ({
    rival,
    title: rival === hooklatch ? 'hooklatch, empty store' : rival.name,
    rounds: [],
    stores: rival.stores,
    schema: rival.schema,
    version: rival.version,
    note: rival.note,
  }));
  if (able.includes(hooklatch) && number('fill') > 0) {
    const dir = await filledStore(work, payloads);
    load.splice(1, 0, {
      ...load[0],
      rounds: [],
      title: `hooklatch, ${options.fill} events stored`,
      full: true,
      events: number('fill'),
      dir,
      version: undefined,
    });
  }
  for (let round = 1; round <= number('rounds'); round++) {
    say(`round ${round} of ${options.rounds}`);
    for (const entry of load.filter((one) => !one.broken)) {
      try {
        await turn(entry, work, payloads);
      } catch (error) {
        entry.broken = true;
        entry.rounds = [];
        leftOut.push([entry.title, error.message]);
        say(`  ${entry.title}: ${error.message}`);
      }
    }
  }
  return load;
}

// What only hooklatch is asked: step latency, the whole pipeline, idle connections.
async function extras(work, payloads) {
  const tools = process.env.BENCH_TOOLS;
  const dir = newFolder(work);
  const sinkPort = await freePort();
  const sink = await Server.start(join(tools, 'stepsink'), [String(sinkPort)], {
    port: sinkPort,
    cwd: dir,
    log: join(dir, 'sink.log'),
  });
  let target = await hooklatch.start(dir, payloads, sinkPort);
  try {
    say('event to step at 1,000/s');
    await measure.stepLatency(target, sinkPort, payloads.push, tools, 1000, 2);
    const latency = await measure.stepLatency(target, sinkPort, payloads.push, tools, 1000, 15);
    say('whole pipeline');
    const pipeline = await measure.pipeline(target, sinkPort, payloads.push, number('seconds'));
    await target.server.stop();
    say(`${options.idle} idle connections`);
    target = await hooklatch.start(newFolder(work), payloads);
    return { latency, pipeline, idle: await measure.idleConnections(hooklatch, target, payloads.push, number('idle')) };
  } finally {
    await target.server.stop();
    await sink.stop();
  }
}

async function main() {
  const base = process.env.HOOKLATCH_BENCH_DIR ?? '/var/tmp';
  refuseMemory(base);
  const work = mkdtempSync(join(base, 'hooklatch-bench-'));
  try {
    const payloads = writePayloads(work, number('fill-bytes'));
    const { able, leftOut } = contestants();
    const machine = describeMachine(work);
    const load = await compare(able, leftOut, work, payloads);
    const own = able.includes(hooklatch) && !options['no-extras'] ? await extras(work, payloads) : {};
    const text = markdown({
      machine,
      load,
      leftOut,
      bytes: Buffer.byteLength(payloads.push.text),
      rounds: options.rounds,
      seconds: options.seconds,
      ...own,
    });
    if (options.write) {
      writeInto(fileURLToPath(new URL('RESULTS.md', import.meta.url)), text);
    }
    process.stdout.write(text);
  } finally {
    rmSync(work, { recursive: true });
  }
}

if (options.help) {
  process.stdout.write(help);
} else {
  await main();
}
