#include "collector/measure/thread_rights.h"

#include <stdlib.h>

#include "collector/measure/fact_values.h"
#include "collector/subject/procfs.h"

struct right {
	const char *fact;
	const char *key; /* in /proc/PID/task/TID/status */
};

/* By name of the fact. */
static const struct right rights[] = {
    {"capabilities_ambient", "CapAmb"},
    {"capabilities_bounding", "CapBnd"},
    {"capabilities_effective", "CapEff"},
    {"capabilities_inheritable", "CapInh"},
    {"capabilities_permitted", "CapPrm"},
    {"gid", "Gid"},
    {"groups", "Groups"},
    {"no_new_privs", "NoNewPrivs"},
    {"seccomp", "Seccomp"},
    {"tracer", "TracerPid"},
    {"uid", "Uid"},
};

#define RIGHTS (sizeof(rights) / sizeof(rights[0]))

/* A list of values as the kernel writes it, in words, and how many threads have it. */
struct held {
	struct buf text;
	size_t threads;
};

struct different {
	struct held *list;
	size_t count;
	size_t last; /* index of the one that was met last: most likely the next one */
};

struct thread_rights {
	struct different of[RIGHTS];
	size_t bytes; /* of all texts */
};

static enum err note_one(struct thread_rights *r, struct different *d, struct view text);
static enum err add_one(const struct different *d, const char *name, struct component_builder *to,
    struct buf *division);
static enum err append_words(struct fact_values *v, struct view text, size_t *count);
static int compare(const void *a, const void *b);

struct thread_rights *
thread_rights_new(void)
{
	return calloc(1, sizeof(struct thread_rights));
}

void
thread_rights_free(struct thread_rights **r)
{
	if (*r == NULL)
		return;
	for (size_t i = 0; i < RIGHTS; i++) {
		for (size_t j = 0; j < (*r)->of[i].count; j++)
			buf_free(&(*r)->of[i].list[j].text);
		free((*r)->of[i].list);
	}
	free(*r);
	*r = NULL;
}

enum err
thread_rights_note(struct thread_rights *r, struct view status)
{
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < RIGHTS; i++) {
		struct view text;

		if (!procfs_status_field(status, rights[i].key, &text))
			return ERR_FORMAT;
		e = note_one(r, &r->of[i], text);
	}
	return e;
}

enum err
thread_rights_add(struct thread_rights *r, struct component_builder *to)
{
	struct fact_values divisions = {NULL, 0, 0};
	struct buf division[RIGHTS];
	enum err e = ERR_OK;

	for (size_t i = 0; i < RIGHTS; i++)
		division[i] = BUF_INIT;
	for (size_t i = 0; e == ERR_OK && i < RIGHTS; i++) {
		struct different *d = &r->of[i];

		if (d->count > 1)
			qsort(d->list, d->count, sizeof(*d->list), compare);
		d->last = 0;
		e = add_one(d, rights[i].fact, to, &division[i]);
		if (e == ERR_OK && d->count > 1)
			e = fact_values_append(&divisions, buf_view(&division[i]));
	}
	if (e == ERR_OK)
		e = fact_values_add(&divisions, "threads_differ", to);
	for (size_t i = 0; i < RIGHTS; i++)
		buf_free(&division[i]);
	fact_values_free(&divisions);
	return e;
}

static enum err
note_one(struct thread_rights *r, struct different *d, struct view text)
{
	struct held *grown;

	if (d->count > 0 && view_equal(buf_view(&d->list[d->last].text), text)) {
		d->list[d->last].threads++;
		return ERR_OK;
	}
	for (size_t i = 0; i < d->count; i++)
		if (view_equal(buf_view(&d->list[i].text), text)) {
			d->list[i].threads++;
			d->last = i;
			return ERR_OK;
		}
	if (d->count == THREAD_RIGHTS_MAX || text.size > THREAD_RIGHTS_BYTES_MAX - r->bytes)
		return ERR_FORMAT_SIZE;
	if ((grown = reallocarray(d->list, d->count + 1, sizeof(*grown))) == NULL)
		return ERR_MEMORY;
	d->list = grown;
	d->last = d->count++;
	d->list[d->last] = (struct held){BUF_INIT, 1};
	buf_append_view(&d->list[d->last].text, text);
	r->bytes += text.size;
	return buf_status(&d->list[d->last].text);
}

/* `division` is what `threads_differ` says of it. */
static enum err
add_one(
    const struct different *d, const char *name, struct component_builder *to, struct buf *division)
{
	struct fact_values v = {NULL, 0, 0};
	enum err e = ERR_OK;

	buf_append_string(division, name);
	for (size_t i = 0; e == ERR_OK && i < d->count; i++) {
		size_t count = 0;

		e = append_words(&v, buf_view(&d->list[i].text), &count);
		if (e == ERR_OK && count == 0 && d->count > 1) {
			e = fact_values_append(&v, VIEW_LITERAL(""));
			count = 1;
		}
		buf_append_format(division, " %zux%zu", d->list[i].threads, count);
	}
	if (e == ERR_OK && (e = buf_status(division)) == ERR_OK)
		e = fact_values_add(&v, name, to);
	fact_values_free(&v);
	return e;
}

static enum err
append_words(struct fact_values *v, struct view text, size_t *count)
{
	struct view word;
	enum err e = ERR_OK;

	while (e == ERR_OK && procfs_next_word(&text, &word)) {
		e = fact_values_append(v, word);
		++*count;
	}
	return e;
}

/* White space stands before all that is in a word, so this is the order of the lists of words. */
static int
compare(const void *a, const void *b)
{
	return view_compare(
	    buf_view(&((const struct held *)a)->text), buf_view(&((const struct held *)b)->text));
}
