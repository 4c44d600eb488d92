// Signatures as the vendors make them, for tests that are not about the vendors' own packages.
import { createHmac, randomUUID } from 'node:crypto';

export const secrets = {
  github: 'a secret of github, long enough',
  stripe: 'whsec_a_secret_of_stripe',
  slack: 'a secret of slack, 32 letters lo',
  shopify: 'a secret of shopify',
  'standard-webhooks': `whsec_${Buffer.from('a secret of standard webhooks').toString('base64')}`,
};

const hmac = (secret, text, encoding) => createHmac('sha256', secret).update(text).digest(encoding);
const now = () => Math.floor(Date.now() / 1000);
const bytes = (body) => (typeof body === 'string' ? Buffer.from(body) : body);

export const githubSignature = (body, secret = secrets.github) => `sha256=${hmac(secret, body, 'hex')}`;

export function github(body, { event = 'push', delivery = randomUUID(), secret = secrets.github } = {}) {
  return {
    'x-github-event': event,
    'x-github-delivery': delivery,
    'x-hub-signature-256': githubSignature(body, secret),
  };
}

export function stripe(body, { at = now(), secret = secrets.stripe } = {}) {
  return {
    'stripe-signature': `t=${at},v1=${hmac(secret, Buffer.concat([Buffer.from(`${at}.`), bytes(body)]), 'hex')}`,
  };
}

export function slack(body, { at = now(), secret = secrets.slack } = {}) {
  const signature = hmac(secret, Buffer.concat([Buffer.from(`v0:${at}:`), bytes(body)]), 'hex');
  return { 'x-slack-request-timestamp': String(at), 'x-slack-signature': `v0=${signature}` };
}

export function shopify(body, { topic = 'orders/create', delivery = randomUUID(), secret = secrets.shopify } = {}) {
  return {
    'x-shopify-topic': topic,
    'x-shopify-webhook-id': delivery,
    'x-shopify-hmac-sha256': hmac(secret, body, 'base64'),
  };
}

export function standardWebhooks(
  body,
  { id = `msg_${randomUUID()}`, at = now(), secret = secrets['standard-webhooks'] } = {},
) {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signature = hmac(key, Buffer.concat([Buffer.from(`${id}.${at}.`), bytes(body)]), 'base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(at), 'webhook-signature': `v1,${signature}` };
}

// A source of a provider with that provider's secret.
export const source = (provider, more = {}) => ({ provider, secrets: [{ value: secrets[provider] }], ...more });
