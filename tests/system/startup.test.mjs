// What must not start says why; what loses its disk says so and comes back.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  closeSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Gateway, hooklatch } from './lib/gateway.mjs';
import { RawConnection } from './lib/raw.mjs';
import { github, source } from './lib/sign.mjs';
import { until } from './lib/wait.mjs';
import { api } from './lib/words.mjs';

const root = process.getuid() === 0;
const configuration = { sources: { github: source('github') } };

async function refuses(gateway, ...words) {
  const { code, logs } = await gateway.refusesToStart();
  assert.equal(code, 1, logs);
  words.forEach((word) => assert.match(logs, word));
}

async function store(gateway, n) {
  const body = JSON.stringify({
    n,
    pad: `${n}`.padEnd(5000, 'abcdefghijklmnopqrstuvwxyz0123456789').split('').reverse().join(''),
  });
  return gateway.post('github', body, github(body));
}

// A tmpfs of its own, or undefined where that is not allowed.
function mountTmpfs(t, options) {
  const dir = mkdtempSync(join(tmpdir(), 'hooklatch-mount-'));
  const mounted = root && spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'hooklatch-test', dir]).status === 0;
  t.after(() => {
    if (mounted) {
      spawnSync('umount', ['-l', dir]);
    }
    rmSync(dir, { recursive: true, force: true });
  });
  return mounted ? dir : undefined;
}

test('a taken port is refused, with its address, on either listener', async (t) => {
  for (const listener of ['ingest', 'admin']) {
    const gateway = await Gateway.prepare(t, configuration);
    const squatter = createServer().listen(gateway[listener], '127.0.0.1');
    await once(squatter, 'listening');
    await refuses(gateway, new RegExp(`127\\.0\\.0\\.1:${gateway[listener]}`), /in use/i);
    squatter.close();
  }
});

test('a port taken by another gateway is refused too', async (t) => {
  const first = await Gateway.start(t, configuration);
  const second = await Gateway.prepare(t, { ...configuration, listen: { ingest: `127.0.0.1:${first.ingest}` } });
  await refuses(second, new RegExp(`127\\.0\\.0\\.1:${first.ingest}`), /in use/i);
});

test('a store that another gateway has open is refused', async (t) => {
  const first = await Gateway.start(t, configuration);
  const second = await Gateway.prepare(t, { ...configuration, store: `sqlite:${first.database}` });
  await refuses(second, /hooklatch\.db/, /(in use|another|locked)/i);
  assert.equal((await store(first, 1)).status, 200);
});

test('a folder that is not there, and one that cannot be written', async (t) => {
  const missing = await Gateway.prepare(t, { ...configuration, store: 'sqlite:no/such/folder/hooklatch.db' });
  await refuses(missing, /no\/such\/folder/);
  const dir = mkdtempSync(join(tmpdir(), 'hooklatch-readonly-'));
  const readOnly = root ? mountTmpfs(t, 'size=4m,ro') : dir;
  t.after(() => {
    chmodSync(dir, 0o700);
    rmSync(dir, { recursive: true });
  });
  chmodSync(dir, 0o500);
  if (readOnly === undefined) {
    t.diagnostic('no read-only folder can be made here');
    return;
  }
  await refuses(
    await Gateway.prepare(t, { ...configuration, store: `sqlite:${join(readOnly, 'hooklatch.db')}` }),
    new RegExp(readOnly),
  );
});

test('a file that is no database, and a database that is not ours', async (t) => {
  const text = await Gateway.prepare(t, configuration, {
    files: { 'hooklatch.db': 'This is a shopping list, not a database.\n'.repeat(400) },
  });
  await refuses(text, /hooklatch\.db/);
  assert.match(readFileSync(text.database, 'utf8'), /^This is a shopping list/, 'left as it was');

  const foreign = await Gateway.prepare(t, configuration);
  const { DatabaseSync } = await import('node:sqlite');
  const database = new DatabaseSync(foreign.database);
  database.exec('PRAGMA application_id = 77; CREATE TABLE cats (name TEXT)');
  database.close();
  await refuses(foreign, /hooklatch\.db/);
});

test('a newer database is refused, and left as it was', async (t) => {
  const gateway = await Gateway.start(t, configuration);
  assert.equal((await store(gateway, 1)).status, 200);
  await gateway.stop();
  // SQLite keeps user_version in bytes 60 to 63 of the file.
  const file = openSync(gateway.database, 'r+');
  const version = Buffer.alloc(4);
  version.writeUInt32BE(9999);
  writeSync(file, version, 0, 4, 60);
  closeSync(file);
  const before = readFileSync(gateway.database);
  await refuses(gateway, /newer/i, /9999/);
  assert.ok(before.equals(readFileSync(gateway.database)));
});

test('a configuration with errors: all of them at once, with file and line', async (t) => {
  const gateway = await Gateway.prepare(t, {
    sources: {
      github: { provider: 'github', secrets: [] },
      other: { provider: 'github', secret: 'x' },
      third: { provider: 'gihub', secrets: [{ value: 'x' }] },
    },
  });
  const { code, logs } = await gateway.refusesToStart();
  assert.equal(code, 1);
  assert.match(logs, /hooklatch\.yaml:\d+/);
  assert.match(logs, /gihub/);
  assert.match(logs, /secrets/, 'the nearest known key');
});

