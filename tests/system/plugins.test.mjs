// Steps that are plugins: what they do well, and that whatever they do badly costs an attempt and nothing else.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, suite, test } from 'node:test';
import { StepEndpoint } from './lib/endpoint.mjs';
import { binary, Gateway, hooklatch } from './lib/gateway.mjs';
import { childrenOf, gone, marked } from './lib/processes.mjs';
import { ended } from './lib/runs.mjs';
import { source, standardWebhooks } from './lib/sign.mjs';
import { until } from './lib/wait.mjs';
import { api, attemptsOf, stepsOf } from './lib/words.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const sanitized = readFileSync(binary).includes('__asan_init') || readFileSync(binary).includes('__tsan_init');
const fast = { max: 2, base: '20ms', factor: 1, cap: '20ms' };
let folder; // of trouble.so

function compile(source, name, ...flags) {
  execFileSync('cc', ['-shared', '-fPIC', '-I', join(here, '../../plugins'), ...flags, '-o', join(folder, `${name}.so`), source]);
}

async function start(t, steps, more = {}, options = {}) {
  return Gateway.start(
    t,
    {
      sources: { shop: source('standard-webhooks', { event: { type: 'shop.{/kind}', subject: '{/id}' } }) },
      plugin_path: [folder],
      workflows: [{ id: 'flow', on: 'shop.**', steps }],
      ...more,
    },
    options,
  );
}
const trouble = (more = {}) => ({ id: 'run', plugin: { name: 'trouble' }, retry: fast, ...more });

async function send(gateway, data = {}) {
  const body = typeof data === 'string' ? data : JSON.stringify({ kind: 'order', id: 17, n: randomUUID(), ...data });
  const answer = await gateway.post('shop', body, standardWebhooks(body));
  assert.equal(answer.json?.status, 'accepted', answer.text);
  return answer.json.id;
}

const runOf = async (gateway, data) => ended(gateway, await send(gateway, data), 60);
const lastOf = (run) => attemptsOf(run).at(-1);

