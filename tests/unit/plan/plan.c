#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/codec.h"
#include "tests/unit/plan/folder.h"

static const char full[] =
    "listen:\n"
    "  ingest: {address: \"0.0.0.0:9001\"}\n"
    "  admin: \"[::1]:9002\"\n"
    "  api: {address: \"0.0.0.0:9003\", plain_http: true}\n"
    "public_url: {ingest: \"https://hooks.example.com/\"}\n"
    "store: \"sqlite:../var/x.db\"\n"
    "schemas: [schemas]\n"
    "threads: 3\n"
    "limits: {body: 1MiB, request_timeout: 1500ms, json_depth: 10}\n"
    "log: {level: debug, format: json}\n"
    "endpoints:\n"
    "  two: {url: \"https://b.example.com/x/\", timeout: 5s, concurrency: 4, secrets: [{value: b25l}, {value: "
    "whsec_AAAA}]}\n"
    "  one: {url: \"http://127.0.0.1:1\", secrets: [{value: eHh4}]}\n"
    "sources:\n"
    "  shop:\n"
    "    verify: {scheme: hmac, hash: sha256, encoding: hex, signature: {in: header, name: X-S}, signed_content: "
    "[\"{body}\"]}\n"
    "    secrets: [{value: abc}]\n"
    "    event: {type: \"shop.{/kind}\"}\n"
    "    on_invalid: reject\n"
    "    on_unlisted: ignore\n"
    "    dedupe: {by: body, window: 1h}\n"
    "    body_max: 4MiB\n"
    "    rate: {per_second: 7}\n"
    "    allow_duplicate_keys: true\n"
    "    answer: {status: 202, body: ok}\n"
    "  github:\n"
    "    provider: github\n"
    "    secrets: [{value: abc}]\n"
    "    events:\n"
    "      \"**\": {}\n"
    "      github.pull.**: {}\n"
    "      github.pull.*: {}\n"
    "      github.push: {schema: github/push.schema.json}\n"
    "      github.issues:\n"
    "      github.create: {schema: github/push.schema.json}\n"
    "workflows:\n"
    "  - id: first\n"
    "    description: d\n"
    "    on: {event: github.push, match: {/ref: refs/heads/main}, when: {schema: {required: [ref]}}}\n"
    "    steps:\n"
    "      - {id: a, http: {endpoint: two, path: /a}, retry: {max: 3, factor: 1.5}}\n"
    "      - {id: b, http: {endpoint: one}, timeout: 90s}\n";

static struct plan *load_text(const char *text)
{
    struct buf said;

    buf_init(&said, 65536);
    folder_write("c.yaml", slice_z(text));
    struct plan *p = folder_load("c.yaml", &said);
    assert_string_equal(text_of(&said), "");
    buf_clear(&said);
    return p;
}

static void assert_slice(struct slice s, const char *expected)
{
    char *z = slice_dup_z(s);

    assert_string_equal(z, expected);
    free(z);
}

static void test_settings(void **state)
{
    struct plan *p = load_text(full);
    const struct settings *s = &p->settings;

    (void)state;
    assert_slice(s->ingest.address, "0.0.0.0:9001");
    assert_slice(s->admin.address, "[::1]:9002");
    assert_slice(s->api.address, "0.0.0.0:9003");
    assert_true(s->api.plain_http);
    assert_slice(s->public_ingest, "https://hooks.example.com");
    assert_slice(s->public_api, "http://0.0.0.0:9003");
    assert_string_equal(s->store_url.ptr, "sqlite:/tmp/var/x.db");
    assert_string_equal(s->token_file.ptr, "/tmp/var/x.db.token");
    assert_int_equal(s->ingest_threads, 3);
    assert_int_equal(s->body_max, 1 << 20);
    assert_int_equal(s->bodies_in_flight, 256 << 20);
    assert_int_equal(s->writer_mailbox, 64 << 20);
    assert_int_equal(s->head_bytes, 32 << 10);
    assert_int_equal(s->uri_bytes, 8 << 10);
    assert_int_equal(s->headers, 100);
    assert_int_equal(s->connections, 12000);
    assert_int_equal(s->request_timeout_s, 2);
    assert_int_equal(s->idle_timeout_s, 60);
    assert_int_equal(s->json_depth, 10);
    assert_int_equal(s->json_nodes, 1000000);
    assert_int_equal(s->refused_rows, 10000);
    assert_int_equal(s->log_level, LOG_LEVEL_DEBUG);
    assert_true(s->log_json);
    plan_unref(p);
}

