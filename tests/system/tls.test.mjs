// TLS on the ingest listener: TLS 1.2 and above, and a new certificate by reload.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { Gateway } from './lib/gateway.mjs';
import { github, source } from './lib/sign.mjs';
import { api } from './lib/words.mjs';

function makeCertificate(dir, name) {
  execFileSync(
    'openssl',
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=${name}`
      .split(' ')
      .concat('-keyout', join(dir, 'key.pem'), '-out', join(dir, 'cert.pem')),
    { stdio: 'pipe' },
  );
}

// The answer to one signed delivery over a connection of its own, and who the server said it is.
async function post(gateway, options = {}) {
  const body = '{"zen":"tls"}';
  const socket = connect({ host: '127.0.0.1', port: gateway.ingest, rejectUnauthorized: false, ...options });
  await once(socket, 'secureConnect');
  const { subject } = socket.getPeerCertificate();
  const headers = Object.entries({ ...github(body), Host: 'x', 'Content-Length': body.length, Connection: 'close' });
  socket.write(
    `POST /webhooks/github HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`,
  );
  let text = '';
  socket.setEncoding('utf8').on('data', (piece) => {
    text += piece;
  });
  await once(socket, 'close');
  return { status: Number(text.split(' ')[1]), name: subject.CN, protocol: socket.getProtocol() };
}

async function start(t) {
  const tls = { cert: 'cert.pem', key: 'key.pem' };
  const gateway = await Gateway.prepare(t, { sources: { github: source('github') } });
  gateway.configure({ ...gateway.config, listen: { ingest: { address: `127.0.0.1:${gateway.ingest}`, tls } } });
  makeCertificate(gateway.dir, 'first');
  await gateway.serve();
  return gateway;
}

test('webhooks over TLS 1.2 and 1.3, and nothing older', async (t) => {
  const gateway = await start(t);
  assert.equal((await post(gateway)).status, 200);
  assert.equal((await post(gateway, { maxVersion: 'TLSv1.2' })).status, 200);
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' };
  await assert.rejects(post(gateway, old), /alert|version|protocol/i);
});

test('a request in clear on the TLS listener is no request', async (t) => {
  const gateway = await start(t);
  await assert.rejects(fetch(`http://127.0.0.1:${gateway.ingest}/healthz`));
});

test('a new certificate is served after a reload; a bad one keeps the old', async (t) => {
  const gateway = await start(t);
  assert.equal((await post(gateway)).name, 'first');
  makeCertificate(gateway.dir, 'second');
  await gateway.call(api.reload, {});
  assert.deepEqual(await post(gateway).then(({ status, name }) => [status, name]), [200, 'second']);
  const { listen } = gateway.config;
  const tls = { cert: 'none.pem', key: 'key.pem' };
  gateway.configure({ ...gateway.config, listen: { ...listen, ingest: { ...listen.ingest, tls } } });
  const refused = await gateway.request(api.reload, { method: 'POST' });
  assert.equal(refused.status, 422);
  assert.match(refused.text, /none\.pem/);
  assert.equal((await post(gateway)).name, 'second');
});
