/* TLS: files and their errors, and the server behind it, with certificates made on the spot. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "client.h"


static char dir[] = "/tmp/hooklatch-tls-XXXXXX";
static struct {
    char cert[96], key[96], other_cert[96], other_key[96], locked_key[96], missing[96];
} files;

static void make_pair(const char *cert_file, const char *key_file, const char *locked_key_file)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    X509_NAME *name = X509_get_subject_name(cert);
    FILE *f;

    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1, 0);
    X509_set_issuer_name(cert, name);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    assert_non_null(f = fopen(cert_file, "w"));
    PEM_write_X509(f, cert);
    fclose(f);
    assert_non_null(f = fopen(key_file, "w"));
    PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
    fclose(f);
    if (locked_key_file) {
        assert_non_null(f = fopen(locked_key_file, "w"));
        PEM_write_PrivateKey(f, key, EVP_aes_256_cbc(), (const unsigned char *)"word", 4, NULL, NULL);
        fclose(f);
    }
    X509_free(cert);
    EVP_PKEY_free(key);
}

static void set_path(char path[96], const char *name)
{
    snprintf(path, 96, "%s/%s", dir, name);
}

static int make_files(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(dir));
    set_path(files.cert, "cert.pem");
    set_path(files.key, "key.pem");
    set_path(files.other_cert, "c2.pem");
    set_path(files.other_key, "k2.pem");
    set_path(files.locked_key, "kl.pem");
    set_path(files.missing, "missing.pem");
    make_pair(files.cert, files.key, files.locked_key);
    make_pair(files.other_cert, files.other_key, NULL);
    return 0;
}

static int remove_files(void **state)
{
    const char *const paths[] = { files.cert, files.key, files.other_cert, files.other_key, files.locked_key };

    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        unlink(paths[i]);
    return rmdir(dir);
}

static void expect_error(const char *cert, const char *key, const char *ca, const char *file, const char *cause)
{
    struct err e = { 0 };

    assert_null(tls_new(&(struct tls_files){ .cert = cert, .key = key, .client_ca = ca }, &e));
    assert_int_equal(e.code, ERR_INPUT);
    if (!strstr(e.text, file) || !strstr(e.text, cause))
        fail_msg("no %s, %s: %s", file, cause, e.text);
    assert_int_equal(ERR_peek_error(), 0);
}

static void test_errors_name_file_and_cause(void **state)
{
    (void)state;
    expect_error(files.missing, files.key, NULL, "missing.pem", "No such file");
    expect_error(files.cert, files.missing, NULL, "missing.pem", "No such file");
    expect_error(files.key, files.key, NULL, "certificate file", "no start line");
    expect_error(files.cert, files.cert, NULL, "key file", "");
    expect_error(files.cert, files.other_key, NULL, "k2.pem", "key values mismatch");
    expect_error(files.cert, files.locked_key, NULL, "kl.pem", "");
    expect_error(files.cert, files.key, files.missing, "missing.pem", "No such file");
    expect_error(files.cert, files.key, files.key, "client CA", "");
}

static int set_up_with(void **state, const char *ca, bool ask, int seconds)
{
    struct bench *b = bench_new();
    struct err e;

    b->o.tls = tls_new(&(struct tls_files){ .cert = files.cert, .key = files.key, .client_ca = ca, .ask = ask }, &e);
    assert_non_null(b->o.tls);
    b->o.request_timeout_s = b->o.idle_timeout_s = seconds;
    bench_start(b);
    *state = b;
    return 0;
}

static int set_up(void **state)
{
    return set_up_with(state, NULL, false, 60);
}

static int set_up_short(void **state)
{
    return set_up_with(state, NULL, false, 1);
}

static int set_up_client_ca(void **state)
{
    return set_up_with(state, files.other_cert, false, 60);
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    struct tls *t = b->o.tls;

    wait_for_connections(b, 0);
    bench_stop(b);
    tls_unref(t);
    return 0;
}

struct tls_client {
    SSL_CTX *ctx;
    SSL *ssl;
    int fd;
};

/* Without a handshake yet. cert and key: the client's own, or NULL. */
static struct tls_client tls_connect(struct bench *b, int max_version, const char *cert, const char *key)
{
    struct tls_client c = { .ctx = SSL_CTX_new(TLS_client_method()), .fd = client_connect(b) };

