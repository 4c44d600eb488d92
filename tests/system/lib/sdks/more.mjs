// Further packages that sign the body, the time and the body, or a part of it. The words are explained in ../sdks.mjs.
import AdyenHmac from '@adyen/api-library/lib/src/utils/hmacValidator.js';
import { LinearWebhookClient } from '@linear/sdk/webhooks';
import onfido from '@onfido/api/dist/webhook-event-verifier.js';
import { encodeSignatureHeader, isValidSignature } from '@sanity/webhook';
import { AwsLambdaReceiver } from '@zoom/rivet/users';
import braintreeSdk from 'braintree';
import cloudinary from 'cloudinary';
import * as goCardless from 'gocardless-nodejs/webhooks';
import Pusher from 'pusher';
import PusherToken from 'pusher/lib/token.js';
import { changed, holds, json, seconds, uuid } from './words.mjs';

const adyen = new AdyenHmac.default();
const adyenItem = (body) => JSON.parse(body).notificationItems[0].NotificationRequestItem;
const pusher = new Pusher({ appId: '1', key: 'key-of-pusher', secret: 'a secret of pusher', cluster: 'eu' });
const braintree = new braintreeSdk.BraintreeGateway({
  environment: braintreeSdk.Environment.Sandbox,
  merchantId: 'unused',
  publicKey: 'key-of-braintree',
  privateKey: 'a secret of braintree',
});
const form = (body) => Object.fromEntries(new URLSearchParams(body));
const formOf = (fields) => new URLSearchParams(fields).toString();
const sampleOf = (id, text) =>
  braintree.webhookTesting.sampleNotification('subscription_canceled', `${id} ${text}`).bt_payload;
const challenge = '20f9f8ed05f77439fe955c977e4c8a53';
const cloudinaryConfig = { api_secret: 'a secret of cloudinary', signature_algorithm: 'sha1' };
cloudinary.config(cloudinaryConfig);

// It verifies in its receivers only; this one is a function of headers and body. It says much on the console.
async function zoomAnswer({ body, headers, secret }) {
  const { debug } = console;
  console.debug = () => {};
  try {
    return await new AwsLambdaReceiver({ webhooksSecretToken: secret }).start()({ body, headers }, {});
  } finally {
    console.debug = debug;
  }
}

