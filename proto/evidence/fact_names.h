/*
 * The names of the facts that the supplied collector measures (PROTOCOL.md, section 4), so that who
 * writes rules for them is told of a name that nobody measures. A collector of another make may
 * have more.
 *
 * The names of `config` are a file's short name, a colon and a key: there is no list of them.
 */
#ifndef HALLMARK_PROTO_EVIDENCE_FACT_NAMES_H
#define HALLMARK_PROTO_EVIDENCE_FACT_NAMES_H

#include <stddef.h>

#include "proto/evidence/component.h"

/* Behind it a file of /proc/sys, as sysctl(8) names it: so are some facts of `host` called. */
#define FACT_SYSCTL_PREFIX "sysctl:"

/* The facts of a kind, sorted; NULL behind the last. */
const char *fact_name_at(enum component_kind kind, size_t index);

/* The kind of which this is a fact; COMPONENT_KIND_COUNT if it is of none. */
enum component_kind fact_name_kind(struct view name);

#endif
