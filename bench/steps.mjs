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

async function fill(port, events, body, event) {
  const headers = { 'content-type': 'application/json', 'x-github-event': event, 'x-hub-signature-256': sign(body) };
  for (let sent = 0; sent < events; sent += 50) {
    await Promise.all(
      Array.from({ length: Math.min(50, events - sent) }, async () => {
        const answer = await fetch(`http://127.0.0.1:${port}/webhooks/github`, { method: 'POST', body, headers });
        await answer.arrayBuffer();
      }),
    );
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

// Webhooks in, all their steps done and stored: steps a second, and processor time a step, the webhooks' part included.
const workedOff = (name, steps, events, body = ping, event = 'ping') =>
  started(name, steps, (port, admin) =>
    measured(async () => {
      await fill(port, events, body, event);
      while ((await ended(admin)) < events) {
        await delay(20);
      }
      return events * steps.length;
    }),
  );

// The bucket of hooklatch_run_seconds that the quantile falls into: below so many milliseconds.
function quantile(text, q) {
  const buckets = [...text.matchAll(/^hooklatch_run_seconds_bucket\{le="([^"]+)"\} (\d+)/gm)];
  const total = Number(buckets.at(-1)[2]);
  return Number(buckets.find(([, , count]) => Number(count) >= total * q)[1]) * 1000;
}

// One webhook a millisecond: from its receipt until its plugin step is done and stored.
const latency = (name, steps) =>
  started(name, steps, async (port, admin) => {
    const file = join(work, 'ping.json');
    writeFileSync(file, ping);
    await promisify(execFile)(join(tools, 'pacer'), [String(port), '/webhooks/github', file, sign(ping), '1000', '10']);
    while ((await ended(admin)) < 10000) {
      await delay(20);
    }
    const text = await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text();
    return { median: quantile(text, 0.5), p99: quantile(text, 0.99) };
  });

const spawned = () =>
  measured(async () => {
    const { stdout } = await promisify(execFile)(join(tools, 'spawn'), [String(runs), String(atOnce), '/bin/true']);
    return JSON.parse(stdout).count;
  });

const many = (n, step) => Array.from({ length: n }, (_, i) => ({ id: `s${i}`, needs: [], ...step }));
const graph = ['one', 'two'].map((id) => ({ id, needs: [], plugin: { name: 'hello' } })).concat({ id: 'both', needs: ['one', 'two'], plugin: { name: 'hello' } });
const subjects = [
  ['posix_spawn of /bin/true in a loop, nothing else', spawned],
  ['exec: /bin/true', () => workedOff('exec', [{ id: 'true', exec: { command: ['/bin/true'] } }], runs)],
  ['plugin hello, 50 steps an event', () => workedOff('hello', many(50, { plugin: { name: 'hello' } }), 2000)],
  ['plugin hello, 1 step an event', () => workedOff('single', many(1, { plugin: { name: 'hello' } }), 20000)],
  ['graph: two hello at once, then a third', () => workedOff('graph', graph, 10000)],
  ['plugin jq on the 7 KB push, 50 steps an event', () => workedOff('jq', many(50, { plugin: { name: 'jq', args: { filter } } }), 500, push, 'push')],
];
try {
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
  const { median: half, p99 } = await latency('hello', many(1, { plugin: { name: 'hello' } }));
  console.log(`\nAt 1,000 webhooks a second, from a webhook's receipt until its hello step is done and stored: median below ${half} ms, p99 below ${p99} ms (buckets of hooklatch_run_seconds).`);
} finally {
  rmSync(work, { recursive: true });
}
