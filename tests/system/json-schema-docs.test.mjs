// docs/json-schema.md holds what it shows: its files are written down, its commands run, and they must say just that.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';

const page = readFileSync(resolve(import.meta.dirname, '../../docs/json-schema.md'), 'utf8');
const dir = mkdtempSync(join(tmpdir(), 'hooklatch-docs-'));
symlinkSync(resolve(process.env.HOOKLATCH), join(dir, 'hooklatch'));
after(() => rmSync(dir, { recursive: true }));

const blocks = [...page.matchAll(/^```(\w+)(?: (\S+))?\n(.*?)^```$/gms)].map(([, kind, name, text]) => ({
  kind,
  name,
  text,
}));
const commands = [];
for (const { kind, name, text } of blocks) {
  if (name) writeFileSync(join(dir, name), text);
  if (kind !== 'console') continue;
  for (const part of text.split(/^\$ /m).slice(1)) {
    const [command, ...output] = part.split('\n');
    commands.push({ command, output: output.join('\n').trimEnd() });
  }
}

test('the page has commands to run', () => assert.ok(commands.length >= 12, `${commands.length}`));

for (const { command, output } of commands)
  test(command, () => {
    const ran = spawnSync('sh', ['-c', `(${command}) 2>&1`], {
      cwd: dir,
      encoding: 'utf8',
      env: { ...process.env, PATH: `${dir}:${process.env.PATH}` },
      timeout: 60000,
    });
    assert.equal(ran.stdout.trimEnd(), output);
  });
