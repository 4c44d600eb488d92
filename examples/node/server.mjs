// A step endpoint: verifies each call, does the work, answers with the step's output. What it throws is answered 401 and tried again later.
import { createServer } from 'node:http';
import { Webhook } from 'standardwebhooks';
const webhook = new Webhook(process.env.STEP_SECRET);
createServer(async (request, response) => {
  try {
    let body = '';
    for await (const text of request.setEncoding('utf8')) body += text;
    const { event, input, run } = webhook.verify(body, request.headers);
    console.log(`${run.step}: ${event.type} ${event.id}, attempt ${run.attempt}, key ${request.headers['idempotency-key']}`);
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ seen: Object.keys(input) }));
  } catch (error) {
    response.writeHead(401).end(error.message);
  }
}).listen(process.env.PORT ?? 9000, '127.0.0.1');
