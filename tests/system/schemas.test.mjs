// The schemas of real events (schemas/<provider>/) and the examples beside them: what they promise, what they let pass, and what a
// gateway makes of both. Then GitHub's official schema from npm, and GitHub's own example payloads.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import Ajv from 'ajv';
import { eventSchema } from '../../bench/lib/event-schema.mjs';
import { Gateway, hooklatch, Scope } from './lib/gateway.mjs';
import { source } from './lib/sign.mjs';
import { bodyOf, vectors, vectorsFile } from './lib/vectors.mjs';
import { api } from './lib/words.mjs';

const require = createRequire(import.meta.url);
const folder = fileURLToPath(new URL('../../schemas', import.meta.url));
const read = (name) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
const schemaFile = (name) => join(folder, `${name}.schema.json`);

// "github/push", …: all but what hooklatch says of itself.
const files = readdirSync(folder)
  .filter((provider) => provider !== 'hooklatch' && provider !== 'json-schema')
  .flatMap((provider) => readdirSync(join(folder, provider)).map((name) => `${provider}/${name}`));
const namesOf = (end) => files.filter((name) => name.endsWith(end)).map((name) => name.slice(0, -end.length));
const schemas = namesOf('.schema.json');
const examples = namesOf('.example.json');

// Is each of these an instance of the schema? One run of the binary, and what it said of each.
async function judge(schema, instances) {
  const dir = mkdtempSync(join(tmpdir(), 'hooklatch-schemas-'));
  try {
    const names = instances.map((instance, index) => {
      writeFileSync(join(dir, `${index}.json`), JSON.stringify(instance));
      return join(dir, `${index}.json`);
    });
    const { code, stdout, stderr } = await hooklatch(['validate', schema, ...names]);
    assert.ok(code === 0 || code === 1, stderr);
    return names.map((name) => {
      const lines = stdout.split('\n').filter((line) => line.startsWith(`${name}:`));
      return { valid: lines.includes(`${name}: valid`), lines: lines.map((line) => line.slice(name.length + 1)) };
    });
  } finally {
    rmSync(dir, { recursive: true });
  }
}

// All values of a document, each with its key.
function* parts(value, key) {
  yield { value, key };
  if (value !== null && typeof value === 'object') {
    for (const [name, inner] of Object.entries(value)) {
      yield* parts(inner, name);
    }
  }
}

// A copy in which the member at that pointer has another value; undefined: is not there.
function having(document, pointer, value) {
  const copy = structuredClone(document);
  const steps = pointer.split('/').slice(1);
  const key = steps.pop();
  const holder = steps.reduce((inner, step) => inner[step], copy);
  assert.ok(holder !== undefined && key in holder, `the example has ${pointer}`);
  holder[key] = value;
  return copy;
}

function extended(document, value) {
  const copy = structuredClone(document);
  for (const { value: object } of [...parts(copy)]) {
    if (object !== null && typeof object === 'object' && !Array.isArray(object)) {
      object.added_some_day = structuredClone(value);
    }
  }
  return copy;
}

