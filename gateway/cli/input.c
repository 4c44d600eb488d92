#include "cli/input.h"

#include <stdio.h>
#include <string.h>

int read_input(const char *path, struct buf *out, struct err *e)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *f = standard ? stdin : fopen(path, "re");
    size_t n = 1;

    if (!f)
        return err_sys(e, "cannot read %s", path);
    while (n > 0) {
        char *at = buf_room(out, 65536);
        if (!at)
            break;
        n = fread(at, 1, 65536, f);
        out->len += n;
        out->ptr[out->len] = '\0';
    }
    int rc = ferror(f) ? err_sys(e, "cannot read %s", path) : 0;

    if (!standard)
        fclose(f);
    if (out->failed)
        return err_set(e, ERR_LIMIT, "%s is larger than %zu bytes", path, out->max);
    return rc;
}
