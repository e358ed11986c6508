#include "signer/learn/seen_items.h"

#include <stdlib.h>
#include <string.h>

#define uthash_fatal(message) abort()
#include <uthash.h>

#include "proto/encoding.h"
#include "proto/evidence/reference_entry.h"

/* The key: kind, made, whole, digest, name. */
#define KEY_NAME_AT (3 + DIGEST_SIZE)

#define OWNERS_MAX (sizeof(((struct seen_summary *)0)->owners) / sizeof(uint32_t))

struct entry {
	struct seen_item item;
	uint8_t *key;
	void *values; /* of the fact */
	UT_hash_handle hh;
};

struct memory {
	struct seen_memory memory;
	UT_hash_handle hh;
};

struct seen_items {
	const struct siphash_key *hash_key;
	struct entry *table;
	struct memory *memories;
	struct buf key;
	size_t components; /* that were added */
	struct seen_item **sorted;
	struct seen_memory **sorted_memories;
	const struct seen_item *program; /* NULL: none yet */
	bool many_programs;
};

/* Where items of one component go. */
struct place {
	struct seen_items *to;
	enum component_kind kind;
	const struct seen_by *by;
};

static enum err add_file(
    struct place *p, const struct component_file *f, struct seen_summary *summary);
static bool can_be_listed(enum component_kind kind, const struct component_file *f);
static void add_owner(struct seen_summary *summary, uint32_t owner);
static enum err add_memory(struct place *p, const struct component_file *f);
static enum err add_fact(struct place *p, bool made, const struct component_fact *f);
static struct entry *count(
    struct place *p, bool made, struct view name, const struct digest *digest);
static void join(struct seen_span *to, const struct seen_span *more, bool first);
static struct entry *entry_new(
    struct place *p, bool made, struct view name, const struct digest *digest, uint32_t hash);
static bool keep_values(struct entry *e, const struct component_fact *f);
static void digest_values(const struct component_fact *f, struct buf *words, struct digest *out);
static int order_items(const void *a, const void *b);
static int order_memories(const void *a, const void *b);

struct seen_items *
seen_items_new(const struct siphash_key *key)
{
	struct seen_items *s = calloc(1, sizeof(*s));

	if (s != NULL)
		s->hash_key = key;
	return s;
}

void
seen_items_free(struct seen_items **s)
{
	struct entry *e, *next;
	struct memory *m, *next_memory;

	if (*s == NULL)
		return;
	HASH_ITER (hh, (*s)->table, e, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyser loses uthash's links */
		HASH_DEL((*s)->table, e);
		number_set_free(&e->item.hosts);
		number_set_free(&e->item.with);
		number_set_free(&e->item.main);
		number_set_free(&e->item.before);
		free(e->values);
		free(e->key);
		free(e);
	}
	HASH_ITER (hh, (*s)->memories, m, next_memory) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): likewise */
		HASH_DEL((*s)->memories, m);
		number_set_free(&m->memory.hosts);
		free((void *)(uintptr_t)m->memory.program.data);
		free(m);
	}
	buf_free(&(*s)->key);
	free((void *)(*s)->sorted);
	free((void *)(*s)->sorted_memories);
	free(*s);
	*s = NULL;
}

enum err
seen_items_add(struct seen_items *s, const struct component *c, const struct seen_by *by,
    struct seen_summary *summary)
{
	const bool files = component_kind_shape(c->kind) == COMPONENT_SHAPE_FILE;
	struct place p = {s, c->kind, by};
	enum err e = ERR_OK;

	s->components++;
	summary->components[c->kind]++;
	for (size_t i = 0; e == ERR_OK && i < c->made_count; i++)
		e = add_fact(&p, true, &c->made[i]);
	for (size_t i = 0; e == ERR_OK && i < c->item_count; i++)
		e = files ? add_file(&p, &c->items.files[i], summary)
			  : add_fact(&p, false, &c->items.facts[i]);
	return e;
}

enum err
seen_items_sort(struct seen_items *s)
{
	struct entry *e, *next;
	struct memory *m, *next_memory;
	size_t i = 0;

	s->sorted = calloc(HASH_COUNT(s->table) + 1, sizeof(struct seen_item *));
	s->sorted_memories = calloc(HASH_COUNT(s->memories) + 1, sizeof(struct seen_memory *));
	if (s->sorted == NULL || s->sorted_memories == NULL)
		return ERR_MEMORY;
	HASH_ITER (hh, s->table, e, next)
		s->sorted[i++] = &e->item;
	qsort(s->sorted, i, sizeof(s->sorted[0]), order_items);
	i = 0;
	HASH_ITER (hh, s->memories, m, next_memory)
		s->sorted_memories[i++] = &m->memory;
	qsort(s->sorted_memories, i, sizeof(s->sorted_memories[0]), order_memories);
	return ERR_OK;
}

size_t
seen_items_count(const struct seen_items *s)
{
	return HASH_COUNT(s->table);
}

