#include "register/decide/decided_images.h"

#include <stdlib.h>
#include <string.h>

#define uthash_fatal(message) abort()
#include <uthash.h>

struct about {
	UT_hash_handle hh;
	struct digest image; /* SHA-256: whoever chose its hash would have to find it first */
	struct decided *rows;
};

struct decided_images {
	struct about *all;
};

static struct about *about_of(struct decided_images *all, const struct digest *image);
static struct decided_image *row_of(struct about *a, unsigned log);

struct decided_images *
decided_images_new(void)
{
	return calloc(1, sizeof(struct decided_images));
}

void
decided_images_free(struct decided_images **all)
{
	struct about *a, *next_about;

	if (*all == NULL)
		return;
	HASH_ITER (hh, (*all)->all, a, next_about) {
		for (struct decided *d = a->rows, *next; d != NULL; d = next) {
			next = d->next;
			free(d);
		}
		HASH_DEL((*all)->all, a);
		free(a);
	}
	free(*all);
	*all = NULL;
}

void
decided_images_put(
    struct decided_images *all, const struct digest *image, const struct decided_row *row)
{
	struct about *a = about_of(all, image);
	struct decided_image *r = a != NULL ? row_of(a, row->log) : NULL;

	if (r == NULL || (r->decided.known && row->index <= r->decided.index))
		return;
	decided_take(&r->decided, row);
	r->group[0] = '\0';
	if (row->group.size > 0 && row->group.size <= DECIDED_GROUP_MAX) {
		memcpy(r->group, row->group.data, row->group.size);
		r->group[row->group.size] = '\0';
	}
}

void
decided_images_forget(struct decided_images *all, unsigned log)
{
	struct about *a, *next;

	HASH_ITER (hh, all->all, a, next)
		for (struct decided *d = a->rows; d != NULL; d = d->next)
			if (d->log == log)
				d->known = false;
}

const struct decided_image *
decided_images_find(const struct decided_images *all, const struct digest *image)
{
	struct about *a;

	HASH_FIND(hh, all->all, image, sizeof(*image), a);
	return a != NULL ? (const struct decided_image *)a->rows : NULL;
}

static struct about *
about_of(struct decided_images *all, const struct digest *image)
{
	struct about *a;

	HASH_FIND(hh, all->all, image, sizeof(*image), a);
	if (a != NULL || HASH_COUNT(all->all) >= DECIDED_IMAGES_MAX ||
	    (a = calloc(1, sizeof(*a))) == NULL)
		return a;
	a->image = *image;
	HASH_ADD(hh, all->all, image, sizeof(a->image), a);
	return a;
}

static struct decided_image *
row_of(struct about *a, unsigned log)
{
	struct decided_image *r;

	for (struct decided *d = a->rows; d != NULL; d = d->next)
		if (d->log == log)
			return (struct decided_image *)d;
	if ((r = calloc(1, sizeof(*r))) == NULL)
		return NULL;
	r->decided.log = log;
	r->decided.next = a->rows;
	a->rows = &r->decided;
	return r;
}
