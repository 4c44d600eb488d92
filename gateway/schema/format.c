#include "schema/format.h"

#include <assert.h>

#include "schema/format_check.h"

/* RFC 9562, section 4: the shape alone; any version and variant. */
static bool is_uuid(struct slice s)
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

    if (s.len != sizeof shape - 1)
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (shape[i] == '-' ? s.ptr[i] != '-' : !format_hex(s.ptr[i]))
            return false;
    return true;
}

static const struct {
    const char *name;
    enum schema_draft since;
    bool (*valid)(struct slice);
    const char *hint;
} formats[FORMAT_COUNT] = {
    [FORMAT_DATE_TIME] = { "date-time", SCHEMA_DRAFT_7, format_is_date_time,
                           "a date and time such as 2026-01-31T09:30:00Z (RFC 3339)" },
    [FORMAT_DATE] = { "date", SCHEMA_DRAFT_7, format_is_date, "a date such as 2026-01-31 (RFC 3339)" },
    [FORMAT_TIME] = { "time", SCHEMA_DRAFT_7, format_is_time,
                      "a time with its offset such as 09:30:00Z or 10:30:00+01:00 (RFC 3339)" },
    [FORMAT_DURATION] = { "duration", SCHEMA_DRAFT_2019_09, format_is_duration,
                          "a duration such as P1DT12H or P2W (RFC 3339, appendix A)" },
    [FORMAT_EMAIL] = { "email", SCHEMA_DRAFT_7, format_is_email,
                       "an e-mail address such as ann@example.com (RFC 5321)" },
    [FORMAT_IDN_EMAIL] = { "idn-email", SCHEMA_DRAFT_7, format_is_idn_email,
                           "an e-mail address such as ann@example.com, beyond ASCII too (RFC 6531)" },
    [FORMAT_HOSTNAME] = { "hostname", SCHEMA_DRAFT_7, format_is_hostname,
                          "a host name such as www.example.com (RFC 1123)" },
    [FORMAT_IDN_HOSTNAME] = { "idn-hostname", SCHEMA_DRAFT_7, format_is_idn_hostname,
                              "a host name such as www.example.com, beyond ASCII too (RFC 5890)" },
    [FORMAT_IPV4] = { "ipv4", SCHEMA_DRAFT_7, format_is_ipv4, "an IPv4 address such as 192.0.2.1" },
    [FORMAT_IPV6] = { "ipv6", SCHEMA_DRAFT_7, format_is_ipv6, "an IPv6 address such as 2001:db8::1 (RFC 4291)" },
    [FORMAT_URI] = { "uri", SCHEMA_DRAFT_7, format_is_uri,
                     "a URI with its scheme such as https://example.com/a (RFC 3986)" },
    [FORMAT_URI_REFERENCE] = { "uri-reference", SCHEMA_DRAFT_7, format_is_uri_reference,
                               "a URI, whole or relative, such as /a?b=c (RFC 3986)" },
    [FORMAT_IRI] = { "iri", SCHEMA_DRAFT_7, format_is_iri,
                     "a URI with its scheme such as https://example.com/a, beyond ASCII too (RFC 3987)" },
    [FORMAT_IRI_REFERENCE] = { "iri-reference", SCHEMA_DRAFT_7, format_is_iri_reference,
                               "a URI, whole or relative, such as /a?b=c, beyond ASCII too (RFC 3987)" },
    [FORMAT_UUID] = { "uuid", SCHEMA_DRAFT_2019_09, is_uuid,
                      "a UUID such as 2eb8aa08-aa98-11ea-b4aa-73b441d16380 (RFC 9562)" },
    [FORMAT_URI_TEMPLATE] = { "uri-template", SCHEMA_DRAFT_7, format_is_uri_template,
                              "a URI template such as /users/{id}{?page} (RFC 6570)" },
    [FORMAT_JSON_POINTER] = { "json-pointer", SCHEMA_DRAFT_7, format_is_json_pointer,
                              "a JSON Pointer such as /items/0/id (RFC 6901)" },
    [FORMAT_RELATIVE_JSON_POINTER] = { "relative-json-pointer", SCHEMA_DRAFT_7, format_is_relative_json_pointer,
                                       "a relative JSON Pointer such as 1/id or 0#" },
    [FORMAT_RELATIVE_JSON_POINTER_2020] = { "relative-json-pointer", SCHEMA_DRAFT_2020_12,
                                            format_is_relative_json_pointer_2020,
                                            "a relative JSON Pointer such as 1/id or 0#" },
    [FORMAT_REGEX] = { "regex", SCHEMA_DRAFT_7, format_is_regex, "a regular expression of ECMA-262 such as ^[a-z]+$" },
};

enum format format_find(struct slice name, enum schema_draft draft)
{
    /* from the end: what a later draft made of a name comes after what it was */
    for (int f = FORMAT_COUNT; f-- > 0;)
        if (draft >= formats[f].since && slice_eq_z(name, formats[f].name))
            return (enum format)f;
    return FORMAT_COUNT;
}

const char *format_name(enum format f)
{
    assert(f < FORMAT_COUNT);
    return formats[f].name;
}

const char *format_hint(enum format f)
{
    assert(f < FORMAT_COUNT);
    return formats[f].hint;
}

bool format_valid(enum format f, struct slice text)
{
    assert(f < FORMAT_COUNT);
    return formats[f].valid(text);
}
