// Where rivals are built and installed: outside the project.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';

export const cache =
  process.env.HOOKLATCH_BENCH_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'hooklatch-bench');

export function onPath(command) {
  try {
    return execFileSync('sh', ['-c', `command -v ${command}`], { encoding: 'utf8' }).trim();
  } catch {
    throw new Error(`${command} is not installed`);
  }
}

const modified = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

// The last line of what the builder said is the reason when it fails.
function runBuilder(command, args, options) {
  onPath(command);
  try {
    execFileSync(command, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  } catch (error) {
    const said = String(error.stderr ?? error.message).trim();
    throw new Error(`${command} cannot build it: ${said.split('\n').pop().trim()}`);
  }
}

// Builds bin/FILE in the cache once, and again when the source of ours that it is built from is newer.
export function build(file, command, args, { env, source } = {}) {
  const built = join(cache, 'bin', file);
  if (!existsSync(built) || (source && modified(source) > modified(built))) {
    mkdirSync(join(cache, 'bin'), { recursive: true });
    runBuilder(command, args, { env: { ...process.env, ...env } });
  }
  return built;
}

// Installs the npm package that the folder's lock file names, in the cache; returns the path of a file in it.
export function installed(folder, file) {
  const [lock, dir] = ['package-lock.json', join(cache, basename(folder))];
  const text = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);
  if (!existsSync(join(dir, file)) || text(join(dir, lock)) !== text(join(folder, lock))) {
    mkdirSync(dir, { recursive: true });
    for (const name of ['package.json', lock]) {
      copyFileSync(join(folder, name), join(dir, name));
    }
    runBuilder('npm', ['ci', '--no-audit', '--no-fund'], { cwd: dir });
  }
  return join(dir, file);
}
