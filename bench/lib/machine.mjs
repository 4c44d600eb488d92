// What the numbers were measured on.
import { execFileSync } from 'node:child_process';
import { closeSync, fdatasyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';

const output = (command, ...args) => {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
};

// The mount that holds dir: [file system, device].
function mountOf(dir) {
  const [fs = '', device = ''] = output('findmnt', '-no', 'FSTYPE,SOURCE', '-T', dir).split(/\s+/);
  return { fs, device };
}

// A store in memory would flatter us: fdatasync costs nothing there.
export function refuseMemory(dir) {
  const { fs } = mountOf(dir);
  if (fs === 'tmpfs' || fs === 'ramfs' || fs === 'devtmpfs') {
    throw new Error(`${dir} is on ${fs}, not on a disk: name a folder on a real disk in HOOKLATCH_BENCH_DIR`);
  }
}

// Median microseconds of a 4 KiB write and fdatasync: what a commit costs at least.
function syncCost(dir) {
  const file = join(dir, 'sync-cost');
  const fd = openSync(file, 'w');
  const block = Buffer.alloc(4096, 1);
  const took = [];
  for (let i = 0; i < 200; i++) {
    const start = process.hrtime.bigint();
    writeSync(fd, block);
    fdatasyncSync(fd);
    took.push(Number(process.hrtime.bigint() - start) / 1000);
  }
  closeSync(fd);
  rmSync(file);
  return Math.round(took.sort((a, b) => a - b)[took.length / 2]);
}

export function describeComputer() {
  const distribution = /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
  return [
    ['Date', new Date().toISOString().slice(0, 16).replace('T', ' ') + ' UTC'],
    ['CPU', `${cpus()[0].model.trim()}, ${cpus().length} cores`],
    ['Memory', `${Math.round(totalmem() / 2 ** 30)} GiB`],
    ['System', `${distribution}, Linux ${release()}`],
  ];
}

export function describeMachine(dir) {
  const { fs, device } = mountOf(dir);
  const disk = output('lsblk', '-dno', 'MODEL', device);
  return [
    ...describeComputer().map(([what, is]) => [what, what === 'CPU' ? `${is}, shared with the load generator` : is]),
    [
      'Disk',
      `${fs} on ${device.replace('/dev/', '')}${disk && ` (${disk})`}, ` +
        `4 KiB write + fdatasync: ${syncCost(dir)} µs (median)`,
    ],
    ['Load', output('sh', '-c', 'wrk --version | head -n 1').replace(/ Copyright.*/, '')],
  ];
}
