// Steps that are commands: what they are given, what their ends mean, and that nothing of them is left behind.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { Gateway, hooklatch } from './lib/gateway.mjs';
import { childrenOf, gone, marked } from './lib/processes.mjs';
import { ended } from './lib/runs.mjs';
import { source, standardWebhooks } from './lib/sign.mjs';
import { until } from './lib/wait.mjs';
import { api, attemptsOf, stepsOf } from './lib/words.mjs';

const root = process.getuid() === 0;
const fast = { max: 2, base: '20ms', factor: 1, cap: '20ms' };
const sh = (text, more = {}) => ({ command: ['/bin/sh', '-c', text], ...more });

async function start(t, exec, { step = {}, steps, env, ...more } = {}) {
  return Gateway.start(
    t,
    {
      sources: { shop: source('standard-webhooks', { event: { type: 'shop.{/kind}', subject: '{/id}' } }) },
      workflows: [{ id: 'flow', on: 'shop.**', steps: steps ?? [{ id: 'run', exec, retry: fast, ...step }] }],
      ...more,
    },
    { env: { ...env } },
  );
}

async function send(gateway, data = {}) {
  const body = typeof data === 'string' ? data : JSON.stringify({ kind: 'order', id: 17, n: randomUUID(), ...data });
  const answer = await gateway.post('shop', body, standardWebhooks(body));
  assert.equal(answer.json?.status, 'accepted', answer.text);
  return answer.json.id;
}

// One event through one command: { state, attempts, last }.
async function through(t, exec, { data, ...options } = {}) {
  const gateway = await start(t, exec, options);
  const run = await ended(gateway, await send(gateway, data), 60);
  return { run, state: run.state, attempts: attemptsOf(run), last: attemptsOf(run).at(-1) };
}

