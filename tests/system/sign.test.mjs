// hooklatch sign and send make requests that are valid, for every scheme that a secret can sign; wherever the signature stands.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { Gateway, Scope, hooklatch } from './lib/gateway.mjs';
import { bodyOf, schemeOf, vectors, vectorsFile } from './lib/vectors.mjs';

const dir = mkdtempSync(join(tmpdir(), 'hooklatch-sign-'));
after(() => rmSync(dir, { recursive: true }));

const pem = (kind, options) =>
  generateKeyPairSync(kind, options).privateKey.export({ type: 'pkcs8', format: 'pem' });
const privateKeys = {
  ed25519: pem('ed25519'),
  'ecdsa-p256': pem('ec', { namedCurve: 'P-256' }),
  rsa: pem('rsa', { modulusLength: 2048 }),
};
const file = (name, content) => {
  writeFileSync(join(dir, name), content);
  return join(dir, name);
};
const secretArgument = (name, secret) => ['--secret', `file:${file(name, secret)}`];

// One delivery of each provider that must be accepted: its body and content type are right, its signature is made anew.
const deliveries = [
  ...new Map(
    (vectors ?? [])
      .filter(({ kind, expect, request }) => kind === 'delivery' && expect.result === 'accept' && request.body_b64)
      .map((vector) => [vector.provider, vector]),
  ).values(),
];

async function signed(vector) {
  const { provider, params, request, secrets } = vector;
  const secret = privateKeys[schemeOf(provider)] ?? secrets[0]; // who signs by a key is stood in for with one of our own
  const kept = request.headers.filter(([name]) => /^content-type$/i.test(name));
  const run = await hooklatch([
    ...['sign', '--provider', provider, '--url', request.url, '--method', request.method, '--now', String(vector.now)],
    ...secretArgument(`${provider}.secret`, secret),
    ...kept.flatMap(([name, value]) => ['--header', `${name}: ${value}`]),
    ...Object.entries(params).flatMap(([name, value]) => ['--param', `${name}=${value}`]),
    ...['--output', 'json', file(`${provider}.body`, bodyOf(request))],
  ]);
  assert.equal(run.code, 0, `${provider}: ${run.stderr}`);
  const { headers, url, body_b64 } = JSON.parse(run.stdout);
  const { method } = request;
  return { ...vector, secrets: [secret], request: { method, url, headers: [...kept, ...headers], body_b64 } };
}

// Two at a time: each is a process.
async function signAll() {
  const rest = [...deliveries];
  const made = [];
  const work = async () => {
    for (let vector; (vector = rest.shift()) !== undefined;) {
      made.push(await signed(vector));
    }
  };
  await Promise.all([work(), work()]);
  return made;
}

test('what is signed is accepted, for every provider', { skip: vectors ? false : `no ${vectorsFile}` }, async () => {
  const requests = await signAll();
  const run = await hooklatch(['verify', '--batch'], { input: requests.map((one) => `${JSON.stringify(one)}\n`).join('') });
  const answers = run.stdout.split('\n').slice(0, -1).map((line) => JSON.parse(line));
  assert.ok(answers.length > 70, String(answers.length));
  assert.deepEqual(answers.filter(({ result }) => result !== 'accept'), []);
});

const scheme = (text) => file('shop.yaml', `id: shop\n${text}`);
const hmac = 'scheme: hmac\nhash: sha256\nencoding: hex\nsigned_content: ["{url}{body}"]\n';

suite('where the signature stands', () => {
  const sign = (provider, ...rest) =>
    hooklatch(['sign', '--provider', provider, '--secret', 'value:swordfish', '--url', 'https://example.com/h?a=1', ...rest]);

  test('in a header: one a line, as curl takes them', async () => {
    const run = await sign(scheme(`${hmac}signature: {name: X-Sig}\n`), file('a.json', '{"a":1}'));
    assert.deepEqual([run.code, run.stderr], [0, '']);
    assert.match(run.stdout, /^X-Sig: [0-9a-f]{64}\n$/);
  });

  test('in the query: standard error tells the URL', async () => {
    const provider = scheme('scheme: token\nsignature: {in: query, name: key}\n');
    const run = await sign(provider, file('a.json', '{}'));
    assert.deepEqual([run.code, run.stdout], [0, '']);
    assert.match(run.stderr, /the URL has to be https:\/\/example\.com\/h\?a=1&key=swordfish\n/);
    const json = JSON.parse((await sign(provider, '--output', 'json', file('a.json', '{}'))).stdout);
    assert.deepEqual(json, { headers: [], url: 'https://example.com/h?a=1&key=swordfish', body_b64: 'e30=' });
  });

  test('in the body: --body-to, or JSON', async () => {
    const provider = scheme('scheme: token\nsignature: {in: json, name: /auth/key}\n');
    const body = file('a.json', '{"n": 1.0, "auth": {}}');
    const bare = await sign(provider, body);
    assert.equal(bare.code, 1);
    assert.match(bare.stderr, /the signature stands in the body: --body-to FILE/);
    const run = await sign(provider, '--body-to', join(dir, 'b.json'), body);
    assert.deepEqual([run.code, run.stderr], [0, '']);
    const text = readFileSync(join(dir, 'b.json'), 'utf8');
    assert.deepEqual(JSON.parse(text).auth, { key: 'swordfish' });
    assert.match(text, /1\.0/);
    const { body_b64 } = JSON.parse((await sign(provider, '--output', 'json', body)).stdout);
    assert.equal(Buffer.from(body_b64, 'base64').toString(), text);
    const judged = await hooklatch(['verify', '--provider', provider, '--secret', 'value:swordfish', join(dir, 'b.json')]);
    assert.equal(judged.code, 0, judged.stdout);
  });

  test('what is wrong with the call is said', async () => {
    const provider = scheme('scheme: hmac\nhash: sha256\nencoding: hex\nsigned_content: ["{param:id}{body}"]\nsignature: {name: X-Sig}\nparams: {id: number of the webhook}\n');
    const without = await sign(provider, file('a.json', '{}'));
    assert.equal(without.code, 2);
    assert.match(without.stderr, /needs --param id=…: the number of the webhook/);
    assert.equal((await sign(provider, '--output', 'xml', file('a.json', '{}'))).code, 2);
    assert.equal((await sign(provider, '--show-signature', file('a.json', '{}'))).code, 2);
    const public_ = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' });
    const run = await hooklatch([
      ...['sign', '--provider', scheme('scheme: ed25519\nencoding: hex\nsecret: {decode: pem}\nsignature: {name: X-Sig}\nsigned_content: ["{body}"]\n')],
      ...secretArgument('public.pem', public_),
      file('a.json', '{}'),
    ]);
    assert.equal(run.code, 1);
    assert.match(run.stderr, /public key; to try it out give a private key of your own in PEM/);
  });
});

