/* hooklatch_plugin.h - how a step is written in C: the only file that a plugin includes. C and C++.
 *
 * A plugin is a shared object NAME.so that exports one constant of the type below, by the name hl_step_plugin:
 *
 *     const struct hl_step_plugin hl_step_plugin = {
 *         .abi = HL_STEP_ABI, .size = sizeof hl_step_plugin, .name = "hello",
 *         .config_schema = "{…}", .open = …, .run = …, .close = …,
 *     };
 *
 * The gateway never loads it. A worker process of its own does, with one thread, which calls one function after the other:
 *
 *     open(args)   once for each step that is different in its args, before the first run of it
 *     run(…)       for each attempt of the step
 *     close        when the worker ends, or needs the place for another step
 *
 * Whatever goes wrong costs an attempt, never the gateway: a crash, an endless loop (the step's `timeout`), too much memory (the
 * plugin's `limits`), a reply that is too large or no JSON. The worker is then killed with all that it started, and another one
 * takes its place. So a plugin need not catch what cannot be caught; what it keeps in memory may be gone before the next run.
 * An attempt may be made again after it was done (the gateway was killed before it knew): run must bear that. The document's
 * /run/id, /run/step tell the two apart from two runs.
 *
 * What is printed by stdio, to standard output or standard error, goes into the attempt's log, the last 4 KiB of it. What is
 * written past stdio is kept only where the worker ends in the middle of the call.
 *
 * Versions. Structs only ever grow at their end. A plugin is loaded by every gateway whose HL_STEP_ABI is the same; where it is
 * older than the gateway, the members that it does not know are taken as 0. */
#ifndef HOOKLATCH_PLUGIN_H
#define HOOKLATCH_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HL_STEP_ABI 1

/* Bytes with a length; not ended by NUL. Good until the function they were given to returns. */
struct hl_bytes {
    const char *ptr;
    size_t len;
};

/* What open and run return. */
enum hl_result {
    HL_DONE = 0,
    HL_RETRY = 1, /* the step's `retry` says whether and when it is tried again */
    HL_FAIL = 2   /* the step fails at once: with this input, or these args, it will never do */
};

/* Where the answer goes. Made by the host; its functions are called with it as the first argument. */
struct hl_reply {
    uint32_t size; /* sizeof, of the host's */
    /* Appends to the step's output, which must be one JSON value in the end; nothing at all is null. 0, or -1 when the output
     * is larger than the step's `output_max`: the attempt then fails, whatever run returns. */
    int (*write)(struct hl_reply *, struct hl_bytes);
    /* Why it is not HL_DONE, for people: ends with NUL; copied; the first 300 bytes are kept. The last call counts. */
    void (*error)(struct hl_reply *, const char *words);
    /* The raw text of the value at this JSON Pointer (RFC 6901: "/input/id") in the document (in open: in args), digits as they
     * came; strings with quotes and escapes. ptr is NULL when nothing is there. */
    struct hl_bytes (*find)(struct hl_reply *, const char *pointer);
    /* The string at this pointer without quotes and escapes, ended by NUL: its length; -1 when no string is there, or one that
     * holds a NUL itself or does not fit into size bytes (out is then ""). */
    long (*text)(struct hl_reply *, const char *pointer, char *out, size_t size);
};

struct hl_step_plugin {
    uint32_t abi;              /* HL_STEP_ABI */
    uint32_t size;             /* sizeof (struct hl_step_plugin), when the plugin was built */
    const char *name;          /* as the file is called, without .so */
    const char *config_schema; /* JSON Schema (2020-12) of `args`, with "description"s; the gateway checks args against it */
    /* args: the step's, JSON; {} where it has none. *self: whatever run and close shall be given. May be NULL. */
    int (*open)(struct hl_bytes args, void **self, struct hl_reply *reply);
    /* document: {"event": …, "input": …, "steps": …, "run": …}, JSON, as a remote step endpoint gets it. */
    int (*run)(void *self, struct hl_bytes document, struct hl_reply *reply);
    void (*close)(void *self); /* what open made, also when open failed after *self was set. May be NULL. */
};

/* The plugin's own: the host looks it up by this name. */
#if defined __GNUC__
__attribute__((visibility("default")))
#endif
extern const struct hl_step_plugin hl_step_plugin;

#ifdef __cplusplus
}
#endif
#endif
