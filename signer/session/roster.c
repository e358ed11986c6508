#include "signer/session/roster.h"

#include <stdlib.h>
#include <string.h>

#include "signer/session/session_state.h"

/* As in workload.c: a table that cannot grow is as good as no memory at all. */
#define uthash_fatal(message) abort()
#include <uthash.h>

struct roster_entry {
	char *identity;
	struct session *first; /* never NULL */
	UT_hash_handle hh;
};

struct roster {
	struct roster_entry *entries;
};

static struct roster_entry *entry_new(struct roster *r, const char *identity);
static void entry_free(struct roster *r, struct roster_entry *e);

struct roster *
roster_new(void)
{
	return calloc(1, sizeof(struct roster));
}

void
roster_free(struct roster **r)
{
	struct roster_entry *entry, *next;

	if (*r == NULL)
		return;
	HASH_ITER (hh, (*r)->entries, entry, next)
		entry_free(*r, entry);
	free(*r);
	*r = NULL;
}

enum err
roster_add(struct roster *r, struct session *s)
{
	struct roster_entry *entry;

	HASH_FIND_STR(r->entries, s->identity, entry);
	if (entry == NULL && (entry = entry_new(r, s->identity)) == NULL)
		return ERR_MEMORY;
	s->place = (struct roster_place){.entry = entry, .next = entry->first};
	if (entry->first != NULL)
		entry->first->place.previous = s;
	entry->first = s;
	return ERR_OK;
}

void
roster_remove(struct roster *r, struct session *s)
{
	struct roster_place *p = &s->place;

	if (p->entry == NULL)
		return;
	if (p->previous != NULL)
		p->previous->place.next = p->next;
	else
		p->entry->first = p->next;
	if (p->next != NULL)
		p->next->place.previous = p->previous;
	if (p->entry->first == NULL)
		entry_free(r, p->entry);
	*p = (struct roster_place){NULL, NULL, NULL};
}

struct session *
roster_find(const struct roster *r, struct view identity, uint32_t number)
{
	struct roster_entry *entry;

	HASH_FIND(hh, r->entries, identity.data, identity.size, entry);
	if (entry == NULL)
		return NULL;
	for (struct session *s = entry->first; s != NULL; s = s->place.next)
		if ((uint32_t)s->number == number)
			return s;
	return entry->first;
}

static struct roster_entry *
entry_new(struct roster *r, const char *identity)
{
	struct roster_entry *e = calloc(1, sizeof(*e));

	if (e == NULL || (e->identity = strdup(identity)) == NULL) {
		free(e);
		return NULL;
	}
	HASH_ADD_KEYPTR(hh, r->entries, e->identity, strlen(e->identity), e);
	return e;
}

static void
entry_free(struct roster *r, struct roster_entry *e)
{
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyser loses uthash's links */
	HASH_DEL(r->entries, e);
	free(e->identity);
	free(e);
}