static void test_secrets_handed_over(void **state)
{
    static const char text[] =
        "listen: {ingest: \"127.0.0.1:8080\"}\n"
        "store: \"sqlite:x.db\"\n"
        "secrets_key: {value: 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f}\n"
        "sources:\n"
        "  tasks:\n"
        "    verify: &v {scheme: hmac, hash: sha256, encoding: hex, signature: {in: header, name: X-S},"
        " signed_content: [\"{param:p}{body}\"], handshakes: [{name: first, signed: \"no\", when: {header_present: [X-H]},"
        " secret: {in: header, name: X-H}, response: {status: 200}}]}\n"
        "    event: {type: tasks}\n"
        "    params: {p: q}\n"
        "    secrets: handshake\n"
        "  told: {verify: *v, event: {type: told}, params: {p: q}, secrets: [{value: abc}]}\n";
    struct plan *p = load_text(text);
    const struct source *tasks = plan_source(p, SLICE("tasks")), *told = plan_source(p, SLICE("told"));

    (void)state;
    assert_true(p->settings.secrets_key.present);
    assert_true(tasks->handed_over);
    assert_true(verifier_waits(tasks->verifier));
    assert_int_equal(tasks->n_params, 1);
    assert_slice(tasks->params[0].name, "p");
    assert_slice(tasks->params[0].value, "q");
    assert_false(told->handed_over);
    assert_false(verifier_waits(told->verifier));
    char *definition = slice_dup_z(tasks->def->text);
    assert_non_null(strstr(definition, "\"secrets\":\"handshake\""));
    free(definition);
    plan_unref(p);
}

static void test_sources(void **state)
{
    struct plan *p = load_text(full);
    const struct source *github = plan_source(p, SLICE("github")), *shop = plan_source(p, SLICE("shop"));

    (void)state;
    assert_int_equal(p->n_sources, 2);
    assert_ptr_equal(github, &p->sources[0]);
    assert_null(plan_source(p, SLICE("nobody")));
    assert_int_equal(shop->index, 1);
    assert_slice(github->url, "https://hooks.example.com/webhooks/github");
    assert_non_null(github->verifier);
    assert_int_equal(github->on_invalid, ON_INVALID_HOLD);
    assert_int_equal(github->on_unlisted, ON_UNLISTED_ACCEPT);
    assert_int_equal(github->dedupe_by, DEDUPE_KEY_BODY);
    assert_true(github->dedupe_window_us == INT64_C(604800000000));
    assert_int_equal(github->body_max, 1 << 20);
    assert_int_equal(github->json_limits.max_depth, 10);
    assert_false(github->json_limits.allow_duplicate_keys);
    assert_int_equal(github->answer_status, 0);
    assert_int_equal(github->rate_per_second, 0);
    assert_int_equal(shop->on_invalid, ON_INVALID_REJECT);
    assert_int_equal(shop->on_unlisted, ON_UNLISTED_IGNORE);
    assert_int_equal(shop->dedupe_by, DEDUPE_BODY);
    assert_true(shop->dedupe_window_us == 3600 * US_PER_S);
    assert_int_equal(shop->body_max, 4 << 20);
    assert_int_equal(shop->rate_per_second, 7);
    assert_int_equal(shop->rate_burst, 7);
    assert_true(shop->json_limits.allow_duplicate_keys);
    assert_int_equal(shop->answer_status, 202);
    assert_slice(shop->answer_body, "ok");
    assert_slice(shop->answer_content_type, "text/plain");
    plan_unref(p);
}

