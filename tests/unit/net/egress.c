#include "net/egress.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#define OK EGRESS_OK
#define PRIVATE EGRESS_PRIVATE
#define REFUSED EGRESS_REFUSED

static const struct {
    const char *text;
    enum egress verdict;
} addresses[] = {
    { "8.8.8.8", OK },
    { "1.1.1.1", OK },
    { "172.15.255.255", OK },
    { "172.32.0.0", OK },
    { "192.167.255.255", OK },
    { "100.63.255.255", OK },
    { "100.128.0.0", OK },
    { "169.253.255.255", OK },
    { "223.255.255.255", OK },
    { "10.0.0.0", PRIVATE },
    { "10.255.255.255", PRIVATE },
    { "172.16.0.1", PRIVATE },
    { "172.31.255.255", PRIVATE },
    { "192.168.1.1", PRIVATE },
    { "127.0.0.1", PRIVATE },
    { "127.255.255.254", PRIVATE },
    { "100.64.0.1", PRIVATE },
    { "100.127.255.255", PRIVATE },
    { "198.18.0.1", PRIVATE },
    { "198.19.255.255", PRIVATE },
    { "0.0.0.0", REFUSED },
    { "0.1.2.3", REFUSED },
    { "169.254.0.1", REFUSED },
    { "169.254.169.254", REFUSED },
    { "100.100.100.200", REFUSED },
    { "168.63.129.16", REFUSED },
    { "192.0.0.192", REFUSED },
    { "192.0.2.1", REFUSED },
    { "198.51.100.7", REFUSED },
    { "203.0.113.9", REFUSED },
    { "192.88.99.1", REFUSED },
    { "224.0.0.1", REFUSED },
    { "239.255.255.255", REFUSED },
    { "240.0.0.1", REFUSED },
    { "255.255.255.255", REFUSED },
    /* IPv6 */
    { "2606:4700::1111", OK },
    { "2a00:1450:4001::1", OK },
    { "[2606:4700::1111]", OK },
    { "::1", PRIVATE },
    { "[::1]", PRIVATE },
    { "fc00::1", PRIVATE },
    { "fd12:3456::1", PRIVATE },
    { "fec0::1", PRIVATE },
    { "::", REFUSED },
    { "::2", REFUSED },
    { "::127.0.0.1", REFUSED }, /* "compatible", given up */
    { "fe80::1", REFUSED },
    { "fe80::1%eth0", REFUSED },
    { "febf::1", REFUSED },
    { "ff02::1", REFUSED },
    { "100::1", REFUSED },
    { "2001:db8::1", REFUSED },
    { "3fff::1", REFUSED },
    { "2001:20::1", REFUSED },
    { "fd00:ec2::254", REFUSED },
    { "fd20:ce::254", REFUSED },
    { "4000::1", REFUSED },
    /* IPv4 in IPv6's clothes */
    { "::ffff:8.8.8.8", OK },
    { "::ffff:127.0.0.1", PRIVATE },
    { "::ffff:a9fe:a9fe", REFUSED },
    { "::ffff:0:10.0.0.1", PRIVATE },
    { "64:ff9b::8.8.8.8", OK },
    { "64:ff9b::10.0.0.1", PRIVATE },
    { "64:ff9b::169.254.169.254", REFUSED },
    { "64:ff9b:1::8.8.8.8", REFUSED },
    { "2002:808:808::1", OK },
    { "2002:7f00:1::1", PRIVATE },
    { "2002:a9fe:a9fe::1", REFUSED },
    { "2001:0:808:808:0:0:f7f7:f7f7", OK },                 /* Teredo: server 8.8.8.8, client 8.8.8.8 */
    { "2001:0:808:808:0:0:80ff:fffe", PRIVATE },            /* client 127.0.0.1 */
    { "2001:0:808:808:0:0:5601:5601", REFUSED },            /* client 169.254.169.254 */
    { "2001:0:a9fe:a9fe:0:0:f7f7:f7f7", REFUSED },          /* server link-local */
    /* What is no address, whatever other readers make of it */
    { "0177.0.0.1", REFUSED },
    { "0x7f.0.0.1", REFUSED },
    { "0x7f000001", REFUSED },
    { "2130706433", REFUSED },
    { "127.1", REFUSED },
    { "127.0.0.1.", REFUSED },
    { " 127.0.0.1", REFUSED },
    { "localhost", REFUSED },
    { "", REFUSED },
    { "[]", REFUSED },
    { "1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17:18:19:20", REFUSED },
};

