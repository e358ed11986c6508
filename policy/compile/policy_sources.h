/*
 * The sources of a policy: how references are read whose files are no sets themselves, but SBOMs or
 * signed provenance (policy/sources/source_json.h). Such a file is kept as it is, so that whoever
 * makes a verdict again checks its signature again. Only policy/ includes this.
 */
#ifndef HALLMARK_POLICY_COMPILE_POLICY_SOURCES_H
#define HALLMARK_POLICY_COMPILE_POLICY_SOURCES_H

#include "policy/compile/draft.h"
#include "policy/sources/reference.h"

/* Fills the sources of the policy. */
void policy_sources_compile(struct draft *d);

/* The source of that name; NULL for NULL and, with a fault at `key`, if there is none. */
const struct policy_source *policy_sources_find(struct draft *d, const char *key, const char *name);

/*
 * The set that the content gives, and the text that it points into. `shown` is the file's name in
 * faults. ERR_CONFIG, with faults; *out is NULL then.
 */
enum err policy_sources_read(const struct policy_source *s, const char *shown, struct view content,
    struct faults *faults, struct buf *text, struct reference_set **out) MUST_USE;

#endif
