/*
 * Advisories (policy/feeds/advisories.h) while they are made of others', and what of these no line
 * can say. Written, they are the same bytes for the same sources, in whatever order these come.
 */
#ifndef HALLMARK_POLICY_FEEDS_IMPORT_FEED_DRAFT_H
#define HALLMARK_POLICY_FEEDS_IMPORT_FEED_DRAFT_H

#include <stdio.h>

#include "config/faults.h"
#include "policy/feeds/advisories.h"
#include "policy/feeds/import/source_packages.h"
#include "policy/sources/source_options.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"

/* Of all sources; a feed holds a fraction of it (ADVISORIES_SIZE_MAX). */
#define FEED_DRAFT_BYTES_MAX (128UL * 1024 * 1024)

/* What whoever imports says. */
struct feed_options {
	struct source_texts releases;           /* "bookworm", "Debian:12": which of them counts */
	const struct source_packages *packages; /* NULL: sources' names are taken for packages' */
};

struct feed_draft;

struct feed_draft *feed_draft_new(void); /* aborts for want of memory, as all of these */
void feed_draft_free(struct feed_draft **d);

/* What it is made of: "csaf", "debian" or "osv", and the digest of that file. */
void feed_draft_made(struct feed_draft *d, const char *kind, const struct digest *of);

/* Some versions of a package. */
struct feed_range {
	struct view manager, name, id;
	struct view from;   /* size 0: from the first on */
	struct view before; /* size 0: no version mends it */
	bool included;      /* `before` itself is affected, too */
	bool of_source;     /* the name is that of a source, with packages of its own */
};

/* What no line can have (another spelling of a name, no version) is left out, and counted. */
void feed_draft_add(struct feed_draft *d, const struct feed_options *o, const struct feed_range *r);
void feed_draft_add_file(struct feed_draft *d, struct view id, const struct digest *content);

void feed_draft_leave_out(struct feed_draft *d, struct view name, const char *why);
void feed_draft_tell_left_out(const struct feed_draft *d, FILE *to);

/* ERR_CONFIG, with a fault of `file`: there is none, or it is larger than a feed may be. */
enum err feed_draft_write(struct feed_draft *d, const char *file, struct faults *faults,
    struct buf *to, size_t *count) MUST_USE;

#endif
