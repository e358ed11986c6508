#include "signer/learn/seen.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "proto/siphash.h"

#define uthash_fatal(message) abort()
#include <uthash.h>

#include "log/stored/fetched_component.h"
#include "signer/learn/seen_items.h"

struct host {
	char *name;
	size_t number;
	UT_hash_handle hh;
};

/* A component that reports name, with those who sent it. */
struct named {
	struct digest digest;
	struct seen_by by;
	UT_hash_handle hh;
};

/* A workload of a host. */
struct source {
	char *name;                  /* both, with a space between, which no collector's name has */
	const struct named *program; /* of the last report that had one */
	UT_hash_handle hh;
};

struct seen {
	struct siphash_key hash_key; /* of all tables: what is in a log chooses its names */
	struct host *hosts;
	struct host **by_number;
	struct source *sources;
	struct named *components;
	size_t programs; /* different components of kind executable */
	struct seen_items *items;
	struct seen_summary summary;
};

static struct host *find_host(struct seen *s, struct view name);
static struct named *name_component(
    struct seen *s, const struct digest *digest, size_t host, uint64_t now_s);
static struct named *name_program(struct seen *s, const struct report *report, size_t host);
static struct source *find_source(struct seen *s, const struct report *report);
static enum err number_hosts(struct seen *s);

struct seen *
seen_new(void)
{
	struct seen *s = calloc(1, sizeof(*s));

	if (s == NULL || RAND_priv_bytes((uint8_t *)&s->hash_key, sizeof(s->hash_key)) != 1 ||
	    (s->items = seen_items_new(&s->hash_key)) == NULL) {
		free(s);
		return NULL;
	}
	return s;
}

void
seen_free(struct seen **s)
{
	struct host *h, *next_host;
	struct source *source, *next_source;
	struct named *c, *next;

	if (*s == NULL)
		return;
	HASH_ITER (hh, (*s)->hosts, h, next_host) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyser loses uthash's links */
		HASH_DEL((*s)->hosts, h);
		free(h->name);
		free(h);
	}
	HASH_ITER (hh, (*s)->sources, source, next_source) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): likewise */
		HASH_DEL((*s)->sources, source);
		free(source->name);
		free(source);
	}
	HASH_ITER (hh, (*s)->components, c, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): likewise */
		HASH_DEL((*s)->components, c);
		number_set_free(&c->by.hosts);
		number_set_free(&c->by.with);
		number_set_free(&c->by.before);
		free(c);
	}
	free((void *)(*s)->by_number);
	seen_items_free(&(*s)->items);
	free(*s);
	*s = NULL;
}

enum err
seen_report(struct seen *s, const struct report *report)
{
	const bool programs = report->bundle.component[COMPONENT_EXECUTABLE].present;
	const struct host *host = find_host(s, report->collector);
	const struct named *program = NULL;

	if (host == NULL || (programs && (program = name_program(s, report, host->number)) == NULL))
		return ERR_MEMORY;
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++) {
		const struct bundle_component *c = &report->bundle.component[k];
		struct named *named;

		if (!c->present)
			continue;
		s->summary.with[k]++;
		named = name_component(s, &c->digest, host->number, report->issued_s);
		if (named == NULL ||
		    (programs && !number_set_add(&named->by.with, program->by.number)))
			return ERR_MEMORY;
	}
	if (s->summary.reports++ == 0)
		s->summary.from_s = report->issued_s;
	s->summary.to_s = report->issued_s;
	s->summary.verdicts[report_status_rank(report->status)]++;
	return ERR_OK;
}

enum err
seen_read(struct seen *s, struct evidence_reader *evidence, uint64_t *unreadable)
{
	struct named *c, *next;
	enum err e = ERR_OK;

	*unreadable = 0;
	HASH_ITER (hh, s->components, c, next) {
		struct fetched_component fetched;

		e = fetched_component_read(evidence, &c->digest, &fetched);
		if (e == ERR_OK)
			e = seen_items_add(s->items, fetched.component, &c->by, &s->summary);
		else if (e != ERR_MEMORY) {
			++*unreadable;
			continue;
		}
		fetched_component_free(&fetched);
		if (e != ERR_OK)
			return e;
	}
	if ((e = number_hosts(s)) == ERR_OK)
		e = seen_items_sort(s->items);
	s->summary.program = seen_items_program(s->items);
	return e;
}

