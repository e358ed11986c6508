/*
 * Hiding what must not leave the host, as the workload's `redact` says, while components are made:
 * items pass here before they are kept. It also tells apart what only looks as if it were hidden
 * (proto/evidence/redacted.h), whether anything is to be hidden or not.
 *
 * Of a fact, values are hidden, each as a whole; never its name. Of a file, path, digest, details
 * and size, also where it is another path that a link leads to, and whatever that link is called:
 * who may make links is not who may tell. `arguments_digest` and `environment_names_digest`, which
 * could be guessed with, are hidden where any of what they stand for is to be. A key of a
 * configuration is known by its whole name, however its fact is called.
 */
#ifndef HALLMARK_COLLECTOR_MEASURE_REDACT_H
#define HALLMARK_COLLECTOR_MEASURE_REDACT_H

#include "collector/ground/redaction_key.h"
#include "config/collector/collector_workload.h"
#include "proto/evidence/component.h"

struct redact {
	const struct collector_workload *workload;
	const struct redaction_key *key; /* NULL: nothing is to be hidden */
	enum component_kind kind;
};

/* All that is added to `to` passes, as long as `r` is there. */
void redact_begin(const struct redact *r, struct component_builder *to);

/* A path in words that are told: what stands in its place where it is hidden, made in `room`. */
struct view redact_shown(const struct redact *r, struct view path, struct buf *room);

/*
 * Adds `redacted` to what the component is made with, where anything of its kind is to be hidden:
 * "key=ID", then each rule, such as "fact arguments after --password". As component_add_made.
 */
enum err redact_note(const struct redact *r, struct component_builder *to) MUST_USE;

#endif
