#include "config/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "config/yaml.h"
#include "config/yaml_node.h"

static char *absolute_dir(const char *dir)
{
    char *path = realpath(dir, NULL);

    return path ? path : mem_strdup(dir);
}

/* The JSON is of our own making: when it does not parse, or has other nodes than were marked, the maker is wrong. */
static int parse_json(struct tree *t, struct issues *is)
{
    struct json_limits limits = JSON_LIMITS_DEFAULT;
    struct json_fault fault;

    json_doc_init(&t->doc);
    if (json_parse(&t->doc, slice_z(t->json), &limits, &fault) == 0)
        return 0;
    issues_add(is,
               &(struct issue){
                   .file = slice_z(t->file), .line = fault.line, .column = fault.column, .text = slice_z(fault.text) });
    return -1;
}

int tree_read(struct tree *t, const char *file, const char *dir, struct slice text, struct issues *is)
{
    struct yaml_marks marks = { 0 };
    struct buf json;

    *t = (struct tree){ 0 };
    buf_init(&json, YAML_BYTES_MAX);
    if (yaml_to_json(file, text, &json, &marks, is) < 0) {
        buf_clear(&json);
        free(marks.list);
        return -1;
    }
    size_t len;
    t->file = mem_strdup(file);
    t->dir = absolute_dir(dir ? dir : ".");
    t->json = buf_take(&json, &len);
    t->marks = marks.list;
    if (parse_json(t, is) == 0)
        return 0;
    tree_clear(t);
    return -1;
}

int tree_read_json(struct tree *t, const char *file, struct slice text, struct issues *is)
{
    *t = (struct tree){ .file = mem_strdup(file), .dir = absolute_dir("."), .json = slice_dup_z(text) };
    if (parse_json(t, is) < 0) {
        tree_clear(t);
        return -1;
    }
    t->marks = mem_alloc(t->doc.count * sizeof *t->marks);
    struct tree_mark at = { 1, 1 };
    for (uint32_t i = 0, offset = 0; i < t->doc.count; i++) {
        for (; offset < t->doc.nodes[i].at; offset++) {
            bool newline = t->json[offset] == '\n';
            at = newline ? (struct tree_mark){ at.line + 1, 1 } : (struct tree_mark){ at.line, at.column + 1 };
        }
        t->marks[i] = at;
    }
    return 0;
}

static int read_whole(const char *file, struct buf *text, struct issues *is)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    ssize_t n = -1;

    if (fd < 0) {
        yaml_complain(is, file, (struct tree_mark){ 0, 0 }, NULL, "cannot be opened: %s", strerror(errno));
        return -1;
    }
    if (fstat(fd, &st) < 0 || S_ISDIR(st.st_mode)) {
        yaml_complain(is, file, (struct tree_mark){ 0, 0 }, NULL, "is a folder, not a file");
        close(fd);
        return -1;
    }
    do {
        char *room = buf_room(text, 65536);
        n = room ? read(fd, room, 65536) : 0;
        if (n > 0)
            text->len += (size_t)n;
    } while (n > 0);
    if (n < 0)
        yaml_complain(is, file, (struct tree_mark){ 0, 0 }, NULL, "cannot be read: %s", strerror(errno));
    close(fd);
    return n < 0 ? -1 : 0;
}

static char *folder_of(const char *file)
{
    const char *slash = strrchr(file, '/');

    if (!slash)
        return mem_strdup(".");
    return slice_dup_z(slice_of(file, slash == file ? 1 : (size_t)(slash - file)));
}

int tree_load(struct tree *t, const char *file, struct issues *is)
{
    struct buf text;
    int result = -1;

    *t = (struct tree){ 0 };
    buf_init(&text, YAML_BYTES_MAX + 65536 + 1);
    if (read_whole(file, &text, is) == 0) {
        char *dir = folder_of(file);
        result = tree_read(t, file, dir, buf_slice(&text), is);
        free(dir);
    }
    buf_clear(&text);
    return result;
}

