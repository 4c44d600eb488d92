/* store/rows.h - what is stored, and the states of a step. */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include "base/mailbox.h"
#include "event/event.h"
#include "plan/plan.h"

enum step_state {
    STEP_BLOCKED,   /* waits for what it needs */
    STEP_READY,     /* to be done at due_us (retry and sleep: in the future) */
    STEP_LEASED,    /* being done by `owner` until lease_until */
    STEP_OPEN,      /* waits for its late completion (later issue) */
    STEP_DONE,
    STEP_FAILED,
    STEP_SKIPPED,
    STEP_CANCELLED,
    STEP_NSTATES,
};
const char *step_state_name(enum step_state s);
static inline bool step_state_final(enum step_state s) { return s >= STEP_DONE; }

enum run_state { RUN_RUNNING, RUN_DONE, RUN_FAILED, RUN_CANCELLED };
const char *run_state_name(enum run_state s);
/* Derived, never stored: failed when a step failed and none is under way, done when all are final, … */
enum run_state run_state_of(const enum step_state *steps, size_t n);
/* What the steps of a run become when one of them ended (or at its start, all blocked): what has all it needs (done or
 * skipped) is ready; what needs a failed or cancelled step, directly or not, will never run and is cancelled. When all
 * main steps have ended, those of on_failure begin if one of them failed, else they are skipped. w NULL (its workflow
 * cannot be had any more): all that is blocked is cancelled. */
void run_advance(const struct workflow *w, enum step_state *states, size_t n);

/* The queue that a step waits in: of an HTTP step the plain name of its endpoint, such as "billing". Endpoint names
 * have no ':', so those of other kinds are told apart as "kind:name": of all commands "exec:", of a plugin "plugin:jq". Borrowed from the plan. */
struct slice step_queue(const struct step *step);

/* A lease is void after this: then the step may be claimed again. Far above what a healthy step takes to come to its
 * turn, be done and be written. */
#define STORE_LEASE_US (15 * 60 * INT64_C(1000000))

enum attempt_outcome {
    ATTEMPT_OK,       /* the step is done */
    ATTEMPT_RETRY,    /* failed; the step is ready again at due_us */
    ATTEMPT_FATAL,    /* failed for good: attempts used up, Hooklatch-Retry: no, 410, disabled endpoint */
    ATTEMPT_RETURNED, /* given back undone (shutdown): costs no attempt */
    ATTEMPT_SKIPPED,  /* its `if` does not hold: nothing was tried; error says which condition */
    ATTEMPT_NOUTCOMES,
};
const char *attempt_outcome_name(enum attempt_outcome o);

/* A step that this process has to do: made by the writer, given to the flow loop, freed by it with lease_free. */
struct lease {
    struct mail mail;
    struct event *event;          /* a reference */
    struct workflow *workflow;    /* a reference; NULL when the run is older than the plan: see workflow_def */
    int64_t workflow_def;         /* the row of definitions */
    struct id run;
    uint16_t step;                /* index */
    uint32_t generation;          /* raised by replay */
    uint32_t attempts;            /* made before this one */
    int64_t lease_until_us;       /* wall clock */
    struct lease_output {
        uint16_t step;
        bool failed;              /* then text says why */
        struct slice step_id;
        struct slice text;        /* JSON */
    } *outputs;                   /* of finished steps, in order; own memory */
    size_t n_outputs;
};
void lease_free(struct lease *l); /* NULL ok */
size_t lease_bytes(const struct lease *l); /* of the event and the outputs: what strangers and endpoints can size */
/* For back ends. Takes references; w may be NULL. */
struct lease *lease_new(struct event *ev, struct workflow *w, int64_t workflow_def, struct id run, uint16_t step);
/* Copies. */
void lease_add_output(struct lease *l, uint16_t step, bool failed, struct slice step_id, struct slice text);
/* Standard idempotency key: "run/step/generation" (run as UUID text, step as its id). out: at least 36 + 1 + step id
 * + 12 bytes. */
#define IDEMPOTENCY_KEY_MAX 400

/* Rows as readers see them. All slices live in the arena given to the read. */
struct event_row {
    struct event event;           /* body and data only where the read says so */
    size_t body_bytes;            /* of the whole body, also where it is several events */
    int64_t runs;                 /* how many */
};
struct attempt_row {
    struct id run; uint16_t step; uint32_t generation, attempt;
    int64_t started_us, ended_us;
    enum attempt_outcome outcome;
    int status;                   /* HTTP status, 0: none */
    struct slice error;           /* "connection refused", "answered 500", … or empty */
    struct slice output;          /* JSON text of ATTEMPT_OK, else the first KiB of the answer */
    struct slice log;             /* the last of a command's standard error, or empty */
};
struct step_row {
    struct slice id; uint16_t index;
    enum step_state state;
    int64_t due_us;
    uint32_t generation, attempts;
    struct slice queue;
};
struct run_row {
    struct id id, event;
    struct slice workflow, event_type, source;
    int64_t workflow_def;
    int64_t started_us, ended_us; /* 0: not ended */
    enum run_state state;
    struct step_row *steps; size_t n_steps;
    struct attempt_row *attempts; size_t n_attempts; /* read_run only */
};
#define REFUSED_BODY_MAX (64 * 1024)
struct refused_row {
    struct id id;
    struct slice source;          /* "" when unknown */
    int64_t time_us;
    int status;                   /* as answered */
    struct slice reason;          /* "bad-signature" */
    struct slice detail;          /* for people */
    struct slice method, path, remote;
    struct slice headers;         /* kept ones, as in struct event */
    struct slice body;            /* the first REFUSED_BODY_MAX */
    size_t body_bytes;            /* of the whole */
};
struct handed_row {               /* a secret that the sender of a source handed over */
    struct slice source, sealed;  /* sealed: see config/seal.h */
    struct slice handshake, remote; /* by which handshake, from which address */
    int64_t time_us;
};
struct definition_row {
    int64_t row; struct slice kind, name, text, origin; unsigned char sha256[32]; int64_t loaded_us;
};

#endif
