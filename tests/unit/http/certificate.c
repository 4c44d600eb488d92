#include "http/certificate.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_cn(X509 *cert, const void *bytes, int len)
{
    X509_NAME *name = X509_get_subject_name(cert);

    assert_int_equal(X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, bytes, len, -1, 0), 1);
}

static void add_alternative(GENERAL_NAMES *names, int type, const void *bytes, int len)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();

    ASN1_STRING_set(text, bytes, len);
    GENERAL_NAME_set0_value(name, type, text);
    sk_GENERAL_NAME_push(names, name);
}

static bool has(const struct client_names *names, const char *wanted)
{
    return certificate_has(names, slice_z(wanted));
}

static void test_names(void **state)
{
    X509 *cert = X509_new();
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();

    (void)state;
    add_cn(cert, "partner", -1);
    add_cn(cert, "Zweiter Nam\xc3\xa9", -1);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "O", MBSTRING_ASC, (const unsigned char *)"an organization",
                               -1, -1, 0);
    add_alternative(names, GEN_DNS, "a.example", 9);
    add_alternative(names, GEN_URI, "spiffe://x/y", 12);
    add_alternative(names, GEN_EMAIL, "ops@a.example", 13);
    X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT);
    struct client_names *got = certificate_names(cert);
    assert_int_equal(got->n, 5);
    assert_true(has(got, "CN=partner") && has(got, "CN=Zweiter Nam\xc3\xa9") && has(got, "DNS:A.example"));
    assert_true(has(got, "URI:spiffe://x/y") && has(got, "email:ops@a.example"));
    assert_false(has(got, "CN=an organization") || has(got, "CN=a.example") || has(got, "URI:spiffe://x/Y"));
    free(got);
    GENERAL_NAMES_free(names);
    X509_free(cert);
}

/* "a.example\0.evil.example" must not read as "a.example". */
static void test_a_name_with_nul_is_none(void **state)
{
    X509 *cert = X509_new();
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();

    (void)state;
    add_cn(cert, "a\0b", 3);
    add_alternative(names, GEN_DNS, "a.example\0.evil.example", 23);
    add_alternative(names, GEN_DNS, "", 0);
    X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT);
    struct client_names *got = certificate_names(cert);
    assert_int_equal(got->n, 0);
    free(got);
    GENERAL_NAMES_free(names);
    X509_free(cert);
}

static void test_no_end_of_names(void **state)
{
    X509 *cert = X509_new();
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    static char long_name[20000];
    char name[32];

    (void)state;
    memset(long_name, 'x', sizeof long_name);
    add_alternative(names, GEN_DNS, long_name, sizeof long_name);
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "h%d.example", i);
        add_alternative(names, GEN_DNS, name, (int)strlen(name));
    }
    X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT);
    struct client_names *got = certificate_names(cert);
    assert_int_equal(got->n, 64);
    assert_true(has(got, "DNS:h63.example"));
    assert_false(has(got, "DNS:h64.example"));
    free(got);
    GENERAL_NAMES_free(names);
    X509_free(cert);
}

static void test_no_names_at_all(void **state)
{
    X509 *cert = X509_new();
    struct client_names *got = certificate_names(cert);

    (void)state;
    assert_int_equal(got->n, 0);
    assert_false(has(got, "CN="));
    free(got);
    X509_free(cert);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_a_name_with_nul_is_none),
        cmocka_unit_test(test_no_end_of_names),
        cmocka_unit_test(test_no_names_at_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
