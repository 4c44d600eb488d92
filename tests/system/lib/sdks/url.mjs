// What the URL is signed with. The words are explained in ../sdks.mjs.
import { signRequest, verifyRequest } from '@contentful/node-apps-toolkit/requests';
import { Signature as HubSpotSignature } from '@hubspot/api-client/lib/src/utils/signature.js';
import { WebhooksHelper as squareHelper } from 'square/dist/cjs/utilities/webhooksHelper.js';
import twilio from 'twilio/lib/webhooks/webhooks.js';
import { holds, json, uuid } from './words.mjs';

const form = (body) => {
  const fields = {};
  for (const [name, value] of new URLSearchParams(body)) {
    fields[name] = name in fields ? [fields[name], value].flat() : value;
  }
  return fields;
};
const hubspotBody = json((id, text) => [{ eventId: id, subscriptionType: 'contact.creation', objectId: 7, text }]);
const hubspotOptions = ({ body, url, secret }) => ({ requestBody: body, clientSecret: secret, url, method: 'POST' });
const hubspotSignature = (version, message, more) =>
  HubSpotSignature.getSignature('POST', version, { ...hubspotOptions(message), ...more });

export const url = [
  {
    package: 'twilio',
    provider: 'twilio',
    secret: 'an auth token of twilio',
    type: 'twilio.delivered',
    contentType: 'application/x-www-form-urlencoded',
    // Names out of order, an empty value, one that is there twice, a plus that is a space.
    body: (id, text) =>
      new URLSearchParams([
        ['To', '+15005550006'],
        ['MessageStatus', 'delivered'],
        ['MessageSid', `SM${id}`],
        ['Media', 'b'],
        ['Media', 'a'],
        ['ErrorCode', ''],
        ['Body', text],
      ]).toString(),
    headers: () => ({ 'i-twilio-idempotency-token': uuid() }),
    signsWith: 'getExpectedTwilioSignature',
    signs: ({ body, url: called, secret }) => ({
      'x-twilio-signature': twilio.getExpectedTwilioSignature(secret, called, form(body)),
    }),
    verifiesWith: 'validateRequest',
    verifies: ({ body, url: called, headers, secret }) =>
      twilio.validateRequest(secret, headers['x-twilio-signature'], called, form(body)),
  },
  {
    package: 'twilio',
    provider: 'twilio',
    name: 'twilio-json',
    secret: 'an auth token of twilio',
    type: 'twilio',
    body: json((id, text) => ({ id, text })),
    headers: () => ({ 'i-twilio-idempotency-token': uuid() }),
    query: ({ body }) => `bodySHA256=${twilio.getExpectedBodyHash(body)}`,
    signsWith: 'getExpectedTwilioSignature',
    signs: ({ url: called, secret }) => ({
      'x-twilio-signature': twilio.getExpectedTwilioSignature(secret, called, {}),
    }),
    verifiesWith: 'validateRequestWithBody',
    verifies: ({ body, url: called, headers, secret }) =>
      twilio.validateRequestWithBody(secret, headers['x-twilio-signature'], called, body),
  },
  {
    package: 'square',
    provider: 'square',
    secret: 'a secret of square',
    type: 'square.payment.created',
    body: json((id, text) => ({ merchant_id: 'M', type: 'payment.created', event_id: id, data: { text } })),
    verifiesWith: 'WebhooksHelper.isValidWebhookEventSignature',
    verifies: ({ body, url: called, headers, secret }) =>
      squareHelper.isValidWebhookEventSignature(body, headers['x-square-hmacsha256-signature'], secret, called),
  },
  {
    package: '@hubspot/api-client',
    provider: 'hubspot',
    secret: 'a secret of hubspot',
    type: 'hubspot.contact.creation',
    body: hubspotBody,
    signsWith: 'Signature.getSignature',
    signs: (message) => {
      const timestamp = Date.now();
      return {
        'x-hubspot-request-timestamp': String(timestamp),
        'x-hubspot-signature-v3': hubspotSignature('v3', message, { timestamp }),
      };
    },
    verifiesWith: 'Signature.isValid',
    verifies: (message) =>
      HubSpotSignature.isValid({
        ...hubspotOptions(message),
        signatureVersion: 'v3',
        signature: message.headers['x-hubspot-signature-v3'],
        timestamp: Number(message.headers['x-hubspot-request-timestamp']),
      }),
  },
  // v2 is for what workflows send: no subscription, no type.
  ...[
    ['v1', 'hubspot-v1.contact.creation'],
    ['v2', 'hubspot-v2'],
  ].map(([version, type]) => ({
    package: '@hubspot/api-client',
    provider: `hubspot-${version}`,
    secret: 'a secret of hubspot',
    type,
    body: hubspotBody,
    headers: () => ({ 'x-hubspot-signature-version': version }),
    signsWith: 'Signature.getSignature',
    signs: (message) => ({ 'x-hubspot-signature': hubspotSignature(version, message) }),
    verifiesWith: 'Signature.isValid',
    verifies: (message) =>
      HubSpotSignature.isValid({
        ...hubspotOptions(message),
        signatureVersion: version,
        signature: message.headers['x-hubspot-signature'],
      }),
  })),
  {
    package: '@contentful/node-apps-toolkit',
    provider: 'contentful',
    secret: '64-letters-of-contentful-0123456789-abcdefghijklmnopqrstuvwxyz-A',
    type: 'contentful.ContentManagement.Entry.publish',
    body: json((id, text) => ({ sys: { type: 'Entry', id }, fields: { text } })),
    headers: () => ({ 'x-contentful-topic': 'ContentManagement.Entry.publish', 'x-contentful-webhook-name': 'hooks' }),
    // sign needs to be told which headers it is to sign.
    signHeaders: {
      'x-contentful-signed-headers': 'x-contentful-signed-headers,x-contentful-timestamp,x-contentful-topic',
    },
    signsWith: 'signRequest',
    signs: ({ body, url: called, headers, secret }) => {
      const { 'x-contentful-topic': topic } = headers;
      const { pathname: path } = new URL(called);
      const request = { method: 'POST', path, body, headers: { 'x-contentful-topic': topic } };
      return signRequest(secret, request, Date.now());
    },
    verifiesWith: 'verifyRequest',
    verifies: ({ body, url: called, headers, secret }) =>
      holds(() => {
        if (!verifyRequest(secret, { method: 'POST', path: new URL(called).pathname, headers, body })) {
          throw new Error('refused');
        }
      }),
  },
];
