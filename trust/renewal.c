#include "trust/renewal.h"

#include <string.h>
#include <sys/stat.h>

static void look(const struct renewal *r, struct renewal_stamp *to);
static bool is_same(
    const struct renewal *r, const struct renewal_stamp *a, const struct renewal_stamp *b);
static bool is_same_file(const struct renewal_stamp *a, const struct renewal_stamp *b);

void
renewal_begin(struct renewal *r, const char *const *paths, size_t count)
{
	memset(r, 0, sizeof(*r));
	for (size_t i = 0; i < count && r->count < RENEWAL_FILES_MAX; i++)
		if (paths[i] != NULL)
			r->path[r->count++] = paths[i];
	look(r, r->taken);
	memcpy(r->seen, r->taken, sizeof(r->seen));
}

bool
renewal_is_due(struct renewal *r, uint64_t now_ms)
{
	struct renewal_stamp now[RENEWAL_FILES_MAX];
	bool still;

	memset(now, 0, sizeof(now));
	look(r, now);
	still = is_same(r, now, r->seen);
	memcpy(r->seen, now, sizeof(now));
	if (!still || is_same(r, now, r->taken))
		return false;
	return !r->any_refused || !is_same(r, now, r->refused) ||
	       now_ms - r->refused_ms >= RENEWAL_RETRY_MS;
}

void
renewal_append_news(const struct renewal *r, struct buf *to)
{
	const char *comma = "";

	for (size_t i = 0; i < r->count; i++) {
		if (is_same_file(&r->seen[i], &r->taken[i]))
			continue;
		buf_append_format(to, "%s%s", comma, r->path[i]);
		comma = ", ";
	}
}

void
renewal_taken(struct renewal *r)
{
	memcpy(r->taken, r->seen, sizeof(r->taken));
	r->any_refused = false;
}

bool
renewal_refused(struct renewal *r, uint64_t now_ms)
{
	const bool before = r->any_refused && is_same(r, r->seen, r->refused);

	memcpy(r->refused, r->seen, sizeof(r->refused));
	r->any_refused = true;
	r->refused_ms = now_ms;
	return !before;
}

static void
look(const struct renewal *r, struct renewal_stamp *to)
{
	struct stat st;

	for (size_t i = 0; i < r->count; i++) {
		memset(&to[i], 0, sizeof(to[i]));
		if (stat(r->path[i], &st) != 0)
			continue;
		to[i] = (struct renewal_stamp){
		    st.st_dev, st.st_ino, (uint64_t)st.st_size, st.st_mtim, st.st_ctim};
	}
}

static bool
is_same(const struct renewal *r, const struct renewal_stamp *a, const struct renewal_stamp *b)
{
	for (size_t i = 0; i < r->count; i++)
		if (!is_same_file(&a[i], &b[i]))
			return false;
	return true;
}

static bool
is_same_file(const struct renewal_stamp *a, const struct renewal_stamp *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->written.tv_sec == b->written.tv_sec && a->written.tv_nsec == b->written.tv_nsec &&
	       a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}
