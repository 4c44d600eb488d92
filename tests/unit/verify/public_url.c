#include "fixture.h"

#include "verify/public_url.h"

static void assert_put(void (*put)(struct slice, struct buf *), const char *url, const char *right)
{
    struct buf out;

    buf_init(&out, 200);
    put(slice_z(url), &out);
    assert_text(buf_slice(&out), right);
    buf_clear(&out);
}

static void the_port_is_written_out_or_not(void **state)
{
    static const char *const cases[][3] = { /* the URL, with a port, without one */
        { "https://a.example/h?x=1", "https://a.example:443/h?x=1", "https://a.example/h?x=1" },
        { "http://a.example/h", "http://a.example:80/h", "http://a.example/h" },
        { "HTTPS://a.example/", "HTTPS://a.example:443/", "HTTPS://a.example/" },
        { "https://a.example", "https://a.example:443", "https://a.example" },
        { "https://a.example?x=:1", "https://a.example:443?x=:1", "https://a.example?x=:1" },
        { "https://a.example:8443/h:1", "https://a.example:8443/h:1", "https://a.example/h:1" },
        { "https://a.example:443/h", "https://a.example:443/h", "https://a.example/h" },
        { "http://a.example:443", "http://a.example:443", "http://a.example" },
        { "https://a.example:/h", "https://a.example:443/h", "https://a.example/h" },
        { "https://[::1]/h", "https://[::1]:443/h", "https://[::1]/h" },
        { "https://[::1]:8443/h", "https://[::1]:8443/h", "https://[::1]/h" },
        { "https://a.example#x", "https://a.example:443#x", "https://a.example#x" },
        { "/h?x=1", "/h?x=1", "/h?x=1" }, /* nobody said what the public URL is */
        { "mailto:x", "mailto:x", "mailto:x" },
        { "https:/h", "https:/h", "https:/h" },
        { "", "", "" },
        { "https://", "https://:443", "https://" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_put(public_url_put_port, cases[i][0], cases[i][1]);
        assert_put(public_url_put_noport, cases[i][0], cases[i][2]);
    }
}

static void the_path_and_query(void **state)
{
    static const char *const cases[][2] = {
        { "https://a.example/h?x=1", "/h?x=1" },   { "https://a.example:8443/h", "/h" }, { "https://a.example", "/" },
        { "https://a.example?x=1", "/?x=1" },      { "https://a.example/#f", "/" },      { "https://a.example/?#f", "/?" },
        { "https://a.example/%2f?a=%20", "/%2f?a=%20" }, { "https://[::1]:1/a:b", "/a:b" },
        { "/h", "" }, /* nobody said what the public URL is */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_put(public_url_put_path_query, cases[i][0], cases[i][1]);
}

static void some_escapes_are_decoded(void **state)
{
    static const char *const cases[][2] = {
        { "%3A%2F%3F%40%21%24%27%28%29%2A%2C%3B", ":/?@!$'()*,;" },
        { "%3a%2f%3f%40%2a%2c%3b", ":/?@*,;" },
        { "%20%26%3D%2B%25%23%41%00%5B%C3%A4", "%20%26%3D%2B%25%23%41%00%5B%C3%A4" },
        { "%253A", "%253A" }, /* once only */
        { "%%3A", "%:" },
        { "%3", "%3" }, { "%", "%" }, { "%3G", "%3G" }, { "a%", "a%" }, { "", "" },
        { "https://a.example/h?x=a%2Fb+c", "https://a.example/h?x=a/b+c" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_put(public_url_put_decoded, cases[i][0], cases[i][1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_port_is_written_out_or_not),
        cmocka_unit_test(the_path_and_query),
        cmocka_unit_test(some_escapes_are_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
