/*
 * What whoever imports says about its sources: where files are installed, and whose word counts.
 */
#ifndef HALLMARK_POLICY_SOURCES_SOURCE_OPTIONS_H
#define HALLMARK_POLICY_SOURCES_SOURCE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "config/faults.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/statement/statement_key.h"

#define SOURCE_TEXTS_MAX 64 /* of one option: more keys or parameters than a build has */

/* The fault of a source where `signed_only` is said. */
#define SOURCE_UNSIGNED                                                                            \
	"is not signed: expected a DSSE envelope, because keys are named for it (--key)"

struct source_texts {
	size_t count;
	const char *text[SOURCE_TEXTS_MAX];
};

struct source_keys {
	size_t count;
	struct statement_key *key[SOURCE_TEXTS_MAX]; /* owned */
};

struct source_options {
	bool signed_only;                /* what nobody has signed is refused */
	bool content_only;               /* without owner and mode */
	const char *under;               /* relative names are below it; NULL: there may be none */
	struct source_keys keys;         /* whose signatures count */
	struct source_texts builders;    /* ids */
	struct source_texts build_types; /* URIs */
	struct source_texts parameters;  /* NAME=VALUE: the external ones, all of them */
	struct source_texts
	    predicate_types; /* URIs besides SLSA provenance, which is looked into */
};

/* Frees the keys. All else is borrowed. */
void source_options_end(struct source_options *o);

bool source_texts_have(const struct source_texts *t, struct view text);

/*
 * Appends the path of a name as sources have it: "/a/b", or "a/b" and "./a/b", which are below
 * `under`. ERR_CONFIG, with a fault, if it is relative and there is no `under`. Whether a set may
 * have the path, set_draft_add says.
 */
enum err source_path(const struct source_options *o, struct view name, const char *file,
    struct faults *faults, struct buf *to) MUST_USE;

/* Adds a fault, and behind it, in quotes, what is shown of the source, if that is not empty. */
enum err source_fail(
    const char *file, struct faults *faults, const char *what, struct view shown) MUST_USE;

#endif