static void test_the_most_exact_binding_wins(void **state)
{
    static const struct {
        const char *type, *pattern;
    } cases[] = {
        { "github.push", "github.push" },        { "github.create", "github.create" },
        { "github.issues", "github.issues" },    { "github.pull.x", "github.pull.*" },
        { "github.pull.x.y", "github.pull.**" }, { "github.other", "**" },
    };
    struct plan *p = load_text(full);
    const struct source *s = plan_source(p, SLICE("github"));

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_slice(source_binding(s, slice_z(cases[i].type))->pattern.text, cases[i].pattern);
    assert_null(source_binding(plan_source(p, SLICE("shop")), SLICE("shop.paid")));
    const struct binding *push = source_binding(s, SLICE("github.push")),
                         *create = source_binding(s, SLICE("github.create"));
    assert_non_null(push->schema);
    assert_ptr_equal(push->schema, create->schema);
    assert_ptr_equal(push->schema_def, create->schema_def);
    assert_slice(push->schema_name, "github/push.schema.json");
    assert_null(source_binding(s, SLICE("github.issues"))->schema);
    plan_unref(p);
}

static void test_endpoints(void **state)
{
    struct plan *p = load_text(full);
    const struct endpoint *two = plan_endpoint(p, SLICE("two"));

    (void)state;
    assert_int_equal(p->n_endpoints, 2);
    assert_slice(p->endpoints[0]->name, "one");
    assert_slice(p->endpoints[0]->url, "http://127.0.0.1:1");
    assert_slice(two->url, "https://b.example.com/x");
    assert_int_equal(two->concurrency, 4);
    assert_true(two->timeout_us == 5 * US_PER_S);
    assert_int_equal(two->output_max, 1 << 20);
    assert_true(two->allow_private);
    assert_int_equal(two->n_secrets, 2);
    assert_string_equal(two->secrets[1].bytes, "whsec_AAAA");
    assert_null(plan_endpoint(p, SLICE("three")));
    plan_unref(p);
}

static void assert_first_steps(const struct workflow *w, const struct plan *p)
{
    assert_slice(w->id, "first");
    assert_slice(w->description, "d");
    assert_int_equal(w->n_steps, 2);
    assert_slice(w->steps[0].id, "a");
    assert_ptr_equal(w->steps[0].endpoint, plan_endpoint(p, SLICE("two")));
    assert_slice(w->steps[0].path, "/a");
    assert_true(w->steps[0].timeout_us == 5 * US_PER_S);
    assert_int_equal(w->steps[0].retry.max, 3);
    assert_true(w->steps[0].retry.base_us == US_PER_S);
    assert_true(w->steps[0].retry.cap_us == 3600 * US_PER_S);
    assert_true(w->steps[0].retry.factor > 1.49 && w->steps[0].retry.factor < 1.51);
    assert_int_equal(w->steps[0].n_needs, 0);
    assert_int_equal(w->steps[1].index, 1);
    assert_slice(w->steps[1].path, "");
    assert_true(w->steps[1].timeout_us == 90 * US_PER_S);
    assert_int_equal(w->steps[1].retry.max, 8);
    assert_int_equal(w->steps[1].n_needs, 1);
    assert_int_equal(w->steps[1].needs[0], 0);
}

static void test_workflows(void **state)
{
    struct plan *p = load_text(full);
    const struct workflow *w = plan_workflow(p, SLICE("first"));

    (void)state;
    assert_int_equal(p->n_workflows, 1);
    assert_slice(w->pattern.text, "github.push");
    assert_non_null(w->match);
    assert_non_null(w->when);
    assert_ptr_equal(w->owner, p);
    assert_first_steps(w, p);
    assert_null(plan_workflow(p, SLICE("second")));
    plan_unref(p);
}

/* A run that is older than the plan. */
static void test_workflow_from_its_definition(void **state)
{
    struct plan *p = load_text(full);
    const struct workflow *w = plan_workflow(p, SLICE("first"));
    struct err e;

    (void)state;
    struct workflow *old = workflow_from_definition(p, w->def->text, &e);
    assert_non_null(old);
    plan_unref(p);
    p = old->owner;
    assert_first_steps(old, p);
    assert_memory_equal(old->def->sha256, plan_workflow(p, SLICE("first"))->def->sha256, 32);
    struct workflow *again = workflow_ref(old);
    workflow_unref(old);
    assert_slice(again->id, "first");
    workflow_unref(again);
}

