#include "policy/feeds_in_force.h"

#include <string.h>

#include "policy/fetch.h"

static size_t find_place(const struct feeds_in_force *f, struct view name);
static bool is_at(const struct feeds_in_force *f, size_t at, struct view name);

void
feeds_in_force_free(struct feeds_in_force *f)
{
	for (size_t i = 0; i < f->count; i++) {
		buf_free(&f->feed[i].name);
		feed_free(&f->feed[i].feed);
	}
	f->count = 0;
}

const struct feed_in_force *
feeds_in_force_find(const struct feeds_in_force *f, struct view name)
{
	const size_t at = find_place(f, name);

	return is_at(f, at, name) ? &f->feed[at] : NULL;
}

enum err
feeds_in_force_take(
    struct feeds_in_force *f, struct view name, const struct digest *digest, uint64_t written_s)
{
	struct feed_in_force new = {.name = BUF_INIT, .digest = *digest, .written_s = written_s};
	const size_t at = find_place(f, name);

	if (is_at(f, at, name)) {
		if (!digest_equal(&f->feed[at].digest, digest))
			feed_free(&f->feed[at].feed);
		f->feed[at].digest = *digest;
		f->feed[at].written_s = written_s;
		return ERR_OK;
	}
	if (f->count == INFORCE_FEEDS_MAX)
		return ERR_FORMAT_SIZE;
	buf_append_view(&new.name, name);
	if (buf_status(&new.name) != ERR_OK)
		return ERR_MEMORY;
	memmove(&f->feed[at + 1], &f->feed[at], (f->count - at) * sizeof(f->feed[0]));
	f->feed[at] = new;
	f->count++;
	return ERR_OK;
}

void
feeds_in_force_give(struct feeds_in_force *f, struct feed **feed)
{
	for (size_t i = 0; *feed != NULL && i < f->count; i++)
		if (f->feed[i].feed == NULL && digest_equal(&f->feed[i].digest, &(*feed)->digest)) {
			f->feed[i].feed = *feed;
			*feed = NULL; /* moved */
		}
	feed_free(feed);
}

enum err
feeds_in_force_fetch(struct feeds_in_force *f, policy_fetch *fetch, void *context)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < f->count && e == ERR_OK; i++) {
		struct faults faults = FAULTS_INIT;
		struct buf text = BUF_INIT;

		if (f->feed[i].feed != NULL)
			continue;
		e = fetch_checked(fetch, context, PACK_FEED, &f->feed[i].digest, &text);
		if (e == ERR_OK)
			e = feed_make("stored feed", &text, &faults, &f->feed[i].feed);
		buf_free(&text);
		faults_free(&faults);
	}
	return e;
}

/* Where it stands, or would. */
static size_t
find_place(const struct feeds_in_force *f, struct view name)
{
	size_t at = 0;

	while (at < f->count && view_compare(buf_view(&f->feed[at].name), name) < 0)
		at++;
	return at;
}

static bool
is_at(const struct feeds_in_force *f, size_t at, struct view name)
{
	return at < f->count && view_equal(buf_view(&f->feed[at].name), name);
}
