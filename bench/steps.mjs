// Steps a second and processor time a step: plugins, graphs, and commands beside a plain loop of posix_spawn.
// Usage: bench/run.sh steps.mjs [RUNS] (4000, of commands). From the first webhook until all that they start is done. Workers and
// commands are grandchildren, so the processor time is the machine's: nothing else may run.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { hooklatch } from './lib/hooklatch.mjs';
import { refuseMemory } from './lib/machine.mjs';
import { secret, sign, writePayloads } from './lib/payload.mjs';
import { freePort, Server } from './lib/process.mjs';
import { median } from './lib/report.mjs';
import { rivals } from './lib/rivals.mjs';

const runs = Number(process.argv[2] ?? 4000);
const rounds = 3;
const atOnce = 8;
const base = process.env.HOOKLATCH_BENCH_DIR ?? '/var/tmp';
refuseMemory(base);
hooklatch.prepare();
const work = mkdtempSync(join(base, 'hooklatch-steps-'));
const tools = process.env.BENCH_TOOLS;
const ping = JSON.stringify({ name: 'ada', zen: 'Work it off.' });
const push = writePayloads(work, 200).push.text;
const filter = '{ref: .input.ref, repository: .input.repository.full_name, commits: [.input.commits[] | {id, message}]}';

// Seconds that all processors together have worked.
function busy() {
  const [, user, nice, system, , , irq, softirq] = readFileSync('/proc/stat', 'utf8').split('\n')[0].split(/\s+/).map(Number);
  return (user + nice + system + irq + softirq) / 100;
}

async function measured(what) {
  const [from, cpu] = [process.hrtime.bigint(), busy()];
  const count = await what();
  const seconds = Number(process.hrtime.bigint() - from) / 1e9;
  return { rate: count / seconds, cpu: ((busy() - cpu) * 1e6) / count };
}

const ended = async (admin) => {
  const text = await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text();
  return Number(/^hooklatch_runs_ended_total (\d+)/m.exec(text)?.[1] ?? 0);
};

// `rate` webhooks a second, for so long.
async function fill(port, body, rate, seconds, path = '/webhooks/github') {
  const file = join(work, 'body.json');
  writeFileSync(file, body);
  await promisify(execFile)(join(tools, 'pacer'), [String(port), path, file, sign(body), String(rate), String(seconds)]);
}

async function worked(admin, runs) {
  while ((await ended(admin)) < runs) {
    await delay(20);
  }
}

async function started(name, steps, what) {
  const dir = join(work, `${name}-${Math.random()}`);
  mkdirSync(dir);
  const [port, admin] = [await freePort(), await freePort()];
  const config = {
    listen: { ingest: `127.0.0.1:${port}`, admin: `127.0.0.1:${admin}` },
    store: 'sqlite:hooklatch.db',
    limits: { commands: atOnce },
    sources: { github: { provider: 'github', secrets: [{ value: secret }], dedupe: { by: 'none' } } },
    workflows: [{ id: name, on: 'github.**', steps }],
  };
  writeFileSync(join(dir, 'hooklatch.yaml'), JSON.stringify(config), { mode: 0o600 });
  const server = await Server.start(hooklatch.binary, ['serve', '-c', join(dir, 'hooklatch.yaml')], {
    port,
    cwd: dir,
    log: join(dir, 'log'),
  });
  try {
    return await what(port, admin);
  } finally {
    await server.stop();
    rmSync(dir, { recursive: true });
  }
}

// Webhooks in, all their steps done and stored: steps a second, and processor time a step, the webhooks' part included. They are sent
// faster than their steps are done.
const workedOff = (name, steps, events, body = ping) =>
  started(name, steps, (port, admin) =>
    measured(async () => {
      await fill(port, body, events, 1);
      await worked(admin, events);
      return events * steps.length;
    }),
  );