test('the token file is for the owner only', async (t) => {
  const gateway = await Gateway.start(t, configuration);
  assert.equal(statSync(`${gateway.database}.token`).mode & 0o777, 0o600);
  const { token } = gateway;
  await gateway.restart();
  assert.equal(gateway.token, token, 'it stays over a restart');
});

test('a token that others may have written is not taken', async (t) => {
  const gateway = await Gateway.prepare(t, configuration);
  const file = `${gateway.database}.token`;
  writeFileSync(file, `${'0'.repeat(64)}\n`);
  chmodSync(file, 0o622);
  await refuses(gateway, /token/, /remove it/);
  if (root) {
    chmodSync(file, 0o600);
    chownSync(file, 65534, 65534);
    await refuses(gateway, /token/, /remove it/);
  }
});

test('a reload takes a good file; a bad one keeps the old and says why', async (t) => {
  const gateway = await Gateway.start(t, configuration);
  gateway.configure({ sources: { ...configuration.sources, second: source('github') } });
  await gateway.call(api.reload, {});
  const body = '{"n":1}';
  assert.equal((await gateway.post('second', body, github(body))).status, 200);
  writeFileSync(gateway.file, 'sources: [this, is, no, map');
  const refused = await gateway.request(api.reload, { method: 'POST' });
  assert.ok(refused.status >= 400 && refused.status < 500, refused.text);
  assert.match(refused.text, /hooklatch\.yaml/);
  gateway.child.kill('SIGHUP');
  await until('the log to say why', () => /hooklatch\.yaml:\d+/.test(gateway.logs));
  assert.equal((await gateway.post('second', body, github(body))).status, 200, 'the old plan goes on');
});

test('a full disk: 503 and no false 2xx; service returns when space does', async (t) => {
  const disk = mountTmpfs(t, 'size=24m');
  if (disk === undefined) {
    t.skip('needs root and mount');
    return;
  }
  const ballast = join(disk, 'ballast');
  mkdirSync(join(disk, 'store'));
  const gateway = await Gateway.start(t, { ...configuration, store: `sqlite:${join(disk, 'store', 'hooklatch.db')}` });
  const acknowledged = [];
  const take = async (n) => {
    const answer = await store(gateway, n);
    if (answer.status === 200) {
      acknowledged.push(answer.json.id);
    } else {
      assert.equal(answer.status, 503, answer.text);
      assert.match(answer.headers.get('retry-after') ?? '', /^\d+$/);
      assert.equal(answer.headers.get('content-type'), 'application/problem+json');
    }
    return answer.status;
  };
  for (let n = 0; n < 20; n++) {
    assert.equal(await take(n), 200);
  }
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - (1 << 20))));
  let n = 20;
  await until('the disk to be full', async () => (await take(n++)) === 503, 60);
  for (const end = n + 20; n < end; n++) {
    await take(n);
  }
  assert.ok((await gateway.list(`${api.events}?limit=1000`)).length >= acknowledged.length, 'reading goes on');
  rmSync(ballast);
  await until('service to return', async () => (await take(n++)) === 200, 60);
  await gateway.kill9();
  await gateway.serve();
  const stored = new Set((await gateway.list(`${api.events}?limit=1000`)).map((event) => event.id));
  assert.deepEqual(
    acknowledged.filter((id) => !stored.has(id)),
    [],
    'all that was acknowledged is there',
  );
  assert.ok(existsSync(gateway.database));
});

test('at shutdown the API answers what it has begun to take', async (t) => {
  const gateway = await Gateway.start(t, configuration);
  const body = JSON.stringify({ type: 'user.created', data: { pad: 'x'.repeat(1000) } });
  const head = [
    `POST ${api.events} HTTP/1.1`,
    'Host: localhost',
    `Authorization: Bearer ${gateway.token}`,
    `Content-Length: ${body.length}`,
  ];
  const connection = await RawConnection.open(gateway.admin);
  await connection.send(`${head.join('\r\n')}\r\n\r\n${body.slice(0, 500)}`);
  await gateway.get(api.events); // by now the head was read
  const stopping = gateway.stop();
  await until('the door to be shut', () =>
    fetch(`http://127.0.0.1:${gateway.admin}/healthz`).then(
      (answer) => answer.arrayBuffer().then(() => false),
      () => true,
    ),
  );
  await connection.send(body.slice(500));
  const [answer] = await connection.answers();
  assert.equal(answer?.status, 200);
  await stopping;
  await gateway.serve();
  assert.equal((await gateway.get(api.event(answer.json.id))).type, 'user.created');
});

test('the configurations that come with it have no errors and no warnings', async () => {
  const secrets = ['BILLING_SECRET', 'DEMO_STEP_SECRET', 'GITHUB_WEBHOOK_SECRET', 'SHOP_SECRET'];
  const env = { ...process.env, ...Object.fromEntries(secrets.map((name) => [name, 'whsec_AAAA'])) };
  for (const name of ['quickstart', 'hooklatch']) {
    const file = fileURLToPath(new URL(`../../conf/${name}.yaml`, import.meta.url));
    const { code, stdout, stderr } = await hooklatch(['check', '-c', file], { env });
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /good, 0 errors, 0 warnings\n$/);
  }
});