suite('plugins', () => {
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'hooklatch-plugins-'));
    compile(join(here, 'plugins/trouble.c'), 'trouble');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('the examples of the documentation: a workflow, and a plugin from an empty folder', async (t) => {
    const text = readFileSync(join(here, '../../docs/plugins.md'), 'utf8');
    const gateway = await Gateway.prepare(t, { sources: { shop: source('standard-webhooks', { event: { type: 'shop.{/kind}' } }) } });
    gateway.configureWith(/```yaml\n(workflows:\n[\s\S]*?)```/.exec(text)[1]);
    await gateway.serve();
    const run = await runOf(gateway, { kind: 'order.paid', id: 9007199254740993, items: [{ price: 19.9 }, { price: 5 }] });
    assert.equal(run.state, 'done');
    assert.match(readFileSync(join(gateway.dir, 'ledger.ndjson'), 'utf8'), /^\{"id":\d+,"total":24.9\}\n$/);

    const empty = mkdtempSync(join(tmpdir(), 'hooklatch-hello-'));
    t.after(() => rmSync(empty, { recursive: true, force: true }));
    const code = /```c\n([\s\S]*?)```/.exec(text)[1];
    assert.equal(code, readFileSync(join(here, '../../plugins/hello.c'), 'utf8'), 'plugins/hello.c is the one of the documentation');
    writeFileSync(join(empty, 'hello.c'), code);
    const [build, ...rest2] = /```sh\n(cc [\s\S]*?)```/.exec(text)[1].trim().split('\n');
    const env = { ...process.env, PKG_CONFIG_PATH: join(dirname(binary), 'plugins'), PATH: `${dirname(binary)}:${process.env.PATH}` };
    execFileSync('sh', ['-ec', build], { cwd: empty, env });
    const out = execFileSync('sh', ['-ec', rest2.join('\n')], { cwd: empty, env, encoding: 'utf8' });
    assert.equal(out.trim(), /prints `(\{"greeting.*?\})`/.exec(text)[1]);
    mkdirSync(join(empty, 'plugins'));
    renameSync(join(empty, 'hello.so'), join(empty, 'plugins/hello.so'));
    writeFileSync(join(empty, 'hooks.yaml'), /```yaml\n(# hooks.yaml\n[\s\S]*?)```/.exec(text)[1]);
    assert.match((await hooklatch(['check', '-c', join(empty, 'hooks.yaml')])).stdout, /step greet: plugin hello\n.*good, 0 errors, 0 warnings/);
    const [, command, printed] = /```sh\n(echo .*)\n```\n\nprints `(.*)`/.exec(text);
    assert.equal(execFileSync('sh', ['-ec', command], { env, encoding: 'utf8' }).trim(), printed);
  });

  test('a crash, an exit, an endless loop, nonsense, too much or no output: an attempt each, and the next call is done', async (t) => {
    const gateway = await start(t, [trouble({ timeout: '400ms', plugin: { name: 'trouble', output_max: '64KiB' } })]);
    const words = {
      crash: /^the worker ended in the middle of it: killed by signal 11 \(Segmentation fault\) \(attempt 2 of 2, the last\)$/,
      exit: /^the worker ended in the middle of it: exit code 3/,
      loop: /^timed out after 400 ms: the worker was killed/,
      babble: /^its reply is none: the worker was killed/,
      flood: /^its output is larger than 65536 bytes \(output_max\)/,
      'no json': /^its output is no JSON: line 1, column 6: /,
      retry: /^not now \(attempt 2 of 2, the last\)/,
    };
    for (const [what, error] of Object.entries(words)) {
      const run = await runOf(gateway, { what });
      assert.equal(run.state, 'failed', what);
      assert.equal(attemptsOf(run).length, 2, what);
      assert.match(lastOf(run).error, error);
      assert.match(lastOf(run).log, new RegExp(`about to: ${what}\n$`), what);
      assert.equal((await runOf(gateway, { what: 'fine' })).state, 'done', `after ${what}`);
    }
    const fail = await runOf(gateway, { what: 'fail' });
    assert.deepEqual([fail.state, attemptsOf(fail).length, lastOf(fail).error], ['failed', 1, 'never']);
    const metrics = await gateway.request('/metrics');
    assert.match(metrics.text, /^hooklatch_plugin_workers_lost_total 8$/m);
  });

  test('memory beyond the limit: the attempt says so', { skip: sanitized && 'sanitizers need address space without end' }, async (t) => {
    const gateway = await start(t, [trouble()], { plugins: { trouble: { limits: { memory: '128MiB' } } } });
    const run = await runOf(gateway, { what: 'grow' });
    assert.equal(run.state, 'failed');
    assert.match(lastOf(run).error, /signal 6 \(Aborted\); it had 1[01]\d of the 128 MiB of memory that it may have/);
  });

  test('calls behind one that crashes lose nothing', async (t) => {
    const gateway = await start(t, [trouble()]);
    const wait = join(gateway.dir, 'wait');
    const first = await send(gateway, { what: 'wait', once: wait });
    await until('the first call to run', () => existsSync(wait));
    const crash = await send(gateway, { what: 'crash' });
    const fine = [];
    for (let i = 0; i < 20; i++) fine.push(await send(gateway, { what: 'fine' }));
    rmSync(wait);
    assert.equal((await ended(gateway, first)).state, 'done');
    assert.equal((await ended(gateway, crash)).state, 'failed');
    for (const event of fine) {
      const run = await ended(gateway, event);
      assert.deepEqual([run.state, attemptsOf(run).length], ['done', 1]);
    }
  });

  test('what an earlier call printed is not in the log of one that crashes', async (t) => {
    const gateway = await start(t, [trouble({ retry: { max: 1 } })]);
    assert.equal(lastOf(await runOf(gateway, { what: 'a secret of somebody else' })).log, 'about to: a secret of somebody else\n');
    const run = await runOf(gateway, { what: 'silent crash' });
    assert.match(lastOf(run).error, /signal 9/);
    assert.equal(lastOf(run).log ?? '', '');
  });

  test('calls that wait for a plugin when it leaves the configuration, and its worker ends', async (t) => {
    const gateway = await start(t, [trouble({ retry: { max: 1 } })]);
    const pid = lastOf(await runOf(gateway, { what: 'pid' })).output;
    const wait = join(gateway.dir, 'wait');
    const first = await send(gateway, { what: 'wait', once: wait });
    await until('the first call to run', () => existsSync(wait));
    const behind = [await send(gateway, { what: 'fine' }), await send(gateway, { what: 'fine' })];
    gateway.configure({ ...gateway.config, workflows: [] });
    await gateway.call(api.reload);
    process.kill(pid, 'SIGKILL');
    for (const event of [first, ...behind]) assert.equal((await ended(gateway, event)).state, 'failed');
    assert.match(lastOf(await ended(gateway, behind[0])).error, /^not started: the plugin is not in the configuration any more/);
  });

  test('several workers: a short call does not wait behind a long one', async (t) => {
    const gateway = await start(t, [trouble()], { plugins: { trouble: { workers: 2 } } });
    const waits = ['long', 'short'].map((name) => join(gateway.dir, name));
    const events = [];
    for (const once of waits) events.push(await send(gateway, { what: 'wait', once }));
    await until('both to run', () => waits.every((file) => existsSync(file)));
    for (let i = 0; i < 6; i++) events.push(await send(gateway, { what: 'fine' }));
    rmSync(waits[1]);
    for (const event of events.slice(1)) assert.equal((await ended(gateway, event)).state, 'done');
    rmSync(waits[0]);
    assert.equal((await ended(gateway, events[0])).state, 'done');
  });

  test('a worker killed from outside, in the middle of a call and between two', async (t) => {
    const gateway = await start(t, [trouble()]);
    const pid = async () => lastOf(await runOf(gateway, { what: 'pid' })).output;
    const one = await pid();
    process.kill(one, 'SIGKILL');
    await until('the worker to be gone', () => !existsSync(`/proc/${one}`));
    const two = await pid();
    assert.notEqual(two, one);
    const once = join(gateway.dir, 'once');
    const event = await send(gateway, { what: 'loop', once });
    await until('the call to run', () => existsSync(once));
    process.kill(two, 'SIGKILL');
    const run = await ended(gateway, event);
    assert.equal(run.state, 'done');
    assert.match(attemptsOf(run)[0].error, /killed by signal 9 \(Killed\)/);
  });

  test('what a plugin started goes with its worker', async (t) => {
    const mark = `mark-${randomUUID()}`;
    const gateway = await start(t, [trouble()]);
    assert.equal((await runOf(gateway, { what: 'child', mark })).state, 'done');
    await until('the child to run', () => marked(mark).length > 0);
    await runOf(gateway, { what: 'crash' });
    await gone(mark);
    assert.equal((await runOf(gateway, { what: 'child', mark })).state, 'done');
    await until('the child to run', () => marked(mark).length > 0);
    await gateway.stop();
    await gone(mark);
  });

  test('a worker has three descriptors that its children get, the environment listed, and prints into the log', async (t) => {
    const gateway = await start(
      t,
      [trouble()],
      { plugins: { trouble: { env: ['MY_LISTED'] } } },
      { env: { MY_LISTED: 'yes', MY_SECRET: 'never', LANG: 'C.UTF-8' } },
    );
    assert.deepEqual(lastOf(await runOf(gateway, { what: 'fds' })).output, [0, 1, 2]);
    assert.equal(lastOf(await runOf(gateway, { what: 'print' })).log, 'about to: print\non standard output\n');
    const { log } = lastOf(await runOf(gateway, { what: 'env' }));
    const names = log.split('\n').slice(1).map((line) => line.split('=')[0]).filter(Boolean);
    assert.deepEqual(names.sort(), ['LANG', 'MY_LISTED', 'PATH']);
  });

  test('workers: as many calls at once', async (t) => {
    const gateway = await start(t, [trouble()], { plugins: { trouble: { workers: 3 } } });
    const waits = [0, 1, 2].map((i) => join(gateway.dir, `wait${i}`));
    const events = [];
    for (const once of waits) events.push(await send(gateway, { what: 'wait', once }));
    await until('three calls to run', () => waits.every((file) => existsSync(file)));
    for (const file of waits) rmSync(file);
    for (const event of events) assert.equal((await ended(gateway, event)).state, 'done');
  });

  test('a plugin that is replaced is loaded anew by a reload; what it does is done by the old one', async (t) => {
    const own = mkdtempSync(join(tmpdir(), 'hooklatch-plugins-'));
    t.after(() => rmSync(own, { recursive: true, force: true }));
    copyFileSync(join(folder, 'trouble.so'), join(own, 'trouble.so'));
    const gateway = await start(t, [trouble()], { plugin_path: [own] });
    const pid = async () => lastOf(await runOf(gateway, { what: 'pid' })).output;
    const old = await pid();
    await gateway.call(api.reload);
    assert.equal(await pid(), old, 'nothing changed');
    const once = join(gateway.dir, 'wait');
    const event = await send(gateway, { what: 'wait', once });
    await until('the call to run', () => existsSync(once));
    copyFileSync(join(folder, 'trouble.so'), join(own, 'new'));
    renameSync(join(own, 'new'), join(own, 'trouble.so'));
    await gateway.call(api.reload);
    const fresh = await pid();
    assert.notEqual(fresh, old);
    rmSync(once);
    const run = await ended(gateway, event);
    assert.deepEqual([run.state, attemptsOf(run).length], ['done', 1]);
    await until('the old worker to be gone', () => !existsSync(`/proc/${old}`));
    assert.equal(await pid(), fresh);
  });

  test('open says no: tried again, or at once for good', async (t) => {
    const gateway = await start(t, [trouble({ plugin: { name: 'trouble', args: { open: 'retry' } } })]);
    const run = await runOf(gateway, {});
    assert.deepEqual([run.state, attemptsOf(run).length], ['failed', 2]);
    assert.match(lastOf(run).error, /^its args are refused: it will not open \(attempt 2 of 2, the last\)$/);
    const fail = await hooklatch(['plugin', 'run', join(folder, 'trouble.so'), '--args', '{"open":"fail"}'], { input: '1' });
    assert.match(fail.stderr, /not done, for good: its args are refused: it will not open/);
  });

  test('configuration: what is missing, of another ABI, no plugin, or has wrong args is told with its place', async (t) => {
    compile(join(here, 'plugins/trouble.c'), 'old', '-DOTHER_ABI=0');
    compile(join(here, 'plugins/trouble.c'), 'small', '-DSMALL');
    compile(join(here, 'plugins/trouble.c'), 'renamed');
    for (const [i, answer] of ['{}', '[]', '{"name":7}', 'x'].entries()) compile(join(here, 'plugins/trouble.c'), `bad${i}`, `-DBAD_ANSWER=${JSON.stringify(answer)}`);
    writeFileSync(join(folder, 'text.so'), 'no shared object');
    t.after(() => ['old', 'small', 'renamed', 'text', 'bad0', 'bad1', 'bad2', 'bad3'].forEach((name) => rmSync(join(folder, `${name}.so`))));
    const names = ['missing', 'troubel', 'old', 'small', 'renamed', 'text', 'bad0', 'bad1', 'bad2', 'bad3'];
    const steps = names.map((name) => ({ id: name, plugin: { name } }));
    steps.push({ id: 'open', plugin: { name: 'trouble', args: { open: 'fail' } } });
    steps.push({ id: 'syntax', plugin: { name: 'jq', args: { filter: '.input[' } } });
    steps.push({ id: 'args', plugin: { name: 'trouble', args: { n: 'x', m: 1 } } }, { id: 'jq', plugin: { name: 'jq' } });
    const gateway = await Gateway.prepare(t, {
      sources: { shop: source('standard-webhooks', { event: { type: 'a' } }) },
      plugin_path: [folder, 'nowhere'],
      workflows: [{ id: 'flow', on: 'a', steps }],
    });
    const { code, stderr } = await hooklatch(['check', '-c', gateway.file]);
    assert.equal(code, 1);
    for (const words of [
      /there is no plugin "missing": no missing\.so in plugin_path, beside the binary, or in /,
      /there is no plugin "troubel".*\n {4}hint: did you mean "trouble"\?/,
      /old\.so is built for plugin ABI 0, this gateway has 1: build it again/,
      /small\.so says that its struct hl_step_plugin has 8 bytes, less than the \d+ that ABI 1 began with/,
      /renamed\.so: it calls itself "trouble": the file must be called trouble\.so/,
      /cannot load .*text\.so: /,
      ...[0, 1, 2, 3].map((i) => new RegExp(`bad${i}.so ends its process while it is loaded`)),
      /hooklatch\.yaml:\d+:\d+: error: workflows\[0\]\.steps\[12\]\.plugin\.args\.n: expected integer, found string/,
      /plugin\.args\.m: unknown property "m"\n {4}hint: "hooklatch plugins -c .*hooklatch\.yaml trouble" shows its settings/,
      /steps\[10\]\.plugin\.args: its args are refused: it will not open\n/,
      /steps\[11\]\.plugin\.args: its args are refused: the filter cannot be compiled: jq: error: syntax error, unexpected \$end at .*line 1:/,
      /plugin_path\[1\]: there is no folder .*nowhere/,
      /plugin: no args: required property "filter" is missing/,
    ]) {
      assert.match(stderr, words);
    }
  });

  test('a plugin that is gone when the gateway starts its worker: attempts fail with words, and it is tried again', async (t) => {
    const own = mkdtempSync(join(tmpdir(), 'hooklatch-plugins-'));
    t.after(() => rmSync(own, { recursive: true, force: true }));
    copyFileSync(join(folder, 'trouble.so'), join(own, 'trouble.so'));
    const gateway = await start(t, [trouble({ retry: { max: 50, base: '50ms', factor: 1, cap: '50ms' } })], { plugin_path: [own] });
    renameSync(join(own, 'trouble.so'), join(own, 'hidden'));
    const event = await send(gateway, { what: 'fine' });
    const run = await until('an attempt', async () => {
      const all = await gateway.list(`${api.runs}?event=${event}`);
      const one = all.length && (await gateway.get(api.run(all[0].id)));
      return one && attemptsOf(one).length > 0 && one;
    });
    assert.match(attemptsOf(run)[0].error, /^not started: cannot load .*trouble\.so/);
    renameSync(join(own, 'hidden'), join(own, 'trouble.so'));
    assert.equal((await ended(gateway, event)).state, 'done');
  });

  test('kill -9 of the gateway with all kinds under way: no child is left, every step ends under one key', async (t) => {
    const cycles = Number(process.env.HOOKLATCH_CRASH_CYCLES ?? 20);
    const mark = `mark-${randomUUID()}`;
    const endpoint = await StepEndpoint.start(t);
    const often = { max: 90, base: '20ms', factor: 1, cap: '20ms' };
    const gateway = await start(t, [
      { id: 'shape', plugin: { name: 'jq', args: { filter: `{what: "child", mark: "${mark}", id: .input.id}` } }, retry: often },
      { id: 'child', plugin: { name: 'trouble' }, input: '{/steps/shape}', retry: often },
      { id: 'line', needs: ['shape'], plugin: { name: 'file', args: { path: 'lines', line: 'document' } }, retry: often },
      { id: 'slow', needs: [], exec: { command: ['/bin/sh', '-c', `echo "$HOOKLATCH_RUN $HOOKLATCH_KEY" >>keys; sleep 0.05; : ${mark}; echo 1`] }, retry: often },
      { id: 'call', needs: [], http: { endpoint: 'steps' }, retry: often },
    ], { endpoints: { steps: endpoint.declaration } });
    const events = [];
    for (let i = 0; i < cycles; i++) {
      for (let k = 0; k < 4; k++) events.push(await send(gateway));
      await until('something to run', () => marked(mark).length > 0);
      await gateway.kill9();
      await gone(mark);
      await gateway.serve();
    }
    for (const event of events) {
      assert.deepEqual(stepsOf(await ended(gateway, event, 60)).map((step) => step.state), ['done', 'done', 'done', 'done', 'done']);
    }
    const runs = new Set();
    for (const line of readFileSync(join(gateway.dir, 'lines'), 'utf8').trim().split('\n')) {
      runs.add(JSON.parse(line).run.id); // whole lines, whatever was cut off
    }
    assert.equal(runs.size, events.length);
    const keys = endpoint.calls.map((call) => [call.body.run.id, call.headers['idempotency-key']]);
    keys.push(...readFileSync(join(gateway.dir, 'keys'), 'utf8').trim().split('\n').map((line) => line.split(' ')));
    assert.equal(new Set(keys.map((key) => key.join())).size, 2 * events.length, 'one key for all attempts of a step');
    await gateway.stop();
    await gone(mark);
  });

  test('jq: numbers and digits as they came, or refused', async (t) => {
    const jq = async (filter, input) => {
      const { code, stdout, stderr } = await hooklatch(['plugin', 'run', 'jq', '--args', JSON.stringify({ filter }), '-'], { input });
      return code === 0 ? stdout.trimEnd() : stderr;
    };
    const data = '{"big":9007199254740993,"huge":1e400,"tiny":1e-400,"long":0.12345678901234567890,"price":19.90,"neg":-9007199254740993}';
    assert.equal(await jq('.input', data), data.replace('19.90', '19.9'));
    assert.equal(await jq('[.input.big, .input.big, .input.neg]', data), '[9007199254740993,9007199254740993,-9007199254740993]');
    assert.equal(await jq('.input.price * 2', data), '39.8');
    assert.equal(await jq('[.input.big > 1, .input.neg < 0, .input.huge > .input.big, .input.neg < .input.tiny, .input.tiny < .input.long]', data), '[true,true,true,true,true]');
    assert.equal(await jq('[.input[]] | sort', '[9007199254740999,-9007199254740997,1e400,9007199254740993,0.12345678901234567891,0.12345678901234567890]'), '[-9007199254740997,0.12345678901234567890,0.12345678901234567891,9007199254740993,9007199254740999,1e400]');
    // An addend below the last place, two ids between the same doubles, oddness: nothing that two doubles next to each other would show.
    const ids = '{"a":1234567890123456789,"b":1234567890123456790,"fee":50}';
    assert.equal(await jq('{a: .input.a, fee: (.input.fee + 1)}', ids), '{"a":1234567890123456789,"fee":51}');
    for (const filter of ['.input.a + .input.fee', '.input.a == .input.b', '.input.a - .input.b', '.input.a % 2', '[.input.a, .input.b] | unique | length']) {
      assert.match(await jq(filter, ids), /depends on a number|^2$/, filter);
    }
    assert.match(await jq('.input.a == 9007199254740993', '{"a":1}'), /its args are refused: .*it has a number that no double stands for: 9007199254740993/);
    assert.equal(await jq('"9007199254740993 \\(.input.a) # 1" | ascii_downcase # 9007199254740993', '{"a":1}'), '"9007199254740993 1 # 1"');
    const many = `[${Array.from({ length: 40000 }, (_, i) => `12345678901234${String(i).padStart(5, '0')}`).join()}]`;
    assert.equal(await jq('.input', many), many, 'many of them take no quadratic time');
    for (const filter of ['.input.big + 1', '.input.big | tostring', '{(.input.big|tostring): 1}', '.input.long * 2']) {
      assert.match(await jq(filter, data), /not done, for good: the result depends on a number that jq.* does not have/, filter);
    }
    assert.equal(await jq('.input[0]', '[9007199254740993.1,9007199254740993.2]'), '9007199254740993.1');
    assert.equal(await jq('[.input[]]', '[1e22,0.1,100,0.30000000000000004,123456789012345680000,-0.0]'), '[1e+22,0.1,100,0.30000000000000004,123456789012345680000,-0]');
    assert.equal(await jq('.input', '{"s":"9007199254740993 \\\\\\" 1e400"}'), '{"s":"9007199254740993 \\\\\\" 1e400"}');
  });

  test('jq: errors in words; its environment has no secrets', async () => {
    const jq = (filter) =>
      hooklatch(['plugin', 'run', 'jq', '--args', JSON.stringify({ filter }), '-'], { input: '{"a":1}', env: { ...process.env, SECRET: 'x' } });
    assert.match((await jq('.a[')).stderr, /not done, for good: its args are refused: the filter cannot be compiled: .*syntax error/);
    assert.doesNotMatch((await jq('.a[')).stderr, /shell/);
    assert.match((await jq('1, 2')).stderr, /more than one output: put it into \[ \]/);
    assert.match((await jq('empty')).stderr, /no output/);
    assert.match((await jq('.input.a.b')).stderr, /Cannot index number with/);
    assert.equal((await jq('env | has("SECRET")')).stdout, 'false\n');
  });

  test('file: whole lines, rotation, and what was cut off is taken away', async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'hooklatch-file-'));
    t.after(() => rmSync(dir, { recursive: true, force: true }));
    const path = join(dir, 'log');
    const put = (input, more = {}) => hooklatch(['plugin', 'run', 'file', '--args', JSON.stringify({ path, ...more }), '-'], { input });
    assert.equal((await put('{"a":\n 9007199254740993}')).code, 0);
    assert.equal(readFileSync(path, 'utf8'), '{"a":  9007199254740993}\n');
    writeFileSync(path, '{"a":1}\n{"cut');
    await put('2');
    assert.equal(readFileSync(path, 'utf8'), '{"a":1}\n2\n');
    writeFileSync(path, '{"a":1}\n{"torn');
    await put('3', { rotate: 9 });
    assert.deepEqual([readFileSync(path, 'utf8'), readFileSync(`${path}.1`, 'utf8')], ['3\n', '{"a":1}\n']);
    assert.equal(readFileSync(`${path}.cut`, 'utf8'), '{"cut\n{"torn\n');
    rmSync(`${path}.1`);
    rmSync(`${path}.cut`);
    writeFileSync(path, '{"a":1}\n2\n');
    for (let i = 0; i < 6; i++) await put(`"line number ${i}"`, { rotate: 4e1, keep: 2 });
    assert.deepEqual(readdirSync(dir).sort(), ['log', 'log.1', 'log.2']);
    assert.equal(readFileSync(path, 'utf8'), '"line number 5"\n');
    assert.equal(readFileSync(`${path}.1`, 'utf8'), '"line number 3"\n"line number 4"\n');
    assert.match((await put('1', { path: join(dir, 'no/such') })).stderr, /worth another attempt: cannot append to .*no\/such: No such file/);
    assert.match((await put('1', { path: '/dev/full' })).stderr, /cannot append to \/dev\/full/);
  });

  test('plugins, plugin run: what is there, with its settings; what goes wrong', async () => {
    const { code, stdout } = await hooklatch(['plugins', 'jq', 'hello']);
    assert.equal(code, 0);
    assert.match(stdout, /^jq {2}\/.*\/jq\.so\n {2}shapes data with a jq program\n {4}filter {7}string, required: the program/m);
    assert.match(stdout, /^hello {2}/m);
    const all = await hooklatch(['plugins']);
    for (const name of ['file', 'hello', 'jq']) assert.match(all.stdout, new RegExp(`^${name} {2}/`, 'm'));
    const run = (...args) => hooklatch(['plugin', 'run', ...args], { input: '{"what":"crash"}' });
    assert.match((await run('nothing')).stderr, /there is no plugin "nothing": "hooklatch plugins" lists them/);
    assert.match((await run('jq', '--args', '{"filter":1}')).stderr, /--args\/filter: expected string/);
    assert.match((await run(join(folder, 'trouble.so'))).stderr, /the worker was killed by signal 11/);
    const does = (what, ...args) => hooklatch(['plugin', 'run', join(folder, 'trouble.so'), ...args], { input: JSON.stringify({ what }) });
    assert.match((await does('loop', '--timeout', '1')).stderr, /timed out after 1 s: the worker was killed/);
    const torn = await does('no json');
    assert.deepEqual([torn.code, torn.stdout], [1, '{"a":\n']);
    assert.match(torn.stderr, /its output is no JSON: line 1, column 6/);
    assert.match((await does('number')).stderr, /it returned 7, which is none of HL_DONE, HL_RETRY and HL_FAIL/);
    if (!sanitized) assert.match((await does('grow')).stderr, /the worker was killed by signal 6/);
  });
});
