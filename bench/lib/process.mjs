// Servers under test: started, waited for, measured from /proc, ended by their own process id.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

// A port that was free a moment ago.
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

// What /proc/PID/stat says after the name in parentheses: state is field 0.
const statFields = (pid) => {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
};

export class Server {
  static async start(command, args, { port, env = {}, cwd, log }) {
    const fd = openSync(log, 'a');
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', fd, fd] });
    closeSync(fd);
    const server = new Server(child, log);
    child.once('error', (error) => {
      server.failure = error.message;
    });
    await server.waitFor(port);
    return server;
  }

  constructor(child, log) {
    this.child = child;
    this.log = log;
    this.ended = new Promise((resolve) => child.once('close', resolve));
  }

  async waitFor(port, seconds = 60) {
    for (const end = Date.now() + seconds * 1000; !(await answers(port)); await delay(25)) {
      if (this.failure || this.child.exitCode !== null || Date.now() > end) {
        const tail = readFileSync(this.log, 'utf8').trim().split('\n').slice(-3).join(' | ');
        await this.stop();
        throw new Error(this.failure ?? `${this.child.spawnfile} does not listen on ${port}: ${tail}`);
      }
    }
  }

  // Its process and all that descend from it.
  pids() {
    const parents = new Map();
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        parents.set(Number(pid), Number(statFields(pid)[1]));
      } catch {
        continue; // ended meanwhile
      }
    }
    const found = [this.child.pid];
    for (let i = 0; i < found.length; i++) {
      found.push(...[...parents].filter(([, parent]) => parent === found[i]).map(([pid]) => pid));
    }
    return found;
  }

  // Seconds of CPU of all threads, all live children, and the children that were waited for.
  cpuSeconds() {
    return (
      this.sum((pid) =>
        statFields(pid)
          .slice(11, 15)
          .reduce((sum, ticks) => sum + Number(ticks), 0),
      ) / ticksPerSecond
    );
  }

  // VmRSS (now) or VmHWM (the most so far) in MiB.
  memory(field) {
    return (
      this.sum((pid) =>
        Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0),
      ) / 1024
    );
  }

  forgetPeak() {
    this.sum((pid) => {
      writeFileSync(`/proc/${pid}/clear_refs`, '5');
      return 0;
    });
  }

  sum(of) {
    let total = 0;
    for (const pid of this.pids()) {
      try {
        total += of(pid);
      } catch {
        continue; // ended meanwhile
      }
    }
    return total;
  }

  async stop() {
    if (this.child.exitCode === null && this.child.pid !== undefined) {
      this.child.kill('SIGTERM');
      const hard = setTimeout(() => this.child.kill('SIGKILL'), 30000);
      await this.ended;
      clearTimeout(hard);
    }
  }
}
