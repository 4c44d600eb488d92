#include "verify/signature.h"

static const char *add(struct signatures *out, struct slice signature)
{
    if (out->count == SIGNATURES_MAX)
        return "it presents too many signatures";
    out->list[out->count++] = signature;
    return NULL;
}

static const char *add_timestamp(struct signatures *out, struct slice text)
{
    if (out->timestamp.ptr)
        return "it holds two times";
    out->timestamp = text;
    return NULL;
}

static const char *read_plain(const struct signature_form *f, struct slice value, struct signatures *out)
{
    bool starts = f->prefix_any_case ? slice_starts_nocase(value, f->prefix) : slice_starts(value, f->prefix);
    if (!starts)
        return "it lacks the prefix";
    value = slice_from(value, f->prefix.len); /* white space here belongs to it: nobody sends any */
    return value.len ? add(out, value) : "nothing follows the prefix";
}

static const char *read_pair(const struct signature_form *f, struct slice item, struct signatures *out)
{
    struct slice name, text;
    if (!slice_cut(item, f->kv, &name, &text))
        return NULL;
    name = slice_trim(name);
    text = slice_trim(text);
    if (f->timestamp_key.len && slice_eq(name, f->timestamp_key))
        return add_timestamp(out, text);
    return slice_eq(name, f->key) && text.len ? add(out, text) : NULL;
}

static const char *read_items(const struct signature_form *f, struct slice value, struct signatures *out)
{
    const char *wrong = NULL;
    unsigned before = out->count;
    for (int i = 0; value.len > 0 && !wrong; i++) {
        struct slice item;
        slice_cut(value, f->separator, &item, &value);
        item = slice_trim(item);
        if (f->format == SIGNATURE_PAIRS)
            wrong = read_pair(f, item, out);
        else if (i == f->timestamp_index)
            wrong = add_timestamp(out, item);
        else if (item.len)
            wrong = add(out, item);
    }
    if (!wrong && out->count == before)
        return f->format == SIGNATURE_PAIRS ? "no item of it has the signature's name" : "no signature is in it";
    return wrong;
}

const char *signature_read(const struct signature_form *f, struct slice value, struct signatures *out)
{
    return f->format == SIGNATURE_PLAIN ? read_plain(f, value, out) : read_items(f, value, out);
}
