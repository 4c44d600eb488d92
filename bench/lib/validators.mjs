// The validators that bench/schema.mjs compares. Each: name, prepare(), and measure(folder, seconds, core) → what one turn gave:
// valid and invalid (verdicts on instances.jsonl and invalid.jsonl), check, parse_check and check_invalid (us an instance),
// compile (ms), memory (bytes); or refused, with the reason.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { arch } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, cache, installed } from './cache.mjs';
import { nodeVersion, peerNode, peerVersion } from './peer.mjs';

const here = (name) => fileURLToPath(new URL(`../rivals/${name}`, import.meta.url));

function pinned(core, command, args) {
  const run = spawnSync('taskset', ['-c', String(core), command, ...args], { encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (run.error || run.signal) {
    throw run.error ?? new Error(`${command}: ${run.signal}`);
  }
  return run;
}

// Our own programs and those we wrote for others print one line of JSON.
function answer(core, command, args) {
  const { stdout, stderr } = pinned(core, command, args);
  try {
    return JSON.parse(stdout);
  } catch {
    throw new Error(stderr.trim().split('\n').pop() || `${command} says nothing`);
  }
}

const ours = {
  name: 'hooklatch',
  prepare() {
    this.binary = resolve(process.env.HOOKLATCH_BENCH_SCHEMA ?? 'bench/schema');
    if (!existsSync(this.binary)) {
      throw new Error(`${this.binary} is not there: make bench/schema, or name it in HOOKLATCH_BENCH_SCHEMA`);
    }
    this.version = 'bench/schema, this tree';
  },
  measure(folder, seconds, core) {
    return answer(core, this.binary, ['--json', '--seconds', String(seconds), folder]);
  },
};

const ajv = {
  name: 'ajv',
  note:
    'compiled functions, strict: false, validateFormats: false, warmed up for 3 s; its compile time is that of a process that has just started',
  prepare() {
    this.version = `ajv ${peerVersion('ajv')}, node ${nodeVersion()}`;
  },
  measure(folder, seconds, core) {
    return answer(core, peerNode(), [here('ajv.mjs'), String(seconds), folder]);
  },
};

const blaze = {
  name: 'Blaze',
  note:
    'its command line alone (`validate --fast --benchmark --loop N`): the mean it prints, a document N times in a row before the ' +
    'next, the cost of its clock taken off, by wall time, here times the share of a core that the process had; it cannot time ' +
    'parse + validate; compile is the processor time of a whole `validate --fast` of the set, process and parsing included',
  prepare() {
    const machine = { x64: 'x86_64', arm64: 'arm64' }[arch()];
    const binary = `node_modules/@sourcemeta/jsonschema/build/github-releases/jsonschema-linux-${machine}`;
    this.binary = installed(here('blaze'), binary);
    this.version = `@sourcemeta/jsonschema ${execFileSync(this.binary, ['version'], { encoding: 'utf8' }).trim()}`;
  },
  // What it printed, its CPU seconds, and which share of the wall time those are.
  run(core, args) {
    const script = 'TIMEFORMAT="%R %U %S"; time "$@"';
    const { stdout, stderr } = pinned(core, 'bash', ['-c', script, 'bash', this.binary, 'validate', '--fast', ...args]);
    const [wall, user, system] = stderr.trim().split('\n').pop().split(' ').map(Number);
    return { stdout, stderr, cpu: user + system, share: Math.min(1, (user + system) / wall) };
  },
  loop(core, folder, file, count) {
    const args = [join(folder, 'schema.json'), join(folder, file), '--continue', '--benchmark', '--loop', String(count)];
    const { stdout, stderr, share } = this.run(core, args);
    const each = [...stdout.matchAll(/\]: (PASS|FAIL) ([\d.]+) \+- /g)];
    if (each.length === 0) {
      throw new Error(stderr.trim().split('\n')[0] || 'prints no times');
    }
    const sum = each.reduce((total, [, , us]) => total + Number(us), 0);
    return {
      passed: each.filter(([, verdict]) => verdict === 'PASS').length,
      failed: each.filter(([, verdict]) => verdict === 'FAIL').length,
      sum,
      mean: (sum / each.length) * share,
    };
  },
  loops(core, folder, file, seconds) {
    const probe = this.loop(core, folder, file, 10);
    return this.loop(core, folder, file, Math.max(10, Math.round((seconds * 1e6) / probe.sum)));
  },
  measure(folder, seconds, core) {
    const good = this.loops(core, folder, 'instances.jsonl', seconds);
    const bad = existsSync(join(folder, 'invalid.jsonl')) && this.loops(core, folder, 'invalid.jsonl', seconds);
    return {
      valid: good.passed,
      invalid: bad ? bad.failed : 0,
      check: good.mean,
      check_invalid: bad ? bad.mean : undefined,
      compile: this.run(core, [join(folder, 'schema.json'), join(folder, 'instances.jsonl')]).cpu * 1000,
    };
  },
};

const valijson = {
  name: 'valijson',
  note: 'with rapidjson, -O2; `format` taken out of the schema, which it would assert',
  prepare() {
    const version = (name) => {
      try {
        return execFileSync('dpkg-query', ['-W', '-f', '${Version}', name], { encoding: 'utf8', stdio: 'pipe' });
      } catch {
        throw new Error(`${name} is not installed (apt-get install --no-install-recommends libvalijson-dev rapidjson-dev)`);
      }
    };
    this.version = `valijson ${version('libvalijson-dev')}, rapidjson ${version('rapidjson-dev')}`;
    const source = here('valijson.cpp');
    this.binary = build('valijson', 'c++', ['-std=c++17', '-O2', '-DNDEBUG', source, '-o', join(cache, 'bin', 'valijson')], { source });
  },
  measure(folder, seconds, core) {
    return answer(core, this.binary, [String(seconds), folder]);
  },
};

export const validators = [ours, ajv, blaze, valijson];
