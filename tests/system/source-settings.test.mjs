// What a source says about who may come in, and from where: addresses (behind proxies too), path tokens and suffixes, client
// certificates; its answer to wrong signatures; providers with changes.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect } from 'node:tls';
import { Gateway, Scope, assertProblem, hooklatch } from './lib/gateway.mjs';
import { exchange, requestBytes } from './lib/raw.mjs';
import { github, source } from './lib/sign.mjs';
import { until } from './lib/wait.mjs';
import { api, refusedReason } from './lib/words.mjs';

const body = '{"zen":"settings"}';
const token = 'the-path-token_of.the~shop';
const older = 'an-older-token-0123456789';

async function refusals(gateway, wanted) {
  let found;
  await until('the refusal to be kept', async () => {
    found = (await gateway.list(api.refused)).filter(wanted);
    return found.length > 0;
  });
  return found;
}

const metrics = (gateway) =>
  fetch(`http://127.0.0.1:${gateway.admin}/metrics`, { headers: { authorization: `Bearer ${gateway.token}` } }).then((a) =>
    a.text(),
  );

async function outcomes(gateway, name, outcome) {
  const line = new RegExp(`^hooklatch_deliveries_total\\{source="${name}",outcome="${outcome}"\\} (\\d+)$`, 'm');
  return Number(line.exec(await metrics(gateway))[1]);
}

describe('addresses', () => {
  const scope = new Scope();
  let gateway;
  const from = (name, forwarded) =>
    gateway.post(name, body, { ...github(body), ...(forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }) });

  before(async () => {
    gateway = await Gateway.start(scope, {
      trusted_proxies: ['127.0.0.1', '10.0.0.0/8'],
      sources: {
        anywhere: source('github'),
        partner: source('github', { allow: ['203.0.113.0/24', '2001:db8::/32', '::ffff:198.51.100.7'] }),
      },
    });
  });
  after(() => scope.end());

  test('the client is who the last trusted proxy was called by', async () => {
    const taken = ['203.0.113.7', '2001:db8::5', '198.51.100.7', '1.1.1.1, 203.0.113.7', 'unknown, 203.0.113.7, 10.1.1.1'];
    for (const forwarded of taken) {
      assert.equal((await from('partner', forwarded)).status, 200, forwarded);
    }
    // What a client writes itself stands to the left of its address.
    for (const forwarded of ['192.0.2.1', '203.0.113.7, 192.0.2.1', '203.0.113.7, 192.0.2.1, 10.1.1.1', '2001:db9::1']) {
      const answer = await from('partner', forwarded);
      assertProblem(answer, 403, /does not take webhooks from here/);
      assert.doesNotMatch(answer.text, /address|allow/);
    }
    assert.equal((await from('partner')).status, 403, 'the proxy itself');
    assert.equal((await from('anywhere', '192.0.2.1')).status, 200);
  });

  test('what cannot be read makes nobody the client', async () => {
    for (const forwarded of ['garbage', '203.0.113.7, garbage', '203.0.113.7,']) {
      assert.equal((await from('partner', forwarded)).status, 403, forwarded);
    }
    assert.equal((await from('anywhere', 'garbage')).status, 200);
  });

  test('refusals say why, and who it was; the metrics count them', async () => {
    const before = await outcomes(gateway, 'partner', 'address-not-allowed');
    await from('partner', '192.0.2.99');
    const [row] = await refusals(gateway, (one) => one.remote === '192.0.2.99');
    assert.equal(refusedReason(row), 'address-not-allowed');
    assert.equal(row.source, 'partner');
    assert.equal(row.status, 403);
    assert.equal(await outcomes(gateway, 'partner', 'address-not-allowed'), before + 1);
    // A wrong signature of somebody who may come in: his address, not the proxy's.
    await gateway.post('partner', body, { ...github('other'), 'x-forwarded-for': '2001:db8::77' });
    const [wrong] = await refusals(gateway, (one) => one.remote === '2001:db8::77');
    assert.equal(wrong.status, 401);
  });

  test("a stranger's body is not waited for", async () => {
    const head = requestBytes('POST', '/webhooks/partner', [
      ['X-Forwarded-For', '192.0.2.98'],
      ['Content-Type', 'application/json'],
      ['Content-Length', '1000000'],
    ]);
    const [answer] = await exchange(gateway.ingest, head); // closed by the gateway: no byte of the body was sent
    assert.equal(answer.status, 403);
    const [row] = await refusals(gateway, (one) => one.remote === '192.0.2.98');
    assert.equal(refusedReason(row), 'address-not-allowed');
  });

  test('every request of a connection is looked at', async () => {
    const one = (address) =>
      requestBytes(
        'POST',
        '/webhooks/partner',
        [['X-Forwarded-For', address], ['Content-Type', 'application/json'], ['Content-Length', body.length]].concat(
          Object.entries(github(body)),
        ),
        body,
      );
    const answers = await exchange(gateway.ingest, Buffer.concat([one('203.0.113.1'), one('203.0.113.2'), one('192.0.2.1')]));
    assert.deepEqual(answers.map((answer) => answer.status), [200, 200, 403]);
  });

  test('without trusted proxies the header is anybody’s text', async (t) => {
    const direct = await Gateway.start(t, {
      sources: { partner: source('github', { allow: ['203.0.113.0/24'] }), here: source('github', { allow: ['127.0.0.1'] }) },
    });
    const headers = { ...github(body), 'x-forwarded-for': '203.0.113.7' };
    assert.equal((await direct.post('partner', body, headers)).status, 403);
    assert.equal((await direct.post('here', body, headers)).status, 200);
    const [row] = await refusals(direct, (one) => one.source === 'partner');
    assert.equal(row.remote, '127.0.0.1');
  });

  test('an IPv4 client of an IPv6 listener has its IPv4 address', async (t) => {
    const both = await Gateway.prepare(t, { sources: { here: source('github', { allow: ['127.0.0.0/8'] }) } });
    both.configure({ ...both.config, listen: { ingest: `[::]:${both.ingest}` } });
    await both.serve();
    assert.equal((await both.post('here', body, github(body))).status, 200);
    await both.post('here', body, github('other'));
    const [row] = await refusals(both, () => true);
    assert.equal(row.remote, '127.0.0.1');
  });
});

