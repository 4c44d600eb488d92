/* config/yaml_node.h - what libyaml's events say, as nodes. Private to config/yaml.c, which makes them, and
 * config/yaml_json.c, which writes them out. Aliases are pointers: expansion, where the danger is, comes with the
 * writing and is counted there. */
#ifndef CONFIG_YAML_NODE_H
#define CONFIG_YAML_NODE_H

#include "config/yaml.h"

enum yaml_kind { YAML_IS_SCALAR, YAML_IS_SEQUENCE, YAML_IS_MAPPING, YAML_IS_ALIAS };

struct yaml_node {
    enum yaml_kind kind;
    bool plain;    /* SCALAR without quotes: may be a number, a boolean or null */
    bool open;     /* being written: an alias to it would never end */
    bool reported; /* a key that was called a duplicate already */
    struct tree_mark mark;
    struct slice text;                /* SCALAR */
    const struct yaml_anchor *anchor; /* ALIAS */
    struct yaml_node *first, *last;   /* MAPPING: keys and values by turns */
    struct yaml_node *next;
};

struct yaml_anchor {
    struct slice name;
    struct yaml_node *node;
    struct yaml_anchor *older;
};

/* Appends the node to json and marks; what is wrong goes into is. */
void yaml_put_json(const char *file, struct yaml_node *root, struct buf *json, struct yaml_marks *marks,
                   struct issues *is);
void yaml_complain(struct issues *is, const char *file, struct tree_mark at, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

#endif
