#include "http/certificate.h"

#include <openssl/x509v3.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"

#define NAMES_MAX 64
#define NAMES_BYTES_MAX (16u << 10)

struct collected {
    struct buf text; /* all names, one behind the other */
    size_t ends[NAMES_MAX];
    size_t n;
};

/* A name that finds no room is left out whole. */
static void add(struct collected *to, const char *kind, struct slice name)
{
    size_t before = to->text.len;

    if (to->n == NAMES_MAX || name.len == 0 || memchr(name.ptr, '\0', name.len))
        return;
    buf_puts(&to->text, kind);
    buf_put(&to->text, name);
    if (to->text.failed) {
        to->text.failed = false;
        to->text.len = before;
        return;
    }
    to->ends[to->n++] = to->text.len;
}

static void add_common_names(struct collected *to, const X509 *cert)
{
    const X509_NAME *subject = X509_get_subject_name(cert);

    for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0;) {
        unsigned char *utf8;
        int len = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
        if (len < 0)
            continue;
        add(to, "CN=", slice_of(utf8, (size_t)len));
        OPENSSL_free(utf8);
    }
}

static void add_alternative_names(struct collected *to, const X509 *cert)
{
    static const char *const kinds[] = { [GEN_EMAIL] = "email:", [GEN_DNS] = "DNS:", [GEN_URI] = "URI:" };
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);

    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_EMAIL && name->type != GEN_DNS && name->type != GEN_URI)
            continue;
        add(to, kinds[name->type],
            slice_of(ASN1_STRING_get0_data(name->d.ia5), (size_t)ASN1_STRING_length(name->d.ia5)));
    }
    GENERAL_NAMES_free(names);
}

struct client_names *certificate_names(const X509 *cert)
{
    struct collected all = { 0 };

    buf_init(&all.text, NAMES_BYTES_MAX);
    add_common_names(&all, cert);
    add_alternative_names(&all, cert);
    struct client_names *names = mem_alloc(sizeof *names + all.n * sizeof(struct slice) + all.text.len);
    struct slice *list = (struct slice *)(names + 1);
    char *text = (char *)(list + all.n);
    if (all.text.len)
        memcpy(text, all.text.ptr, all.text.len);
    for (size_t i = 0, from = 0; i < all.n; from = all.ends[i++])
        list[i] = slice_of(text + from, all.ends[i] - from);
    *names = (struct client_names){ list, all.n };
    buf_clear(&all.text);
    return names;
}

bool certificate_has(const struct client_names *names, struct slice wanted)
{
    bool host = slice_starts(wanted, SLICE("DNS:"));

    for (size_t i = 0; i < names->n; i++) {
        if (host ? slice_eq_nocase(names->list[i], wanted) : slice_eq(names->list[i], wanted))
            return true;
    }
    return false;
}
