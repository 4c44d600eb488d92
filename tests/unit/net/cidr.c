#include "net/cidr.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

static const struct {
    const char *text, *is; /* is: NULL where it is no address */
    bool forwarded_only;
} addresses[] = {
    { "192.0.2.1", "192.0.2.1", false },
    { "0.0.0.0", "0.0.0.0", false },
    { "2001:db8::1", "2001:db8::1", false },
    { "2001:DB8:0:0:0:0:0:1", "2001:db8::1", false },
    { "::", "::", false },
    { "::ffff:192.0.2.1", "192.0.2.1", false },
    { "::FFFF:c000:201", "192.0.2.1", false },
    { "::192.0.2.1", "::192.0.2.1", false }, /* compatible, not mapped: another address */
    { "192.0.2.1:4711", "192.0.2.1", true },
    { "192.0.2.1:0", "192.0.2.1", true },
    { "[2001:db8::1]", "2001:db8::1", true },
    { "[2001:db8::1]:65535", "2001:db8::1", true },
    { "[::ffff:192.0.2.1]:1", "192.0.2.1", true },
    { "", NULL, false },
    { "192.0.2", NULL, false },
    { "192.0.2.256", NULL, false },
    { "192.0.2.01", NULL, false },
    { "0xc0.0.2.1", NULL, false },
    { " 192.0.2.1", NULL, false },
    { "192.0.2.1 ", NULL, false },
    { "192.0.2.1/32", NULL, false },
    { "fe80::1%eth0", NULL, false },
    { "2001:db8:::1", NULL, false },
    { "unknown", NULL, false },
    { "_hidden", NULL, false },
    { "192.0.2.1:", NULL, false },
    { "192.0.2.1:65536", NULL, false },
    { "192.0.2.1:x", NULL, false },
    { ":80", NULL, false },
    { "[192.0.2.1]", NULL, false },
    { "[2001:db8::1", NULL, false },
    { "[2001:db8::1]x", NULL, false },
    { "[2001:db8::1]:", NULL, false },
    { "[]", NULL, false },
    { "[", NULL, false },
    { "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc", NULL, false },
};

static void test_addresses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        struct slice text = slice_z(addresses[i].text);
        char shown[IP_TEXT_MAX];
        struct ip ip, plain;
        int forwarded = ip_parse_forwarded(text, &ip);
        if ((forwarded == 0) != (addresses[i].is != NULL) ||
            (ip_parse(text, &plain) == 0) != (addresses[i].is && !addresses[i].forwarded_only))
            fail_msg("%s", addresses[i].text);
        if (!addresses[i].is)
            continue;
        ip_text(&ip, shown);
        assert_string_equal(shown, addresses[i].is);
    }
    struct ip ip;
    assert_int_equal(ip_parse(slice_of("192.0.2.1\0", 10), &ip), -1);
}

static const struct {
    const char *net, *address;
    bool has;
} members[] = {
    { "192.0.2.0/24", "192.0.2.0", true },
    { "192.0.2.0/24", "192.0.2.255", true },
    { "192.0.2.0/24", "192.0.3.0", false },
    { "192.0.2.0/24", "::ffff:192.0.2.7", true },
    { "192.0.2.128/25", "192.0.2.127", false },
    { "192.0.2.128/25", "192.0.2.128", true },
    { "203.0.113.7", "203.0.113.7", true },
    { "203.0.113.7", "203.0.113.6", false },
    { "203.0.113.7/32", "203.0.113.7", true },
    { "0.0.0.0/0", "8.8.8.8", true },
    { "0.0.0.0/0", "::1", false },
    { "0.0.0.0/0", "2001:db8::1", false },
    { "::/0", "2001:db8::1", true },
    { "::/0", "8.8.8.8", false },
    { "::/0", "::ffff:8.8.8.8", false },
    { "2001:db8::/32", "2001:db8:ffff::1", true },
    { "2001:db8::/32", "2001:db9::", false },
    { "2001:db8:8000::/33", "2001:db8:7fff::", false },
    { "2001:db8::1", "2001:db8::1", true },
    { "2001:db8::1", "2001:db8::2", false },
    { "::ffff:192.0.2.0/120", "192.0.2.9", true },
    { "::ffff:0:0/96", "8.8.8.8", true },
    { "::ffff:0:0/96", "::1", false },
};

static void test_members(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        struct cidr net;
        struct ip ip;
        struct err e;
        assert_int_equal(cidr_parse(slice_z(members[i].net), &net, &e), 0);
        assert_int_equal(ip_parse(slice_z(members[i].address), &ip), 0);
        if (cidr_has(&net, 1, &ip) != members[i].has)
            fail_msg("%s in %s", members[i].address, members[i].net);
    }
}

static const struct {
    const char *net, *said;
} faults[] = {
    { "192.0.2.1/24", "\"192.0.2.1/24\" has bits set beyond its length: the network is 192.0.2.0/24" },
    { "2001:db8::1/32", "\"2001:db8::1/32\" has bits set beyond its length: the network is 2001:db8::/32" },
    { "::ffff:192.0.2.1/120", "\"::ffff:192.0.2.1/120\" has bits set beyond its length: the network is 192.0.2.0/24" },
    { "::ffff:0:0/90", "\"::ffff:0:0/90\" has bits set beyond its length: the network is ::ffc0:0:0/90" },
    { "192.0.2.0/33", "\"192.0.2.0/33\": the network's length is a number from 0 to 32" },
    { "2001:db8::/129", "\"2001:db8::/129\": the network's length is a number from 0 to 128" },
    { "192.0.2.0/", "\"192.0.2.0/\": the network's length is a number from 0 to 32" },
    { "192.0.2.0/-1", "\"192.0.2.0/-1\": the network's length is a number from 0 to 32" },
    { "192.0.2/24", "\"192.0.2/24\" is neither an IP address nor a network" },
    { "example.com", "\"example.com\" is neither an IP address nor a network" },
    { "", "\"\" is neither an IP address nor a network" },
};

static void test_faults(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct cidr net;
        struct err e;
        assert_int_equal(cidr_parse(slice_z(faults[i].net), &net, &e), -1);
        assert_string_equal(e.text, faults[i].said);
    }
}

static void test_any_of_a_list(void **state)
{
    struct cidr list[2];
    struct ip ip;
    struct err e;

    (void)state;
    assert_int_equal(cidr_parse(SLICE("192.0.2.0/24"), &list[0], &e), 0);
    assert_int_equal(cidr_parse(SLICE("2001:db8::/32"), &list[1], &e), 0);
    assert_int_equal(ip_parse(SLICE("2001:db8::5"), &ip), 0);
    assert_true(cidr_has(list, 2, &ip));
    assert_false(cidr_has(list, 1, &ip));
    assert_false(cidr_has(list, 0, &ip));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_any_of_a_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
