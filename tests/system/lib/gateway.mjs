// The real binary with a generated configuration in a folder of its own.
//   const gateway = await Gateway.start(t, { sources: {…}, workflows: […] });
//   await gateway.post('github', body, headers);   await gateway.get(api.events);
// It is ended (SIGTERM, exit 0 asserted) when the test ends; its log is shown when the test has failed, always with HOOKLATCH_TEST_LOG=1.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { itemsOf, nextOf, pageQuery } from './words.mjs';
import { until, within } from './wait.mjs';

export const binary = resolve(process.env.HOOKLATCH ?? 'hooklatch');

// Stands in for a test's context where something lives as long as a suite: after(() => scope.end()).
export class Scope {
  #todo = [];

  after(what) {
    this.#todo.unshift(what);
  }

  diagnostic(text) {
    console.log(text);
  }

  async end() {
    for (const what of this.#todo.splice(0)) {
      await what();
    }
  }
}

// Below the ports that the kernel gives to outgoing connections and to listeners without a wish: nobody takes it meanwhile.
export async function freePort() {
  for (;;) {
    const server = createServer();
    const free = new Promise((done) => {
      server.once('error', () => done(false));
      server.listen(10000 + Math.floor(Math.random() * 22000), '127.0.0.1', () => done(true));
    });
    if (await free) {
      const { port } = server.address();
      server.close();
      await once(server, 'close');
      return port;
    }
  }
}

// Deep merge of plain objects, for configurations put together from parts.
export function merge(base, more) {
  const both = { ...base };
  for (const [key, value] of Object.entries(more ?? {})) {
    const mergeable = [base?.[key], value].every(
      (side) => side !== null && typeof side === 'object' && !Array.isArray(side),
    );
    both[key] = mergeable ? merge(base[key], value) : value;
  }
  return both;
}

// One run of the binary to its end: { code, stdout, stderr }.
export function hooklatch(args, options = {}) {
  return new Promise((done) => {
    const child = execFile(binary, args, { maxBuffer: 64 << 20, timeout: 240000, ...options }, (error, stdout, stderr) => {
      done({
        code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1,
        signal: error?.signal,
        stdout,
        stderr,
      });
    });
    child.stdin.on('error', () => {}); // EPIPE: it may have ended without reading any of it
    child.stdin.end(options.input ?? '');
  });
}

export class Gateway {
  // options: files {name: text or object}, env, dir (default: a new temporary one), all beside the configuration itself.
  static async start(t, config, options = {}) {
    const gateway = await Gateway.prepare(t, config, options);
    await gateway.serve();
    return gateway;
  }

  // Folder and configuration, but nothing started yet.
  static async prepare(t, config, options = {}) {
    const gateway = new Gateway();
    gateway.dir = options.dir ?? mkdtempSync(join(tmpdir(), 'hooklatch-test-'));
    gateway.env = options.env ?? {};
    gateway.logs = '';
    gateway.ingest = await freePort();
    gateway.admin = await freePort();
    gateway.file = join(gateway.dir, 'hooklatch.yaml');
    for (const [name, content] of Object.entries(options.files ?? {})) {
      mkdirSync(dirname(join(gateway.dir, name)), { recursive: true });
      writeFileSync(join(gateway.dir, name), typeof content === 'string' ? content : JSON.stringify(content));
    }
    gateway.configure(config);
    t.after(async () => {
      try {
        await gateway.stop();
      } finally {
        if (t.passed === false || process.env.HOOKLATCH_TEST_LOG) {
          t.diagnostic(`log of the gateway:\n${gateway.logs.slice(-8000)}`);
        }
        if (options.dir === undefined) {
          rmSync(gateway.dir, { recursive: true, force: true });
        }
      }
    });
    return gateway;
  }

  // JSON is YAML: no writer of our own.
  configure(config) {
    this.config = merge(
      {
        listen: { ingest: `127.0.0.1:${this.ingest}`, admin: `127.0.0.1:${this.admin}` },
        store: 'sqlite:hooklatch.db',
      },
      config,
    );
    writeFileSync(this.file, JSON.stringify(this.config, null, 2), { mode: 0o600 });
  }