describe('paths', () => {
  const scope = new Scope();
  let gateway;
  const signed = { verify: 'none', event: { type: 'shop.{suffix}' } };

  before(async () => {
    gateway = await Gateway.start(scope, {
      public_url: { ingest: 'https://hooks.example.com' },
      sources: {
        shop: { ...signed, path_token: [{ value: token }, { value: older }], path_suffix: 'any' },
        plain: { verify: 'none', event: { type: 'plain' }, path_token: { value: token } },
        some: source('github', { path_suffix: ['/orders/create'] }),
        // Signs the URL, as Twilio and Square do.
        url: {
          verify: {
            scheme: 'hmac',
            hash: 'sha256',
            encoding: 'hex',
            signature: { in: 'header', name: 'X-Signature' },
            signed_content: ['{url}{body}'],
          },
          secrets: [{ value: 'url' }],
          event: { type: 'url.{suffix}' },
          path_token: { value: token },
          path_suffix: 'any',
        },
      },
    });
  });
  after(() => scope.end());

  test('with the token, either of them, and a suffix that names the event', async () => {
    for (const one of [token, older]) {
      const answer = await gateway.post(`shop/${one}/orders/create`, `{"one":${one.length}}`);
      assert.equal(answer.status, 200, answer.text);
      assert.equal((await gateway.get(api.event(answer.json.id))).type, 'shop.orders/create');
    }
    const bare = await gateway.post(`shop/${token}`, body);
    assert.equal((await gateway.get(api.event(bare.json.id))).type, 'shop');
    assert.equal((await gateway.post(`plain/${token}`, body)).status, 200);
  });

  test('without it there is no such source, to the letter', async () => {
    const strip = ({ status, text, headers }) => ({
      status,
      text,
      headers: [...headers].filter(([name]) => name !== 'date'),
    });
    const nobody = strip(await gateway.post('nobody', body));
    const wrong = ['shop', 'shop/', `shop/${token.slice(1)}`, `shop/${token}x`, `plain/${older}`, `plain/${token}/more`];
    for (const path of wrong) {
      assert.deepEqual(strip(await gateway.post(path, body)), nobody, path);
    }
    for (const method of ['GET', 'PUT', 'HEAD']) {
      const [there, none] = await Promise.all(
        ['shop/wrong', 'nobody/wrong'].map((path) => gateway.post(path, undefined, {}, { method })),
      );
      assert.deepEqual(strip(there), strip(none), method);
    }
  });

  test('no refusal, log line or metric holds a token', async () => {
    await gateway.post(`shop/${token}x`, body);
    await gateway.post(`plain/${token}/more`, body);
    await gateway.post(`Shop/${token}`, body, { 'x-original-uri': `/webhooks/Shop/${token}` });
    await gateway.post(`plain/${token}`, 'no JSON', { 'x-original-uri': `/webhooks/plain/${token}` });
    const kept = await gateway.post(`plain/${token}`, '{"n":1}', { 'x-original-uri': `/webhooks/plain/${token}` });
    assert.match(JSON.stringify(await gateway.get(api.event(kept.json.id))), /webhooks\/plain\/\*{26}/);
    await exchange(gateway.ingest, requestBytes('POST', `/webhooks/plain/${token}`, [['Content-Length', '99999999']]));
    await exchange(gateway.ingest, requestBytes('POST', `http://x/webhook/plain/${token}`, [['Content-Length', 'x']]));
    const rows = await refusals(gateway, (one) => one.source === 'plain' && one.status === 413);
    assert.equal(rows[0].path, '/webhooks/plain/<path_token>');
    const [guess] = await refusals(gateway, (one) => refusedReason(one) === 'path-token');
    assert.equal(guess.status, 404);
    await refusals(gateway, (one) => one.path === '/webhooks/Shop/<path_token>');
    await refusals(gateway, (one) => one.path === '/webhook/plain/<path_token>');
    assert.ok((await outcomes(gateway, 'shop', 'path-token')) > 0);
    const all = [await gateway.list(api.refused), await gateway.list(api.events), await metrics(gateway), gateway.logs];
    for (const row of await gateway.list(api.refused)) {
      all.push(await gateway.get(`${api.refused}/${row.id}`));
    }
    all.push((await hooklatch(['check', '-c', gateway.file])).stdout);
    assert.doesNotMatch(JSON.stringify(all), new RegExp(`${token}|${older}`));
    assert.ok(!readFileSync(gateway.database).includes(token) && !readFileSync(`${gateway.database}-wal`).includes(token));
  });

  test('check shows the URL, and does not warn of who has a token', async () => {
    const { code, stdout, stderr } = await hooklatch(['check', '-c', gateway.file]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^source shop \(path token\) at https:\/\/hooks\.example\.com\/webhooks\/shop\/<path_token>$/m);
    assert.match(stdout, /^source url \(hmac, path token\) at /m);
    assert.doesNotMatch(stdout + stderr, /anybody who knows the URL/);
  });

  test('a list of suffixes is all there is', async () => {
    assert.equal((await gateway.post('some/orders/create', body, github(body))).status, 200);
    assert.equal((await gateway.post('some', '{"a":1}', github('{"a":1}'))).status, 200);
    assert.equal((await gateway.post('some/orders', body, github(body))).status, 404);
    assert.equal((await gateway.post('some/orders/create/', body, github(body))).status, 404);
    await refusals(gateway, (one) => refusedReason(one) === 'path-suffix' && one.source === 'some');
  });

  test('the URL that a sender signs has token, suffix and query in it', async () => {
    const sign = (url) => ({ 'x-signature': createHmac('sha256', 'url').update(url + body).digest('hex') });
    const known = `https://hooks.example.com/webhooks/url/${token}`;
    assert.equal((await gateway.post(`url/${token}/a/b?c=d`, body, sign(`${known}/a/b?c=d`))).status, 200);
    assert.equal((await gateway.post(`url/${token}`, body, sign(known))).status, 200);
    assert.equal((await gateway.post(`url/${token}/a/b`, body, sign(known))).status, 401);
    assert.equal((await gateway.post(`url/${token}/a`, body, sign('https://hooks.example.com/webhooks/url/a'))).status, 401);
  });

  test('send knows the token', async () => {
    const file = join(gateway.dir, 'sent.json');
    writeFileSync(file, '{"sent":true}');
    const { code, stdout, stderr } = await hooklatch(['send', '-c', gateway.file, 'plain', 'plain', file]);
    assert.equal(code, 0, stdout + stderr);
    const signed = await hooklatch(['send', '-c', gateway.file, 'url', 'url', file]);
    assert.equal(signed.code, 0, signed.stdout + signed.stderr);
  });
});

