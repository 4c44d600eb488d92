// make soak: full load with every webhook's step called, for a long time; the memory of the gateway every minute. Flat is the goal.
// Usage: bench/run.sh soak.mjs [MINUTES] (60)
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hooklatch } from './lib/hooklatch.mjs';
import { refuseMemory } from './lib/machine.mjs';
import { fullLoad, proveHonest } from './lib/measure.mjs';
import { writePayloads } from './lib/payload.mjs';
import { freePort, Server } from './lib/process.mjs';

const minutes = Number(process.argv[2] ?? 60);
const base = process.env.HOOKLATCH_BENCH_DIR ?? '/var/tmp';
refuseMemory(base);
hooklatch.prepare();
const work = mkdtempSync(join(base, 'hooklatch-soak-'));
const payloads = writePayloads(work, 200);
const sinkPort = await freePort();
const sink = await Server.start(join(process.env.BENCH_TOOLS, 'stepsink'), [String(sinkPort)], {
  port: sinkPort,
  cwd: work,
  log: join(work, 'sink.log'),
});
const target = await hooklatch.start(work, payloads, sinkPort);

try {
  await proveHonest(hooklatch, target, payloads.push);
  console.log('| minute | webhooks/s | CPU µs each | RSS MiB | failed |\n| --- | --- | --- | --- | --- |');
  for (let minute = 1; minute <= minutes; minute++) {
    const { rate, cpu, failed } = await fullLoad(target, payloads.push, 60);
    console.log(
      `| ${minute} | ${Math.round(rate)} | ${Math.round(cpu)} | ${Math.round(target.server.memory('VmRSS'))} | ${failed} |`,
    );
  }
} finally {
  await target.server.stop();
  await sink.stop();
  rmSync(work, { recursive: true });
}
