#include "collector/measure/files_hands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/ground/crew.h"

#define MANY        512 /* names: so many are done sooner than threads have begun */
#define PIECE_NAMES 32  /* so few that all have something to do until the end */

/* Names in one directory, and all that is to be known there. */
struct files_piece {
	int dir;
	const struct pattern *pattern;
	size_t index;
	unsigned depth;
	bool counts, watches;
	struct buf path;
	struct file_way way;
	struct buf names; /* each with a NUL behind it */
	size_t count;
};

/* Another thread. Its own context, so that each has its trouble. */
struct hand {
	struct files_walk walk;
	struct measure_context m;
	struct trouble trouble;
	enum err failed;
};

struct files_hands {
	files_hands_name *name;
	struct crew *crew; /* NULL: it has not begun */
	size_t names;
	unsigned count;
	struct hand hand[CREW_MOST]; /* the first is who walks, when he helps */
	struct files_piece piece[CREW_PIECES];
};

static void begin(struct files_walk *first);
static bool make_hand(const struct files_walk *first, struct hand *h);
static crew_work work;
static enum err do_names(
    struct files_walk *w, const struct files_piece *p, files_hands_name *do_name);

enum err
files_hands_new(struct files_walk *first, files_hands_name *name)
{
	const unsigned count = crew_count();

	first->hands = NULL;
	if (count == 1)
		return ERR_OK;
	if ((first->hands = calloc(1, sizeof(*first->hands))) == NULL)
		return ERR_MEMORY;
	first->hands->name = name;
	first->hands->count = count;
	return ERR_OK;
}

void
files_hands_free(struct files_walk *first)
{
	struct files_hands *h = first->hands;

	if (h == NULL)
		return;
	crew_free(&h->crew);
	for (unsigned i = 0; i < CREW_MOST; i++) {
		struct files_walk *w = &h->hand[i].walk;

		component_builder_free(&w->to);
		buf_free(&w->path);
		file_details_free(&w->reader.details);
		if (w->reader.hash != NULL)
			filehash_join(first->m->hash, &w->reader.hash);
	}
	for (size_t i = 0; i < CREW_PIECES; i++) {
		buf_free(&h->piece[i].path);
		buf_free(&h->piece[i].names);
	}
	free(h);
	first->hands = NULL;
}

bool
files_hands_are_there(struct files_walk *w)
{
	struct files_hands *h = w->hands;

	/* What is found behind a link stands on the way there, which ends with the walk. */
	if (h == NULL || w->link.place != NULL)
		return false;
	if (h->crew == NULL && ++h->names == MANY)
		begin(w);
	return h->crew != NULL;
}

enum err
files_hands_add(struct files_walk *w, struct files_piece **piece, int dir, const char *name,
    size_t index, unsigned depth)
{
	struct files_piece *p = *piece;

	if (atomic_load(&w->all->failed))
		return ERR_CLOSED;
	if (p == NULL) {
		p = crew_take(w->hands->crew);
		p->dir = fcntl(dir, F_DUPFD_CLOEXEC, 0);
		p->pattern = w->pattern;
		p->index = index;
		p->depth = depth;
		p->counts = w->counts;
		p->watches = w->reader.watches;
		p->way.at = w->way.at;
		memcpy(
		    p->way.entered, w->way.entered, w->way.at.entered * sizeof(w->way.entered[0]));
		memcpy(
		    p->way.parents, w->way.parents, w->way.at.parents * sizeof(w->way.parents[0]));
		buf_clear(&p->path);
		buf_append_view(&p->path, buf_view(&w->path));
		buf_clear(&p->names);
		p->count = 0;
		*piece = p;
	}
	buf_append(&p->names, name, strlen(name) + 1);
	if (++p->count == PIECE_NAMES)
		files_hands_give(w, piece);
	return ERR_OK;
}

void
files_hands_give(struct files_walk *w, struct files_piece **piece)
{
	if (*piece != NULL)
		crew_give(w->hands->crew, *piece);
	*piece = NULL;
}

enum err
files_hands_rest(struct files_walk *w, enum err e)
{
	struct files_hands *h = w->hands;

	if (h == NULL || h->crew == NULL)
		return e;
	if (e != ERR_OK)
		atomic_store(&w->all->failed, true);
	crew_rest(h->crew);
	for (unsigned i = 0; (e == ERR_OK || e == ERR_CLOSED) && i < h->count; i++) {
		if (h->hand[i].failed == ERR_OK || h->hand[i].failed == ERR_CLOSED)
			continue;
		e = h->hand[i].failed;
		*w->m->trouble = h->hand[i].trouble;
	}
	return e == ERR_OK && atomic_load(&w->all->failed) ? ERR_CLOSED : e;
}

enum err
files_hands_join(struct files_walk *first)
{
	struct files_hands *h = first->hands;
	enum err e = ERR_OK;

	for (unsigned i = 0; h != NULL && e == ERR_OK && i < h->count; i++)
		if (h->hand[i].walk.to != NULL)
			e = component_builder_join(first->to, &h->hand[i].walk.to);
	return e;
}

/* Where there is no memory for all of them, there are fewer, or none. */
static void
begin(struct files_walk *first)
{
	struct files_hands *h = first->hands;
	unsigned made = 0;

	while (made < h->count && make_hand(first, &h->hand[made]))
		made++;
	h->count = made;
	if (made > 1)
		h->crew = crew_new(made, work, h, h->piece, sizeof(h->piece[0]));
}

static bool
make_hand(const struct files_walk *first, struct hand *h)
{
	h->m = *first->m;
	h->m.trouble = &h->trouble;
	h->walk = (struct files_walk){.m = &h->m,
	    .all = first->all,
	    .to = component_builder_part(first->to),
	    .root = first->root,
	    .terms = first->terms,
	    .used = first->used,
	    .reader = {.hash = filehash_helper(first->m->hash)}};
	h->m.hash = h->walk.reader.hash;
	return h->walk.to != NULL && h->m.hash != NULL;
}

static void
work(void *context, unsigned member, void *piece)
{
	struct files_hands *h = context;
	struct hand *hand = &h->hand[member];
	struct files_piece *p = piece;
	enum err e = do_names(&hand->walk, p, h->name);

	if (e != ERR_OK && hand->failed == ERR_OK)
		hand->failed = e;
	if (e != ERR_OK)
		atomic_store(&hand->walk.all->failed, true);
	if (p->dir >= 0)
		(void)close(p->dir);
}

static enum err
do_names(struct files_walk *w, const struct files_piece *p, files_hands_name *do_name)
{
	const char *name = (const char *)p->names.data;
	enum err e = ERR_OK;

	if (p->dir < 0)
		return trouble_set(w->m->trouble, ERR_IO, "a directory: no descriptor is left");
	w->pattern = p->pattern;
	w->counts = p->counts;
	w->reader.watches = p->watches;
	w->way.at = p->way.at;
	memcpy(w->way.entered, p->way.entered, p->way.at.entered * sizeof(p->way.entered[0]));
	memcpy(w->way.parents, p->way.parents, p->way.at.parents * sizeof(p->way.parents[0]));
	buf_clear(&w->path);
	buf_append_view(&w->path, buf_view(&p->path));
	if (buf_status(&p->names) != ERR_OK || buf_status(&p->path) != ERR_OK)
		return ERR_MEMORY;
	for (size_t i = 0; e == ERR_OK && i < p->count; i++) {
		if (atomic_load(&w->all->failed))
			return ERR_CLOSED;
		e = do_name(w, p->dir, name, p->index, p->depth);
		name += strlen(name) + 1;
	}
	return e;
}
