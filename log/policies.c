#include "log/policies.h"

#include <inttypes.h>
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

void
policies_show(const struct policies *p, const struct display *d)
{
	for (size_t i = 0; i < p->count; i++)
		display_field(d, i == 0 ? "policies" : "", "%" PRIu64 " report%s by %.*s%s",
		    p->seen[i].reports, display_plural(p->seen[i].reports),
		    display_size(buf_view(&p->seen[i].id)), (const char *)p->seen[i].id.data,
		    p->seen[i].expected ? "" : ", which is not expected");
	if (p->others > 0)
		display_field(
		    d, "", "%" PRIu64 " reports by more than %d others", p->others, POLICIES_MAX);
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
	    display_size(id), (const char *)id.data);
	*what = p->reason;
	return OUTCOME_BAD;
}