  // As it is, and more of it as YAML: an example of the documentation.
  configureWith(yaml) {
    const rest = Object.entries(this.config).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`);
    writeFileSync(this.file, `${rest.join('')}${yaml}`, { mode: 0o600 });
  }

  get database() {
    return resolve(this.dir, this.config.store.replace(/^sqlite:/, ''));
  }

  get running() {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  spawn() {
    this.child = spawn(binary, ['serve', '-c', this.file], {
      cwd: this.dir,
      env: { ...process.env, ...this.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.ended = once(this.child, 'close').then(([code, signal]) => ({ code, signal }));
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this.logs += text;
      });
    }
  }

  async serve() {
    this.spawn();
    await until(
      () => `the gateway to be ready; its log:\n${this.logs.slice(-4000)}`,
      async () => {
        if (!this.running) {
          throw new Error(
            `the gateway has ended (${this.child.exitCode ?? this.child.signalCode}):\n${this.logs.slice(-4000)}`,
          );
        }
        return fetch(`http://127.0.0.1:${this.admin}/readyz`).then(
          (answer) => answer.arrayBuffer().then(() => answer.ok),
          () => false,
        );
      },
      60,
    );
    this.token = readFileSync(`${this.database}.token`, 'utf8').trim();
  }

  // Starts it where it must refuse: { code, logs }.
  async refusesToStart() {
    this.spawn();
    const { code } = await within('the gateway to refuse to start', this.ended, 30);
    return { code, logs: this.logs };
  }

  async stop() {
    if (this.running) {
      this.child.kill('SIGTERM');
      const { code, signal } = await within(`the gateway to end; its log:\n${this.logs.slice(-4000)}`, this.ended, 60);
      assert.deepEqual(
        { code, signal },
        { code: 0, signal: null },
        `the end after SIGTERM; log:\n${this.logs.slice(-4000)}`,
      );
    }
  }

  async kill9() {
    this.child.kill('SIGKILL');
    await within('the end of a gateway that was killed, and of whoever holds its output', this.ended, 60);
  }

  async restart() {
    await this.stop();
    await this.serve();
  }

  // One webhook: { status, headers, text, json }.
  async post(source, body, headers = {}, options = {}) {
    return answered(
      await fetch(`http://127.0.0.1:${this.ingest}/webhooks/${source}`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', ...headers },
        redirect: 'manual',
        ...options,
      }),
    );
  }

  async request(path, options = {}) {
    const headers = { authorization: `Bearer ${this.token}`, ...options.headers };
    return answered(await fetch(`http://127.0.0.1:${this.admin}${path}`, { redirect: 'manual', ...options, headers }));
  }

  // The API: JSON of a 2xx, else an error with the answer in it.
  async get(path) {
    return this.must('GET', path);
  }

  async call(path, body) {
    return this.must('POST', path, body);
  }

  async must(method, path, body) {
    const options =
      body === undefined
        ? { method }
        : { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const answer = await this.request(path, options);
    assert.ok(answer.status >= 200 && answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.json;
  }

  // All items of a list, page by page.
  async list(path) {
    const items = [];
    for (
      let page = await this.get(path);
      ;
      page = await this.get(`${path}${path.includes('?') ? '&' : '?'}${pageQuery(nextOf(page))}`)
    ) {
      items.push(...itemsOf(page));
      if (!nextOf(page)) {
        return items;
      }
    }
  }
}

async function answered(answer) {
  const text = await answer.text();
  let json;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: answer.status, headers: answer.headers, text, json };
}

// RFC 9457: every 4xx and 5xx says what is wrong in the same form.
export function assertProblem(answer, status, detail) {
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json\b/, answer.text);
  assert.equal(typeof answer.json?.type, 'string', answer.text);
  assert.equal(typeof answer.json.title, 'string', answer.text);
  assert.equal(answer.json.status, status, answer.text);
  assert.ok(typeof answer.json.detail === 'string' && answer.json.detail.length > 0, answer.text);
  if (detail) {
    assert.match(answer.json.detail, detail);
  }
  return answer.json;
}
