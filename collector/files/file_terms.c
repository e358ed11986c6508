#include "collector/files/file_terms.h"

#include <stdlib.h>
#include <string.h>

static enum err parse(
    const char *const *texts, size_t count, struct file_term_patterns *out, struct trouble *t);

enum err
file_terms_parse(const struct collector_workload *w, struct file_terms *out, struct trouble *t)
{
	enum err e;

	if ((e = parse(w->excludes, w->exclude_count, &out->of[FILE_TERM_EXCLUDED], t)) == ERR_OK &&
	    (e = parse(w->may_change, w->may_change_count, &out->of[FILE_TERM_CHANGES], t)) ==
		ERR_OK)
		e = parse(w->may_grow, w->may_grow_count, &out->of[FILE_TERM_GROWS], t);
	return e;
}

void
file_terms_free(struct file_terms *terms)
{
	for (size_t i = 0; i < FILE_TERM_WHOLE; i++) {
		for (size_t j = 0; j < terms->of[i].count; j++)
			pattern_free(&terms->of[i].pattern[j]);
		free(terms->of[i].pattern);
	}
	memset(terms, 0, sizeof(*terms));
}

enum file_term
file_terms_of(const struct file_terms *terms, const char *path)
{
	for (size_t i = 0; i < FILE_TERM_WHOLE; i++)
		for (size_t j = 0; j < terms->of[i].count; j++)
			if (pattern_matches(&terms->of[i].pattern[j], path))
				return (enum file_term)i;
	return FILE_TERM_WHOLE;
}

static enum err
parse(const char *const *texts, size_t count, struct file_term_patterns *out, struct trouble *t)
{
	enum err e = ERR_OK;

	if (count > 0 && (out->pattern = calloc(count, sizeof(*out->pattern))) == NULL)
		return ERR_MEMORY;
	while (e == ERR_OK && out->count < count) {
		e = pattern_parse(texts[out->count], &out->pattern[out->count], t);
		out->count += e == ERR_OK;
	}
	return e;
}
