// Public keys and signed tokens. The words are explained in ../sdks.mjs.
import { createHash, createSecretKey, generateKeyPairSync } from 'node:crypto';
import { EventWebhook } from '@sendgrid/eventwebhook';
import { Receiver as QStashReceiver } from '@upstash/qstash';
import { verifyKey, verifyKeyMiddleware, verifyWebhookEventMiddleware } from 'discord-interactions';
import { AccessToken, WebhookReceiver } from 'livekit-server-sdk';
import messagebird from 'messagebird/lib/webhook-signature-jwt.js';
import Telnyx from 'telnyx';
import { holds, json, uuid } from './words.mjs';

const pem = ({ privateKey }) => privateKey.export({ type: 'pkcs8', format: 'pem' });
const rawPublic = ({ publicKey }, encoding) =>
  publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString(encoding);
const discordKeys = generateKeyPairSync('ed25519');
const telnyxKeys = generateKeyPairSync('ed25519');
const sendgridKeys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const sendgrid = new EventWebhook();
const livekitKey = 'APIkeyOfLiveKit';

// What its Express middleware answers by itself.
const discordAnswer = (middleware, { body, headers, secret }) =>
  new Promise((done) => {
    const request = { header: (name) => headers[name.toLowerCase()], body: Buffer.from(body) };
    const response = {
      statusCode: 200,
      setHeader: () => {},
      end: (text) => done({ status: response.statusCode, body: text ? JSON.parse(text) : '' }),
    };
    middleware(secret)(request, response, () => done({ passed: 'on' }));
  });

export const keys = [
  {
    package: 'discord-interactions',
    provider: 'discord',
    secret: rawPublic(discordKeys, 'hex'),
    signingSecret: pem(discordKeys),
    type: 'discord.APPLICATION_AUTHORIZED',
    body: json((id, text) => ({
      version: 1,
      application_id: id,
      type: 1,
      event: { type: 'APPLICATION_AUTHORIZED', data: { text } },
    })),
    verifiesWith: 'verifyKey',
    verifies: ({ body, headers, secret }) =>
      verifyKey(body, headers['x-signature-ed25519'], headers['x-signature-timestamp'], secret),
    handshakes: [
      {
        name: 'interaction-ping',
        body: '{"application_id":"1","id":"2","token":"t","type":1,"version":1}',
        answer: (message) => discordAnswer(verifyKeyMiddleware, message),
      },
      {
        name: 'webhook-event-ping',
        body: '{"version":1,"application_id":"1","type":0}',
        answer: (message) => discordAnswer(verifyWebhookEventMiddleware, message),
      },
    ],
  },
  {
    package: 'telnyx',
    provider: 'telnyx',
    secret: rawPublic(telnyxKeys, 'base64'),
    signingSecret: pem(telnyxKeys),
    type: 'telnyx.message.received',
    body: json((id, text) => ({ data: { id, event_type: 'message.received', payload: { text } } })),
    verifiesWith: 'webhooks.constructEvent',
    verifies: ({ body, headers, secret }) =>
      holds(() =>
        Telnyx.webhooks.constructEvent(
          body,
          Buffer.from(headers['telnyx-signature-ed25519'], 'base64'),
          headers['telnyx-timestamp'],
          Buffer.from(secret, 'base64'),
        ),
      ),
  },
  {
    package: '@sendgrid/eventwebhook',
    provider: 'sendgrid',
    secret: sendgridKeys.publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    signingSecret: pem(sendgridKeys),
    type: 'sendgrid.delivered',
    // It ends its bodies with CR LF, and signs that.
    body: (id, text) => `${JSON.stringify([{ event: 'delivered', sg_event_id: id, text }])}\r\n`,
    verifiesWith: 'EventWebhook.verifySignature',
    verifies: ({ body, headers, secret }) =>
      sendgrid.verifySignature(
        sendgrid.convertPublicKeyToECDSA(secret),
        body,
        headers['x-twilio-email-event-webhook-signature'],
        headers['x-twilio-email-event-webhook-timestamp'],
      ),
  },
  {
    package: '@upstash/qstash',
    provider: 'qstash',
    secret: 'sig_a_signing_key_of_qstash',
    type: 'qstash',
    body: json((id, text) => ({ id, text })),
    headers: () => ({ 'upstash-message-id': `msg_${uuid()}` }),
    verifiesWith: 'Receiver.verify',
    verifies: ({ body, url, headers, secret }) =>
      holds(() =>
        new QStashReceiver({ currentSigningKey: secret, nextSigningKey: 'sig_next' }).verify({
          signature: headers['upstash-signature'],
          body,
          url,
        }),
      ),
  },
  {
    package: 'livekit-server-sdk',
    provider: 'livekit',
    secret: 'a secret of livekit, long enough',
    params: { api_key: livekitKey },
    type: 'livekit.room_started',
    contentType: 'application/webhook+json',
    body: json((id, text) => ({ event: 'room_started', id: `EV_${id}`, room: { name: 'r', metadata: text } })),
    signsWith: 'AccessToken.toJwt',
    signs: async ({ body, secret }) => {
      const token = new AccessToken(livekitKey, secret);
      token.sha256 = createHash('sha256').update(body).digest('base64');
      return { authorization: await token.toJwt() };
    },
    verifiesWith: 'WebhookReceiver.receive',
    verifies: ({ body, headers, secret }) =>
      holds(() => new WebhookReceiver(livekitKey, secret).receive(body, headers.authorization)),
  },
  {
    package: 'messagebird',
    provider: 'messagebird',
    secret: 'a signing key of messagebird',
    type: 'messagebird',
    body: json((id, text) => ({ id, text })),
    verifiesWith: 'verify',
    verifies: ({ body, url, headers, secret }) =>
      holds(() =>
        messagebird.verify(
          url,
          Buffer.from(body),
          headers['messagebird-signature-jwt'],
          createSecretKey(Buffer.from(secret)),
        ),
      ),
  },
];