static void every_address_has_its_verdict(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        if (egress_judge_text(addresses[i].text) != addresses[i].verdict)
            fail_msg("%s: %d, not %d", addresses[i].text, egress_judge_text(addresses[i].text), addresses[i].verdict);
    }
}

static void socket_addresses_are_judged_alike(void **state)
{
    struct sockaddr_in in = { .sin_family = AF_INET };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
    struct sockaddr_un un = { .sun_family = AF_UNIX };

    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        if (inet_pton(AF_INET, addresses[i].text, &in.sin_addr) == 1)
            assert_int_equal(egress_judge((struct sockaddr *)&in), addresses[i].verdict);
        if (inet_pton(AF_INET6, addresses[i].text, &in6.sin6_addr) == 1)
            assert_int_equal(egress_judge((struct sockaddr *)&in6), addresses[i].verdict);
    }
    assert_int_equal(egress_judge((struct sockaddr *)&un), EGRESS_REFUSED);
}

static void addresses_to_listen_on_are_read(void **state)
{
    struct sockaddr_storage sa;
    socklen_t len;
    struct err e;

    (void)state;
    assert_int_equal(address_parse("127.0.0.1:8080", &sa, &len, &e), 0);
    assert_int_equal(sa.ss_family, AF_INET);
    assert_int_equal(ntohs(((struct sockaddr_in *)&sa)->sin_port), 8080);
    assert_int_equal(len, sizeof(struct sockaddr_in));
    assert_true(address_is_loopback((struct sockaddr *)&sa));
    assert_int_equal(address_parse("[::1]:0", &sa, &len, &e), 0);
    assert_int_equal(sa.ss_family, AF_INET6);
    assert_int_equal(len, sizeof(struct sockaddr_in6));
    assert_true(address_is_loopback((struct sockaddr *)&sa));
    assert_int_equal(address_parse("[::ffff:127.0.0.2]:1", &sa, &len, &e), 0);
    assert_true(address_is_loopback((struct sockaddr *)&sa));
    assert_int_equal(address_parse("0.0.0.0:65535", &sa, &len, &e), 0);
    assert_false(address_is_loopback((struct sockaddr *)&sa));
    assert_int_equal(address_parse("[::ffff:1.2.3.4]:1", &sa, &len, &e), 0);
    assert_false(address_is_loopback((struct sockaddr *)&sa));
}

static void wrong_addresses_are_refused_with_words(void **state)
{
    static const struct {
        const char *text, *words;
    } wrong[] = {
        { ":8080", "write address and port" },  { "8080", "write address and port" },
        { "", "write address and port" },       { "127.0.0.1:", "a number from 0 to 65535" },
        { "127.0.0.1:http", "a number from" },  { "127.0.0.1:65536", "a number from" },
        { "127.0.0.1:-1", "a number from" },    { "localhost:80", "names are not looked up" },
        { "::1:8080", "in brackets" },          { "[127.0.0.1]:80", "in brackets" },
        { "0177.0.0.1:80", "no IPv4 address" }, { "[]:80", "no IPv4 address" },
    };
    struct sockaddr_storage sa;
    socklen_t len;
    struct err e;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(address_parse(wrong[i].text, &sa, &len, &e), -1);
        if (!strstr(e.text, wrong[i].words))
            fail_msg("%s: %s", wrong[i].text, e.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_address_has_its_verdict),
        cmocka_unit_test(socket_addresses_are_judged_alike),
        cmocka_unit_test(addresses_to_listen_on_are_read),
        cmocka_unit_test(wrong_addresses_are_refused_with_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
