/* verify/reading.h - one delivery while it is being read: its JSON (parsed at most once, on demand) and its form
 * fields. One per ingest thread, reused; nothing outlives the request. */
#ifndef VERIFY_READING_H
#define VERIFY_READING_H

#include "json/doc.h"
#include "verify/delivery.h"

struct reading {
    const struct delivery *delivery;
    struct slice form_json_field;  /* the form field that holds the JSON, or empty */
    struct json_limits limits;
    struct json_doc doc;           /* when state is READING_JSON */
    uint32_t item;                 /* the node of doc that PLACE_ITEM starts at: the root (0) unless the body is split */
    struct slice data;             /* the text under doc: the event's data */
    bool data_is_body;             /* data is the body itself, byte for byte */
    struct buf form;               /* the decoded form field, or the fields as an object */
    enum { READING_NOT_YET, READING_JSON, READING_BAD } state;
    struct json_fault fault;       /* when state is READING_BAD */
};

void reading_init(struct reading *r);
void reading_clear(struct reading *r);
/* Starts on another delivery; keeps memory. */
void reading_start(struct reading *r, const struct delivery *d, struct slice form_json_field,
                   const struct json_limits *limits);
/* 0 when doc is there; -1 with fault. A form (application/x-www-form-urlencoded): its form_json_field decoded, or,
 * without that field, an object of its fields (all strings; a repeated name: array of strings). Parsing happens on the
 * first call only. */
int reading_json(struct reading *r) MUST_CHECK;
/* The same derivation for a stored body: the event's data from raw body and content type. Appends to out only when data
 * differs from the body. */
int reading_data(struct slice body, bool is_form, struct slice form_json_field, struct buf *out,
                 struct slice *data) MUST_CHECK;
/* First value of that form or query field, decoded; false when absent. */
bool reading_form(struct reading *r, struct slice name, struct buf *out);
bool reading_query(const struct reading *r, struct slice name, struct buf *out);

#endif