static void test_definitions_that_cannot_be(void **state)
{
    struct plan *p = load_text(full);
    struct err e;

    (void)state;
    assert_null(workflow_from_definition(
        p, SLICE("{\"id\":\"x\",\"steps\":[{\"id\":\"a\",\"http\":{\"endpoint\":\"gone\"}}]}"), &e));
    assert_string_equal(
        e.text, "workflow x as it was when the run started: steps[0].http.endpoint: there is no endpoint \"gone\"");
    assert_null(workflow_from_definition(p, SLICE("{\"id\":"), &e));
    assert_null(workflow_from_definition(p, SLICE("[]"), &e));
    plan_unref(p);
}

static void test_a_workflow_keeps_its_plan(void **state)
{
    struct plan *p = load_text(full);
    struct workflow *w = workflow_ref(plan_workflow(p, SLICE("first")));

    (void)state;
    plan_unref(p);
    assert_first_steps(w, w->owner);
    workflow_unref(w);
}

static const struct definition *find_definition(const struct plan *p, const char *kind, const char *name)
{
    for (size_t i = 0; i < p->n_defs; i++) {
        if (strcmp(p->defs[i]->kind, kind) == 0 && slice_eq_z(p->defs[i]->name, name))
            return p->defs[i];
    }
    return NULL;
}

static void test_definitions(void **state)
{
    struct plan *p = load_text(full), *again = load_text(full);
    char hex[65] = "";

    (void)state;
    assert_int_equal(p->n_defs, 7); /* two endpoints, two sources, provider, schema, workflow */
    assert_ptr_equal(plan_endpoint(p, SLICE("two"))->def, find_definition(p, "endpoint", "two"));
    assert_slice(find_definition(p, "endpoint", "two")->text,
                 "{\"concurrency\":4,\"name\":\"two\",\"output_max\":1048576,\"secrets\":[\"value\",\"value\"],"
                 "\"timeout\":\"5000ms\",\"url\":\"https://b.example.com/x\"}");
    assert_slice(find_definition(p, "workflow", "first")->text,
                 "{\"description\":\"d\",\"id\":\"first\",\"on\":{\"event\":\"github.push\",\"match\":{\"/ref\":\"refs/"
                 "heads/main\"},"
                 "\"when\":{\"schema\":{\"required\":[\"ref\"]}}},\"steps\":["
                 "{\"http\":{\"endpoint\":\"two\",\"path\":\"/"
                 "a\"},\"id\":\"a\",\"needs\":[],\"retry\":{\"base\":\"1000ms\",\"cap\":\"3600000ms\","
                 "\"factor\":1.5,\"max\":3},\"timeout\":\"5000ms\"},"
                 "{\"http\":{\"endpoint\":\"one\",\"path\":\"\"},\"id\":\"b\",\"needs\":[\"a\"],\"retry\":{\"base\":\"1000ms\",\"cap\":"
                 "\"3600000ms\","
                 "\"factor\":2,\"max\":8},\"timeout\":\"90000ms\"}]}");
    struct slice shop = find_definition(p, "source", "shop")->text;
    assert_non_null(memmem(shop.ptr, shop.len, "\"verify\":{\"encoding\":\"hex\",\"hash\":", 33));
    assert_null(memmem(shop.ptr, shop.len, "abc", 3));
    assert_true(slice_starts(find_definition(p, "schema", "github/push.schema.json")->text, SLICE("{\n  \"$schema\"")));
    assert_non_null(find_definition(p, "provider", "github"));
    hex_encode(slice_of(find_definition(p, "source", "github")->sha256, 32), hex);
    assert_non_null(memmem(p->def.text.ptr, p->def.text.len, hex, 64));
    assert_memory_equal(p->def.sha256, again->def.sha256, 32);
    plan_unref(p);
    plan_unref(again);
}

