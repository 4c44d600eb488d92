// Exact bytes on a socket, and every answer that comes back.
import { once } from 'node:events';
import { connect } from 'node:net';
import { within } from './wait.mjs';

// Answers in the bytes received, in order. methods: of the requests, since an answer to HEAD has no body.
export function parseAnswers(bytes, methods = []) {
  const answers = [];
  for (let rest = bytes; rest.length > 0;) {
    const end = rest.indexOf('\r\n\r\n');
    const [line = '', ...lines] = (end < 0 ? rest : rest.subarray(0, end)).toString('latin1').split('\r\n');
    const match = /^HTTP\/1\.[01] (\d{3})/.exec(line);
    if (end < 0 || match === null) {
      answers.push({ status: 0, headers: new Headers(), text: rest.toString('latin1') });
      break;
    }
    const headers = new Headers(
      lines.map((header) => [header.slice(0, header.indexOf(':')), header.slice(header.indexOf(':') + 1).trim()]),
    );
    const status = Number(match[1]);
    const interim = status < 200;
    const empty = interim || status === 204 || status === 304 || methods[answers.length] === 'HEAD';
    const length = empty ? 0 : Number(headers.get('content-length') ?? rest.length - end - 4);
    const text = rest.subarray(end + 4, end + 4 + length).toString();
    rest = rest.subarray(end + 4 + length);
    if (!interim) {
      answers.push({ status, headers, text, json: jsonOf(text), whole: Buffer.byteLength(text) === length });
    }
  }
  return answers;
}

function jsonOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export class RawConnection {
  static async open(port) {
    const connection = new RawConnection();
    connection.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    connection.received = [];
    connection.over = false;
    connection.socket.on('data', (data) => connection.received.push(data));
    connection.socket.on('error', (error) => {
      connection.error = error;
    });
    connection.closed = new Promise((resolve) => {
      connection.socket.once('end', resolve);
      connection.socket.once('close', resolve);
    });
    connection.closed.then(() => {
      connection.over = true;
    });
    await once(connection.socket, 'connect');
    return connection;
  }

  get bytes() {
    return Buffer.concat(this.received);
  }

  // Resolves when the bytes have left us, or the peer has shut the door; false: the latter.
  send(data) {
    return Promise.race([
      new Promise((resolve) => this.socket.write(data, (error) => resolve(!error))),
      this.closed.then(() => false),
    ]);
  }

  // Until the gateway closes: its answers.
  async answers(methods, seconds = 20) {
    await within(
      `the gateway to close the connection; so far it sent ${JSON.stringify(this.bytes.toString('latin1').slice(0, 500))}`,
      this.closed,
      seconds,
    );
    this.socket.destroy();
    return parseAnswers(this.bytes, methods);
  }

  destroy() {
    this.socket.destroy();
  }
}

// Sends the chunks, then reads until the gateway closes.
export async function exchange(port, chunks, methods) {
  const connection = await RawConnection.open(port);
  for (const chunk of [chunks].flat()) {
    await connection.send(chunk);
  }
  return connection.answers(methods);
}

// A request as text. headers: lines as [name, value]; body as Buffer or string.
export function requestBytes(method, target, headers, body = '') {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.concat([
    Buffer.from(`${method} ${target} HTTP/1.1\r\nHost: gateway\r\n${lines}\r\n`, 'latin1'),
    Buffer.from(body),
  ]);
}
