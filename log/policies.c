#include "log/policies.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REASON_SIZE 512 /* bytes; a name that is longer is cut */

struct policy_seen {
	struct buf id;
	uint64_t reports;
	bool expected;
};

struct policies {
	struct policies_expected expected;
	struct policy_seen seen[POLICIES_MAX];
	size_t count;
	size_t newest;   /* of the last report: most often the next one's too */
	uint64_t others; /* reports under policies beyond the bound */
	char reason[REASON_SIZE];
};

static struct policy_seen *find(struct policies *p, struct view id);
static bool is_expected(const struct policies *p, struct view id);
static enum outcome refuse(struct policies *p, struct view id, const char **what);

struct policies *
policies_new(const struct policies_expected *expected)
{
	struct policies *p = calloc(1, sizeof(*p));

	if (p != NULL)
		p->expected = *expected;
	return p;
}

void
policies_free(struct policies **p)
{
	if (*p == NULL)
		return;
	for (size_t i = 0; i < (*p)->count; i++)
		buf_free(&(*p)->seen[i].id);
	free(*p);
	*p = NULL;
}

enum outcome
policies_check(struct policies *p, struct view id, const char **what)
{
	struct policy_seen *seen = find(p, id);

	*what = p->reason;
	if (seen != NULL) {
		seen->reports++;
		return OUTCOME_GOOD;
	}
	if (p->count == POLICIES_MAX) {
		p->others++;
		return is_expected(p, id) ? OUTCOME_GOOD : refuse(p, id, what);
	}
	seen = &p->seen[p->count];
	seen->id = BUF_INIT;
	buf_append_view(&seen->id, id);
	if (buf_status(&seen->id) != ERR_OK)
		abort();
	seen->reports = 1;
	seen->expected = is_expected(p, id);
	p->newest = p->count++;
	return seen->expected ? OUTCOME_GOOD : refuse(p, id, what);
}

size_t
policies_count(const struct policies *p)
{
	return p->count;
}

struct policies_seen
policies_get(const struct policies *p, size_t i)
{
	const struct policy_seen *seen = &p->seen[i];

	return (struct policies_seen){buf_view(&seen->id), seen->reports, seen->expected};
}

uint64_t
policies_others(const struct policies *p)
{
	return p->others;
}

static struct policy_seen *
find(struct policies *p, struct view id)
{
	if (p->count > 0 && view_equal(buf_view(&p->seen[p->newest].id), id))
		return &p->seen[p->newest];
	for (size_t i = 0; i < p->count; i++) {
		if (view_equal(buf_view(&p->seen[i].id), id)) {
			p->newest = i;
			return &p->seen[i];
		}
	}
	return NULL;
}

/* The name is the signer's choice; the digest is the policy. */
static bool
is_expected(const struct policies *p, struct view id)
{
	static const char mark[] = "@sha256:";
	const size_t tail = sizeof(mark) - 1 + DIGEST_HEX_SIZE;
	struct digest digest;
	struct view hex;

	if (p->expected.count == 0)
		return true;
	if (id.size < tail || memcmp(id.data + id.size - tail, mark, sizeof(mark) - 1) != 0)
		return false;
	hex = (struct view){id.data + id.size - DIGEST_HEX_SIZE, DIGEST_HEX_SIZE};
	if (digest_from_hex(hex, &digest) != ERR_OK)
		return false;
	for (size_t i = 0; i < p->expected.count; i++)
		if (digest_equal(&p->expected.digest[i], &digest))
			return true;
	return false;
}

static enum outcome
refuse(struct policies *p, struct view id, const char **what)
{
	(void)snprintf(p->reason, sizeof(p->reason),
	    "judged by a policy that is none of those expected (--policy): %.*s; the first of its "
	    "reports",
	    view_precision(id), (const char *)id.data);
	*what = p->reason;
	return OUTCOME_BAD;
}
