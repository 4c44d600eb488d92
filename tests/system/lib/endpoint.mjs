// A step endpoint: records every call, checks its signature with the reference package, and answers as it is told.
//   const endpoint = await StepEndpoint.start(t);
//   endpoint.answer = (call) => ({ status: 500 });     also: { headers, body, hang: true, close: true }
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { until } from './wait.mjs';

export class StepEndpoint {
  static async start(t, port = 0) {
    const endpoint = new StepEndpoint();
    endpoint.server = createServer((request, response) => endpoint.handle(request, response));
    endpoint.server.keepAliveTimeout = 0;
    endpoint.server.listen(port, '127.0.0.1');
    await once(endpoint.server, 'listening');
    endpoint.port = endpoint.server.address().port;
    t.after(() => endpoint.stop());
    return endpoint;
  }

  constructor() {
    this.secret = `whsec_${Buffer.from('the secret of this step endpoint').toString('base64')}`;
    this.calls = [];
    this.answer = () => ({});
  }

  // For the configuration.
  get declaration() {
    return { url: `http://127.0.0.1:${this.port}/steps`, secrets: [{ value: this.secret }] };
  }

  async handle(request, response) {
    const parts = [];
    for await (const part of request) {
      parts.push(part);
    }
    const bytes = Buffer.concat(parts);
    const call = {
      at: Date.now(),
      method: request.method,
      path: request.url,
      headers: request.headers,
      text: bytes.toString(),
      bytes,
    };
    try {
      call.body = new Webhook(this.secret).verify(call.text, request.headers);
    } catch (error) {
      call.signatureError = error;
    }
    call.key = request.headers['idempotency-key'];
    this.calls.push(call);
    const { status = 200, headers = {}, body = {}, hang, close } = this.answer(call, this.calls.length);
    if (close) {
      request.socket.destroy();
    } else if (!hang) {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
    }
  }

  async waitFor(count, seconds) {
    await until(
      () => `${count} calls of the step endpoint; there were ${this.calls.length}`,
      () => this.calls.length >= count,
      seconds,
    );
    return this.calls;
  }

  // Calls by (run, step).
  byStep() {
    const steps = new Map();
    for (const call of this.calls) {
      const name = `${call.body?.run.id}/${call.body?.run.step}`;
      steps.set(name, [...(steps.get(name) ?? []), call]);
    }
    return steps;
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}
