// What npm installs into bench/peer: run.sh sees to it.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const peerDir = fileURLToPath(new URL('../peer', import.meta.url));
export const peerRequire = createRequire(join(peerDir, 'package.json'));

// The node that npm brought, which is newer than a distribution's.
export function peerNode() {
  const own = join(peerDir, 'node_modules', '.bin', 'node');
  return existsSync(own) ? own : process.execPath;
}

export const nodeVersion = () =>
  execFileSync(peerNode(), ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim();
export const peerVersion = (name) => peerRequire(`${name}/package.json`).version;
