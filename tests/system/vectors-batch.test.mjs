// hooklatch verify --batch: the shared verification vectors, and how it behaves as a process.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { suite, test } from 'node:test';
import { binary, hooklatch } from './lib/gateway.mjs';
import { github, secrets } from './lib/sign.mjs';
import { assertAnswered, title, vectors, vectorsFile } from './lib/vectors.mjs';
import { within } from './lib/wait.mjs';

const batch = async (lines) => {
  const run = await hooklatch(['verify', '--batch'], {
    input: lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''),
  });
  const answers = run.stdout.split('\n').slice(0, -1).map((line) => JSON.parse(line));
  assert.equal(answers.length, lines.length, run.stderr);
  return { code: run.code, answers };
};

const { code, answers } = vectors ? await batch(vectors) : {};

suite('the shared vectors', { skip: vectors ? false : `no ${vectorsFile}` }, () => {
  test('every line was judged', () => {
    assert.ok(vectors.length >= 397, String(vectors.length));
    assert.deepEqual(answers.filter(({ error }) => error !== undefined), []);
    assert.equal(code, 0);
  });

  for (const [index, vector] of (vectors ?? []).entries()) {
    test(title(vector), () => {
      const { expect, id } = vector;
      const answer = answers[index];
      assert.deepEqual([answer.id, answer.result], [id, expect.result], JSON.stringify(answer));
      for (const member of ['reason', 'event_type', 'delivery_id', 'handshake']) {
        if (expect[member] !== undefined) {
          assert.equal(answer[member], expect[member], member);
        }
      }
      if (expect.result === 'handshake') {
        assertAnswered(assert, expect, { ...answer, headers: new Headers(answer.headers) });
      } else {
        assert.deepEqual(Object.keys(answer).filter((key) => ['status', 'headers', 'body'].includes(key)), []);
      }
    });
  }
});

const body = '{"zen":"Keep it logically awesome."}';
const signed = {
  provider: 'github',
  request: {
    method: 'POST',
    url: 'https://example.com/hooks',
    headers: Object.entries(github(body, { event: 'ping', delivery: 'one' })),
    body_b64: Buffer.from(body).toString('base64'),
  },
  secrets: [secrets.github],
};

suite('as a process', () => {
  test('a line is answered before the next one is asked for', async () => {
    const child = spawn(binary, ['verify', '--batch'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const ended = once(child, 'close');
    const results = [];
    for (const line of [signed, { ...signed, secrets: ['another'] }, 'no JSON', signed]) {
      child.stdin.write(`${JSON.stringify(line)}\n`);
      results.push(JSON.parse((await within('the answer to a line', lines.next(), 20)).value));
    }
    child.stdin.end();
    const [code] = await within('the end after standard input', ended, 20);
    assert.deepEqual(
      results.map(({ result, error }) => result ?? typeof error),
      ['accept', 'reject', 'string', 'accept'],
    );
    assert.equal(code, 2);
  });

  test('nothing asked, nothing answered', async () => {
    assert.deepEqual(await batch([]), { code: 0, answers: [] });
  });

  test('a last line without a newline counts', async () => {
    const run = await hooklatch(['verify', '--batch'], { input: JSON.stringify(signed) });
    assert.equal(JSON.parse(run.stdout).result, 'accept');
    assert.equal(run.code, 0);
  });

  test('the members of a verdict', async () => {
    const run = await batch([signed, { ...signed, id: [1], secrets: ['another'] }]);
    assert.deepEqual(run.answers, [
      { result: 'accept', reason: 'ok', event_type: 'ping', delivery_id: 'one' },
      { result: 'reject', reason: 'bad-signature', id: [1] },
    ]);
  });

  test('what is wrong with a line is said, and the run goes on', async () => {
    const request = (changes) => ({ ...signed, request: { ...signed.request, ...changes } });
    const wrong = [
      ['', /expected a JSON value/],
      ['[1', /line 1, column 3/],
      ['[]', /must be \{"provider"/],
      [{ ...signed, provider: undefined }, /"provider" is absent/],
      [{ ...signed, provider: 'gitub' }, /no provider "gitub"/],
      [{ ...signed, provider: '/nowhere/shop.yaml' }, /\/nowhere\/shop\.yaml: /],
      [{ ...signed, request: undefined }, /must be \{"provider"/],
      [{ ...signed, secrets: undefined }, /at least one secret/],
      [{ ...signed, secrets: [''] }, /secret number 1 is empty/],
      [{ ...signed, secrets: 'x' }, /"secrets" must be an array/],
      [{ ...signed, secrets: [1] }, /"secrets" must be an array of strings/],
      [{ ...signed, params: [] }, /"params" must be an object/],
      [{ ...signed, now: '1700000000' }, /"now" must be seconds/],
      [{ ...signed, now: -1 }, /"now" must be seconds/],
      [request({ url: 'example.com' }), /has to begin with https:/],
      [request({ headers: { a: 'b' } }), /"headers" must be an array/],
      [request({ headers: [['a', 'b', 'c']] }), /\[name, value\]/],
      [request({ body_b64: 'a' }), /"body_b64" is not base64/],
      [request({ body_gen: { unit_b64: 'YWE=', count: 1e9 } }), /32 MiB/],
      [request({ body_gen: { unit_b64: 'YWE=', count: -1 } }), /"count"/],
      [`{"provider":"github","provider":"slack","request":{}}`, /duplicate key/],
    ];
    const run = await batch([...wrong.map(([line]) => line), signed]);
    for (const [index, [, words]] of wrong.entries()) {
      assert.match(run.answers[index].error, words);
    }
    assert.equal(run.answers.at(-1).result, 'accept');
    assert.equal(run.code, 2);
  });

  test("a provider of one's own, and the first event of a body that is split", async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'hooklatch-batch-'));
    t.after(() => rmSync(dir, { recursive: true }));
    const provider = join(dir, 'shop.yaml');
    writeFileSync(
      provider,
      'id: shop\nscheme: token\nsignature: {name: X-Token}\nsplit: /list/*\n' +
        'event_type: [{in: item, name: /kind}]\ndelivery_id: [{in: item, name: /id}]\n',
    );
    const ask = (text) => ({
      provider,
      request: { headers: [['X-Token', ' secret ']], body_b64: Buffer.from(text).toString('base64') },
      secrets: ['old', 'secret'],
    });
    const run = await batch([
      ask('{"list":[{"kind":"paid","id":7},{"kind":"sent","id":8}]}'),
      ask('{"list":[]}'),
      ask('no JSON'),
    ]);
    assert.deepEqual(run.answers[0], { result: 'accept', reason: 'ok', event_type: 'paid', delivery_id: '7' });
    assert.deepEqual(run.answers[1], { result: 'accept', reason: 'ok' });
    assert.deepEqual(run.answers[2], { result: 'accept', reason: 'ok' });
  });

  test('--batch goes with no other word', async () => {
    const run = await hooklatch(['verify', '--batch', 'x']);
    assert.equal(run.code, 2);
    assert.match(run.stderr, /usage: hooklatch verify/);
  });
});
