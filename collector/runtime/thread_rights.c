#include "collector/runtime/thread_rights.h"

#include <stdlib.h>

#include "collector/ground/fact_values.h"
#include "collector/runtime/count_class.h"
#include "collector/subject/procfs.h"

enum source { IN_STATUS, IN_NAMESPACES, IN_CWD, IN_ROOT };

struct right {
	const char *fact;
	enum source source;
	const char *key; /* IN_STATUS: the line; its words are the values */
	enum namespace_type type;
};

/* By name of the fact. */
static const struct right rights[] = {
    {"capabilities_ambient", IN_STATUS, "CapAmb", 0},
    {"capabilities_bounding", IN_STATUS, "CapBnd", 0},
    {"capabilities_effective", IN_STATUS, "CapEff", 0},
    {"capabilities_inheritable", IN_STATUS, "CapInh", 0},
    {"capabilities_permitted", IN_STATUS, "CapPrm", 0},
    {"cwd", IN_CWD, NULL, 0},
    {"gid", IN_STATUS, "Gid", 0},
    {"groups", IN_STATUS, "Groups", 0},
    {"namespace_cgroup", IN_NAMESPACES, NULL, NAMESPACE_CGROUP},
    {"namespace_ipc", IN_NAMESPACES, NULL, NAMESPACE_IPC},
    {"namespace_mount", IN_NAMESPACES, NULL, NAMESPACE_MOUNT},
    {"namespace_network", IN_NAMESPACES, NULL, NAMESPACE_NETWORK},
    {"namespace_pid", IN_NAMESPACES, NULL, NAMESPACE_PID},
    {"namespace_time", IN_NAMESPACES, NULL, NAMESPACE_TIME},
    {"namespace_user", IN_NAMESPACES, NULL, NAMESPACE_USER},
    {"namespace_uts", IN_NAMESPACES, NULL, NAMESPACE_UTS},
    {"no_new_privs", IN_STATUS, "NoNewPrivs", 0},
    {"root", IN_ROOT, NULL, 0},
    {"seccomp", IN_STATUS, "Seccomp", 0},
    {"tracer", IN_STATUS, "TracerPid", 0},
    {"uid", IN_STATUS, "Uid", 0},
};

#define RIGHTS (sizeof(rights) / sizeof(rights[0]))

/* A list of values as the kernel writes it, and how many threads have it. */
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
static enum err add_one(const struct different *d, const struct right *right,
    struct component_builder *to, struct buf *division);
static enum err append_values(
    struct fact_values *v, enum source source, struct view text, size_t *count);
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
thread_rights_note(struct thread_rights *r, const struct thread_view *t)
{
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < RIGHTS; i++) {
		struct view text = {NULL, 0};

		switch (rights[i].source) {
		case IN_STATUS:
			if (!procfs_status_field(t->status, rights[i].key, &text))
				return ERR_FORMAT;
			break;
		case IN_NAMESPACES:
			text = view_of_string(namespace_word(t->place[rights[i].type]));
			break;
		case IN_CWD:
			text = t->cwd;
			break;
		case IN_ROOT:
			text = t->root;
			break;
		}
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
		e = add_one(d, &rights[i], to, &division[i]);
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
add_one(const struct different *d, const struct right *right, struct component_builder *to,
    struct buf *division)
{
	struct fact_values v = {NULL, 0, 0};
	enum err e = ERR_OK;

	buf_append_string(division, right->fact);
	for (size_t i = 0; e == ERR_OK && i < d->count; i++) {
		size_t count = 0;

		e = append_values(&v, right->source, buf_view(&d->list[i].text), &count);
		if (e == ERR_OK && count == 0 && d->count > 1) {
			e = fact_values_append(&v, VIEW_LITERAL(""));
			count = 1;
		}
		buf_append_format(division, " %sx%zu", count_class(d->list[i].threads), count);
	}
	if (e == ERR_OK && (e = buf_status(division)) == ERR_OK)
		e = fact_values_add(&v, right->fact, to);
	fact_values_free(&v);
	return e;
}

/* A directory's name is one value, whatever is in it. */
static enum err
append_values(struct fact_values *v, enum source source, struct view text, size_t *count)
{
	struct view word;
	enum err e = ERR_OK;

	if (source == IN_CWD || source == IN_ROOT) {
		*count = 1;
		return fact_values_append(v, text);
	}
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
