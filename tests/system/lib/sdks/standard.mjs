// Standard Webhooks and its relatives: id, time and body. The words are explained in ../sdks.mjs.
import OpenAI from 'openai';
import { validateWebhook as replicateWebhook } from 'replicate';
import { Resend } from 'resend';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { holds, json, seconds, uuid } from './words.mjs';

const openai = new OpenAI({ apiKey: 'unused' });
const resend = new Resend('re_unused');
const key = Buffer.from('a secret of standard webhooks').toString('base64');

// A class with sign(id, date, body): headers that begin with `family`.
function standardHeaders(webhook, family, body) {
  const id = `msg_${uuid()}`;
  const at = seconds();
  return {
    [`${family}-id`]: id,
    [`${family}-timestamp`]: String(at),
    [`${family}-signature`]: webhook.sign(id, new Date(at * 1000), body),
  };
}

const standardWebhook = {
  body: json((id, text) => ({ type: 'invoice.paid', data: { id, text } })),
  signsWith: 'Webhook.sign',
  signs: ({ body, secret }) => standardHeaders(new StandardWebhook(secret), 'webhook', body),
  verifiesWith: 'Webhook.verify',
  verifies: ({ body, headers, secret }) => holds(() => new StandardWebhook(secret).verify(body, headers)),
};

export const standard = [
  {
    package: 'standardwebhooks',
    provider: 'standard-webhooks',
    secret: `whsec_${key}`,
    type: 'standard-webhooks.invoice.paid',
    ...standardWebhook,
  },
  {
    package: 'svix',
    provider: 'svix',
    secret: `whsec_${key}`,
    type: 'svix.invoice.paid',
    body: json((id, text) => ({ type: 'invoice.paid', data: { id, text } })),
    signsWith: 'Webhook.sign',
    signs: ({ body, secret }) => standardHeaders(new SvixWebhook(secret), 'svix', body),
    verifiesWith: 'Webhook.verify',
    verifies: ({ body, headers, secret }) => holds(() => new SvixWebhook(secret).verify(body, headers)),
  },
  // The packages of these vendors do nothing but call this one.
  ...['anthropic', 'dodo-payments'].map((provider) => ({
    package: 'standardwebhooks',
    provider,
    secret: `whsec_${key}`,
    type: `${provider}.invoice.paid`,
    ...standardWebhook,
  })),
  // Unlike the standard, a secret without the prefix is no base64.
  ...[
    ['openai', `whsec_${key}`],
    ['openai-plain', 'a secret of openai'],
  ].map(([name, secret]) => ({
    package: 'openai',
    provider: 'openai',
    name,
    secret,
    type: 'openai.response.completed',
    body: json((id, text) => ({ object: 'event', id: `evt_${id}`, type: 'response.completed', data: { text } })),
    verifiesWith: 'webhooks.unwrap',
    verifies: ({ body, headers, secret }) => holds(() => openai.webhooks.unwrap(body, headers, secret)),
  })),
  {
    package: 'resend',
    provider: 'resend',
    secret: `whsec_${key}`,
    type: 'resend.email.sent',
    body: json((id, text) => ({ type: 'email.sent', data: { email_id: id, text } })),
    verifiesWith: 'webhooks.verify',
    verifies: ({ body, headers, secret }) =>
      holds(() =>
        resend.webhooks.verify({
          payload: body,
          headers: {
            id: headers['svix-id'],
            timestamp: headers['svix-timestamp'],
            signature: headers['svix-signature'],
          },
          webhookSecret: secret,
        }),
      ),
  },
  {
    package: 'replicate',
    provider: 'replicate',
    secret: `whsec_${key}`,
    type: 'replicate.succeeded',
    body: json((id, text) => ({ id, status: 'succeeded', output: text })),
    verifiesWith: 'validateWebhook',
    verifies: ({ body, headers, secret }) => replicateWebhook({ body, headers }, secret),
  },
];
