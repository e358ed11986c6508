#include "signer/trial/trial_results.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "proto/siphash.h"

#define uthash_fatal(message) abort()
#include <uthash.h>

/* The key: the sizes of both names are told apart by a NUL, which neither has. */
struct entry {
	struct trial_workload workload;
	char *key;
	UT_hash_handle hh;
};

struct trial_results {
	struct entry *table;
	struct buf key;
	struct siphash_key hash_key; /* names in a log are of others' choice */
};

static struct entry *entry_new(
    struct trial_results *r, const struct policy *policy, const struct report *report);
static void entry_free(struct entry *e);
static char *text_of(struct view v);
static enum err set_cause(struct trial_workload *w, uint64_t index, int was, int is, char *cause);
static char *words_of(const struct report_finding *f);
static int compare(const void *a, const void *b);

struct trial_results *
trial_results_new(void)
{
	struct trial_results *r = calloc(1, sizeof(*r));

	if (r == NULL || RAND_priv_bytes((uint8_t *)&r->hash_key, sizeof(r->hash_key)) != 1) {
		free(r);
		return NULL;
	}
	return r;
}

void
trial_results_free(struct trial_results **r)
{
	struct entry *e, *next;

	if (*r == NULL)
		return;
	HASH_ITER (hh, (*r)->table, e, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyser loses uthash's links */
		HASH_DEL((*r)->table, e);
		entry_free(e);
	}
	buf_free(&(*r)->key);
	free(*r);
	*r = NULL;
}

struct trial_workload *
trial_results_find(
    struct trial_results *r, const struct policy *policy, const struct report *report)
{
	struct entry *e;
	uint32_t hash;

	buf_clear(&r->key);
	buf_append_view(&r->key, report->collector);
	buf_append_byte(&r->key, '\0');
	buf_append_view(&r->key, report->bundle.workload);
	if (buf_status(&r->key) != ERR_OK)
		return NULL;
	hash = (uint32_t)siphash(&r->hash_key, buf_view(&r->key));
	HASH_FIND_BYHASHVALUE(hh, r->table, r->key.data, r->key.size, hash, e);
	if (e == NULL && (e = entry_new(r, policy, report)) != NULL)
		HASH_ADD_KEYPTR_BYHASHVALUE(hh, r->table, e->key, r->key.size, hash, e);
	return e != NULL ? &e->workload : NULL;
}

enum err
trial_workload_add(
    struct trial_workload *w, uint64_t index, int was, int is, const struct report_finding *cause)
{
	const enum trial_change change =
	    is > was ? TRIAL_FALLS : (is < was ? TRIAL_RISES : TRIAL_STAYS);
	const enum trial_change before = trial_workload_change(w);

	w->reports[change]++;
	if (change == TRIAL_STAYS || change > before)
		return ERR_OK; /* something worse is told */
	return set_cause(w, index, was, is, cause != NULL ? words_of(cause) : strdup(""));
}

enum err
trial_workload_add_unknown(struct trial_workload *w, uint64_t index, int was, const char *why)
{
	const enum trial_change before = trial_workload_change(w);

	w->reports[TRIAL_UNKNOWN]++;
	return TRIAL_UNKNOWN > before ? ERR_OK : set_cause(w, index, was, was, strdup(why));
}

enum trial_change
trial_workload_change(const struct trial_workload *w)
{
	for (unsigned c = 0; c < TRIAL_STAYS; c++)
		if (w->reports[c] > 0)
			return (enum trial_change)c;
	return TRIAL_STAYS;
}

struct trial_workload **
trial_results_sorted(const struct trial_results *r, size_t *count)
{
	struct trial_workload **all;
	struct entry *e, *next;

	*count = HASH_COUNT(r->table);
	if ((all = calloc(*count > 0 ? *count : 1, sizeof(struct trial_workload *))) == NULL)
		return NULL;
	*count = 0;
	HASH_ITER (hh, r->table, e, next)
		all[(*count)++] = &e->workload;
	qsort(all, *count, sizeof(struct trial_workload *), compare);
	return all;
}

static struct entry *
entry_new(struct trial_results *r, const struct policy *policy, const struct report *report)
{
	struct entry *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	e->key = text_of(buf_view(&r->key));
	e->workload.collector = text_of(report->collector);
	e->workload.workload = text_of(report->bundle.workload);
	e->workload.cause = strdup("");
	e->workload.rule = policy_find(policy, report->bundle.workload, report->collector);
	if (e->key == NULL || e->workload.collector == NULL || e->workload.workload == NULL ||
	    e->workload.cause == NULL) {
		entry_free(e);
		return NULL;
	}
	return e;
}

static void
entry_free(struct entry *e)
{
	free(e->key);
	free(e->workload.collector);
	free(e->workload.workload);
	free(e->workload.cause);
	free(e);
}

/* With a NUL behind it. */
static char *
text_of(struct view v)
{
	char *text = malloc(v.size + 1);

	if (text != NULL) {
		memcpy(text, v.data, v.size);
		text[v.size] = '\0';
	}
	return text;
}

/* Takes `cause`. */
static enum err
set_cause(struct trial_workload *w, uint64_t index, int was, int is, char *cause)
{
	if (cause == NULL)
		return ERR_MEMORY;
	free(w->cause);
	w->cause = cause;
	w->index = index;
	w->was = was;
	w->is = is;
	return ERR_OK;
}

/* Findings are printable already. */
static char *
words_of(const struct report_finding *f)
{
	struct buf words = BUF_INIT;
	char *text = NULL;

	buf_append_format(&words, "%.*s %.*s%s%.*s: %.*s", view_precision(f->kind),
	    (const char *)f->kind.data, view_precision(f->code), (const char *)f->code.data,
	    f->subject.size > 0 ? " " : "", view_precision(f->subject),
	    (const char *)f->subject.data, view_precision(f->detail), (const char *)f->detail.data);
	if (buf_status(&words) == ERR_OK)
		text = text_of(buf_view(&words));
	buf_free(&words);
	return text;
}

static int
compare(const void *a, const void *b)
{
	const struct trial_workload *x = *(struct trial_workload *const *)a,
				    *y = *(struct trial_workload *const *)b;
	const int change = (int)trial_workload_change(x) - (int)trial_workload_change(y);
	int order;

	if (change != 0)
		return change;
	if (x->is != y->is)
		return y->is - x->is;
	if (x->was != y->was)
		return x->was - y->was;
	if ((order = strcmp(x->cause, y->cause)) != 0)
		return order;
	order = strcmp(x->workload, y->workload);
	return order != 0 ? order : strcmp(x->collector, y->collector);
}