const struct seen_item *
seen_items_at(const struct seen_items *s, size_t index)
{
	return s->sorted[index];
}

size_t
seen_items_memory_count(const struct seen_items *s)
{
	return HASH_COUNT(s->memories);
}

const struct seen_memory *
seen_items_memory_at(const struct seen_items *s, size_t index)
{
	return s->sorted_memories[index];
}

struct view
seen_items_program(const struct seen_items *s)
{
	return s->program != NULL && !s->many_programs ? s->program->name : (struct view){NULL, 0};
}

static enum err
add_file(struct place *p, const struct component_file *f, struct seen_summary *summary)
{
	struct entry *whole, *content;

	if ((f->flags & COMPONENT_FILE_ANONYMOUS) != 0)
		return add_memory(p, f);
	if (!can_be_listed(p->kind, f))
		return ERR_OK;
	if ((whole = count(p, false, f->path, NULL)) == NULL ||
	    (content = count(p, false, f->path, &f->digest)) == NULL)
		return ERR_MEMORY;
	if (!number_set_join(&content->item.with, &p->by->with))
		return ERR_MEMORY;
	content->item.link |= (f->flags & COMPONENT_FILE_SYMLINK) != 0;
	if (p->kind == COMPONENT_FILES && (f->flags & COMPONENT_FILE_SYMLINK) == 0)
		add_owner(summary, f->uid);
	if (p->kind == COMPONENT_EXECUTABLE && (f->flags & COMPONENT_FILE_OTHER) == 0) {
		p->to->many_programs |= p->to->program != NULL && p->to->program != &whole->item;
		p->to->program = &whole->item;
		if (!number_set_add(&content->item.main, p->by->number) ||
		    !number_set_join(&content->item.before, &p->by->before))
			return ERR_MEMORY;
	}
	return ERR_OK;
}

/* What a policy can accept by a line of a reference set, and that line is one. */
static bool
can_be_listed(enum component_kind kind, const struct component_file *f)
{
	const uint32_t never =
	    COMPONENT_FILE_MEMFD | COMPONENT_FILE_UNREADABLE | COMPONENT_FILE_CHANGED |
	    COMPONENT_FILE_SPECIAL | COMPONENT_FILE_DELETED | COMPONENT_FILE_REPLACED |
	    COMPONENT_FILE_MODIFIED | COMPONENT_FILE_RESTORED | COMPONENT_FILE_PROBED;
	struct view content;

	return (f->flags & never) == 0 && !digest_is_zero(&f->digest) &&
	       reference_path_check(f->path) == NULL &&
	       (kind != COMPONENT_FILES || !component_detail(f, VIEW_LITERAL("content"), &content));
}

static void
add_owner(struct seen_summary *summary, uint32_t owner)
{
	size_t at = 0;

	if (summary->owner_count > OWNERS_MAX)
		return;
	while (at < summary->owner_count && summary->owners[at] < owner)
		at++;
	if (at < summary->owner_count && summary->owners[at] == owner)
		return;
	if (summary->owner_count++ == OWNERS_MAX)
		return;
	memmove(&summary->owners[at + 1], &summary->owners[at],
	    (summary->owner_count - 1 - at) * sizeof(summary->owners[0]));
	summary->owners[at] = owner;
}

/* Stack, heap and what has no program are never accepted: nothing is learned of them. */
static enum err
add_memory(struct place *p, const struct component_file *f)
{
	const uint32_t accepted = COMPONENT_FILE_ANONYMOUS | COMPONENT_FILE_WRITABLE;
	struct view program, mappings;
	uint64_t number;
	struct memory *m;
	uint32_t hash;
	uint8_t *name;

	if (p->kind != COMPONENT_LIBRARIES || (f->flags & ~accepted) != 0 ||
	    !view_equal(f->path, VIEW_LITERAL("[anon]")) ||
	    !component_detail(f, VIEW_LITERAL("program"), &program) ||
	    !component_detail(f, VIEW_LITERAL("mappings"), &mappings) ||
	    decimal_decode(mappings, &number) != ERR_OK)
		return ERR_OK;
	hash = (uint32_t)siphash(p->to->hash_key, program);
	HASH_FIND_BYHASHVALUE(hh, p->to->memories, program.data, program.size, hash, m);
	if (m == NULL) {
		name = malloc(program.size + 1);
		if (name == NULL || (m = calloc(1, sizeof(*m))) == NULL) {
			free(name);
			return ERR_MEMORY;
		}
		memcpy(name, program.data, program.size);
		m->memory.program = (struct view){name, program.size};
		HASH_ADD_KEYPTR_BYHASHVALUE(
		    hh, p->to->memories, name, (unsigned)program.size, hash, m);
	}
	m->memory.bytes = f->size > m->memory.bytes ? f->size : m->memory.bytes;
	m->memory.mappings = number > m->memory.mappings ? number : m->memory.mappings;
	m->memory.writable |= (f->flags & COMPONENT_FILE_WRITABLE) != 0;
	return number_set_join(&m->memory.hosts, &p->by->hosts) ? ERR_OK : ERR_MEMORY;
}