// Of each: members without which it is refused, wrong values, and values that a vendor may send tomorrow.
const rules = {
  'cloudevents/event': {
    drop: ['/specversion', '/id', '/source', '/type'],
    wrong: { '/id': 7, '/type': '', '/specversion': '0.3', '/time': 1772615462 },
    fine: { '/data': 'text', '/subject': null },
  },
  'github/issue_comment': {
    drop: ['/action', '/issue', '/comment/body', '/repository/full_name', '/sender/login'],
    wrong: { '/comment/id': '1', '/issue/number': '41', '/sender': null },
    fine: { '/action': 'pinned', '/comment/user': null },
  },
  'github/issues': {
    drop: ['/action', '/issue/title', '/repository', '/sender'],
    wrong: { '/issue/id': '2914830077', '/issue/labels': {}, '/repository/private': 'no' },
    fine: { '/action': 'escalated', '/issue/user': null, '/issue/state': 'frozen' },
  },
  'github/ping': {
    drop: ['/zen', '/hook_id', '/hook/events'],
    wrong: { '/hook_id': '512087341', '/hook/active': 1, '/hook/events': 'push' },
    fine: { '/hook/type': 'Enterprise' },
  },
  'github/pull_request': {
    drop: ['/action', '/number', '/pull_request/head', '/pull_request/base/ref', '/repository/id'],
    wrong: { '/pull_request/id': '1', '/pull_request/head/sha': 'main', '/number': 0 },
    fine: { '/action': 'queued', '/pull_request/head/repo': null, '/pull_request/mergeable': null },
  },
  'github/push': {
    drop: ['/ref', '/before', '/commits', '/commits/0/id', '/repository/id', '/pusher'],
    wrong: { '/repository/id': '731904562', '/after': 'abc', '/ref': 'main', '/created': 'false' },
    fine: { '/head_commit': null, '/base_ref': 'refs/heads/main', '/ref': 'refs/tags/v1' },
  },
  'github/release': {
    drop: ['/action', '/release/tag_name', '/release/draft', '/repository'],
    wrong: { '/release/id': 'one', '/release/assets': null, '/release/prerelease': 0 },
    fine: { '/action': 'archived', '/release/name': null, '/release/author': null },
  },
  'github/workflow_run': {
    drop: ['/action', '/workflow_run/head_sha', '/workflow_run/conclusion', '/sender'],
    wrong: { '/workflow_run/id': '1', '/workflow_run/run_number': 'first' },
    fine: { '/action': 'paused', '/workflow_run/conclusion': null, '/workflow_run/head_branch': null, '/workflow': null },
  },
  'gitlab/merge_request': {
    drop: ['/object_kind', '/project/id', '/object_attributes/iid', '/object_attributes/state'],
    wrong: { '/object_attributes/id': '55871', '/object_kind': 'issue', '/labels': {} },
    fine: { '/object_attributes/action': 'parked', '/object_attributes/source': null, '/object_attributes/state': 'parked' },
  },
  'gitlab/push': {
    drop: ['/object_kind', '/ref', '/project', '/commits/0/id', '/total_commits_count'],
    wrong: { '/project_id': '4127', '/object_kind': 'tag_push', '/after': 'main' },
    fine: { '/checkout_sha': null, '/commits': [] },
  },
  'shopify/orders': {
    drop: ['/id', '/name', '/line_items', '/line_items/0/price', '/currency'],
    wrong: { '/id': '820982911946154508', '/total_price': 42.5, '/line_items/0/quantity': 'two' },
    fine: { '/customer': null, '/financial_status': 'disputed', '/email': null, '/line_items/0/product_id': null },
  },
  'shopify/products': {
    drop: ['/id', '/title', '/status', '/variants/0/price'],
    wrong: { '/id': 'gid://shopify/Product/1', '/variants/0/price': 19, '/admin_graphql_api_id': '1' },
    fine: { '/status': 'unlisted', '/image': null, '/variants': [] },
  },
  'slack/event_callback': {
    drop: ['/team_id', '/event', '/event/type', '/event_id', '/event_time', '/api_app_id'],
    wrong: { '/type': 'url_verification', '/event_id': 7, '/event_time': '1772615462', '/event': 'app_mention' },
    fine: { '/event/type': 'huddle_ended', '/event/user': { id: 'U1' } },
  },
  'standard-webhooks/event': {
    drop: ['/type'],
    wrong: { '/type': '', '/timestamp': 1772615462 },
    fine: { '/data': [1], '/type': 'a' },
  },
  'stripe/checkout.session.completed': {
    drop: ['/id', '/data/object/id', '/data/object/payment_status', '/type'],
    wrong: { '/data/object/id': 7, '/data/object/amount_total': '42.50', '/type': 'invoice.paid', '/object': 'charge' },
    fine: { '/data/object/payment_status': 'half', '/data/object/customer': null, '/type': 'checkout.session.expired' },
  },
  'stripe/customer.subscription': {
    drop: ['/created', '/data/object/items', '/data/object/status', '/data/object/items/data/0/price'],
    wrong: { '/data/object/id': null, '/data/object/cancel_at_period_end': 'no', '/data/object/object': 'invoice' },
    fine: { '/data/object/status': 'dormant', '/type': 'customer.subscription.woken', '/data/object/customer': { id: 'cus_1' } },
  },
  'stripe/event': {
    drop: ['/id', '/object', '/data/object', '/livemode', '/api_version', '/request'],
    wrong: { '/id': 7, '/created': '2026-03-04', '/object': 'v2.core.event', '/data/object': 'cus_1' },
    fine: { '/type': 'customer.renamed', '/request': null, '/api_version': null },
  },
  'stripe/invoice': {
    drop: ['/data/object/id', '/data/object/amount_due', '/data/object/lines', '/data/object/currency'],
    wrong: { '/data/object/id': 7, '/data/object/total': '19.00', '/data/object/currency': 'EUR', '/type': 'charge.failed' },
    fine: { '/type': 'invoice.remembered', '/data/object/status': 'parked', '/data/object/number': null },
  },
  'stripe/payment_intent': {
    drop: ['/type', '/data/object/id', '/data/object/amount', '/data/object/status'],
    wrong: { '/data/object/id': 7, '/data/object/amount': 19.5, '/livemode': 'false', '/type': 'invoice.paid' },
    fine: { '/data/object/status': 'requires_patience', '/data/object/latest_charge': null },
  },
};

