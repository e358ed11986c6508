/*
 * In what two components differ, readable: items added, removed and changed, by path or by a fact's
 * name.
 */
#ifndef HALLMARK_AUDITOR_TELL_SHOW_ITEMS_H
#define HALLMARK_AUDITOR_TELL_SHOW_ITEMS_H

#include <stdbool.h>

#include "auditor/tell/display.h"
#include "log/stored/component_difference.h"

/* Items, and values of one of them, that are shown unless all are wanted. */
#define SHOW_ITEMS_MAX  20
#define SHOW_VALUES_MAX 10

/*
 * For people: an item a line behind "+" (only B has it), "-" (only A) or "~" (both, not the same).
 * `full`: all of them, and whole digests. ERR_MEMORY.
 */
enum err show_items(const struct component *a, const struct component *b, bool full,
    const struct display *d) MUST_USE;

/* Adds the arrays `made` and `items` to the open object, as doc/outputs.md has them. ERR_MEMORY. */
enum err show_items_json(
    const struct component *a, const struct component *b, struct json *json) MUST_USE;

/* The values that only one has, behind "-" and "+". */
void show_values(const struct value_difference *v, bool full, const struct display *d);

#endif
