// Steps a second and processor time a step: commands, beside a plain loop of posix_spawn.
// Usage: bench/run.sh steps.mjs [RUNS] (4000). Webhooks are sent first; what is measured is how their runs are worked off. Commands are
// grandchildren, so the processor time is the machine's: nothing else may run.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { hooklatch } from './lib/hooklatch.mjs';
import { refuseMemory } from './lib/machine.mjs';
import { sign, secret } from './lib/payload.mjs';
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

async function fill(port) {
  const body = JSON.stringify({ zen: 'Work it off.' });
  const headers = { 'content-type': 'application/json', 'x-github-event': 'ping', 'x-hub-signature-256': sign(body) };
  for (let sent = 0; sent < runs; sent += 50) {
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        const answer = await fetch(`http://127.0.0.1:${port}/webhooks/github`, { method: 'POST', body, headers });
        await answer.arrayBuffer();
      }),
    );
  }
}

// Runs of that workflow, worked off: rate and processor time a run.
async function workedOff(name, steps) {
  const dir = join(work, `${name}-${Math.random()}`);
  mkdirSync(dir);
  const [port, admin] = [await freePort(), await freePort()];
  const config = {
    listen: { ingest: `127.0.0.1:${port}`, admin: `127.0.0.1:${admin}` },
    store: 'sqlite:hooklatch.db',
    limits: { commands: atOnce },
    sources: { github: { provider: 'github', secrets: [{ value: secret }], dedupe: { by: 'none' } } },
    workflows: [{ id: name, on: 'github.ping', steps }],
  };
  writeFileSync(join(dir, 'hooklatch.yaml'), JSON.stringify(config), { mode: 0o600 });
  const server = await Server.start(hooklatch.binary, ['serve', '-c', join(dir, 'hooklatch.yaml')], {
    port,
    cwd: dir,
    log: join(dir, 'log'),
  });
  try {
    await fill(port);
    const before = await ended(admin);
    return await measured(async () => {
      for (;;) {
        const now = await ended(admin);
        if (now >= runs) {
          return now - before;
        }
        await delay(100);
      }
    });
  } finally {
    await server.stop();
    rmSync(dir, { recursive: true });
  }
}

const spawned = () =>
  measured(async () => {
    const { stdout } = await promisify(execFile)(join(tools, 'spawn'), [String(runs), String(atOnce), '/bin/true']);
    return JSON.parse(stdout).count;
  });

const subjects = [
  ['posix_spawn of /bin/true in a loop, nothing else', spawned],
  ['exec: /bin/true', () => workedOff('exec', [{ id: 'true', exec: { command: ['/bin/true'] } }])],
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
} finally {
  rmSync(work, { recursive: true });
}
