// A keyed hash over the body, or over the time and the body. The words are explained in ../sdks.mjs.
import { sign as octokitSign, verify as octokitVerify } from '@octokit/webhooks-methods';
import boltRequest from '@slack/bolt/dist/receivers/verify-request.js';
import '@shopify/shopify-api/adapters/web-api';
import { ApiVersion, LogSeverity, shopifyApi } from '@shopify/shopify-api';
import Razorpay from 'razorpay/dist/utils/razorpay-utils.js';
import { Paddle } from '@paddle/paddle-node-sdk';
import { WorkOS } from '@workos-inc/node';
import { validateSignature as lineSignature } from '@line/bot-sdk';
import Mux from '@mux/mux-node';
import Stripe from 'stripe';
import { holds, json, seconds, uuid } from './words.mjs';

const stripe = new Stripe('sk_test_unused');
const workos = new WorkOS('sk_test_unused');
const paddle = new Paddle('unused');
const mux = new Mux({ tokenId: 'unused', tokenSecret: 'unused' });
const shopify = shopifyApi({
  apiKey: 'unused',
  apiSecretKey: 'a secret of shopify',
  apiVersion: ApiVersion.January26,
  hostName: 'hooks.example.com',
  isEmbeddedApp: false,
  logger: { level: LogSeverity.Error },
});

async function shopifyVerifies({ body, headers, url }) {
  const rawRequest = new Request(url, { method: 'POST', headers });
  return (await shopify.webhooks.validate({ rawBody: body, rawRequest })).valid;
}

export const hmac = [
  {
    package: 'stripe',
    provider: 'stripe',
    secret: 'whsec_a_secret_of_stripe',
    type: 'stripe.invoice.paid',
    body: json((id, text) => ({ id: `evt_${id}`, object: 'event', type: 'invoice.paid', data: { object: { text } } })),
    signsWith: 'webhooks.generateTestHeaderString',
    signs: ({ body, secret }) => ({
      'stripe-signature': stripe.webhooks.generateTestHeaderString({ payload: body, secret }),
    }),
    verifiesWith: 'webhooks.constructEvent',
    verifies: ({ body, headers, secret }) =>
      holds(() => stripe.webhooks.constructEvent(body, headers['stripe-signature'], secret)),
  },
  {
    package: '@octokit/webhooks-methods',
    provider: 'github',
    secret: 'a secret of github, long enough',
    type: 'github.push',
    body: json((id, text) => ({ ref: 'refs/heads/main', after: id, text })),
    headers: () => ({ 'x-github-event': 'push', 'x-github-delivery': uuid() }),
    signsWith: 'sign',
    signs: async ({ body, secret }) => ({ 'x-hub-signature-256': await octokitSign(secret, body) }),
    verifiesWith: 'verify',
    verifies: ({ body, headers, secret }) => octokitVerify(secret, body, headers['x-hub-signature-256']),
  },
  {
    package: '@slack/bolt',
    provider: 'slack',
    secret: 'a secret of slack, 32 letters lo',
    type: 'slack.app_mention',
    body: json((id, text) => ({ type: 'event_callback', event_id: `Ev${id}`, event: { type: 'app_mention', text } })),
    verifiesWith: 'isValidSlackRequest',
    verifies: ({ body, headers, secret }) =>
      boltRequest.isValidSlackRequest({ signingSecret: secret, body, headers }),
  },
  {
    package: '@shopify/shopify-api',
    provider: 'shopify',
    secret: 'a secret of shopify',
    type: 'shopify.orders/create',
    body: json((id, text) => ({ id, note: text })),
    headers: () => ({
      'x-shopify-topic': 'orders/create',
      'x-shopify-webhook-id': uuid(),
      'x-shopify-shop-domain': 'kite.myshopify.com',
      'x-shopify-api-version': '2026-01',
    }),
    verifiesWith: 'webhooks.validate',
    verifies: shopifyVerifies,
  },
  {
    package: '@shopify/shopify-api',
    provider: 'shopify-events',
    secret: 'a secret of shopify',
    type: 'shopify-events.orders/create',
    body: json((id, text) => ({ id, note: text })),
    headers: () => ({
      'shopify-topic': 'orders/create',
      'shopify-webhook-id': uuid(),
      'shopify-event-id': uuid(),
      'shopify-shop-domain': 'kite.myshopify.com',
      'shopify-api-version': '2026-01',
    }),
    verifiesWith: 'webhooks.validate',
    verifies: shopifyVerifies,
  },
  {
    package: 'razorpay',
    provider: 'razorpay',
    secret: 'a secret of razorpay',
    type: 'razorpay.payment.captured',
    body: json((id, text) => ({ entity: 'event', event: 'payment.captured', payload: { payment: { id, text } } })),
    headers: () => ({ 'x-razorpay-event-id': uuid() }),
    verifiesWith: 'validateWebhookSignature',
    verifies: ({ body, headers, secret }) =>
      Razorpay.validateWebhookSignature(body, headers['x-razorpay-signature'], secret),
  },
  {
    package: '@paddle/paddle-node-sdk',
    provider: 'paddle',
    secret: 'pdl_ntfset_a_secret_of_paddle',
    type: 'paddle.transaction.completed',
    body: json((id, text) => ({ event_id: `evt_${id}`, event_type: 'transaction.completed', data: { text } })),
    verifiesWith: 'webhooks.isSignatureValid',
    verifies: ({ body, headers, secret }) =>
      paddle.webhooks.isSignatureValid(body, secret, headers['paddle-signature']),
  },
  {
    package: '@workos-inc/node',
    provider: 'workos',
    secret: 'a secret of workos',
    type: 'workos.user.created',
    body: json((id, text) => ({ id: `event_${id}`, event: 'user.created', data: { text } })),
    signsWith: 'webhooks.computeSignature',
    signs: async ({ body, secret }) => {
      const now = Date.now();
      const signature = await workos.webhooks.computeSignature(now, JSON.parse(body), secret);
      return { 'workos-signature': `t=${now}, v1=${signature}` };
    },
    verifiesWith: 'webhooks.verifyHeader',
    verifies: ({ body, headers, secret }) =>
      holds(() =>
        workos.webhooks.verifyHeader({ payload: JSON.parse(body), sigHeader: headers['workos-signature'], secret }),
      ),
  },
  {
    package: '@line/bot-sdk',
    provider: 'line',
    secret: 'a secret of line',
    type: 'line.message',
    body: json((id, text) => ({ events: [{ type: 'message', webhookEventId: id, message: { text } }] })),
    verifiesWith: 'validateSignature',
    verifies: ({ body, headers, secret }) => lineSignature(body, secret, headers['x-line-signature']),
  },
  {
    package: '@mux/mux-node',
    provider: 'mux',
    secret: 'a secret of mux',
    type: 'mux.video.asset.ready',
    body: json((id, text) => ({ id, type: 'video.asset.ready', data: { text } })),
    signsWith: 'webhooks.computeSignature',
    signs: async ({ body, secret }) => {
      const now = seconds();
      return { 'mux-signature': `t=${now},v1=${await mux.webhooks.computeSignature(`${now}.${body}`, secret)}` };
    },
    verifiesWith: 'webhooks.unwrap',
    verifies: ({ body, headers, secret }) => holds(() => mux.webhooks.unwrap(body, headers, secret)),
  },
];
