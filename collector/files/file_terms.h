/*
 * On what terms a workload's files are measured: which are left out, and of which the content, or
 * what comes behind it, does not count. As configured, by patterns of the paths that they have.
 */
#ifndef HALLMARK_COLLECTOR_FILES_FILE_TERMS_H
#define HALLMARK_COLLECTOR_FILES_FILE_TERMS_H

#include <stdbool.h>
#include <stddef.h>

#include "collector/files/pattern.h"
#include "collector/ground/trouble.h"
#include "config/collector/collector_workload.h"
#include "proto/err.h"

enum file_term {
	FILE_TERM_EXCLUDED,
	FILE_TERM_CHANGES, /* its content is not looked at */
	FILE_TERM_GROWS,   /* its beginning has to stay */
	FILE_TERM_WHOLE,   /* none of these */
};

/* Zero-initialised. */
struct file_terms {
	struct file_term_patterns {
		size_t count;
		struct pattern *pattern;
	} of[FILE_TERM_WHOLE];
};

/* ERR_FORMAT with the trouble in words, ERR_MEMORY. */
enum err file_terms_parse(
    const struct collector_workload *w, struct file_terms *out, struct trouble *t) MUST_USE;
void file_terms_free(struct file_terms *terms);

/* The first one, as they stand above, of which a pattern names the path. */
enum file_term file_terms_of(const struct file_terms *terms, const char *path);

#endif