suite('send', () => {
  const scope = new Scope();
  let gateway;
  const own = (verify, more) => ({ verify, event: { type: 'x' }, secrets: [{ value: 'swordfish' }], ...more });
  const sources = {
    query: own({ scheme: 'token', signature: { in: 'query', name: 'key' } }),
    member: own({ scheme: 'token', signature: { in: 'json', name: '/auth/key' } }),
    digest: own({ scheme: 'digest', hash: 'sha1', encoding: 'hex', signature: { name: 'X-Sig' }, signed_content: ['{secret}{body}'] }),
    basic: own({ scheme: 'basic', signature: { name: 'Authorization', prefix: 'Basic ' } }, { secrets: [{ value: 'user:swordfish' }] }),
    token: own({ scheme: 'jwt', signature: { name: 'Authorization', prefix: 'Bearer ' }, jwt: { algs: ['HS256'], body_claim: 'sha256', body_hash: 'sha256', body_encoding: 'base64' } }),
    key: own({ scheme: 'ed25519', encoding: 'hex', secret: { decode: 'pem' }, signature: { name: 'X-Sig' }, signed_content: ['{body}'] }, { secrets: [{ value: privateKeys.ed25519 }] }),
    form: own({ scheme: 'hmac', hash: 'sha256', encoding: 'hex', signature: { name: 'X-Sig' }, signed_content: ['{url}{form_sorted}'], content_types: ['application/x-www-form-urlencoded'] }, { url: 'https://example.com/hook' }),
    put: own({ scheme: 'token', signature: { name: 'X-Token' }, methods: ['PUT'] }),
  };

  before(async () => {
    gateway = await Gateway.start(scope, { sources });
  });
  after(() => scope.end());

  for (const name of Object.keys(sources)) {
    test(`to a source: ${name}`, async () => {
      const body = file(`${name}.txt`, name === 'form' ? 'b=2&a=%201' : '{"a": 1, "auth": {}}');
      const run = await hooklatch(['send', '-c', gateway.file, name, 'x', body]);
      assert.match(run.stdout, /^200 .*accepted/, run.stderr);
      assert.equal(run.code, 0);
    });
  }

  test('sign and verify take a source of a configuration, and name the event as it does', async () => {
    const body = file('source.json', '{"a": 1}');
    const args = ['-c', gateway.file, '--source', 'digest'];
    const signed = await hooklatch(['sign', ...args, body]);
    const run = await hooklatch(['verify', ...args, '--header', signed.stdout.trim(), body]);
    assert.equal(run.stdout, 'accepted\nevent type: x\n', run.stderr);
    assert.match((await hooklatch(['verify', '-c', gateway.file, '--source', 'no', body])).stderr, /has no source "no"; it has basic, /);
    assert.equal((await hooklatch(['verify', ...args, '--secret', 'value:x', body])).code, 2);
  });

  test('without a configuration, with a param, to a URL with a query', async () => {
    const provider = scheme('scheme: hmac\nhash: sha256\nencoding: hex\nsigned_content: ["{param:id}{body}"]\nsignature: {in: query, name: sig}\nparams: {id: number of the webhook}\n');
    const url = `http://127.0.0.1:${gateway.ingest}/webhooks/query?key=swordfish`;
    const args = ['send', '--provider', provider, '--secret', 'value:x', '--url', url];
    const bare = await hooklatch([...args, 'x', file('a.json', '{}')]);
    assert.match(bare.stderr, /needs --param id=/);
    const run = await hooklatch([...args, '--param', 'id=7', 'x', file('a.json', '{}')]);
    assert.match(run.stdout, /^200 .*accepted/, run.stderr);
  });
});
