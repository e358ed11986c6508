#include "collector/measure/measure_files.h"

#include <unistd.h>

#include "collector/measure/files_hands.h"
#include "collector/measure/files_walk.h"
#include "collector/measure/measure_root.h"

static enum err walk_all(struct files_walk *w);
static enum err walk_twice(struct files_walk *w, struct used *used);

enum err
measure_files(struct measure_context *m, struct component_builder *to)
{
	struct file_terms terms = {0};
	struct used used = {0};
	struct files_all all = {0};
	struct files_walk w = {.m = m,
	    .all = &all,
	    .to = to,
	    .root = -1,
	    .terms = &terms,
	    .used = &used,
	    .reader = {.hash = m->hash}};
	enum err e;

	if ((e = measure_root_open_view(m, &w.root)) == ERR_OK &&
	    (e = file_terms_parse(m->workload, &terms, m->trouble)) == ERR_OK &&
	    (e = files_hands_new(&w, files_walk_name)) == ERR_OK) {
		e = walk_twice(&w, &used);
		if (e == ERR_OK)
			e = files_hands_join(&w);
		files_hands_free(&w);
	}
	if (w.root >= 0)
		(void)close(w.root);
	file_terms_free(&terms);
	buf_free(&w.path);
	file_details_free(&w.reader.details);
	measure_used_free(&used);
	return e;
}

static enum err
walk_twice(struct files_walk *w, struct used *used)
{
	enum err e;

	/* Who was within what he may read a moment ago is held to it while that is done. */
	w->counts = !filehash_knows_all(w->m->hash);
	if (w->counts && (e = walk_all(w)) != ERR_OK)
		return e;
	w->counts = false;
	atomic_store(&w->all->items, 0);
	if (w->m->workload->start == NULL &&
	    (e = measure_used(w->m, w->terms, w->to, used)) != ERR_OK)
		return e;
	return walk_all(w);
}

static enum err
walk_all(struct files_walk *w)
{
	struct measure_context *m = w->m;
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < m->workload->file_count; i++) {
		struct pattern pattern;

		if ((e = pattern_parse(m->workload->files[i], &pattern, m->trouble)) != ERR_OK)
			break;
		e = files_hands_rest(w, files_walk_along(w, &pattern));
		pattern_free(&pattern);
	}
	return e;
}
