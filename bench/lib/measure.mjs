// One measurement each: full load by wrk, a constant rate, the whole pipeline, idle connections.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const script = fileURLToPath(new URL('../load/push.lua', import.meta.url));
const lastLine = (text) => JSON.parse(text.trim().split('\n').pop());

function post(target, load, signature) {
  return fetch(`http://127.0.0.1:${target.port}${target.path}`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      'X-GitHub-Event': load.event,
      'X-GitHub-Delivery': randomUUID(),
      'X-Hub-Signature-256': signature,
    },
    body: load.text,
  });
}

// Its rate counts only if it takes what is right and refuses what is not.
export async function proveHonest(rival, target, load) {
  const good = await post(target, load, load.signature);
  const text = await good.text();
  if (!good.ok || (rival.isGood && !rival.isGood(text))) {
    throw new Error(`answers a right webhook with ${good.status} ${text.slice(0, 200)}`);
  }
  const forged = await post(
    target,
    load,
    load.signature.replace(/.$/, (c) => (c === '0' ? '1' : '0')),
  );
  await forged.arrayBuffer();
  if (forged.ok) {
    throw new Error(`answers a forged webhook with ${forged.status}`);
  }
}

// Bytes of a database with its log and journal; undefined where nothing is stored.
const storedBytes = ({ db }) =>
  db &&
  readdirSync(dirname(db))
    .filter((name) => name.startsWith(basename(db)))
    .reduce((sum, name) => sum + (statSync(join(dirname(db), name), { throwIfNoEntry: false })?.size ?? 0), 0); // a journal comes and goes

// A server that claims to store must have grown: a compressed push is still some hundred bytes.
function proveStored(before, after, count) {
  if (after !== undefined && after - before < count * 300) {
    throw new Error(`says that it stores, but ${count} webhooks added ${after - before} bytes`);
  }
}

async function wrk({ port, path, load, seconds, connections = 64 }) {
  const env = { ...process.env, LOAD_BODY: load.file, LOAD_SIGNATURE: load.signature, LOAD_EVENT: load.event };
  const args = [
    '-t2',
    `-c${connections}`,
    `-d${seconds}s`,
    '--timeout',
    '30s',
    '--latency',
    '-s',
    script,
    `http://127.0.0.1:${port}${path}`,
  ];
  return lastLine((await run('wrk', args, { env })).stdout);
}

// Requests/s, latency, CPU µs per request and peak memory under full load.
export async function fullLoad(target, load, seconds) {
  const bytes = storedBytes(target);
  target.server.forgetPeak();
  const cpu = target.server.cpuSeconds();
  const result = await wrk({ ...target, load, seconds });
  const used = target.server.cpuSeconds() - cpu;
  const good = result.requests - result.bad_status;
  proveStored(bytes, storedBytes(target), good);
  return {
    rate: good / result.seconds,
    p50: result.p50_us / 1000,
    p99: result.p99_us / 1000,
    cpu: (used * 1e6) / Math.max(1, result.requests),
    peak: target.server.memory('VmHWM'),
    failed: result.bad_status + result.socket_errors,
    requests: result.requests,
  };
}

// Small events with random delivery ids through the front door, until there are `wanted`.
export async function fillStore(target, load, wanted, say) {
  for (let stored = 0; stored < wanted;) {
    const { requests, bad_status: bad } = await wrk({ port: target.port, path: target.fillPath, load, seconds: 10 });
    if (requests - bad <= 0) {
      throw new Error('filling the store: nothing is accepted');
    }
    stored += requests - bad;
    say(`  ${stored} of ${wanted} events stored`);
  }
}

const sinkStats = async (port) => (await fetch(`http://127.0.0.1:${port}/stats`)).json();
const sinkReset = (port) => fetch(`http://127.0.0.1:${port}/reset`, { method: 'POST' });

// Waits until the sink was called `wanted` times, or nothing came for 10 s.
async function drained(port, wanted) {
  let stats = await sinkStats(port);
  for (let quiet = 0, before = -1; stats.count < wanted && quiet < 100; stats = await sinkStats(port)) {
    quiet = stats.count === before ? quiet + 1 : 0;
    before = stats.count;
    await delay(100);
  }
  return stats;
}

// From the stored event to the first call of its step, at a constant rate.
export async function stepLatency(target, sink, load, tools, rate, seconds) {
  await sinkReset(sink);
  const args = [target.port, target.path, load.file, load.signature, rate, seconds].map(String);
  const sender = lastLine((await run(join(tools, 'pacer'), args)).stdout);
  return { sender, sink: await drained(sink, sender.good) };
}

// Runs that have ended since the start: their steps' results are stored.
async function runsEnded({ admin }) {
  const text = await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text();
  return Number(/^hooklatch_runs_ended_total (\d+)/m.exec(text)?.[1] ?? 0);
}

// Full load until every accepted webhook's step was called and its result stored: runs a second over the whole time.
export async function pipeline(target, sink, load, seconds) {
  await sinkReset(sink);
  const [cpu, ended, start] = [target.server.cpuSeconds(), await runsEnded(target), Date.now()];
  const sent = await wrk({ ...target, load, seconds });
  const accepted = sent.requests - sent.bad_status;
  const { count: called } = await drained(sink, accepted);
  let done = 0;
  for (
    let quiet = 0, before = -1;
    done < accepted && quiet < 100;
    quiet = done === before ? quiet + 1 : 0, await delay(25)
  ) {
    before = done;
    done = (await runsEnded(target)) - ended;
  }
  return {
    accepted,
    called,
    done,
    inRate: accepted / sent.seconds,
    rate: (done * 1000) / (Date.now() - start),
    cpu: ((target.server.cpuSeconds() - cpu) * 1e6) / Math.max(1, done),
  };
}

// One connection that has been answered once and then says nothing.
function idleConnection(port) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('GET /healthz HTTP/1.1\r\nHost: bench\r\n\r\n'));
    socket.once('data', () => resolve(socket));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed before its answer')));
  });
}

export async function idleConnections(rival, target, load, count) {
  const before = target.server.memory('VmRSS');
  const sockets = [];
  while (sockets.length < count) {
    const next = Math.min(250, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: next }, () => idleConnection(target.port)))));
  }
  const rss = target.server.memory('VmRSS');
  await proveHonest(rival, target, load);
  const open = sockets.filter((socket) => !socket.destroyed && socket.readyState === 'open').length;
  sockets.forEach((socket) => socket.destroy());
  return { before, rss, open };
}
