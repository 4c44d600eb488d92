#include "schema/ecma_property.h"

/* PCRE2 knows the general categories by their short names only. */
static const struct {
    const char *long_name, *short_name;
} categories[] = {
    { "Letter", "L" },
    { "Cased_Letter", "L&" },
    { "LC", "L&" },
    { "Uppercase_Letter", "Lu" },
    { "Lowercase_Letter", "Ll" },
    { "Titlecase_Letter", "Lt" },
    { "Modifier_Letter", "Lm" },
    { "Other_Letter", "Lo" },
    { "Mark", "M" },
    { "Combining_Mark", "M" },
    { "Nonspacing_Mark", "Mn" },
    { "Spacing_Mark", "Mc" },
    { "Enclosing_Mark", "Me" },
    { "Number", "N" },
    { "Decimal_Number", "Nd" },
    { "digit", "Nd" },
    { "Letter_Number", "Nl" },
    { "Other_Number", "No" },
    { "Punctuation", "P" },
    { "punct", "P" },
    { "Connector_Punctuation", "Pc" },
    { "Dash_Punctuation", "Pd" },
    { "Open_Punctuation", "Ps" },
    { "Close_Punctuation", "Pe" },
    { "Initial_Punctuation", "Pi" },
    { "Final_Punctuation", "Pf" },
    { "Other_Punctuation", "Po" },
    { "Symbol", "S" },
    { "Math_Symbol", "Sm" },
    { "Currency_Symbol", "Sc" },
    { "Modifier_Symbol", "Sk" },
    { "Other_Symbol", "So" },
    { "Separator", "Z" },
    { "Space_Separator", "Zs" },
    { "Line_Separator", "Zl" },
    { "Paragraph_Separator", "Zp" },
    { "Other", "C" },
    { "Control", "Cc" },
    { "cntrl", "Cc" },
    { "Format", "Cf" },
    { "Surrogate", "Cs" },
    { "Private_Use", "Co" },
    { "Unassigned", "Cn" },
};

/* The ways to write a property with a value, and PCRE2's prefix for it. */
static const struct {
    const char *name, *prefix;
} kinds[] = {
    { "General_Category", "" },      { "gc", "" },      { "Script", "sc:" }, { "sc", "sc:" },
    { "Script_Extensions", "scx:" }, { "scx", "scx:" },
};

static bool is_name(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'))
            return false;
    }
    return s.len > 0;
}

bool ecma_property_put(struct buf *out, bool negated, struct slice name)
{
    struct slice property, value;
    const char *prefix = "";

    if (slice_cut(name, '=', &property, &value)) {
        size_t i = 0;

        while (i < sizeof kinds / sizeof kinds[0] && !slice_eq_z(property, kinds[i].name))
            i++;
        if (i == sizeof kinds / sizeof kinds[0])
            return false;
        prefix = kinds[i].prefix;
        name = value;
    }
    if (!is_name(name))
        return false;
    for (size_t i = 0; prefix[0] == '\0' && i < sizeof categories / sizeof categories[0]; i++)
        if (slice_eq_z(name, categories[i].long_name))
            name = slice_z(categories[i].short_name);
    buf_printf(out, "\\%c{%s%.*s}", negated ? 'P' : 'p', prefix, SLICE_FMT(name));
    return true;
}
