/* http/view.h - rows of the store as the JSON of the API. The field names here are the API's contract (docs/api.md). */
#ifndef HTTP_VIEW_H
#define HTTP_VIEW_H

#include <json-c/json_object.h>

#include "store/store.h"

/* The caller owns the object (json_object_put). Raw JSON inside (data, errors, output) is printed byte for byte. */
json_object *view_event(const struct event_row *row, bool whole);
json_object *view_run(const struct run_row *row);
json_object *view_refused(const struct refused_row *row, bool whole);
json_object *view_plan(const struct plan *p);
struct handed_view;
json_object *view_handed(const struct handed_view *v, const char *state); /* never the secret */

#endif
