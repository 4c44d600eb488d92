#include "cli/verify.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/request.h"
#include "verify/provider.h"

static void print_slice(const char *label, struct slice s)
{
    if (s.len)
        printf("%s: %.*s\n", label, SLICE_FMT(s));
}

/* Nothing of the request proves anything. */
static void print_unproven(const struct provider *p)
{
    if (provider_scheme(p) == SCHEME_NONE)
        printf("note: %.*s signs nothing: whoever sends this is accepted\n", SLICE_FMT(provider_name(p)));
    if (provider_scheme(p) == SCHEME_MTLS)
        printf("note: what proves it is the client's certificate, which is not looked at here\n");
}

static void print_unreadable(const struct request *q)
{
    const struct json_fault *f = &q->reading.fault;
    printf("note: the signature is right, but the gateway would answer 400: line %u, column %u: %s\n", f->line, f->column,
           f->text);
}

/* As the provider calls it. */
static void print_named(struct request *q, struct buf *tmp)
{
    request_first_item(q->provider, &q->reading);
    print_slice("event type", provider_event_type(q->provider, &q->reading, tmp));
    print_slice("delivery id", provider_delivery_id(q->provider, &q->reading, tmp));
    if (reading_json(&q->reading))
        print_unreadable(q);
}

/* As the source calls it: of a body with several events the first one. */
static void print_mapped(struct request *q, struct buf *tmp)
{
    const struct pointer *split = source_split(q->source);
    struct mapped mapped;
    struct err e;
    uint32_t first;

    if (q->source->data == DATA_JSON && reading_json(&q->reading)) {
        print_unreadable(q);
        return;
    }
    if (split && pointer_all(split, &q->reading.doc, 0, &first, 1) > 0)
        q->reading.item = first;
    if (mapping_apply(&q->source->mapping, &q->reading, tmp, &mapped, &e)) {
        printf("note: the signature is right, but the gateway would answer 400: %s\n", e.text);
        return;
    }
    print_slice("event type", mapped.type);
    print_slice("dedupe key", mapped.key);
    print_slice("subject", mapped.subject);
}

static void print_accepted(struct request *q, const struct verdict *v)
{
    struct buf tmp;
    buf_init(&tmp, (size_t)1 << 20);
    printf("accepted\n");
    if (v->secret > 0)
        printf("secret: number %d matched\n", v->secret + 1);
    print_unproven(q->provider);
    if (q->source)
        print_mapped(q, &tmp);
    else
        print_named(q, &tmp);
    buf_clear(&tmp);
}

static void print_handshake(const struct verdict *v)
{
    printf("handshake %s: it would be answered %d\n", v->handshake, v->status);
    print_slice("Content-Type", v->content_type);
    for (size_t i = 0; i < v->n_headers; i++)
        printf("%.*s: %.*s\n", SLICE_FMT(v->headers[i].name), SLICE_FMT(v->headers[i].value));
    if (v->body.len)
        printf("\n%.*s\n", SLICE_FMT(v->body));
}

/* What the gateway looks at before the signature. */
static bool print_unfit(const struct request *q, const struct verdict *v)
{
    const struct provider *p = q->provider;
    if (v->result == VERIFY_HANDSHAKE)
        return false;
    if (!provider_method_ok(p, q->delivery.method)) {
        printf("refused: the method is none of %.*s (the gateway answers 405)\n", SLICE_FMT(provider_allow(p)));
        return true;
    }
    bool json = !q->source || q->source->data == DATA_JSON;
    if (json && !provider_content_type_ok(p, &q->delivery)) {
        printf("refused: content type %.*s is not one that %.*s sends (the gateway answers 415)\n",
               SLICE_FMT(delivery_content_type(&q->delivery)), SLICE_FMT(provider_name(p)));
        return true;
    }
    return false;
}

static void print_refused(struct request *q, const struct verdict *v, struct verify_scratch *s)
{
    struct buf out;
    buf_init(&out, (size_t)1 << 20);
    verify_explain(q->verifier, &q->reading, q->now_us, s, v, q->show_signature, &out);
    fwrite(out.ptr, 1, out.len, stdout);
    buf_clear(&out);
}

/* The exit status. */
static int verify(struct request *q)
{
    struct verify_scratch *s = verify_scratch_new();
    struct verdict v;
    int status = 0;

    verify_delivery(q->verifier, &q->reading, q->now_us, s, &v);
    if (print_unfit(q, &v)) {
        status = CLI_FAILED;
    } else if (v.result == VERIFY_ACCEPT) {
        print_accepted(q, &v);
    } else if (v.result == VERIFY_HANDSHAKE) {
        print_handshake(&v);
    } else {
        print_refused(q, &v, s);
        status = CLI_FAILED;
    }
    verify_scratch_free(s);
    return status;
}

int cli_verify(int argc, char **argv)
{
    struct request q;

    if (argc > 1 && strcmp(argv[1], "--batch") == 0)
        return argc == 2 ? verify_batch() : cli_usage("verify");
    int status = request_read(&q, argc, argv) == 0 ? verify(&q) : CLI_USAGE;
    request_clear(&q);
    return status;
}