describe('refusals and changes', () => {
  const scope = new Scope();
  let gateway;

  before(async () => {
    gateway = await Gateway.start(scope, {
      sources: {
        empty: {
          ...source('github'),
          verify: { refusal: { status: 401 } },
        },
        other: {
          ...source('github'),
          verify: { refusal: { status: 400, content_type: 'text/plain', body: 'bad signature' } },
        },
        moved: { ...source('github'), verify: { signature: { name: 'X-Moved' }, event_type: null } },
      },
    });
  });
  after(() => scope.end());

  test('a sender that wants its own answer to a wrong signature gets it', async () => {
    const empty = await gateway.post('empty', body, github('other'));
    assert.deepEqual([empty.status, empty.text, empty.headers.get('content-type')], [401, '', null]);
    const other = await gateway.post('other', body, github('other'));
    assert.deepEqual([other.status, other.text, other.headers.get('content-type')], [400, 'bad signature', 'text/plain']);
    const rows = await refusals(gateway, (one) => one.source === 'other');
    assert.deepEqual([rows[0].status, refusedReason(rows[0])], [400, 'bad-signature']);
    assertProblem(await gateway.post('empty', 'no JSON', github('no JSON')), 400);
    assert.equal((await gateway.post('empty', body, github(body))).status, 200);
  });

  test('a provider with changes is that provider, changed', async () => {
    const { 'x-hub-signature-256': signature, ...rest } = github(body);
    const answer = await gateway.post('moved', body, { ...rest, 'x-moved': signature });
    assert.equal(answer.status, 200, answer.text);
    assert.equal((await gateway.get(api.event(answer.json.id))).type, 'github');
    assert.equal((await gateway.post('moved', body, github(body))).status, 401);
  });
});