    SSL_CTX_set_max_proto_version(c.ctx, max_version);
    SSL_CTX_set_security_level(c.ctx, 0);
    if (cert) {
        assert_int_equal(SSL_CTX_use_certificate_file(c.ctx, cert, SSL_FILETYPE_PEM), 1);
        assert_int_equal(SSL_CTX_use_PrivateKey_file(c.ctx, key, SSL_FILETYPE_PEM), 1);
    }
    c.ssl = SSL_new(c.ctx);
    SSL_set_fd(c.ssl, c.fd);
    return c;
}

static int set_up_ask(void **state)
{
    return set_up_with(state, files.other_cert, true, 60);
}

static struct tls_client tls_open(struct bench *b)
{
    struct tls_client c = tls_connect(b, 0, NULL, NULL);

    assert_int_equal(SSL_connect(c.ssl), 1);
    return c;
}

static void tls_close(struct tls_client *c)
{
    SSL_free(c->ssl);
    SSL_CTX_free(c->ctx);
    close(c->fd);
    ERR_clear_error();
}

static void tls_say(struct tls_client *c, struct slice s)
{
    size_t n;

    assert_int_equal(SSL_write_ex(c->ssl, s.ptr, s.len, &n), 1);
}
#define TLS_SAY(c, literal) tls_say(c, SLICE(literal))

/* Up to and with the text `end`; or, when end is NULL, to the peer's clean end (close_notify). */
static char *tls_hear(struct tls_client *c, const char *end)
{
    struct buf b;
    size_t n;

    buf_init(&b, 64 << 20);
    buf_put(&b, SLICE_NONE);
    while (!end || !strstr(b.ptr + (b.len > 99 ? b.len - 99 : 0), end)) {
        if (SSL_read_ex(c->ssl, buf_room(&b, 60), 60, &n) != 1) {
            if (end || SSL_get_error(c->ssl, 0) != SSL_ERROR_ZERO_RETURN)
                fail_msg("cut: %s", b.ptr);
            break;
        }
        b.len += n;
        b.ptr[b.len] = '\0';
    }
    return buf_take(&b, NULL);
}

