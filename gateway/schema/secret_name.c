#include "schema/secret_name.h"

/* Long texts are looked at piece by piece; the longest name, with marks, fits into the overlap. */
#define WINDOW 1024u
#define OVERLAP 64u

/* In small letters, without the marks between words. */
static const char *const secret_names[] = { "password",   "passwd",      "passphrase", "pwd",          "secret",
                                            "token",      "jwt",         "bearer",     "authorization", "credential",
                                            "apikey",     "accesskey",   "privatekey", "securitycode", "cvc",
                                            "cvv",        "cardnumber",  "creditcard", "ccnumber" };

static bool is_in(struct slice path)
{
    char plain[WINDOW + 1];
    size_t len = 0;

    for (size_t i = 0; i < path.len; i++) {
        char c = path.ptr[i];

        if (c != '_' && c != '-' && c != '\0')
            plain[len++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    plain[len] = '\0';
    for (size_t i = 0; i < sizeof secret_names / sizeof secret_names[0]; i++)
        if (strstr(plain, secret_names[i]))
            return true;
    return false;
}

bool secret_name_in(struct slice path)
{
    for (; path.len > WINDOW; path = slice_from(path, WINDOW - OVERLAP))
        if (is_in(slice_first(path, WINDOW)))
            return true;
    return is_in(path);
}