describe('client certificates', () => {
  const scope = new Scope();
  let gateway;
  const openssl = (...args) => execFileSync('openssl', args, { cwd: gateway.dir, stdio: 'pipe' });
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

  // A certificate of that authority: NAME.pem, NAME.key.
  const issue = (ca, name, subject, alternative) => {
    openssl('req', ...ec, '-subj', subject, '-keyout', `${name}.key`, '-out', `${name}.csr`);
    writeFileSync(join(gateway.dir, `${name}.ext`), `extendedKeyUsage=clientAuth\nsubjectAltName=${alternative}\n`);
    openssl(
      ...['x509', '-req', '-in', `${name}.csr`, '-CA', `${ca}.pem`, '-CAkey', `${ca}.key`, '-CAcreateserial'],
      ...['-days', '2', '-extfile', `${name}.ext`, '-out', `${name}.pem`],
    );
  };
  const authority = (name) =>
    openssl('req', '-x509', ...ec, '-days', '2', '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.pem`);
  const shows = (name) => ({
    cert: readFileSync(join(gateway.dir, `${name}.pem`)),
    key: readFileSync(join(gateway.dir, `${name}.key`)),
  });

  async function over(path, options = {}, headers = github(body)) {
    const socket = connect({ host: '127.0.0.1', port: gateway.ingest, rejectUnauthorized: false, ...options });
    const sessions = [];
    socket.on('session', (session) => sessions.push(session));
    await once(socket, 'secureConnect');
    const reused = socket.isSessionReused();
    const all = { 'Content-Type': 'application/json', 'Content-Length': body.length, Connection: 'close', ...headers };
    socket.write(requestBytes('POST', `/webhooks/${path}`, Object.entries(all), body));
    let text = '';
    socket.setEncoding('utf8').on('data', (piece) => {
      text += piece;
    });
    await once(socket, 'close');
    return { status: Number(text.split(' ')[1]), text, session: sessions.at(-1), reused };
  }

  before(async () => {
    gateway = await Gateway.prepare(scope, {
      sources: {
        open: source('github'),
        partner: source('github', { client_certificate: { subjects: ['DNS:partner.example', 'URI:spiffe://x/y'] } }),
        unsigned: {
          verify: { scheme: 'mtls' },
          event: { type: 'unsigned' },
          client_certificate: { subjects: ['CN=partner'] },
        },
      },
    });
    const tls = { cert: 'server.pem', key: 'server.key', client_ca: 'ca.pem', client_auth: 'ask' };
    gateway.configure({ ...gateway.config, listen: { ingest: { address: `127.0.0.1:${gateway.ingest}`, tls } } });
    for (const name of ['server', 'ca', 'stranger']) {
      authority(name);
    }
    issue('ca', 'partner', '/CN=partner', 'DNS:partner.example');
    issue('ca', 'other', '/CN=other', 'DNS:other.example,DNS:partner.example.evil.example');
    issue('stranger', 'forged', '/CN=partner', 'DNS:partner.example');
    await gateway.serve();
  });
  after(() => scope.end());

  test('only who the source names, and only where it asks', async () => {
    assert.equal((await over('open')).status, 200);
    assert.equal((await over('partner', shows('partner'))).status, 200);
    assert.equal((await over('unsigned', shows('partner'), {})).status, 200);
    for (const name of ['partner', 'unsigned']) {
      assert.equal((await over(name)).status, 401, name);
      assert.equal((await over(name, shows('other'))).status, 401, name);
    }
    const rows = await refusals(gateway, (one) => refusedReason(one) === 'client-certificate');
    assert.equal(rows[0].status, 401);
    assert.ok((await outcomes(gateway, 'partner', 'client-certificate')) > 0);
  });

  test('who shows none is refused before the body is read', async () => {
    const answer = await over('partner', {}, { ...github(body), 'Content-Length': 1000000 });
    assert.equal(answer.status, 401);
    assert.equal((await over('partner', shows('other'), { 'Content-Length': 1000000 })).status, 401);
  });

  test('it proves the sender in addition: the signature must be right all the same', async () => {
    assert.equal((await over('partner', shows('partner'), github('other'))).status, 401);
    const wrong = await over('partner', shows('partner'), github('other'));
    const none = await over('partner');
    const withoutDate = (answer) => answer.text.replace(/Date: .*\r\n/, '');
    assert.equal(withoutDate(wrong), withoutDate(none), 'the sender is not told which of them was wrong');
  });

  test('a certificate of another authority ends the connection', async () => {
    await assert.rejects(over('open', shows('forged')), /alert|reset|certificate/i);
  });

  test('a resumed session is who it was, and nobody stays nobody', async () => {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
      const first = await over('partner', { maxVersion, ...shows('partner') });
      const again = await over('partner', { maxVersion, session: first.session });
      assert.deepEqual([again.status, again.reused], [200, true], maxVersion);
      const nobody = await over('open', { maxVersion });
      const still = await over('partner', { maxVersion, session: nobody.session });
      assert.deepEqual([still.status, still.reused], [401, true], maxVersion);
    }
  });

  test('what the configuration asks for without a client_ca is an error', async () => {
    const file = join(gateway.dir, 'bad.yaml');
    const { client_ca: _ca, client_auth: _auth, ...tls } = gateway.config.listen.ingest.tls;
    const listen = { ...gateway.config.listen, ingest: { ...gateway.config.listen.ingest, tls } };
    writeFileSync(file, JSON.stringify({ ...gateway.config, listen }), { mode: 0o600 });
    const { code, stdout, stderr } = await hooklatch(['check', '-c', file]);
    assert.equal(code, 1);
    assert.match(stdout + stderr, /sources\.unsigned\.client_certificate: listen\.ingest asks for no certificates/);
  });
});