static enum err
add_fact(struct place *p, bool made, const struct component_fact *f)
{
	struct entry *whole, *values;
	struct digest digest;
	struct buf words = BUF_INIT;

	digest_values(f, &words, &digest);
	if (buf_status(&words) != ERR_OK) {
		buf_free(&words);
		return ERR_MEMORY;
	}
	buf_free(&words);
	if ((whole = count(p, made, f->name, NULL)) == NULL ||
	    (values = count(p, made, f->name, &digest)) == NULL)
		return ERR_MEMORY;
	if (values->values == NULL && whole->item.variants <= SEEN_VARIANTS_MAX &&
	    !keep_values(values, f))
		return ERR_MEMORY;
	return ERR_OK;
}

/* Of a component's item: `digest` NULL is the whole. It is counted once for each component. */
static struct entry *
count(struct place *p, bool made, struct view name, const struct digest *digest)
{
	const struct digest *d = digest != NULL ? digest : &DIGEST_ZERO;
	struct buf *key = &p->to->key;
	struct entry *e;
	uint32_t hash;

	buf_clear(key);
	buf_append_byte(key, (uint8_t)p->kind);
	buf_append_byte(key, made);
	buf_append_byte(key, digest == NULL);
	buf_append(key, d->bytes, sizeof(d->bytes));
	buf_append_view(key, name);
	if (buf_status(key) != ERR_OK)
		return NULL;
	hash = (uint32_t)siphash(p->to->hash_key, buf_view(key));
	HASH_FIND_BYHASHVALUE(hh, p->to->table, key->data, key->size, hash, e);
	if (e == NULL && (e = entry_new(p, made, name, digest, hash)) == NULL)
		return NULL;
	if (e->item.last != p->to->components) {
		join(&e->item.when, &p->by->when, e->item.components++ == 0);
		if (!number_set_join(&e->item.hosts, &p->by->hosts))
			return NULL;
	}
	e->item.last = p->to->components;
	return e;
}

static void
join(struct seen_span *to, const struct seen_span *more, bool first)
{
	if (first || more->from_s < to->from_s)
		to->from_s = more->from_s;
	if (first || more->to_s > to->to_s)
		to->to_s = more->to_s;
}

static struct entry *
entry_new(struct place *p, bool made, struct view name, const struct digest *digest, uint32_t hash)
{
	const struct buf *key = &p->to->key;
	struct entry *e = calloc(1, sizeof(*e)), *whole;

	if (e == NULL || (e->key = malloc(key->size)) == NULL) {
		free(e);
		return NULL;
	}
	memcpy(e->key, key->data, key->size);
	e->item = (struct seen_item){.kind = p->kind,
	    .made = made,
	    .name = {e->key + KEY_NAME_AT, name.size},
	    .whole = digest == NULL,
	    .digest = digest != NULL ? *digest : DIGEST_ZERO};
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, p->to->table, e->key, (unsigned)key->size, hash, e);
	/* Its whole was counted before it. */
	if (digest != NULL && (whole = count(p, made, name, NULL)) != NULL)
		whole->item.variants++;
	return e;
}

static bool
keep_values(struct entry *e, const struct component_fact *f)
{
	size_t size = f->value_count * sizeof(struct view) + 1;
	struct view *values;
	uint8_t *bytes;

	for (size_t i = 0; i < f->value_count; i++)
		size += f->values[i].size;
	if ((e->values = malloc(size)) == NULL)
		return false;
	values = e->values;
	bytes = (uint8_t *)(values + f->value_count);
	for (size_t i = 0; i < f->value_count; i++) {
		values[i] = (struct view){bytes, f->values[i].size};
		memcpy(bytes, f->values[i].data, f->values[i].size);
		bytes += f->values[i].size;
	}
	e->item.fact = (struct component_fact){e->item.name, f->value_count, values};
	return true;
}

/* So that no two lists are taken for one another. */
static void
digest_values(const struct component_fact *f, struct buf *words, struct digest *out)
{
	for (size_t i = 0; i < f->value_count; i++) {
		buf_append_decimal(words, f->values[i].size);
		buf_append_byte(words, ' ');
		buf_append_view(words, f->values[i]);
	}
	digest_of(words->data, words->size, out);
}

static int
order_items(const void *a, const void *b)
{
	const struct seen_item *x = *(struct seen_item *const *)a,
			       *y = *(struct seen_item *const *)b;
	int order;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->made != y->made)
		return x->made ? -1 : 1;
	if ((order = view_compare(x->name, y->name)) != 0)
		return order;
	if (x->whole != y->whole)
		return x->whole ? -1 : 1;
	return digest_compare(&x->digest, &y->digest);
}

static int
order_memories(const void *a, const void *b)
{
	const struct seen_memory *x = *(struct seen_memory *const *)a,
				 *y = *(struct seen_memory *const *)b;

	return view_compare(x->program, y->program);
}
