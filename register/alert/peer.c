#include "register/alert/peer.h"

#include <string.h>

static void find_usual(struct peer_share *s);

struct view
peer_collector(const struct peer *p)
{
	return (struct view){p->names, p->collector_size};
}

struct view
peer_workload(const struct peer *p)
{
	return (struct view){p->names + p->collector_size, p->workload_size};
}

struct view
peer_group_name(const struct peer_group *g)
{
	return (struct view){g->name, g->name_size};
}

struct peer *
peer_new(uint64_t n, uint64_t host, struct view collector, struct view workload)
{
	struct peer *p = calloc(1, sizeof(*p) + collector.size + workload.size);

	if (p == NULL)
		return NULL;
	p->n = n;
	p->host = host;
	p->collector_size = collector.size;
	p->workload_size = workload.size;
	memcpy(p->names, collector.data, collector.size);
	memcpy(p->names + collector.size, workload.data, workload.size);
	return p;
}

struct peer_group *
peer_group_of(struct peer_group **all, struct view name)
{
	struct peer_group *g;

	HASH_FIND(hh, *all, name.data, name.size, g);
	if (g != NULL)
		return g;
	if ((g = calloc(1, sizeof(*g) + name.size)) == NULL)
		return NULL;
	g->name_size = name.size;
	memcpy(g->name, name.data, name.size);
	HASH_ADD_KEYPTR(hh, *all, g->name, g->name_size, g);
	return g;
}

void
peer_groups_free(struct peer_group **all)
{
	struct peer_group *g, *next_group;
	struct peer_content *c, *next;

	HASH_ITER (hh, *all, g, next_group) {
		for (size_t k = 0; k < COMPONENT_KIND_COUNT; k++)
			HASH_ITER (hh, g->share[k].contents, c, next) {
				/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): as below */
				HASH_DEL(g->share[k].contents, c);
				free(c);
			}
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyser loses uthash's links */
		HASH_DEL(*all, g);
		free(g);
	}
}

struct peer_content *
peer_share_content(struct peer_share *s, const struct digest *d, uint64_t entry, uint64_t time_s,
    bool *made, enum err *e)
{
	struct peer_content *c;

	*made = false;
	*e = ERR_OK;
	HASH_FIND(hh, s->contents, d, sizeof(*d), c);
	if (c != NULL)
		return c;
	if (HASH_COUNT(s->contents) >= PEER_CONTENTS_MAX) {
		s->individual = true;
		return NULL;
	}
	if ((c = calloc(1, sizeof(*c))) == NULL) {
		*e = ERR_MEMORY;
		return NULL;
	}
	c->digest = *d;
	c->first_entry = entry;
	c->first_s = time_s;
	HASH_ADD(hh, s->contents, digest, sizeof(c->digest), c);
	*made = true;
	return c;
}

void
peer_share_take(struct peer_share *s, struct peer_content *c, uint64_t time_s)
{
	if (c->holders++ == 0)
		c->since_s = time_s;
	s->holding++;
	if (s->usual == NULL || c->holders > s->usual->holders)
		s->usual = c;
}

void
peer_share_leave(struct peer_share *s, struct peer_content *c)
{
	c->holders--;
	s->holding--;
	if (s->usual == c)
		find_usual(s);
}

/* Contents stand in the order in which they came, so of several that are as many the first. */
static void
find_usual(struct peer_share *s)
{
	s->usual = NULL;
	for (struct peer_content *c = s->contents; c != NULL; c = c->hh.next)
		if (c->holders > 0 && (s->usual == NULL || c->holders > s->usual->holders))
			s->usual = c;
}

uint64_t
peer_note_change(uint64_t changed_s[PEER_CHANGES], uint64_t time_s)
{
	memmove(changed_s, changed_s + 1, (PEER_CHANGES - 1) * sizeof(*changed_s));
	changed_s[PEER_CHANGES - 1] = time_s;
	return changed_s[0];
}