const buckets = (text) =>
  [...text.matchAll(/^hooklatch_run_seconds_bucket\{le="([^"]+)"\} (\d+)/gm)].map(([, le, count]) => [Number(le) * 1000, Number(count)]);

// One webhook a millisecond: from its receipt until its step is done and stored. [median, p99] are below so many ms; the worker runs
// already.
const latency = (name, steps) =>
  started(name, steps, async (port, admin) => {
    const metrics = async () => buckets(await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text());
    await fill(port, ping, 200, 1);
    await worked(admin, 200);
    const before = await metrics();
    await fill(port, ping, 1000, 10);
    await worked(admin, 10200);
    const after = (await metrics()).map(([le, count], i) => [le, count - before[i][1]]);
    return [0.5, 0.99].map((q) => after.find(([, count]) => count >= after.at(-1)[1] * q)[0]);
  });

const spawned = () =>
  measured(async () => {
    const { stdout } = await promisify(execFile)(join(tools, 'spawn'), [String(runs), String(atOnce), '/bin/true']);
    return JSON.parse(stdout).count;
  });

// Debian's webhook runs the same command for the same webhooks, and answers when it has ended.
const webhook = rivals.find(({ name }) => name === 'adnanh/webhook');
let webhookMissing;
try {
  webhook.prepare();
} catch (error) {
  webhookMissing = error.message;
}
const rival = async () => {
  const dir = mkdtempSync(join(work, 'webhook-'));
  const { server, port, path } = await webhook.start(dir, undefined, undefined, true);
  try {
    return await measured(async () => {
      await fill(port, ping, runs, 1, path);
      return runs;
    });
  } finally {
    await server.stop();
  }
};

const many = (n, step) => Array.from({ length: n }, (_, i) => ({ id: `s${i}`, needs: [], ...step }));
const graph = ['one', 'two'].map((id) => ({ id, needs: [], plugin: { name: 'hello' } })).concat({ id: 'both', needs: ['one', 'two'], plugin: { name: 'hello' } });
const subjects = [
  ['posix_spawn of /bin/true in a loop, nothing else', spawned],
  ['exec: /bin/true', () => workedOff('exec', [{ id: 'true', exec: { command: ['/bin/true'] } }], runs)],
  ...(webhookMissing ? [] : [['adnanh/webhook: /bin/true for each webhook', rival]]),
  ['plugin hello, 50 steps an event', () => workedOff('hello', many(50, { plugin: { name: 'hello' } }), 2000)],
  ['plugin hello, 1 step an event', () => workedOff('single', many(1, { plugin: { name: 'hello' } }), 15000)],
  ['graph: two hello at once, then a third', () => workedOff('graph', graph, 8000)],
  ['plugin jq on the 7 KB push, 50 steps an event', () => workedOff('jq', many(50, { plugin: { name: 'jq', args: { filter } } }), 500, push)],
];
try {
  const rounded = [];
  for (let round = 0; round < rounds; round++) {
    rounded.push(await latency('latency', many(1, { plugin: { name: 'hello' } })));
  }
  const results = new Map(subjects.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of subjects) {
      results.get(name).push(await run());
    }
  }
  console.log(`${rounds} rounds in turns, medians (lowest–highest); ${atOnce} commands at once; processor time of the whole machine.\n`);
  console.log('|  | steps/s | CPU µs a step |\n| --- | --- | --- |');
  for (const [name] of subjects) {
    const of = (key) => {
      const values = results.get(name).map((one) => one[key]);
      return `${Math.round(median(values)).toLocaleString('en-US')} (${Math.round(Math.min(...values)).toLocaleString('en-US')}–${Math.round(Math.max(...values)).toLocaleString('en-US')})`;
    };
    console.log(`| ${name} | ${of('rate')} | ${of('cpu')} |`);
  }
  if (webhookMissing) {
    console.log(`\nLeft out: adnanh/webhook: ${webhookMissing}`);
  }
  console.log(`\nAt 1,000 webhooks a second, from a webhook's receipt until its hello step is done and stored, each round: ${rounded
    .map(([half, p99]) => `median below ${half} ms, p99 below ${p99} ms`)
    .join('; ')} (buckets of hooklatch_run_seconds).`);
} finally {
  rmSync(work, { recursive: true });
}
