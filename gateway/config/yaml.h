/* config/yaml.h - YAML text into JSON text, with the place of every node (libyaml's only home). Private to config/.
 * tree.h says which YAML is understood. */
#ifndef CONFIG_YAML_H
#define CONFIG_YAML_H

#include "base/buf.h"
#include "config/tree.h"

struct yaml_marks {
    struct tree_mark *list; /* one a node of the JSON document, in its order; freed with free() */
    uint32_t count, capacity;
};

#define YAML_BYTES_MAX (4u << 20) /* of the text, and of the JSON it becomes */
#define YAML_NODES_MAX 100000u
#define YAML_DEPTH_MAX 64u

/* Appends to json and marks. 0; or -1 with all that is wrong in `is`, where `file` names the text. */
int yaml_to_json(const char *file, struct slice text, struct buf *json, struct yaml_marks *marks,
                 struct issues *is) MUST_CHECK;

#endif
