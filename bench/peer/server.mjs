// The peer that hooklatch is measured against: what a careful Node developer would write. The same checks on a GitHub push
// (HMAC-SHA256 of the raw body, compared in constant time; strict JSON; GitHub's official schema), answered 200. Nothing is stored.
// PEER_PORT, PEER_SECRET, PEER_SCHEMA (a file), PEER_WORKERS (1: one process, as most run it).
import cluster from 'node:cluster';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import Ajv from 'ajv';
import Fastify from 'fastify';

const workers = Number(process.env.PEER_WORKERS ?? 1);

function serve() {
  const secret = process.env.PEER_SECRET;
  const schema = JSON.parse(readFileSync(process.env.PEER_SCHEMA, 'utf8'));
  // format is an annotation on both sides; the first error ends the check on both sides.
  const validate = new Ajv({ strict: false, validateFormats: false }).compile(schema);
  const app = Fastify({ logger: false, bodyLimit: 2 << 20 });

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.post('/webhooks/github', (request, reply) => {
    const given = request.headers['x-hub-signature-256'];
    const right = `sha256=${createHmac('sha256', secret).update(request.body).digest('hex')}`;
    if (
      typeof given !== 'string' ||
      given.length !== right.length ||
      !timingSafeEqual(Buffer.from(given), Buffer.from(right))
    ) {
      return reply.code(401).send({ status: 401 });
    }
    let push;
    try {
      push = JSON.parse(request.body);
    } catch {
      return reply.code(400).send({ status: 400 });
    }
    if (!validate(push)) {
      return reply.code(422).send({ status: 422 });
    }
    return reply.type('application/json').send('{"status":"accepted"}');
  });
  app.listen({ host: '127.0.0.1', port: Number(process.env.PEER_PORT) });
}

if (workers > 1 && cluster.isPrimary) {
  for (let i = 0; i < workers; i++) {
    cluster.fork();
  }
  process.on('SIGTERM', () => process.exit(0));
} else {
  serve();
}
