#include "schema/secret_name.h"

#define SECRET_PATH_MAX 1000u

/* In small letters, without the marks between words. */
static const char *const secret_names[] = { "password",   "passwd",      "passphrase", "pwd",          "secret",
                                            "token",      "jwt",         "bearer",     "authorization", "credential",
                                            "apikey",     "accesskey",   "privatekey", "securitycode", "cvc",
                                            "cvv",        "card/number", "cardnumber", "creditcard",   "ccnumber" };

bool secret_name_in(struct slice path)
{
    char plain[SECRET_PATH_MAX + 1];
    size_t len = 0;

    if (path.len > SECRET_PATH_MAX) /* the end of a long one */
        path = slice_from(path, path.len - SECRET_PATH_MAX);
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
