/* cli/providers.h - showing providers: as text for people, as the page docs/providers.md. */
#ifndef CLI_PROVIDERS_H
#define CLI_PROVIDERS_H

#include "verify/provider_files.h"
#include "verify/provider_words.h"

/* One of them, everything that a person needs. Appends. */
void providers_put_text(const struct provider_file *f, const struct tree *t, struct buf *out);
/* The page's beginning, a row of its table, a section. */
extern const char providers_page_head[];
void providers_put_row(const struct provider_file *f, const struct tree *t, struct buf *out);
void providers_put_section(const struct provider_file *f, const struct tree *t, struct buf *out);

/* To standard error, with the nearest one. folder: of the configuration, or NULL. */
void providers_say_unknown(const char *command, struct slice id, const char *folder);

#endif
