#include "log/stored/policy_cache.h"

#include <stdio.h>
#include <stdlib.h>

#define POLICIES_MAX 8
#define FAULTS_MAX   20 /* of one policy, that are told */

/* Bytes that all that are kept take: as many as the files of one policy may have at most. */
#define POLICIES_BYTES_MAX (128UL * 1024 * 1024)

struct kept_policy {
	struct buf id; /* by which it was asked for last */
	struct digest manifest;
	uint64_t serial;       /* 0: nothing is kept here */
	uint64_t generation;   /* of the evidence when it was built */
	struct policy *policy; /* NULL: it cannot be built */
	enum err error;
};

struct policy_cache {
	struct evidence_reader *evidence;
	const struct findings *findings;
	uint64_t built;
	size_t newest; /* asked for last, and most often next */
	size_t next;   /* to be given up */
	struct kept_policy kept[POLICIES_MAX];
};

static bool may_be_there(const struct policy_cache *c, const struct kept_policy *p);
static struct kept_policy *find(struct policy_cache *c, const struct digest *manifest);
static struct kept_policy *replace(struct policy_cache *c, const struct digest *manifest);
static void make_room(struct policy_cache *c, const struct kept_policy *newest);
static size_t bytes_of(const struct policy *p);
static void give_up(struct kept_policy *p);
static enum err build(struct policy_cache *c, const struct digest *manifest, struct policy **out);
static void tell_fault(const struct policy_cache *c, const struct fault *fault);
static enum err fetch(
    void *context, enum pack_kind kind, const struct digest *digest, struct buf *to);

struct policy_cache *
policy_cache_new(struct evidence_reader *evidence, const struct findings *f)
{
	struct policy_cache *c = calloc(1, sizeof(*c));

	if (c != NULL) {
		c->evidence = evidence;
		c->findings = f;
	}
	return c;
}

void
policy_cache_free(struct policy_cache **c)
{
	if (*c == NULL)
		return;
	for (size_t i = 0; i < POLICIES_MAX; i++)
		give_up(&(*c)->kept[i]);
	free(*c);
	*c = NULL;
}

enum err
policy_cache_get(
    struct policy_cache *c, struct view id, const struct policy **out, uint64_t *serial)
{
	struct kept_policy *p = &c->kept[c->newest];
	struct digest manifest;
	enum err e;

	*out = NULL;
	if (p->serial == 0 || !view_equal(buf_view(&p->id), id) || may_be_there(c, p)) {
		if ((e = policy_id_digest(id, &manifest)) != ERR_OK)
			return e;
		if ((p = find(c, &manifest)) == NULL)
			p = replace(c, &manifest);
		c->newest = (size_t)(p - c->kept);
		buf_clear(&p->id);
		buf_append_view(&p->id, id);
		if ((e = buf_status(&p->id)) != ERR_OK)
			return e;
	}
	*serial = p->serial;
	*out = p->policy;
	return p->error;
}

/* What it lacked may have come since. */
static bool
may_be_there(const struct policy_cache *c, const struct kept_policy *p)
{
	return p->error == ERR_NOT_FOUND &&
	       p->generation != evidence_reader_generation(c->evidence);
}

static struct kept_policy *
find(struct policy_cache *c, const struct digest *manifest)
{
	for (size_t i = 0; i < POLICIES_MAX; i++)
		if (c->kept[i].serial != 0 && digest_equal(&c->kept[i].manifest, manifest) &&
		    !may_be_there(c, &c->kept[i]))
			return &c->kept[i];
	return NULL;
}

static struct kept_policy *
replace(struct policy_cache *c, const struct digest *manifest)
{
	struct kept_policy *p = &c->kept[c->next];

	c->next = (c->next + 1) % POLICIES_MAX;
	give_up(p);
	p->manifest = *manifest;
	p->serial = ++c->built;
	p->error = build(c, manifest, &p->policy);
	p->generation = evidence_reader_generation(c->evidence);
	make_room(c, p);
	return p;
}

/* The oldest of the others go first. */
static void
make_room(struct policy_cache *c, const struct kept_policy *newest)
{
	size_t bytes = 0;

	for (size_t i = 0; i < POLICIES_MAX; i++)
		bytes += bytes_of(c->kept[i].policy);
	for (size_t i = 0; i < POLICIES_MAX && bytes > POLICIES_BYTES_MAX; i++) {
		struct kept_policy *oldest = &c->kept[(c->next + i) % POLICIES_MAX];

		if (oldest == newest)
			continue;
		bytes -= bytes_of(oldest->policy);
		give_up(oldest);
	}
}

static size_t
bytes_of(const struct policy *p)
{
	return p != NULL ? policy_memory_size(p) : 0;
}

static void
give_up(struct kept_policy *p)
{
	buf_free(&p->id);
	policy_free(&p->policy);
	*p = (struct kept_policy){.id = BUF_INIT};
}

static enum err
build(struct policy_cache *c, const struct digest *manifest, struct policy **out)
{
	struct faults faults = FAULTS_INIT;
	struct buf text = BUF_INIT;
	enum err e = evidence_reader_get(c->evidence, PACK_MANIFEST, manifest, &text);

	*out = NULL;
	if (e == ERR_OK)
		e = policy_from_manifest(buf_view(&text), fetch, c->evidence, &faults, out);
	for (size_t i = 0; i < faults.count && i < FAULTS_MAX; i++)
		tell_fault(c, &faults.fault[i]);
	faults_free(&faults);
	buf_free(&text);
	return e;
}

static void
tell_fault(const struct policy_cache *c, const struct fault *fault)
{
	char *where;

	if (asprintf(&where, "%s:%u", fault->file, fault->line) < 0)
		abort();
	findings_note(c->findings, where, "%s", fault->text);
	free(where);
}

static enum err
fetch(void *context, enum pack_kind kind, const struct digest *digest, struct buf *to)
{
	return evidence_reader_get(context, kind, digest, to);
}