export const more = [
  {
    package: '@sanity/webhook',
    provider: 'sanity',
    secret: 'a secret of sanity',
    type: 'sanity.create',
    body: json((id, text) => ({ _id: id, text })),
    headers: () => ({ 'sanity-operation': 'create', 'idempotency-key': uuid() }),
    signsWith: 'encodeSignatureHeader',
    signs: async ({ body, secret }) => ({
      'sanity-webhook-signature': await encodeSignatureHeader(body, Date.now(), secret),
    }),
    verifiesWith: 'isValidSignature',
    verifies: ({ body, headers, secret }) => isValidSignature(body, headers['sanity-webhook-signature'], secret),
  },
  {
    package: '@zoom/rivet',
    provider: 'zoom',
    secret: 'a secret of zoom',
    type: 'zoom.meeting.started',
    body: json((id, text) => ({ event: 'meeting.started', event_ts: 1, payload: { object: { id, text } } })),
    verifiesWith: 'AwsLambdaReceiver',
    verifies: async (message) => (await zoomAnswer(message)).statusCode === 200,
    handshakes: [
      {
        name: 'url_validation',
        body: '{"event":"endpoint.url_validation","event_ts":1,"payload":{"plainToken":"before-Xy_9"}}',
        answer: async (message) => {
          const { statusCode: status, body } = await zoomAnswer(message);
          return { status, body: JSON.parse(body) };
        },
      },
    ],
  },
  {
    package: '@linear/sdk',
    provider: 'linear',
    secret: 'lin_wh_a_secret_of_linear',
    type: 'linear.Issue',
    body: json((id, text) => ({ action: 'create', type: 'Issue', webhookTimestamp: Date.now(), data: { id, text } })),
    headers: () => ({ 'linear-event': 'Issue', 'linear-delivery': uuid() }),
    verifiesWith: 'LinearWebhookClient.verify',
    verifies: ({ body, headers, secret }) =>
      holds(() => new LinearWebhookClient(secret).verify(Buffer.from(body), headers['linear-signature'])),
  },
  {
    package: 'pusher',
    provider: 'pusher',
    secret: 'a secret of pusher',
    type: 'pusher.channel_occupied',
    body: json((id, text) => ({ time_ms: 1, events: [{ name: 'channel_occupied', channel: `c-${id}`, text }] })),
    headers: () => ({ 'x-pusher-key': 'key-of-pusher' }),
    signsWith: 'Token.sign',
    signs: ({ body, secret }) => ({ 'x-pusher-signature': new PusherToken('key-of-pusher', secret).sign(body) }),
    verifiesWith: 'webhook.isValid',
    verifies: ({ body, headers }) =>
      pusher.webhook({ headers: { ...headers, 'content-type': 'application/json' }, rawBody: body }).isValid(),
  },
  {
    package: 'gocardless-nodejs',
    provider: 'gocardless',
    secret: 'a secret of gocardless',
    type: 'gocardless.mandates',
    ack: 204,
    body: json((id, text) => ({
      events: [{ id: `EV${id}`, resource_type: 'mandates', action: 'created', details: { text } }],
      meta: { webhook_id: `WB${id}` },
    })),
    verifiesWith: 'webhooks.parse',
    verifies: ({ body, headers, secret }) => holds(() => goCardless.parse(body, secret, headers['webhook-signature'])),
  },
  {
    package: '@onfido/api',
    provider: 'onfido',
    secret: 'a secret of onfido',
    type: 'onfido.check.completed',
    body: json((id, text) => ({ payload: { action: 'check.completed', object: { id, text } } })),
    verifiesWith: 'WebhookEventVerifier.readPayload',
    verifies: ({ body, headers, secret }) =>
      holds(() => new onfido.WebhookEventVerifier(secret).readPayload(body, headers['x-sha2-signature'])),
  },
  {
    package: 'cloudinary',
    provider: 'cloudinary',
    secret: cloudinaryConfig.api_secret,
    type: 'cloudinary.upload',
    body: json((id, text) => ({ notification_type: 'upload', notification_id: id, public_id: 'kite', context: text })),
    signsWith: 'utils.webhook_signature',
    signs: ({ body }) => {
      const now = seconds();
      return {
        'x-cld-timestamp': String(now),
        'x-cld-signature': cloudinary.utils.webhook_signature(body, now, cloudinaryConfig),
      };
    },
    verifiesWith: 'utils.verifyNotificationSignature',
    verifies: ({ body, headers }) =>
      cloudinary.utils.verifyNotificationSignature(body, headers['x-cld-timestamp'], headers['x-cld-signature']),
  },
  {
    package: '@adyen/api-library',
    provider: 'adyen',
    secret: 'A1B2C3D4E5F60718293A4B5C6D7E8F90A1B2C3D4E5F60718293A4B5C6D7E8F90',
    type: 'adyen.AUTHORISATION',
    body: json((id, text) => ({
      live: 'false',
      notificationItems: [
        {
          NotificationRequestItem: {
            additionalData: {},
            amount: { value: 1130, currency: 'EUR' },
            pspReference: id,
            eventCode: 'AUTHORISATION',
            merchantAccountCode: 'Kite',
            merchantReference: text,
            success: 'true',
          },
        },
      ],
    })),
    signsWith: 'hmacValidator.calculateHmac',
    signs: ({ body, secret }) => {
      const signed = JSON.parse(body);
      const item = signed.notificationItems[0].NotificationRequestItem;
      item.additionalData.hmacSignature = adyen.calculateHmac(item, secret);
      return { body: JSON.stringify(signed) };
    },
    verifiesWith: 'hmacValidator.validateHMAC',
    verifies: ({ body, secret }) => adyen.validateHMAC(adyenItem(body), secret),
  },
  {
    package: '@adyen/api-library',
    provider: 'adyen-platform',
    secret: 'A1B2C3D4E5F60718293A4B5C6D7E8F90A1B2C3D4E5F60718293A4B5C6D7E8F90',
    type: 'adyen-platform.balancePlatform.transfer.created',
    body: json((id, text) => ({ type: 'balancePlatform.transfer.created', data: { id, text } })),
    signsWith: 'hmacValidator.calculateHmac',
    signs: ({ body, secret }) => ({ hmacsignature: adyen.calculateHmac(body, secret) }),
  },
  {
    package: 'braintree',
    provider: 'braintree',
    secret: 'a secret of braintree',
    params: { public_key: 'key-of-braintree' },
    type: 'braintree',
    contentType: 'application/x-www-form-urlencoded',
    body: (id, text) => formOf({ bt_payload: sampleOf(id, text) }),
    signsWith: 'webhookTesting.sampleSignature',
    signs: ({ body }) => {
      const { bt_payload } = form(body);
      return { body: formOf({ bt_signature: braintree.webhookTesting.sampleSignature(bt_payload), bt_payload }) };
    },
    // The text is in the base64 of the payload.
    change: (body) => {
      const { bt_signature, bt_payload } = form(body);
      const xml = changed(Buffer.from(bt_payload, 'base64').toString());
      return formOf({ bt_signature, bt_payload: `${Buffer.from(xml).toString('base64')}\n` });
    },
    verifiesWith: 'webhookNotification.parse',
    verifies: ({ body }) =>
      holds(() => braintree.webhookNotification.parse(form(body).bt_signature, form(body).bt_payload)),
    handshakes: [
      {
        name: 'challenge',
        method: 'GET',
        query: `?bt_challenge=${challenge}`,
        answer: () => ({ status: 200, body: braintree.webhookNotification.verify(challenge) }),
      },
    ],
  },
];