suite('exec', () => {
  test('the example of the documentation', async (t) => {
    const text = readFileSync(new URL('../../docs/workflows.md', import.meta.url), 'utf8');
    const example = /```yaml\n(workflows:\n {2}- id: note\n[\s\S]*?)```/.exec(text)[1];
    const gateway = await Gateway.prepare(t, { sources: { shop: source('standard-webhooks', { event: { type: 'shop.{/kind}' } }) } });
    gateway.configureWith(example);
    await gateway.serve();
    const event = await send(gateway, { kind: 'order.paid' });
    const run = await ended(gateway, event);
    assert.equal(run.state, 'done');
    assert.ok(attemptsOf(run)[0].output > 100);
    assert.equal(readFileSync(join(gateway.dir, 'orders.txt'), 'utf8'), `${event} paid\n`);
  });

  test('the document on standard input, byte for byte; attributes in the environment, and nothing else', async (t) => {
    const data = '{"kind":"order", "id":9007199254740993,"total":1e400}';
    const { state, last } = await through(t, sh('cat; env >&2', { env: ['MY_LISTED', 'MY_ABSENT'] }), {
      data,
      env: { MY_LISTED: 'yes', MY_SECRET: 'never', LANG: 'C.UTF-8' },
    });
    assert.equal(state, 'done');
    assert.equal(last.output.run.step, 'run');
    assert.equal(last.output.event.subject, '9007199254740993');
    const names = last.log.split('\n').map((line) => line.split('=')[0]).filter(Boolean).sort();
    const own = ['EVENT_ID', 'EVENT_TYPE', 'EVENT_SOURCE', 'EVENT_SUBJECT', 'EVENT_TIME', 'WORKFLOW', 'RUN', 'STEP', 'ATTEMPT', 'KEY'];
    const shell = ['PWD', 'OLDPWD', '_', 'SHLVL'];
    assert.deepEqual(
      names.filter((name) => !shell.includes(name)),
      ['PATH', 'LANG', 'MY_LISTED', ...own.map((name) => `HOOKLATCH_${name}`)].sort(),
    );
    assert.match(last.log, /^HOOKLATCH_EVENT_TYPE=shop.order$/m);
    assert.match(last.log, /^MY_LISTED=yes$/m);
    assert.match(last.log, /^HOOKLATCH_KEY=[0-9a-f-]{36}\/run\/0$/m);
  });

  test('what it prints is the output: JSON, a text, or nothing; what it says goes into the log', async (t) => {
    const gateway = await start(t, undefined, {
      steps: [
        { id: 'json', exec: sh(`echo '{"big": 9007199254740993}'`) },
        { id: 'text', exec: sh(`printf 'plain "text"'; echo said >&2`) },
        { id: 'none', exec: { command: ['true'] } },
        { id: 'all', exec: sh('cat') },
      ],
    });
    const run = await ended(gateway, await send(gateway));
    assert.deepEqual(stepsOf(run).map((step) => step.state), ['done', 'done', 'done', 'done']);
    const text = await (await gateway.request(api.run(run.id))).text;
    assert.ok(text.includes('"steps":{"json":{"big": 9007199254740993},"text":"plain \\"text\\"","none":null}'), text);
    assert.equal(attemptsOf(run).find((attempt) => attempt.step === 'text').log, 'said\n');
  });

  test('ends: 0 done, 65 fails at once, any other exit and any signal is tried again', async (t) => {
    const ends = async (text, exec) => {
      const { state, attempts, last } = await through(t, sh(text, exec));
      return [state, attempts.length, last.error];
    };
    assert.deepEqual(await ends('exit 65'), ['failed', 1, 'exit code 65: the input will never do, the step fails at once']);
    assert.deepEqual(await ends('exit 3'), ['failed', 2, 'exit code 3 (attempt 2 of 2, the last)']);
    const [state, attempts, error] = await ends('kill -SEGV $$');
    assert.deepEqual([state, attempts], ['failed', 2]);
    assert.match(error, /^killed by signal 11 \(Segmentation fault\)/);
    assert.match((await ends('while :; do :; done', { limits: { cpu: '1s' } }))[2], /^killed by signal 24 \(CPU time limit exceeded\)/);
  });

  test('too slow: TERM to the group, then KILL to everybody', async (t) => {
    const mark = `mark-${randomUUID()}`;
    const { state, last } = await through(t, sh(`trap 'echo terminated >&2; exit 0' TERM; sleep 1000 & wait; : ${mark}`), {
      step: { timeout: '300ms', retry: { max: 1 } },
    });
    assert.equal(state, 'failed');
    assert.match(last.error, /^timed out/);
    assert.match(last.log, /terminated/);
    const deaf = await through(t, sh(`trap '' TERM; while :; do sleep 1; done; : ${mark}`), { step: { timeout: '300ms', retry: { max: 1 } } });
    assert.match(deaf.last.error, /^timed out/);
    await gone(mark);
  });

  test('a descendant that keeps the pipe: waited for, and killed when the time is over; one that does not is killed at once', async (t) => {
    const mark = `mark-${randomUUID()}`;
    const waits = await through(t, sh(`(sleep 0.3; echo '"late"') & exit 0`));
    assert.deepEqual([waits.state, waits.last.output], ['done', 'late']);
    const held = await through(t, sh(`setsid sh -c 'sleep 1000; : ${mark}' & echo 1`), { step: { timeout: '400ms', retry: { max: 1 } } });
    assert.equal(held.state, 'failed');
    assert.match(held.last.error, /^timed out/);
    const left = await through(t, sh(`setsid sh -c 'sleep 1000; : ${mark}' >/dev/null 2>&1 </dev/null & echo 2`));
    assert.deepEqual([left.state, left.last.output], ['done', 2]);
    await gone(mark);
  });

  test('output without end, closed input, much input: bounded, and no harm', async (t) => {
    const endless = await through(t, sh('head -c 1000000000 /dev/zero', { output_max: '64KiB' }), { step: { retry: { max: 1 } } });
    assert.equal(endless.state, 'failed');
    assert.match(endless.last.error, /output is larger than 65536 bytes \(output_max\): killed/);
    const noisy = await through(t, sh('head -c 100000000 /dev/zero | tr "\\0" x >&2; echo end >&2'));
    assert.equal(noisy.state, 'done');
    assert.ok(noisy.last.log.endsWith('end\n') && noisy.last.log.length <= 4096);
    const closed = await through(t, sh('exec <&-; sleep 0.1; echo 1'), { data: { pad: 'x'.repeat(1 << 20) } });
    assert.deepEqual([closed.state, closed.last.output], ['done', 1]);
    const counted = await through(t, sh('wc -c'), { data: { pad: 'x'.repeat(1 << 20) } });
    assert.ok(Number(counted.last.output) > 1 << 20, String(counted.last.output));
  });

  test('a command has three descriptors and no more: nothing of the gateway is open in it', async (t) => {
    const { last } = await through(t, { command: ['ls', '-l', '/proc/self/fd'], ...(root && { user: 'nobody', dir: '/' }) });
    const open = [...last.output.matchAll(/ (\d+) -> (\S+)/g)].map(([, number, to]) => [number, to]).filter(([, to]) => !to.startsWith('/proc/'));
    assert.deepEqual(open.map(([number]) => number), ['0', '1', '2'], last.output);
  });

  test('limits of files and memory', async (t) => {
    const files = await through(t, sh('ulimit -n', { limits: { files: 33 } }));
    assert.equal(files.last.output, 33);
    const memory = await through(t, sh('ulimit -v', { limits: { memory: '512MiB' } }));
    assert.equal(memory.last.output, 512 * 1024);
  });

  test('another user, and a fork bomb under its limit of processes', { skip: !root && 'needs root' }, async (t) => {
    const mark = `mark-${randomUUID()}`;
    const who = await through(t, sh('id -un', { user: 'nobody', dir: '/' }));
    assert.equal(who.last.output, 'nobody');
    const bomb = `b() { b | b & }; b; : ${mark}; sleep 1000`;
    const bombed = await through(t, sh(bomb, { user: 'nobody', dir: '/', limits: { processes: 60 } }), {
      step: { timeout: '500ms', retry: { max: 1 } },
    });
    assert.equal(bombed.state, 'failed');
    await gone(mark);
  });

  test('commands run at once up to limits.commands', async (t) => {
    const gateway = await start(t, undefined, {
      limits: { commands: 2 },
      steps: Array.from({ length: 6 }, (_, i) => ({
        id: `s${i}`,
        needs: [],
        exec: sh('from=$(date +%s%N); sleep 0.15; echo "[$from, $(date +%s%N)]"'),
      })),
    });
    const run = await ended(gateway, await send(gateway));
    assert.equal(run.state, 'done');
    const spans = attemptsOf(run).map((attempt) => attempt.output);
    const together = spans.map(([from]) => spans.filter((other) => other[0] <= from && from < other[1]).length);
    assert.equal(Math.max(...together), 2, JSON.stringify(spans));
  });

  test('the process that starts commands, or the one that keeps a command, is killed: an attempt is lost, no more', async (t) => {
    const mark = `mark-${randomUUID()}`;
    const gateway = await start(t, sh(`[ -e second ] || { touch second; : ${mark}; while :; do sleep 1; done; }; echo 2`), {
      step: { retry: { ...fast, max: 3 } },
    });
    const event = await send(gateway);
    await until('the command to run', () => existsSync(join(gateway.dir, 'second')));
    const keepers = childrenOf(childrenOf(gateway.child.pid)[0]);
    assert.equal(keepers.length, 1);
    process.kill(keepers[0], 'SIGKILL');
    const run = await ended(gateway, event);
    assert.equal(run.state, 'done');
    assert.match(attemptsOf(run)[0].error, /^lost: the process that kept it was killed/);
    await gone(mark);
    process.kill(childrenOf(gateway.child.pid)[0], 'SIGKILL');
    assert.equal((await ended(gateway, await send(gateway))).state, 'done');
  });

  test('the process that starts commands is killed while one runs: the next one starts, the first one ends', async (t) => {
    const gateway = await start(t, sh('touch "$HOOKLATCH_RUN"; while [ ! -e end ]; do sleep 0.02; done; echo 1'));
    const first = await send(gateway);
    await until('the command to run', () => readdirSync(gateway.dir).filter((name) => /^[0-9a-f-]{36}$/.test(name)).length === 1);
    process.kill(childrenOf(gateway.child.pid)[0], 'SIGKILL');
    const second = await send(gateway);
    await until('the second command to run', () => readdirSync(gateway.dir).filter((name) => /^[0-9a-f-]{36}$/.test(name)).length === 2);
    writeFileSync(join(gateway.dir, 'end'), '');
    assert.deepEqual([(await ended(gateway, first)).state, (await ended(gateway, second)).state], ['done', 'done']);
  });

  test('an older run goes on without the folder and the program that its workflow had, but for the step that needs them', async (t) => {
    const steps = (dir) => [
      { id: 'a', exec: sh('touch begun; while [ ! -e ../end ]; do sleep 0.02; done; echo 1', { dir }), retry: fast },
      { id: 'b', exec: sh('echo 2'), retry: fast },
    ];
    const gateway = await Gateway.prepare(
      t,
      {
        sources: { shop: source('standard-webhooks', { event: { type: 'shop.{/kind}' } }) },
        workflows: [{ id: 'flow', on: 'shop.**', steps: steps('old') }],
      },
      { files: { 'old/x': '' } },
    );
    await gateway.serve();
    const event = await send(gateway);
    await until('the command to run', () => existsSync(join(gateway.dir, 'old/begun')));
    gateway.configure({ ...gateway.config, workflows: [{ id: 'flow', on: 'shop.**', steps: steps('.').slice(1) }] });
    await gateway.call(api.reload);
    writeFileSync(join(gateway.dir, 'end'), '');
    rmSync(join(gateway.dir, 'old'), { recursive: true });
    await gateway.restart();
    const run = await ended(gateway, event);
    assert.deepEqual(stepsOf(run).map((step) => step.state), ['done', 'done']);
  });

  test('kill -9 of the gateway, again and again: no child is left, every step ends under one key', async (t) => {
    const cycles = Number(process.env.HOOKLATCH_CRASH_CYCLES ?? 20);
    const mark = `mark-${randomUUID()}`;
    const gateway = await start(t, undefined, {
      limits: { commands: 4 },
      steps: [
        { id: 'slow', exec: sh(`echo "$HOOKLATCH_RUN $HOOKLATCH_KEY" >>keys; setsid sh -c 'sleep 60; : ${mark}' >/dev/null 2>&1 & sleep 0.05; : ${mark}; echo 1`), retry: { ...fast, max: 90 } },
        { id: 'after', exec: { command: ['true'] } },
      ],
    });
    const events = [];
    for (let i = 0; i < cycles; i++) {
      for (let k = 0; k < 4; k++) events.push(await send(gateway));
      await until('a command to run', () => marked(mark).length > 0);
      await gateway.kill9();
      await gone(mark);
      await gateway.serve();
    }
    for (const event of events) {
      assert.equal((await ended(gateway, event, 60)).state, 'done');
    }
    const keys = new Map();
    for (const line of readFileSync(join(gateway.dir, 'keys'), 'utf8').trim().split('\n')) {
      const [run, key] = line.split(' ');
      keys.set(run, (keys.get(run) ?? new Set()).add(key));
    }
    assert.equal(keys.size, events.length);
    assert.ok([...keys.values()].every((set) => set.size === 1));
    await gone(mark);
  });

  test('SIGTERM: commands under way may end; what takes too long is cut and given back', async (t) => {
    const mark = `mark-${randomUUID()}`;
    const gateway = await start(t, sh(`touch begun; : ${mark}; while [ ! -e end ]; do sleep 0.02; done; echo 1`), { limits: { shutdown_timeout: '30s' } });
    const event = await send(gateway);
    await until('the command to run', () => existsSync(join(gateway.dir, 'begun')));
    gateway.child.kill('SIGTERM');
    await until('the drain', () => gateway.logs.includes('msg=stopping'));
    writeFileSync(join(gateway.dir, 'end'), '');
    assert.deepEqual(await gateway.ended, { code: 0, signal: null });
    await gateway.serve();
    const run = await ended(gateway, event);
    assert.deepEqual([run.state, attemptsOf(run).length], ['done', 1]);
    await gone(mark);
  });

  test('check shows what a good configuration runs', async (t) => {
    const gateway = await Gateway.prepare(t, {
      sources: { shop: source('standard-webhooks', { event: { type: 'a' } }) },
      workflows: [{ id: 'flow', on: 'a', steps: [{ id: 'a', exec: { command: ['true'] } }, { id: 'b', plugin: { name: 'hello' } }] }],
    });
    const { code, stdout } = await hooklatch(['check', '-c', gateway.file]);
    assert.equal(code, 0);
    assert.match(stdout, /^ {2}step a: command \/.*\/true\n {2}step b: plugin hello$/m);
  });

  test('a command that is not there, or cannot be run, is an error of the configuration', async (t) => {
    const gateway = await Gateway.prepare(t, {
      sources: { shop: source('standard-webhooks', { event: { type: 'a' } }) },
      workflows: [
        {
          id: 'flow',
          on: 'a',
          steps: [
            { id: 'a', exec: { command: ['no-such-program'] } },
            { id: 'b', exec: { command: ['./script'] } },
            { id: 'c', exec: { command: ['/etc/passwd'], dir: 'nowhere', user: 'nobody-at-all' } },
            { id: 'd', exec: { command: ['true'] }, http: { endpoint: 'x' } },
            { id: 'e' },
          ],
        },
      ],
    });
    const { code, stderr } = await hooklatch(['check', '-c', gateway.file]);
    assert.equal(code, 1);
    for (const words of [
      /there is no program "no-such-program" in PATH\n {4}hint: install it, or write its whole path/,
      /script is no program: there is no such file/,
      /\/etc\/passwd is no program: it is not an executable file/,
      /there is no folder .*\/nowhere/,
      /there is no user "nobody-at-all"/,
      /a step does one thing, of http, exec and plugin/,
      /the step has nothing to do\n {4}hint: add http/,
    ]) {
      assert.match(stderr, words);
    }
  });
});