/* Read back from its stored text a workflow is the same, conditions and shapes included. */
static void test_definition_of_a_graph(void **state)
{
    static const char text[] =
        "{\"deadline\":\"90000ms\",\"description\":\"\",\"id\":\"graph\",\"on\":{\"event\":\"a\"},\"on_failure\":["
        "{\"http\":{\"endpoint\":\"one\",\"path\":\"/f\"},\"id\":\"f\",\"needs\":[],\"retry\":{\"base\":\"1000ms\","
        "\"cap\":\"3600000ms\",\"factor\":2,\"max\":8},\"timeout\":\"90000ms\"}],\"steps\":["
        "{\"http\":{\"endpoint\":\"one\",\"path\":\"/c\"},\"id\":\"c\",\"if\":{\"/steps/a/ok\":true},\"input\":{\"a\":"
        "\"{/steps/a/n}\",\"n\":1.50},\"needs\":[\"b\",\"a\"],\"output\":{\"schema\":{\"type\":\"object\"}},\"retry\":{"
        "\"base\":\"1000ms\",\"cap\":\"3600000ms\",\"factor\":2,\"max\":8,\"on\":[\"timeout\",429]},\"timeout\":\"90000ms\"},"
        "{\"http\":{\"endpoint\":\"one\",\"path\":\"/a\"},\"id\":\"a\",\"needs\":[],\"retry\":{\"base\":\"1000ms\","
        "\"cap\":\"3600000ms\",\"factor\":2,\"max\":8},\"timeout\":\"90000ms\"},"
        "{\"http\":{\"endpoint\":\"one\",\"path\":\"/b\"},\"id\":\"b\",\"needs\":[\"a\"],\"retry\":{\"base\":\"1000ms\","
        "\"cap\":\"3600000ms\",\"factor\":2,\"max\":8},\"timeout\":\"90000ms\"}]}";
    struct plan *p = load_text(full);
    struct err e;
    struct workflow *w = workflow_from_definition(p, slice_z(text), &e);

    (void)state;
    if (!w)
        fail_msg("%s", e.text);
    assert_int_equal(w->n_steps, 4);
    assert_int_equal(workflow_n_main(w), 3);
    assert_int_equal(w->deadline_us, 90 * US_PER_S);
    assert_int_equal(w->steps[0].n_needs, 2);
    assert_int_equal(w->steps[0].needs[0], 2);
    assert_int_equal(w->steps[0].needs[1], 1);
    assert_non_null(w->steps[0].condition);
    assert_non_null(w->steps[0].input);
    assert_non_null(w->steps[0].output);
    assert_true(w->steps[0].retry.only_named && w->steps[0].retry.timeout && !w->steps[0].retry.error);
    assert_int_equal(w->steps[0].retry.statuses[429 / 64], UINT64_C(1) << 429 % 64);
    assert_false(w->steps[1].retry.only_named);
    assert_int_equal(w->steps[3].n_needs, 0);
    workflow_unref(w);
    plan_unref(p);
}

static void test_what_a_reload_cannot_change(void **state)
{
    struct plan *a = load_text(full);
    struct plan *b =
        load_text("{listen: {ingest: \"0.0.0.0:9001\", admin: \"127.0.0.1:9002\"}, store: \"sqlite:y\", threads: 2}");
    struct buf out;

    (void)state;
    buf_init(&out, 4096);
    plan_put_fixed_differences(a, a, &out);
    assert_string_equal(text_of(&out), "");
    plan_put_fixed_differences(a, b, &out);
    assert_string_equal(out.ptr, "listen.admin, listen.api, store, threads, limits.request_timeout");
    buf_clear(&out);
    plan_unref(a);
    plan_unref(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_secrets_handed_over), cmocka_unit_test(test_sources),
        cmocka_unit_test(test_the_most_exact_binding_wins),
        cmocka_unit_test(test_endpoints),
        cmocka_unit_test(test_workflows),
        cmocka_unit_test(test_workflow_from_its_definition),
        cmocka_unit_test(test_definitions_that_cannot_be),
        cmocka_unit_test(test_a_workflow_keeps_its_plan),
        cmocka_unit_test(test_definitions),
        cmocka_unit_test(test_definition_of_a_graph),
        cmocka_unit_test(test_what_a_reload_cannot_change),
    };
    return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
