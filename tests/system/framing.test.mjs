// What HTTP/1.1 forbids, and what other servers read otherwise: exact bytes on a socket. A smuggled request is a valid, signed webhook with a
// type of its own, so that it would be seen in the store if it were ever executed.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import { Gateway, Scope } from './lib/gateway.mjs';
import { exchange, RawConnection, requestBytes } from './lib/raw.mjs';
import { github, source } from './lib/sign.mjs';
import { until } from './lib/wait.mjs';
import { api, limits } from './lib/words.mjs';

const target = '/webhooks/github';
const outer = JSON.stringify({ outer: true });

// Header lines of a signed webhook; event is its type.
const signed = (body, event = 'outer', more = []) => [
  ['Content-Type', 'application/json'],
  ...Object.entries(github(body, { event, delivery: randomUUID() })),
  ...more,
];
const sized = (body, event, more = []) => signed(body, event, [['Content-Length', Buffer.byteLength(body)], ...more]);
const smuggled = () =>
  requestBytes('POST', target, sized('{"smuggled":true}', 'smuggled', [['Connection', 'close']]), '{"smuggled":true}');
const closing = (body = outer) => requestBytes('POST', target, sized(body, 'outer', [['Connection', 'close']]), body);

const join = (...parts) => Buffer.concat(parts.map((part) => Buffer.from(part, 'latin1')));

