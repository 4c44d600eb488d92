// The vendors' own packages, as a table: what they sign, hooklatch must verify, and what hooklatch signs, they must verify.
//
//   package       its name on npm; the version is pinned in package.json
//   provider      the preset that it judges
//   name          of the source; the provider's unless two rows have the same
//   secret        what hooklatch verifies with; signingSecret: what it signs with, where that is another (a private key)
//   params        further settings of the source
//   type          the event type that the gateway has to store
//   body          (id, text) => body; the text has to be in it, and signed
//   contentType   default application/json
//   headers       () => what the vendor sends beside the signature
//   signHeaders   what `sign` has to be given besides
//   query         message => the query of the URL that is called
//   signs         message => headers and, where the signature is in it, body; signsWith: the package's function.
//                 Absent where the package does not sign
//   verifies      message => boolean; verifiesWith: the package's function. Absent where the package does not verify
//   change        body => another one, which must be refused; default: the text in it is another
//   ack           status of the answer, where the preset wants another than 200
//   handshakes    {name, method, query, body}, and answer: message => {status, body} of the package
//
// A message is {id, body, url, headers, secret}, with names of headers in lower case.
import { readFileSync } from 'node:fs';
import { hooklatch } from './gateway.mjs';
import { hmac } from './sdks/hmac.mjs';
import { keys } from './sdks/keys.mjs';
import { more } from './sdks/more.mjs';
import { standard } from './sdks/standard.mjs';
import { url } from './sdks/url.mjs';
import { before, changed, uuid } from './sdks/words.mjs';

export const sdks = [...hmac, ...standard, ...url, ...keys, ...more].map((sdk) => ({ name: sdk.provider, ...sdk }));

const urlOf = ({ name }) => `https://hooks.example.com/webhooks/${name}`;

// A new delivery, not signed yet.
export function messageOf(sdk, text = before) {
  const id = uuid();
  const body = sdk.body(id, text);
  const query = sdk.query ? `?${sdk.query({ body })}` : '';
  const headers = { 'content-type': sdk.contentType ?? 'application/json', ...sdk.headers?.() };
  return { id, body, query, url: `${urlOf(sdk)}${query}`, headers, secret: sdk.secret };
}

export async function signedByPackage(sdk, message) {
  const { body = message.body, ...headers } = await sdk.signs(message);
  return { ...message, body, headers: { ...message.headers, ...headers } };
}

function run(command, sdk, message, secret, more) {
  const options = [
    ['--provider', sdk.provider],
    ['--secret', 'env:SDK_SECRET'],
    ['--url', message.url],
    ...Object.entries(sdk.params ?? {}).map(([key, value]) => ['--param', `${key}=${value}`]),
    ...Object.entries(message.headers).map(([key, value]) => ['--header', `${key}: ${value}`]),
  ];
  return hooklatch([command, ...options.flat(), ...more, '-'], {
    input: message.body,
    env: { ...process.env, SDK_SECRET: secret },
  });
}

export async function signedByHooklatch(sdk, message) {
  const given = { ...message, headers: { ...message.headers, ...sdk.signHeaders } };
  const result = await run('sign', sdk, given, sdk.signingSecret ?? sdk.secret, ['--output', 'json']);
  if (result.code !== 0) {
    throw new Error(`sign: ${result.stderr}`);
  }
  const made = JSON.parse(result.stdout);
  const added = Object.fromEntries(made.headers.map(([key, value]) => [key.toLowerCase(), value]));
  return {
    ...message,
    body: Buffer.from(made.body_b64, 'base64').toString(),
    headers: { ...given.headers, ...added },
  };
}

// { code, stdout, stderr }; code 0: accepted, 1: refused.
export const verifiedByHooklatch = (sdk, message) => run('verify', sdk, message, sdk.secret, []);

// The same signature on another body.
export function touched(sdk, message) {
  const body = (sdk.change ?? changed)(message.body);
  if (body === message.body) {
    throw new Error(`${sdk.name}: nothing in the body was changed`);
  }
  return { ...message, body };
}

// A source for the package.
export const sourceOf = (sdk) => ({
  provider: sdk.provider,
  secrets: [{ value: sdk.secret }],
  url: urlOf(sdk),
  ...(sdk.params && { params: sdk.params }),
});

// The table of ../README.md: which package judges which preset, in which direction.
export function table() {
  const { dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const code = (text) => (text ? `\`${text}\`` : '—');
  const rows = sdks.map(({ provider, package: name, signsWith, verifiesWith }) =>
    [code(provider), code(name), dependencies[name], code(signsWith), code(verifiesWith)].join(' | '),
  );
  const head = ['preset', 'package', 'version', 'signs with: hooklatch verifies', 'verifies with: hooklatch signs'];
  return [head.join(' | '), head.map(() => '---').join(' | '), ...[...new Set(rows)].sort()].map((row) => `| ${row} |\n`).join('');
}
