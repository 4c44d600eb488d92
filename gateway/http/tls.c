#include "http/connection.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "http/certificate.h"

struct tls {
    struct ref ref;
    SSL_CTX *ctx;
};

/* An encrypted key must not make a daemon ask the terminal. */
static int no_password(char *buf, int size, int rw, void *arg)
{
    (void)buf;
    (void)size;
    (void)rw;
    (void)arg;
    return 0;
}

/* The first of OpenSSL's queue is the cause; what follows says where it was noticed. */
static int fail(struct err *e, const char *what, const char *file)
{
    unsigned long code = ERR_get_error();
    const char *why = ERR_reason_error_string(code);
    char number[32];

    if (!why && ERR_SYSTEM_ERROR(code))
        why = strerror(ERR_GET_REASON(code));
    if (!why) {
        snprintf(number, sizeof number, "OpenSSL error %lx", code);
        why = number;
    }
    ERR_clear_error();
    return err_set(e, ERR_INPUT, "%s %s: %s", what, file, why);
}

static int load_client_ca(SSL_CTX *ctx, const char *file, bool ask, struct err *e)
{
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(file);

    if (!names || SSL_CTX_load_verify_locations(ctx, file, NULL) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return fail(e, "TLS client CA file", file);
    }
    SSL_CTX_set_client_CA_list(ctx, names);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | (ask ? 0 : SSL_VERIFY_FAIL_IF_NO_PEER_CERT), NULL);
    return 0;
}

static int load_files(SSL_CTX *ctx, const char *cert_file, const char *key_file, struct err *e)
{
    SSL_CTX_set_default_passwd_cb(ctx, no_password);
    if (SSL_CTX_use_certificate_chain_file(ctx, cert_file) != 1)
        return fail(e, "TLS certificate file", cert_file);
    if (SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) != 1)
        return fail(e, "TLS key file", key_file);
    return 0;
}

struct tls *tls_new(const struct tls_files *files, struct err *e)
{
    static const unsigned char session_context[] = "hooklatch";
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    if (!ctx) {
        fail(e, "TLS certificate file", files->cert);
        return NULL;
    }
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    /* Idle connections keep no 34 KiB of record buffers. */
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_id_context(ctx, session_context, sizeof session_context - 1);
    ERR_clear_error();
    if (load_files(ctx, files->cert, files->key, e) ||
        (files->client_ca && load_client_ca(ctx, files->client_ca, files->ask, e))) {
        SSL_CTX_free(ctx);
        return NULL;
    }
    struct tls *t = mem_zalloc(sizeof *t);
    ref_init(&t->ref);
    t->ctx = ctx;
    return t;
}

struct tls *tls_ref(struct tls *t)
{
    ref_get(&t->ref);
    return t;
}

void tls_unref(struct tls *t)
{
    if (!t || !ref_put(&t->ref))
        return;
    SSL_CTX_free(t->ctx);
    free(t);
}

SSL *tls_accept(struct tls *t, int fd)
{
    SSL *ssl = SSL_new(t->ctx);

    if (!ssl || SSL_set_fd(ssl, fd) != 1)
        abort(); /* only for want of memory */
    SSL_set_accept_state(ssl);
    return ssl;
}

bool tls_is_of(SSL *ssl, const struct tls *t)
{
    return ssl ? t && SSL_get_SSL_CTX(ssl) == t->ctx : !t;
}

/* A resumed session brings its certificate and what was found of it. */
struct client_names *tls_client_names(SSL *ssl)
{
    X509 *cert = SSL_get0_peer_certificate(ssl);

    return cert && SSL_get_verify_result(ssl) == X509_V_OK ? certificate_names(cert) : NULL;
}