void tree_clear(struct tree *t)
{
    json_doc_clear(&t->doc);
    free(t->file);
    free(t->dir);
    free(t->json);
    free(t->marks);
    *t = (struct tree){ 0 };
}

static bool plain_key(struct slice key)
{
    for (size_t i = 0; i < key.len; i++) {
        char c = key.ptr[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
        if (!word)
            return false;
    }
    return key.len > 0;
}

static void put_key(const struct tree *t, uint32_t key, struct buf *path)
{
    struct slice written = json_inner(&t->doc, key);

    if (!plain_key(written))
        buf_printf(path, "[\"%.*s\"]", SLICE_FMT(written));
    else
        buf_printf(path, "%s%.*s", path->len ? "." : "", SLICE_FMT(written));
}

/* One level down towards the node: the child that holds it. */
static uint32_t step_down(const struct tree *t, uint32_t at, uint32_t node, struct buf *path)
{
    const struct json_doc *d = &t->doc;

    if (json_type_of(d, at) == JSON_OBJECT) {
        uint32_t key = at + 1;
        while (json_next(d, key + 1) <= node)
            key = json_next(d, key + 1);
        put_key(t, key, path);
        return node == key ? node : key + 1; /* a KEY ends the way: its path is its value's */
    }
    uint32_t element = at + 1, index = 0;
    for (; json_next(d, element) <= node; index++)
        element = json_next(d, element);
    buf_printf(path, "[%u]", index);
    return element;
}

struct slice tree_path(const struct tree *t, uint32_t node, struct arena *a)
{
    struct buf path;

    buf_init(&path, 4096);
    for (uint32_t at = 0; node != JSON_NONE && at != node;)
        at = step_down(t, at, node, &path);
    struct slice copy = arena_slice(a, buf_slice(&path));
    buf_clear(&path);
    return copy;
}

static void add_issue(const struct tree *t, uint32_t node, struct issues *is, bool warning, const char *hint,
                      const char *fmt, va_list ap) __attribute__((format(printf, 6, 0)));
static void add_issue(const struct tree *t, uint32_t node, struct issues *is, bool warning, const char *hint,
                      const char *fmt, va_list ap)
{
    struct tree_mark at = { 0 };
    struct arena memory;
    struct buf text;

    arena_init(&memory);
    buf_init(&text, 4096);
    buf_vprintf(&text, fmt, ap);
    if (node != JSON_NONE)
        at = t->marks[node];
    issues_add(is, &(struct issue){ .warning = warning,
                                    .file = slice_z(t->file),
                                    .line = at.line,
                                    .column = at.column,
                                    .path = tree_path(t, node, &memory),
                                    .text = buf_slice(&text),
                                    .hint = slice_z(hint) });
    buf_clear(&text);
    arena_clear(&memory);
}

void tree_error(const struct tree *t, uint32_t node, struct issues *is, const char *hint, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    add_issue(t, node, is, false, hint, fmt, ap);
    va_end(ap);
}

void tree_warn(const struct tree *t, uint32_t node, struct issues *is, const char *hint, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    add_issue(t, node, is, true, hint, fmt, ap);
    va_end(ap);
}

uint32_t tree_get(const struct tree *t, uint32_t obj, const char *key)
{
    return obj == JSON_NONE ? JSON_NONE : json_member(&t->doc, obj, slice_z(key));
}

static bool is_type(const struct tree *t, uint32_t node, unsigned type)
{
    return node != JSON_NONE && json_type_of(&t->doc, node) == type;
}

struct slice tree_string(const struct tree *t, uint32_t node, struct arena *a)
{
    struct buf tmp;

    if (!is_type(t, node, JSON_STRING) && !is_type(t, node, JSON_KEY))
        return SLICE_NONE;
    buf_init(&tmp, (size_t)t->doc.nodes[node].len + 1);
    struct slice copy = arena_slice(a, json_string(&t->doc, node, &tmp));
    buf_clear(&tmp);
    return copy;
}

struct slice tree_text(const struct tree *t, uint32_t obj, const char *key, struct arena *a)
{
    return tree_string(t, tree_get(t, obj, key), a);
}

int64_t tree_int(const struct tree *t, uint32_t obj, const char *key, int64_t absent)
{
    uint32_t node = tree_get(t, obj, key);
    int64_t value;

    return node != JSON_NONE && json_int64(&t->doc, node, &value) == 0 ? value : absent;
}

bool tree_bool(const struct tree *t, uint32_t obj, const char *key, bool absent)
{
    uint32_t node = tree_get(t, obj, key);

    if (is_type(t, node, JSON_TRUE))
        return true;
    return is_type(t, node, JSON_FALSE) ? false : absent;
}

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit durations[] = {
    { "ms", 1000 },           { "s", US_PER_S },         { "m", 60 * US_PER_S },
    { "h", 3600 * US_PER_S }, { "d", 86400 * US_PER_S }, { NULL, 0 },
};

static const struct unit sizes[] = {
    { "", 1 },
    { "B", 1 },
    { "kB", 1000 },
    { "KB", 1000 },
    { "MB", 1000 * 1000 },
    { "GB", 1000 * 1000 * 1000 },
    { "KiB", 1024 },
    { "MiB", 1024 * 1024 },
    { "GiB", 1024 * 1024 * 1024 },
    { NULL, 0 },
};

static int64_t multiply(int64_t n, int64_t factor)
{
    int64_t product;

    return __builtin_mul_overflow(n, factor, &product) ? INT64_MAX : product;
}

/* "30s": digits, then a unit. */
static int64_t with_unit(struct slice text, const struct unit *units, int64_t absent)
{
    size_t digits = 0;
    uint64_t n;

    while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9')
        digits++;
    const struct unit *u = units;
    while (u->name && !slice_eq_z(slice_from(text, digits), u->name))
        u++;
    if (!u->name || digits == 0)
        return absent;
    if (slice_u64(slice_first(text, digits), &n) < 0 || n > INT64_MAX)
        return INT64_MAX;
    return multiply((int64_t)n, u->factor);
}

static int64_t measure(const struct tree *t, uint32_t obj, const char *key, const struct unit *units,
                       int64_t number_factor, int64_t absent)
{
    uint32_t node = tree_get(t, obj, key);
    int64_t n;

    if (is_type(t, node, JSON_STRING))
        return with_unit(json_inner(&t->doc, node), units, absent);
    if (node == JSON_NONE || json_int64(&t->doc, node, &n) < 0 || n < 0)
        return absent;
    return multiply(n, number_factor);
}

int64_t tree_duration_us(const struct tree *t, uint32_t obj, const char *key, int64_t absent)
{
    return measure(t, obj, key, durations, US_PER_S, absent);
}

int64_t tree_bytes(const struct tree *t, uint32_t obj, const char *key, int64_t absent)
{
    return measure(t, obj, key, sizes, 1, absent);
}

char *tree_file_path(const struct tree *t, struct slice path, struct arena *a)
{
    struct slice dir = slice_z(t->dir);

    if (path.len && path.ptr[0] == '/')
        return (char *)arena_slice(a, path).ptr;
    /* dir has no symbolic links in it, so that "../" may be taken off as text: messages are then easier to read */
    for (;;) {
        if (slice_starts(path, SLICE("./"))) {
            path = slice_from(path, 2);
        } else if (slice_starts(path, SLICE("../")) && dir.len > 1 && dir.ptr[0] == '/') {
            path = slice_from(path, 3);
            while (dir.len > 1 && dir.ptr[dir.len - 1] != '/')
                dir.len--;
            dir.len -= dir.len > 1;
        } else {
            break;
        }
    }
    return arena_printf(a, "%.*s%s%.*s", SLICE_FMT(dir), dir.len > 1 ? "/" : "", SLICE_FMT(path));
}