const struct seen_summary *
seen_summary(const struct seen *s)
{
	return &s->summary;
}

size_t
seen_host_count(const struct seen *s)
{
	return HASH_COUNT(s->hosts);
}

struct view
seen_host(const struct seen *s, size_t index)
{
	return view_of_string(s->by_number[index]->name);
}

size_t
seen_item_count(const struct seen *s)
{
	return seen_items_count(s->items);
}

const struct seen_item *
seen_item_at(const struct seen *s, size_t index)
{
	return seen_items_at(s->items, index);
}

size_t
seen_memory_count(const struct seen *s)
{
	return seen_items_memory_count(s->items);
}

const struct seen_memory *
seen_memory_at(const struct seen *s, size_t index)
{
	return seen_items_memory_at(s->items, index);
}

static struct host *
find_host(struct seen *s, struct view name)
{
	const uint32_t hash = (uint32_t)siphash(&s->hash_key, name);
	struct host *h;

	HASH_FIND_BYHASHVALUE(hh, s->hosts, name.data, name.size, hash, h);
	if (h != NULL)
		return h;
	if ((h = calloc(1, sizeof(*h))) == NULL || (h->name = view_to_string(name)) == NULL) {
		free(h);
		return NULL;
	}
	h->number = HASH_COUNT(s->hosts);
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, s->hosts, h->name, name.size, hash, h);
	return h;
}

/* The component of the main process's program, which has a number, and follows the source's last.
 */
static struct named *
name_program(struct seen *s, const struct report *report, size_t host)
{
	struct named *c = name_component(
	    s, &report->bundle.component[COMPONENT_EXECUTABLE].digest, host, report->issued_s);
	struct source *source = find_source(s, report);

	if (c == NULL || source == NULL)
		return NULL;
	if (number_set_count(&c->by.with) == 0)
		c->by.number = s->programs++;
	if (source->program != NULL && source->program != c &&
	    !number_set_add(&c->by.before, source->program->by.number))
		return NULL;
	source->program = c;
	return c;
}

static struct source *
find_source(struct seen *s, const struct report *report)
{
	struct buf name = BUF_INIT;
	struct source *source = NULL;
	uint32_t hash;

	buf_append_view(&name, report->collector);
	buf_append_byte(&name, ' ');
	buf_append_view(&name, report->bundle.workload);
	if (buf_status(&name) != ERR_OK) {
		buf_free(&name);
		return NULL;
	}
	hash = (uint32_t)siphash(&s->hash_key, buf_view(&name));
	HASH_FIND_BYHASHVALUE(hh, s->sources, name.data, name.size, hash, source);
	if (source == NULL && (source = calloc(1, sizeof(*source))) != NULL &&
	    (source->name = view_to_string(buf_view(&name))) != NULL)
		HASH_ADD_KEYPTR_BYHASHVALUE(
		    hh, s->sources, source->name, (unsigned)name.size, hash, source);
	else if (source != NULL && source->name == NULL) {
		free(source);
		source = NULL;
	}
	buf_free(&name);
	return source;
}

static struct named *
name_component(struct seen *s, const struct digest *digest, size_t host, uint64_t now_s)
{
	const struct view key = {digest->bytes, sizeof(digest->bytes)};
	const uint32_t hash = (uint32_t)siphash(&s->hash_key, key);
	struct named *c;

	HASH_FIND_BYHASHVALUE(hh, s->components, key.data, key.size, hash, c);
	if (c == NULL) {
		if ((c = calloc(1, sizeof(*c))) == NULL)
			return NULL;
		c->digest = *digest;
		c->by.when.from_s = now_s; /* a log's times do not fall */
		HASH_ADD_BYHASHVALUE(hh, s->components, digest, sizeof(c->digest), hash, c);
	}
	c->by.when.to_s = now_s;
	return number_set_add(&c->by.hosts, host) ? c : NULL;
}

static enum err
number_hosts(struct seen *s)
{
	struct host *h, *next;

	s->by_number = calloc(HASH_COUNT(s->hosts) + 1, sizeof(struct host *));
	if (s->by_number == NULL)
		return ERR_MEMORY;
	HASH_ITER (hh, s->hosts, h, next)
		s->by_number[h->number] = h;
	return ERR_OK;
}
