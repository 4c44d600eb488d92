/* plan/build.h - a plan while it is made from its configuration. Private to plan/. Each part (settings, endpoints,
 * schemas, workflows, sources) reads its own section of the checked tree, adds what is wrong to the issues, and goes
 * on: all errors are shown at once. A part that the schema of the configuration has complained about is left alone. */
#ifndef PLAN_BUILD_H
#define PLAN_BUILD_H

#include "plan/plan.h"

struct build {
    const struct tree *t;
    struct issues *is;
    struct plan *plan;
    struct arena *memory;    /* the plan's */
    struct arena scratch;    /* gone when the plan is made */
    size_t n_form_issues;    /* the first issues in is: those of the schema */
    struct folders *folders; /* of schemas */
    struct loaded_provider *providers;
    size_t defs_capacity;
};

/* Has the schema no complaint about this node or anything in it? */
bool build_is_sound(const struct build *b, uint32_t node);
/* A duration or size between two bounds: outside it an error, and the default. */
int64_t build_duration_us(const struct build *b, uint32_t obj, const char *key, int64_t absent, int64_t least,
                          int64_t most);
int64_t build_bytes(const struct build *b, uint32_t obj, const char *key, int64_t absent, int64_t least, int64_t most);
/* The secrets of an object's `secrets` into a list on the heap; false when one of them cannot be had. */
bool build_secrets(const struct build *b, uint32_t obj, struct secret **list, size_t *n);
/* Adds a definition to the plan; text is copied. */
struct definition *build_define(struct build *b, const char *kind, struct slice name, struct slice text);

/* settings.c */
void settings_build(struct build *b);
/* endpoint.c */
void endpoints_build(struct build *b);
void endpoint_clear(struct endpoint *ep);
/* steps.c: the steps of a workflow, from a configuration or from a definition stored long ago. */
struct reading_steps {
    struct build *b; /* NULL: a stored definition is read */
    const struct tree *t;
    struct issues *is;
    struct plan *plan; /* whose endpoints are called */
    struct workflow *w;
};
/* node: the workflow's. Fills steps, n_steps and n_on_failure of w. */
void steps_read(const struct reading_steps *r, uint32_t node);
void step_clear(struct step *step);
/* exec.c: a command, found and checked; and what plugins have in common with it. */
struct slice *build_strings(const struct tree *t, struct issues *is, uint32_t list, struct arena *a, size_t *n);
void build_user(const struct tree *t, struct issues *is, uint32_t node, struct slice name, uint32_t *uid, uint32_t *gid);
void exec_read(const struct reading_steps *r, uint32_t node, struct step *step);
/* plugin.c */
void plugins_build(struct build *b);
void plugins_clear(struct plan *p);
void plugin_read(const struct reading_steps *r, uint32_t node, struct step *step);
/* workflow.c */
void workflows_build(struct build *b);
void workflow_free(struct workflow *w);
/* access.c: the networks of a list of texts, in the plan's memory; wrong ones are told and left out. */
struct cidr *build_cidrs(struct build *b, uint32_t list, size_t *n);
/* After the source's provider. */
void access_read(struct build *b, uint32_t node, struct source *s);
void access_clear(struct access *a);
#define PATH_TOKEN_MIN 16 /* bytes of a path token */
/* tokens.c: after the sources. */
void tokens_build(struct build *b);
/* source.c */
void sources_build(struct build *b);
void sources_clear(struct plan *p);

/* provider.c: the provider of a source with its definition (shared between sources; of the plan), or NULL with issues
 * at node. */
struct provider *provider_of_plan(struct build *b, uint32_t node, struct slice id, struct definition **def);
/* The same with changes: the object at that node of the configuration is a JSON Merge Patch. A provider of the source's own (provider_free),
 * which keeps the id, and a definition "<id>+<source>". */
struct provider *provider_changed(struct build *b, uint32_t node, struct slice id, uint32_t changes,
                                  struct slice source, struct definition **def);

/* folders.c: the schema folders. All their files are known to each other; each is compiled at most once, or once more for
 * who wants "format" asserted. */
struct schema_ask {
    struct schema *schema;  /* counted by the asker; NULL with issues */
    struct definition *def; /* of a file */
    struct slice name, path; /* path: where it lies, for as long as the building lasts */
};
void folders_open(struct build *b);
void folders_close(struct build *b);
struct schema_ask folders_file(struct build *b, uint32_t node, bool assert_format);
/* A schema that stands in the configuration, in that workflow. */
struct schema *folders_inline(struct build *b, uint32_t node, struct slice workflow);

/* url.c: NULL when it is an http or https URL that can be called; else what is wrong with it. */
const char *url_fault(struct slice url);

/* definition.c: canonical texts */
void define_endpoint(struct build *b, struct endpoint *ep);
void define_workflow(struct build *b, struct workflow *w, uint32_t node, const struct schema_ask *when);
void define_source(struct build *b, struct source *s, uint32_t node, const struct definition *provider,
                   const struct secret *secrets, size_t n_secrets);
void define_plan(struct build *b);
void definition_hash(struct definition *d);

#endif