static void test_kept_alive(void **state)
{
    struct tls_client c = tls_open(*state);

    for (int i = 0; i < 3; i++) {
        TLS_SAY(&c, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
        expect_text(tls_hear(&c, "POST /a? hello"), "HTTP/1.1 200 OK");
    }
    tls_close(&c);
}

static void test_large_both_ways(void **state)
{
    struct tls_client c = tls_open(*state);
    struct buf text;

    buf_init(&text, 4 << 20);
    buf_printf(&text, "POST /large HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n%0300000d" GET("/big"), 7);
    tls_say(&c, buf_slice(&text));
    free(tls_hear(&c, "0007HTTP/1.1 200"));
    char *got = tls_hear(&c, "\r\n\r\n");
    size_t had = strlen(strstr(got, "\r\n\r\n") + 4), n = 1;
    free(got);
    char part[16384];
    while (had < 4 << 20 && SSL_read_ex(c.ssl, part, sizeof part, &n) == 1)
        had += n;
    assert_int_equal(had, 4 << 20);
    buf_clear(&text);
    tls_close(&c);
}

/* The answer comes while the write of "100 Continue" is still being reported: it must not be taken for written. */
static void test_expect_continue(void **state)
{
    for (int i = 0; i < 20; i++) {
        struct tls_client c = tls_open(*state);
        TLS_SAY(&c, "POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
        if (i % 2)
            free(tls_hear(&c, "HTTP/1.1 100 Continue\r\n\r\n"));
        TLS_SAY(&c, "hi");
        free(tls_hear(&c, "POST /x? hi"));
        TLS_SAY(&c, GET("/y"));
        free(tls_hear(&c, "GET /y? "));
        tls_close(&c);
    }
}

static void test_early_answers_arrive(void **state)
{
    static char megabyte[1 << 20];

    for (int i = 0; i < 20; i++) {
        struct tls_client c = tls_open(*state);
        TLS_SAY(&c, "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n");
        tls_say(&c, slice_of(megabyte, sizeof megabyte));
        char *got = tls_hear(&c, NULL);
        assert_memory_equal(got, "HTTP/1.1 413 ", 13);
        assert_int_equal(got[strlen(got) - 1], '}');
        free(got);
        tls_close(&c);
    }
}

static void test_refusal_behind_an_answer(void **state)
{
    struct bench *b = *state;
    struct tls_client c = tls_open(b);

    TLS_SAY(&c, GET("/later") "GET / HTTP/1.1\r\n\r\n" GET("/never"));
    while (sem_wait(&b->held))
        ;
    TLS_SAY(&c, GET("/never"));
    on_loop(b, answer_later);
    char *got = tls_hear(&c, NULL), *second = strstr(got, "lateHTTP/1.1 400 Bad Request\r\n");
    assert_memory_equal(got, "HTTP/1.1 200 OK\r\n", 17);
    assert_non_null(second);
    assert_null(strstr(second, "never"));
    free(got);
    tls_close(&c);
}

static void test_close_is_announced(void **state)
{
    struct tls_client c = tls_open(*state);

    TLS_SAY(&c, "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    expect_text(tls_hear(&c, NULL), "GET /a? ");
    tls_close(&c);
}

static void test_half_closed_client_is_answered(void **state)
{
    struct bench *b = *state;
    struct tls_client c = tls_open(b);

    TLS_SAY(&c, GET("/later"));
    SSL_shutdown(c.ssl);
    while (sem_wait(&b->held))
        ;
    for (int i = 0; i < 5; i++)
        on_loop(b, nothing);
    on_loop(b, answer_later);
    expect_text(tls_hear(&c, "late"), "HTTP/1.1 200 OK");
    tls_close(&c);
}

static void test_client_leaves(void **state)
{
    struct bench *b = *state;
    struct tls_client c = tls_open(b);

    TLS_SAY(&c, GET("/later"));
    while (sem_wait(&b->held))
        ;
    tls_close(&c);
    for (int i = 0; i < 5; i++)
        on_loop(b, nothing);
    on_loop(b, answer_later);
}

static void test_old_versions_are_refused(void **state)
{
    struct tls_client c = tls_connect(*state, TLS1_1_VERSION, NULL, NULL);

    assert_int_not_equal(SSL_connect(c.ssl), 1);
    tls_close(&c);
    c = tls_connect(*state, TLS1_2_VERSION, NULL, NULL);
    assert_int_equal(SSL_connect(c.ssl), 1);
    TLS_SAY(&c, GET("/x"));
    free(tls_hear(&c, "GET /x? "));
    tls_close(&c);
}

static void test_no_tls_at_all(void **state)
{
    int fd = client_connect(*state);
    char byte;

    SAY(fd, GET("/x"));
    shutdown(fd, SHUT_WR);
    while (recv(fd, &byte, 1, 0) == 1)
        ;
    close(fd);
}

/* One that never begins its handshake, and one that never sends a request. */
static void test_time_limits(void **state)
{
    int raw = client_connect(*state);
    struct tls_client c = tls_open(*state), slow = tls_open(*state);

    TLS_SAY(&slow, "GET /slow HTTP/1.1\r\n");
    expect_text(tls_hear(&slow, NULL), "HTTP/1.1 408 ");
    expect_start_end(hear_all(raw), "", "");
    expect_start_end(tls_hear(&c, NULL), "", "");
    tls_close(&slow);
    tls_close(&c);
}

static void test_client_certificates(void **state)
{
    char byte;
    struct tls_client c = tls_connect(*state, 0, files.other_cert, files.other_key);

    assert_int_equal(SSL_connect(c.ssl), 1);
    TLS_SAY(&c, GET("/x"));
    free(tls_hear(&c, "GET /x? "));
    tls_close(&c);
    /* In TLS 1.3 the client is done before the server has judged: the first read tells. */
    c = tls_connect(*state, 0, NULL, NULL);
    if (SSL_connect(c.ssl) == 1)
        assert_true(SSL_read(c.ssl, &byte, 1) <= 0);
    tls_close(&c);
    c = tls_connect(*state, 0, files.cert, files.key);
    if (SSL_connect(c.ssl) == 1)
        assert_true(SSL_read(c.ssl, &byte, 1) <= 0);
    tls_close(&c);
}

static void expect_client(struct tls_client *c, const char *said)
{
    for (int i = 0; i < 2; i++) { /* a connection is asked once, and says the same again */
        TLS_SAY(c, GET("/client"));
        expect_text(tls_hear(c, ";"), said);
    }
}

/* Asked, not made: who shows none is let in as nobody; a bad one is a bad one. */
static void test_certificates_asked_for(void **state)
{
    char byte;
    struct tls_client c = tls_connect(*state, 0, NULL, NULL);

    assert_int_equal(SSL_connect(c.ssl), 1);
    expect_client(&c, "no certificate;");
    tls_close(&c);
    c = tls_connect(*state, 0, files.other_cert, files.other_key);
    assert_int_equal(SSL_connect(c.ssl), 1);
    expect_client(&c, "certificate: CN=localhost;");
    tls_close(&c);
    c = tls_connect(*state, 0, files.cert, files.key);
    if (SSL_connect(c.ssl) == 1)
        assert_true(SSL_read(c.ssl, &byte, 1) <= 0);
    tls_close(&c);
}

static void test_no_certificate_without_being_asked(void **state)
{
    struct tls_client c = tls_connect(*state, 0, files.other_cert, files.other_key);

    assert_int_equal(SSL_connect(c.ssl), 1);
    expect_client(&c, "no certificate;");
    tls_close(&c);
}

/* The second connection shows nothing again, and is who the first one was; nobody stays nobody. */
static void resume(struct bench *b, int max_version, const char *cert, const char *key, const char *said)
{
    struct tls_client first = tls_connect(b, max_version, cert, key);

    assert_int_equal(SSL_connect(first.ssl), 1);
    expect_client(&first, said); /* also takes in the tickets of TLS 1.3 */
    SSL_SESSION *session = SSL_get1_session(first.ssl);
    SSL_shutdown(first.ssl);
    struct tls_client second = tls_connect(b, max_version, NULL, NULL);
    SSL_set_session(second.ssl, session);
    assert_int_equal(SSL_connect(second.ssl), 1);
    assert_int_equal(SSL_session_reused(second.ssl), 1);
    expect_client(&second, said);
    SSL_SESSION_free(session);
    tls_close(&first);
    tls_close(&second);
}

static void test_resumed_sessions_keep_the_certificate(void **state)
{
    static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        resume(*state, versions[i], files.other_cert, files.other_key, "certificate: CN=localhost;");
        resume(*state, versions[i], NULL, NULL, "no certificate;");
    }
}

static struct tls *replacement;

static void swap_tls(struct bench *b)
{
    server_set_tls(b->server, replacement);
}

/* New connections get the new certificate; the old ones end with their next answer. */
static void test_reload(void **state)
{
    struct bench *b = *state;
    struct tls_client old = tls_open(b);
    struct err e;

    replacement = tls_new(&(struct tls_files){ .cert = files.other_cert, .key = files.other_key }, &e);
    on_loop(b, swap_tls);
    tls_unref(replacement);
    struct tls_client new = tls_open(b);
    X509 *first = SSL_get1_peer_certificate(old.ssl), *second = SSL_get1_peer_certificate(new.ssl);
    assert_int_not_equal(X509_cmp(first, second), 0);
    X509_free(first);
    X509_free(second);
    TLS_SAY(&old, GET("/x"));
    TLS_SAY(&new, GET("/y"));
    char *last = tls_hear(&old, "GET /x? "), *one = tls_hear(&new, "GET /y? ");
    assert_non_null(strstr(last, "\r\nConnection: close\r\n"));
    assert_null(strstr(one, "\r\nConnection:"));
    free(last);
    free(one);
    tls_close(&old);
    tls_close(&new);
}

static int set_up_full(void **state)
{
    set_up(state);
    ((struct bench *)*state)->budget.max_connections = 0;
    return 0;
}

static void test_connection_limit(void **state)
{
    struct tls_client c = tls_connect(*state, 0, NULL, NULL);

    assert_int_not_equal(SSL_connect(c.ssl), 1);
    tls_close(&c);
}

#define WITH(test, up) cmocka_unit_test_setup_teardown(test, up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors_name_file_and_cause),
        WITH(test_kept_alive, set_up),
        WITH(test_large_both_ways, set_up),
        WITH(test_expect_continue, set_up),
        WITH(test_early_answers_arrive, set_up),
        WITH(test_refusal_behind_an_answer, set_up),
        WITH(test_close_is_announced, set_up),
        WITH(test_half_closed_client_is_answered, set_up),
        WITH(test_client_leaves, set_up),
        WITH(test_old_versions_are_refused, set_up),
        WITH(test_no_tls_at_all, set_up),
        WITH(test_time_limits, set_up_short),
        WITH(test_client_certificates, set_up_client_ca),
        WITH(test_certificates_asked_for, set_up_ask),
        WITH(test_no_certificate_without_being_asked, set_up),
        WITH(test_resumed_sessions_keep_the_certificate, set_up_ask),
        WITH(test_reload, set_up),
        WITH(test_connection_limit, set_up_full),
    };

    return cmocka_run_group_tests(tests, make_files, remove_files);
}