// { what, valid, data } of each rule; what has no wrong value must stay valid.
function casesOf(example, { drop, wrong, fine }) {
  const values = (table, valid) =>
    Object.entries(table).map(([pointer, value]) => ({
      what: `${pointer} is ${JSON.stringify(value)}`,
      valid,
      data: having(example, pointer, value),
    }));
  return [
    { what: 'as it is', valid: true, data: example },
    ...drop.map((pointer) => ({ what: `without ${pointer}`, valid: false, data: having(example, pointer, undefined) })),
    ...values(wrong, false),
    ...values(fine, true),
    ...[null, 'text', 1, true, ['x'], { more: {} }].map((value) => ({
      what: `${JSON.stringify(value)} added to every object`,
      valid: true,
      data: extended(example, value),
    })),
  ];
}

suite('schemas of real events', () => {
  test('each loads, says where its facts come from, and forbids nothing', async () => {
    for (const name of schemas) {
      const { code, stdout, stderr } = await hooklatch(['validate', schemaFile(name)]);
      assert.deepEqual([code, stdout], [0, `${schemaFile(name)}: a schema\n`], stderr);
      const schema = read(`${name}.schema.json`);
      assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema');
      assert.equal(schema.$id, basename(schemaFile(name)));
      assert.ok(schema.title && schema.description, name);
      assert.match(schema.$comment, /^Facts: https:\/\//, name);
      for (const { key } of parts(schema)) {
        assert.doesNotMatch(key ?? '', /^(additional|unevaluated|max)|^enum$|^propertyNames$/, name);
      }
    }
  });

  test('an example stands beside each, and nothing else is there', () => {
    assert.deepEqual(schemas.filter((name) => !name.endsWith('/common')).sort(), [...examples].sort());
    assert.deepEqual([...examples].sort(), Object.keys(rules).sort());
    assert.equal(files.length, schemas.length + examples.length);
  });

  for (const name of examples) {
    test(`${name}: the example satisfies it; a broken one does not; additions and new values do`, async () => {
      const cases = casesOf(read(`${name}.example.json`), rules[name]);
      const verdicts = await judge(
        schemaFile(name),
        cases.map(({ data }) => data),
      );
      for (const [index, { what, valid }] of cases.entries()) {
        assert.equal(verdicts[index].valid, valid, `${name}, ${what}: ${verdicts[index].lines.join('\n')}`);
      }
    });
  }

  test('stripe/invoice: only that of invoice.upcoming may lack an id', async () => {
    const preview = having(read('stripe/invoice.example.json'), '/data/object/id', undefined);
    const both = [preview, having(preview, '/type', 'invoice.upcoming')];
    const [paid, upcoming] = await judge(schemaFile('stripe/invoice'), both);
    assert.deepEqual([paid.valid, upcoming.valid], [false, true]);
  });
});

suite('a gateway with these schemas, and hooklatch send', () => {
  const scope = new Scope();
  let gateway;

  const listed = (provider, names) =>
    Object.fromEntries(
      Object.entries(names).map(([type, file]) => [`${provider}.${type}`, { schema: `${provider}/${file}.schema.json` }]),
    );
  const github = ['push', 'pull_request', 'issues', 'issue_comment', 'release', 'workflow_run', 'ping'];
  const sources = {
    github: source('github', {
      events: {
        ...listed('github', Object.fromEntries(github.map((event) => [event, event]))),
        'github.deployment': { schema: 'deployment.schema.json' },
      },
    }),
    stripe: source('stripe', {
      on_invalid: 'reject',
      events: listed('stripe', {
        '**': 'event',
        'payment_intent.*': 'payment_intent',
        'invoice.*': 'invoice',
        'customer.subscription.*': 'customer.subscription',
        'checkout.session.completed': 'checkout.session.completed',
      }),
    }),
    slack: source('slack', { events: listed('slack', { '**': 'event_callback' }) }),
    gitlab: {
      verify: { scheme: 'token', signature: { in: 'header', name: 'X-Gitlab-Token' } },
      secrets: [{ value: 'a token of gitlab' }],
      event: { type: 'gitlab.{/object_kind}' },
      events: listed('gitlab', { push: 'push', merge_request: 'merge_request' }),
    },
  };

  before(async () => {
    const files = {
      'own/deployment.schema.json': { type: 'object', required: ['deployment'] },
      'own/deployment.example.json': { deployment: { id: 1 }, of: 'our own' },
      'own/broken.example.json': '{',
    };
    gateway = await Gateway.prepare(scope, { schemas: ['own', 'schemas'], sources }, { files });
    cpSync(folder, join(gateway.dir, 'schemas'), { recursive: true });
    await gateway.serve();
  });
  after(() => scope.end());

  const send = (...args) => hooklatch(['send', '-c', gateway.file, ...args], { cwd: gateway.dir });
  async function sent(...args) {
    const { code, stdout, stderr } = await send(...args);
    assert.equal(code, 0, `${args}: ${stdout}${stderr}`);
    const answer = JSON.parse(stdout.slice('200 '.length));
    return { status: answer.status, event: await gateway.get(api.event(answer.id)) };
  }
  function broken(name, pointer) {
    const data = having(read(`${name}.example.json`), pointer, undefined);
    writeFileSync(join(gateway.dir, 'broken.json'), JSON.stringify(data));
    return 'broken.json';
  }

  test('check: examples in a schema folder are no schemas, and none is complained of', async () => {
    const { code, stdout, stderr } = await hooklatch(['check', '-c', gateway.file]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /0 errors, 0 warnings/);
  });

  const stripe = ['payment_intent.succeeded', 'invoice.paid', 'customer.subscription.created', 'checkout.session.completed'];
  for (const [name, types] of Object.entries({
    github,
    stripe: [...stripe, 'customer.updated'],
    slack: ['app_mention', 'message', 'reaction_added', 'team_join'],
    gitlab: ['gitlab.push', 'gitlab.merge_request'],
  })) {
    test(`${name}: ${types.join(', ')}: signed, sent, accepted`, async () => {
      for (const type of types) {
        const { status, event } = await sent(name, type);
        assert.equal(status, 'accepted', JSON.stringify(event));
        assert.equal(event.type, type.startsWith(`${name}.`) ? type : `${name}.${type}`);
      }
    });
  }

  test('what violates its schema is held, or rejected where the source says so', async () => {
    assert.equal((await sent('github', 'push', broken('github/push', '/commits'))).status, 'held');
    assert.equal((await sent('slack', 'app_mention', broken('slack/event_callback', '/event_id'))).status, 'held');
    const { code, stdout } = await send('stripe', 'invoice.paid', broken('stripe/invoice', '/data/object/total'));
    assert.equal(code, 1);
    assert.match(stdout, /^422 .*total/s);
  });

  test('an example of your own, beside your schema, goes with the headers of the provider', async () => {
    const { status, event } = await sent('github', 'deployment');
    assert.deepEqual([status, event.type], ['accepted', 'github.deployment']);
    assert.deepEqual((await gateway.request(api.body(event.id))).json, { deployment: { id: 1 }, of: 'our own' });
    assert.equal((await sent('github', 'github.deployment')).event.type, 'github.deployment');
  });

  test('the first of a source that has no preset is that of its first event', async () => {
    assert.equal((await sent('gitlab')).event.type, 'gitlab.merge_request');
  });

  test('an unknown event: all that there are are named', async () => {
    for (const [words, ...args] of [
      [/there are push, ping.*; beside its schemas there are examples of deployment$/m, 'github', 'nope'],
      [/beside its schemas there are examples of gitlab.merge_request, gitlab.push$/m, 'gitlab', 'nope'],
      [/there are payment_intent.succeeded, .*or give a file$/m, 'stripe', 'invoice.payment_failed'],
    ]) {
      const { code, stderr } = await send(...args);
      assert.equal(code, 1);
      assert.match(stderr, words);
    }
  });

  test('an example that is no JSON is named', async (t) => {
    const file = join(gateway.dir, 'own/deployment.example.json');
    const text = readFileSync(file);
    t.after(() => writeFileSync(file, text));
    writeFileSync(file, '{"a":');
    const { code, stderr } = await send('github', 'deployment');
    assert.equal(code, 1);
    assert.match(stderr, /own\/deployment\.example\.json: line 1/);
  });
});

// The vectors' bodies are events cut down to a few members. What is there is as the schemas have it: only absence is complained of.
suite('bodies of the shared vectors', { skip: vectors ? false : `no ${vectorsFile}` }, () => {
  const eventOf = {
    github: ['push', 'github/push'],
    gitlab: ['Push Hook', 'gitlab/push'],
    shopify: ['orders/create', 'shopify/orders'],
    slack: ['app_mention', 'slack/event_callback'],
    'standard-webhooks': ['invoice.paid', 'standard-webhooks/event'],
    stripe: ['payment_intent.succeeded', 'stripe/payment_intent'],
  };
  for (const [provider, [event, name]] of Object.entries(eventOf)) {
    test(`${provider} ${event}`, async () => {
      const ours = vectors.filter((one) => one.provider === provider && one.expect.event_type === event);
      const bodies = [...new Set(ours.map(({ request }) => bodyOf(request).toString()))].map((body) => JSON.parse(body));
      assert.ok(bodies.length > 0);
      for (const { valid, lines } of await judge(schemaFile(name), bodies)) {
        const complaints = valid ? [] : lines;
        assert.ok(
          complaints.every((line) => / is missing/.test(line)),
          lines.join('\n'),
        );
        assert.ok(valid || provider !== 'standard-webhooks', lines.join('\n'));
      }
    });
  }
});

const official = require('@octokit/webhooks-schemas/schema.json');
const payloads = require('@octokit/webhooks-examples');

// The payloads of @octokit/webhooks-examples that @octokit/webhooks-schemas (both 7.6.1) refuses, and why. Most were recorded before
// repositories had these:
const old = 'is_template, web_commit_signoff_required, topics, visibility, custom_properties';
const oldRepository = [
  'branch_protection_rule 0', 'check_run 0', 'check_suite 0', 'commit_comment 0', 'create 0', 'delete 0', 'deploy_key 0',
  'deployment_status 0', 'discussion 0', 'gollum 0', 'member 0', 'merge_group 0', 'meta 0', 'milestone 0', 'package 0',
  'page_build 0', 'project 0', 'project_card 0', 'project_column 0', 'public 0', 'push 0', 'repository_dispatch 0', 'repository 0',
  'repository_import 0', 'star 0', 'status 0', 'team 0', 'team_add 0', 'watch 0',
];
const refusals = {
  ...Object.fromEntries(oldRepository.map((name) => [name, [`/repository lacks ${old}`]])),
  'code_scanning_alert 0': [
    '/alert must not have updated_at, must not have fixed_at',
    '/alert/rule/tags must be null',
    '/alert/rule/help must be null',
    `/repository lacks ${old}`,
  ],
  'dependabot_alert 0': ['/repository lacks custom_properties'],
  'deployment 0': [
    'the whole lacks workflow, workflow_run',
    `/repository lacks ${old}`,
  ],
  // Not the payload's fault: it is "", which is to be told from a URI by "format", and that is an annotation.
  'deployment_status 1': ['/deployment_status/environment_url must match exactly one schema in oneOf'],
  'discussion_comment 0': [
    'the whole lacks installation',
    '/comment lacks reactions',
    `/repository lacks ${old}`,
  ],
  'fork 0': [
    `/forkee lacks ${old}`,
    `/repository lacks ${old}`,
  ],
  'installation 0': ['/installation lacks suspended_at, suspended_by'],
  'installation_repositories 0': [
    'the whole lacks requester',
    '/installation lacks suspended_at, suspended_by',
  ],
  'issue_comment 0': [
    '/issue lacks active_lock_reason, reactions',
    '/issue/labels/0 lacks description',
    '/comment lacks performed_via_github_app, reactions',
    `/repository lacks ${old}`,
  ],
  'issues 0': [
    '/issue lacks active_lock_reason, reactions',
    '/issue/labels/0 lacks description',
    `/repository lacks ${old}`,
  ],
  'label 0': [
    '/label lacks description',
    `/repository lacks ${old}`,
  ],
  'ping 0': [
    '/hook lacks deliveries_url',
    `/repository lacks ${old}`,
  ],
  'pull_request 0': [
    '/pull_request lacks auto_merge, active_lock_reason',
    `/pull_request/head/repo lacks ${old}, must be null, must match exactly one schema in oneOf`,
    `/pull_request/base/repo lacks ${old}`,
    `/repository lacks ${old}`,
  ],
  'pull_request_review 0': [
    '/pull_request lacks draft, auto_merge, active_lock_reason',
    `/pull_request/head/repo lacks ${old}`,
    `/pull_request/base/repo lacks ${old}`,
    `/repository lacks ${old}`,
  ],
  'pull_request_review_comment 0': [
    '/comment lacks start_line, original_start_line, original_line, line, start_side, side, reactions',
    '/pull_request lacks active_lock_reason',
    `/pull_request/head/repo lacks ${old}`,
    `/pull_request/base/repo lacks ${old}`,
    `/repository lacks ${old}`,
  ],
  'pull_request_review_thread 0': [
    '/pull_request/head/repo lacks web_commit_signoff_required, custom_properties',
    '/pull_request/base/repo lacks web_commit_signoff_required, custom_properties',
    '/repository lacks web_commit_signoff_required, custom_properties',
  ],
  'release 0': [
    '/release/name must be string',
    '/release/body must be string',
    `/repository lacks ${old}`,
  ],
  'repository_vulnerability_alert 0': [
    '/alert lacks number, node_id, state',
    `/repository lacks ${old}`,
    '/sender/avatar_url must be equal to constant',
  ],
  'security_advisory 0': ['/security_advisory lacks cvss, cwes, cve_id'],
  'sponsorship 1': ['/changes/tier/from lacks is_one_time, is_custom_amount'],
  'workflow_dispatch 0': ['/repository lacks web_commit_signoff_required, custom_properties'],
  'workflow_job 0': [
    `/repository lacks ${old}`,
    '/workflow_job lacks run_attempt, created_at, workflow_name, head_branch',
  ],
  'workflow_run 0': [
    `/repository lacks ${old}`,
    '/workflow_run lacks actor, triggering_actor, path, display_title',
    '/workflow_run/conclusion must be string, must be equal to one of the allowed values',
  ],
};

suite("GitHub's official schema", () => {
  test('the whole file is a schema, and takes an event', async () => {
    const file = require.resolve('@octokit/webhooks-schemas/schema.json');
    const event = join(folder, 'github/push.example.json');
    const { code, stdout, stderr } = await hooklatch(['validate', file, event]);
    assert.deepEqual([code, stdout], [0, `${event}: valid\n`], stderr);
  });

  test('our examples satisfy it, too', async () => {
    const names = examples.filter((name) => name.startsWith('github/'));
    const verdicts = await batch(
      names.map((name) => ({ schema: eventSchema(official, basename(name)), instance: read(`${name}.example.json`) })),
    );
    assert.deepEqual(
      names.filter((_, index) => verdicts[index] !== 'true'),
      [],
    );
  });

  test('every example payload satisfies the definition of its event, but for those named here', async (t) => {
    const all = payloads.flatMap(({ name, examples: list }) =>
      list.map((instance, index) => ({ name: `${name} ${index}`, schema: eventSchema(official, name), instance })),
    );
    const verdicts = await batch(all);
    const refused = all.filter((_, index) => verdicts[index] === 'false').map(({ name }) => name);
    t.diagnostic(`${all.length} payloads, ${refused.length} refused`);
    assert.deepEqual([...new Set(verdicts)].sort(), ['false', 'true']);
    assert.equal(verdicts.length, all.length);
    assert.deepEqual(refused.sort(), Object.keys(refusals).sort());
  });

  test('ours holds for all of those payloads', async () => {
    for (const { name, examples: list } of payloads.filter(({ name: event }) => schemas.includes(`github/${event}`))) {
      for (const [index, { valid, lines }] of (await judge(schemaFile(`github/${name}`), list)).entries()) {
        assert.ok(valid, `${name} ${index}: ${lines.join('\n')}`);
      }
    }
  });

  for (const [name, reasons] of Object.entries(refusals)) {
    test(`${name} is refused: ${reasons[0]}${reasons.length > 1 ? '; …' : ''}`, () => {
      const [event, index] = name.split(' ');
      const payload = payloads.find((one) => one.name === event).examples[index];
      const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
      const check = ajv.compile(definitionOf(event, payload.action));
      assert.equal(check(payload), false);
      assert.deepEqual(reasonsOf(check.errors), reasons);
    });
  }
});

// The definition of one action, where there is one: its errors are exact, where those of all actions are a heap.
function definitionOf(event, action) {
  const schema = eventSchema(official, event);
  const name = `${event}$${action}`;
  return name in schema.definitions ? { ...schema, allOf: [{ $ref: `#/definitions/${name}` }] } : schema;
}

function reasonsOf(errors) {
  const places = new Map();
  for (const { instancePath, keyword, params, message } of errors) {
    const place = places.get(instancePath) ?? { lacks: [], others: [] };
    places.set(instancePath, place);
    if (keyword === 'required') {
      place.lacks.push(params.missingProperty);
    } else {
      place.others.push(keyword === 'additionalProperties' ? `must not have ${params.additionalProperty}` : message);
    }
  }
  return [...places].map(([path, { lacks, others }]) => {
    const missing = lacks.length > 0 ? [`lacks ${[...new Set(lacks)].join(', ')}`] : [];
    return `${path || 'the whole'} ${[...missing, ...new Set(others)].join(', ')}`;
  });
}

// One answer a line.
async function batch(lines) {
  const input = lines.map(({ schema, instance }) => `${JSON.stringify({ schema, instance, draft: '7' })}\n`).join('');
  const { code, stdout, stderr } = await hooklatch(['validate', '--batch'], { input });
  assert.equal(code, 0, stderr);
  return stdout.trimEnd().split('\n');
}