suite('framing', () => {
  const scope = new Scope();
  let gateway;

  const start = (t, config = {}) => Gateway.start(t, { sources: { github: source('github') }, ...config });
  before(async () => {
    gateway = await start(scope);
  });
  after(() => scope.end());

  async function assertNothingSmuggled() {
    const events = await gateway.list(api.events);
    assert.deepEqual(
      events.filter((event) => event.type === 'github.smuggled'),
      [],
    );
  }

  // One answer with that status as problem+json, then the door shuts; nothing behind it is executed.
  async function refused(bytes, status, port = gateway.ingest) {
    const answers = await exchange(port, bytes);
    assert.deepEqual(
      answers.map((answer) => answer.status),
      [status],
      JSON.stringify(answers.map((answer) => answer.text)),
    );
    assert.match(answers[0].headers.get('content-type'), /^application\/problem\+json/);
    assert.equal(answers[0].json?.status, status, answers[0].text);
    assert.ok(answers[0].json.detail, 'says why');
    assert.ok(answers[0].whole, 'the whole body arrives');
    await assertNothingSmuggled();
  }

  test('takes a plain request', async () => {
    const [answer] = await exchange(gateway.ingest, closing());
    assert.equal(answer.status, 200, answer.text);
  });

  test('any transfer coding but chunked: 400, the bytes after it are no request', async () => {
    for (const coding of ['gzip', 'gzip, chunked', 'identity', 'chunked, chunked', 'xchunked', 'chunked;q=1', '']) {
      await refused(
        join(requestBytes('POST', target, signed(outer, 'outer', [['Transfer-Encoding', coding]])), smuggled()),
        400,
      );
    }
  });

  test('Transfer-Encoding with Content-Length: 400', async () => {
    const chunked = `0\r\n\r\n`;
    for (const lines of [
      [
        ['Transfer-Encoding', 'chunked'],
        ['Content-Length', 5],
      ],
      [
        ['Content-Length', 5],
        ['Transfer-Encoding', 'chunked'],
      ],
    ]) {
      await refused(join(requestBytes('POST', target, signed('', 'outer', lines), chunked), smuggled()), 400);
    }
  });

  test('two Content-Lengths, equal or not, and lengths that are no plain number: 400', async () => {
    const lengths = [
      ['5', '6'],
      ['5', '5'],
      ['5, 5'],
      ['+5'],
      ['-5'],
      ['0x5'],
      ['5 5'],
      ['5.0'],
      [''],
      ['99999999999999999999'],
      ['5\t6'],
    ];
    for (const values of lengths) {
      await refused(
        join(
          requestBytes(
            'POST',
            target,
            signed(
              '12345',
              'outer',
              values.map((value) => ['Content-Length', value]),
            ),
            '12345',
          ),
          smuggled(),
        ),
        400,
      );
    }
  });

  test('a HEAD or GET with a body: its body is not a request', async () => {
    const inner = smuggled();
    for (const method of ['HEAD', 'GET', 'OPTIONS', 'DELETE']) {
      const bytes = join(
        requestBytes(method, target, [['Content-Length', inner.length]], inner),
        requestBytes('GET', '/healthz', [['Connection', 'close']]),
      );
      const answers = await exchange(gateway.ingest, bytes, [method]);
      assert.ok(answers.length >= 1 && answers.length <= 2, `${method}: ${answers.length} answers`);
      await assertNothingSmuggled();
    }
  });

  test('NUL, bare CR and other controls in the head: 400', async () => {
    const bad = [
      join('POST ', target, ' HTTP/1.1\r\nHost: a\r\n\0X: y\r\n\r\n'),
      join('POST ', target, ' HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n'),
      join('POST ', target, ' HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n'),
      join('POST ', target, '\0 HTTP/1.1\r\nHost: a\r\n\r\n'),
      join('\0POST ', target, ' HTTP/1.1\r\nHost: a\r\n\r\n'),
      join('POST ', target, ' HTTP/1.1\r\nHost: a\r\nX\0: y\r\n\r\n'),
    ];
    for (const head of bad) {
      await refused(join(head, smuggled()), 400);
    }
  });

  test('header lines that parsers read differently: 400', async () => {
    const lines = ['X : y', ' X: y', ': y', 'X y', 'X\x01: y', 'Content Length: 5', 'X: a\r\n folded'];
    for (const line of lines) {
      await refused(join(`POST ${target} HTTP/1.1\r\nHost: a\r\n${line}\r\n\r\n`, smuggled()), 400);
    }
  });

  test('request lines that are none: 400 or 505', async () => {
    for (const line of [
      `POST  ${target} HTTP/1.1`,
      `POST ${target}`,
      `POST ${target} HTTP/1.1 x`,
      `PO(ST ${target} HTTP/1.1`,
      `POST ${target} http/1.1`,
      `POST ${target} HTTP/1.10`,
    ]) {
      await refused(join(`${line}\r\nHost: a\r\n\r\n`, smuggled()), 400);
    }
    await refused(join(`POST ${target} HTTP/2.0\r\nHost: a\r\n\r\n`, smuggled()), 505);
  });

  test('Host missing or twice: 400', async () => {
    await refused(join(`POST ${target} HTTP/1.1\r\n\r\n`, smuggled()), 400);
    await refused(join(`POST ${target} HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n`, smuggled()), 400);
  });

  test('%00 in the path: 400', async () => {
    await refused(join(requestBytes('POST', '/webhooks/github%00', sized(outer), outer), smuggled()), 400);
    await refused(join(requestBytes('POST', '/webhooks/github%00.php', sized(outer), outer), smuggled()), 400);
  });

  test('a body in chunks is taken, extensions and trailer skipped', async () => {
    const head = requestBytes(
      'POST',
      target,
      signed('{"outer": true }', 'outer', [
        ['Transfer-Encoding', 'Chunked'],
        ['Connection', 'close'],
      ]),
    );
    const [answer] = await exchange(
      gateway.ingest,
      join(head, '5;name="a value"\r\n{"out\r\n00b;x\r\ner": true }\r\n0\r\nX-Trailer: x\r\n\r\n'),
    );
    assert.equal(answer.status, 200, answer.text);
    for (const extension of [';a\0b', ';a\rb', ';a\nb', ` ;a`, `;${'a'.repeat(300)}`]) {
      await refused(join(head, `5${extension}\r\n{"out\r\n0\r\n\r\n`), 400);
    }
  });

  test('chunk framing that is wrong: 400', async () => {
    for (const chunks of [
      'g\r\n',
      '-5\r\n12345\r\n',
      '0x5\r\n12345\r\n',
      '5\r\n123456\r\n0\r\n\r\n',
      '5\n12345\n0\n\n',
      '\r\n',
      ' 5\r\n12345\r\n',
      '1ffffffffffffffff\r\n',
      '5\r\n12345\r\n0\r\nX\0: y\r\n\r\n',
    ]) {
      const head = requestBytes('POST', target, signed('12345', 'outer', [['Transfer-Encoding', 'chunked']]));
      await refused(join(head, chunks, smuggled()), 400);
    }
  });

  test('an endless chunk-size line ends within bounds', async () => {
    const connection = await RawConnection.open(gateway.ingest);
    await connection.send(requestBytes('POST', target, signed(outer, 'outer', [['Transfer-Encoding', 'chunked']])));
    await connection.send('5;');
    let sent = 0;
    for (
      const junk = Buffer.alloc(16 << 10, 'x');
      sent < 64 << 20 && (await connection.send(junk));
      sent += junk.length
    );
    const answers = await connection.answers();
    assert.equal(answers[0]?.status, 400);
    assert.ok(sent < 64 << 20, `${sent} bytes were taken`);
  });

  test('endless head, many headers, long target: 431, 431, 414, as problem+json', async () => {
    await refused(join(`POST ${target} HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(40 << 10)}`), 431);
    await refused(
      requestBytes(
        'POST',
        target,
        Array.from({ length: 101 }, (_, i) => [`X-${i}`, 'y']),
      ),
      431,
    );
    await refused(requestBytes('POST', `/webhooks/${'x'.repeat(9 << 10)}`, []), 414);
  });

  test('a body too large: 413 before it is read, whatever its framing', async () => {
    await refused(requestBytes('POST', target, signed(outer, 'outer', [['Content-Length', (2 << 20) + 1]])), 413);
    await refused(
      requestBytes('POST', target, signed(outer, 'outer', [['Content-Length', '9223372036854775807']])),
      413,
    );
    const head = requestBytes('POST', target, signed(outer, 'outer', [['Transfer-Encoding', 'chunked']]));
    await refused(join(head, `${((2 << 20) + 1).toString(16)}\r\n`), 413);
    const connection = await RawConnection.open(gateway.ingest);
    await connection.send(head);
    const chunk = join('10000\r\n', Buffer.alloc(0x10000, 'x'), '\r\n');
    for (let i = 0; i < 64 && (await connection.send(chunk)); i++);
    assert.deepEqual(
      (await connection.answers()).map((answer) => answer.status),
      [413],
    );
  });


  test("a source's own body_max holds for a target in absolute form too", async (t) => {
    const small = await start(t, { sources: { github: source('github', { body_max: '1KiB' }) } });
    const body = JSON.stringify({ pad: 'x'.repeat(2000) });
    for (const form of [target, `http://hooks.example.com${target}`]) {
      const [answer] = await exchange(small.ingest, requestBytes('POST', form, sized(body), body));
      assert.equal(answer.status, 413, form);
    }
  });

  test('an early answer is never lost, even while the client still sends', async () => {
    const body = Buffer.alloc(8 << 20, 'x');
    const bytes = join(requestBytes('POST', target, signed(outer, 'outer', [['Content-Length', body.length]])), body);
    for (let i = 0; i < 20; i++) {
      const answers = await exchange(gateway.ingest, bytes);
      assert.deepEqual(
        answers.map((answer) => answer.status),
        [413],
        `try ${i + 1}`,
      );
    }
  });

  test('Expect: 100-continue is answered before the body, or refused at once', async () => {
    const connection = await RawConnection.open(gateway.ingest);
    await connection.send(
      requestBytes(
        'POST',
        target,
        sized(outer, 'outer', [
          ['Expect', '100-continue'],
          ['Connection', 'close'],
        ]),
      ),
    );
    await until('100 Continue', () => connection.bytes.toString().startsWith('HTTP/1.1 100'));
    await connection.send(outer);
    assert.deepEqual(
      (await connection.answers()).map((answer) => answer.status),
      [200],
    );
    await refused(
      requestBytes(
        'POST',
        target,
        signed(outer, 'outer', [
          ['Expect', '100-continue'],
          ['Content-Length', 3 << 20],
        ]),
      ),
      413,
    );
  });

  test('requests in a row on one connection: each its answer, in order; the second is checked like the first', async () => {
    const plain = requestBytes('POST', target, sized(outer), outer);
    const answers = await exchange(gateway.ingest, join(plain, requestBytes('GET', '/healthz', []), plain, closing()));
    assert.deepEqual(
      answers.map((answer) => answer.status),
      [200, 200, 200, 200],
    );
    const second = await exchange(
      gateway.ingest,
      join(plain, requestBytes('POST', target, signed(outer, 'outer', [['Transfer-Encoding', 'gzip']])), smuggled()),
    );
    assert.deepEqual(
      second.map((answer) => answer.status),
      [200, 400],
    );
    await assertNothingSmuggled();
  });

  test('a request byte by byte is the same request', async () => {
    const connection = await RawConnection.open(gateway.ingest);
    connection.socket.setNoDelay(true);
    for (const byte of closing()) {
      await connection.send(Buffer.from([byte]));
    }
    assert.deepEqual(
      (await connection.answers()).map((answer) => answer.status),
      [200],
    );
  });

  test('the admin listener reads as strictly', async () => {
    await refused(
      join(requestBytes('POST', api.events, [['Transfer-Encoding', 'gzip']]), smuggled()),
      400,
      gateway.admin,
    );
    await refused(join('GET /healthz HTTP/1.1\r\nHost: a\r\n\0X: y\r\n\r\n'), 400, gateway.admin);
  });

  test('slow senders: a request has a deadline from its first byte, whatever trickles in', async (t) => {
    const slow = await start(t, limits.requestTimeout('1s'));
    const drip = async (head, more) => {
      const connection = await RawConnection.open(slow.ingest);
      await connection.send(head);
      const timer = setInterval(() => connection.socket.write(more), 50);
      const answers = await connection.answers();
      clearInterval(timer);
      assert.ok(answers.length === 0 || (answers.length === 1 && answers[0].status === 408), JSON.stringify(answers));
    };
    await drip(`POST ${target} HTTP/1.1\r\nX: `, 'y');
    await drip(requestBytes('POST', target, signed(outer, 'outer', [['Content-Length', 1 << 20]])), 'y');
    await drip(requestBytes('POST', target, signed(outer, 'outer', [['Transfer-Encoding', 'chunked']])), '1\r\ny\r\n');
  });

  test('a connection that says nothing is closed', async (t) => {
    const strict = await start(t, limits.idleTimeout('1s'));
    const connection = await RawConnection.open(strict.ingest);
    assert.deepEqual(await connection.answers(), []);
    const used = await RawConnection.open(strict.ingest);
    await used.send(requestBytes('GET', '/healthz', []));
    assert.deepEqual(
      (await used.answers()).map((answer) => answer.status),
      [200],
    );
  });

  test('connections above the limit are turned away; those within it go on', async (t) => {
    const small = await start(t, limits.connections(10));
    const within = await Promise.all(Array.from({ length: 3 }, () => RawConnection.open(small.ingest)));
    const more = await Promise.all(Array.from({ length: 20 }, () => RawConnection.open(small.ingest)));
    await until('connections to be turned away', () => more.filter((one) => one.over).length >= 10);
    await within[0].send(closing());
    assert.deepEqual(
      (await within[0].answers()).map((answer) => answer.status),
      [200],
    );
    [...within, ...more].forEach((one) => one.destroy());
  });

  test('after all that it still answers, and nothing was smuggled in', async () => {
    await assertNothingSmuggled();
    const [answer] = await exchange(gateway.ingest, closing());
    assert.equal(answer.status, 200);
  });
});
