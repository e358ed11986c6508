#include "signer/policies/revoked.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "policy/policy_rollout.h"
#include "proto/encoding.h"
#include "proto/text.h"
#include "proto/utc.h"
#include "signer/policies/paragraph.h"
#include "signer/policies/told.h"

static bool has_begun(const char *log);
static void bring_older(struct policy *policy, struct evidence_reader *evidence);
static void gather(struct revoked_list *r, const struct policy_rule *rule,
    const struct policy_rule *older, struct view workload);
static void print_one(const struct revoked_one *one, size_t column, FILE *to);

void
revoked_read(const char *log, const char *evidence, struct policy *policy, struct view workload,
    struct revoked_list *out)
{
	const struct policy *older;

	*out = (struct revoked_list){.in_force = {.log = {.dir = -1}}};
	if (!has_begun(log)) {
		out->known = true;
		return;
	}
	if (!in_force_read(log, evidence, &out->in_force))
		return;
	out->known = true;
	bring_older(policy, out->in_force.evidence);
	older = policy_older(policy);
	gather(out, policy_find_entry(policy, workload),
	    older != NULL ? policy_find_entry(older, workload) : NULL, workload);
}

void
revoked_free(struct revoked_list *r)
{
	free(r->one);
	in_force_free(&r->in_force);
}

void
revoked_print(const struct revoked_list *r, size_t column, FILE *to)
{
	if (r->count > 0)
		fputs("\nrevoked\n", to);
	for (size_t i = 0; i < r->count; i++)
		print_one(&r->one[i], column, to);
}

void
revoked_append(const struct revoked_list *r, struct buf *to)
{
	struct buf path = BUF_INIT;

	buf_append_string(to, ",\"revoked\":");
	if (!r->known) {
		buf_append_string(to, "null");
		return;
	}
	buf_append_byte(to, '[');
	for (size_t i = 0; i < r->count; i++) {
		buf_append_string(to, i > 0 ? ",{" : "{");
		revoked_write(r->one[i].revoke, to);
		buf_clear(&path);
		text_append_printable(&path, r->one[i].use.path, SIZE_MAX);
		told_text(to, "set", r->one[i].use.set);
		told_text(to, "path", buf_view(&path));
		buf_append_byte(to, '}');
	}
	buf_append_byte(to, ']');
	to->failed |= path.failed;
	buf_free(&path);
}

/* A signer that has not run yet has no log, or one without an entry. */
static bool
has_begun(const char *log)
{
	const int dir = open(log, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool begun;

	if (dir < 0)
		return errno != ENOENT;
	begun = faccessat(dir, "checkpoint", F_OK, 0) == 0 || errno != ENOENT;
	(void)close(dir);
	return begun;
}

/* One that was never in force here is not there: then the signer takes this policy as little. */
static void
bring_older(struct policy *policy, struct evidence_reader *evidence)
{
	struct faults faults = FAULTS_INIT;

	if (policy_fetch_older(policy, told_fetch, evidence, &faults) != ERR_OK)
		(void)told_failure("the policy that it is rolled out against",
		    "expected it in the signer's evidence, found none that loads");
	faults_free(&faults);
}

static void
gather(struct revoked_list *r, const struct policy_rule *rule, const struct policy_rule *older,
    struct view workload)
{
	const struct amendments *a = standing_amendments(r->in_force.standing);
	const uint64_t now_s = (uint64_t)time(NULL);

	if (rule == NULL || a == NULL)
		return;
	if ((r->one = calloc(a->revoke_count, sizeof(*r->one))) == NULL)
		abort();
	for (size_t i = 0; i < a->revoke_count; i++) {
		struct revoked_one *one = &r->one[r->count];

		one->revoke = &a->revoke[i];
		if (now_s < one->revoke->until_s &&
		    (revoked_touches(one->revoke, rule, workload, &one->use) ||
			(older != NULL &&
			    revoked_touches(one->revoke, older, workload, &one->use))))
			r->count++;
	}
}

/* Beside the name of what it is about. A set, and what is in one, is called by its name. */
static void
print_one(const struct revoked_one *one, size_t column, FILE *to)
{
	const struct statement *said = one->revoke->said;
	const struct revoked_use *use = &one->use;
	struct buf label = BUF_INIT, words = BUF_INIT;

	text_append_printable(&label, said->member[0].name, SIZE_MAX);
	buf_append_byte(&label, '\0');
	if (use->path.size > 0) {
		text_append_printable(&words, use->path, SIZE_MAX);
		buf_append_string(&words, use->set.size > 0 ? " of " : ", an exception");
	}
	buf_append_view(&words, use->set);
	for (size_t i = 0; one->revoke->what == REVOKED_SOURCE && i < said->member_count; i++) {
		buf_append_string(&words, i > 0 ? ", " : "");
		buf_append_view(&words, i > 0 ? said->member[i].name : (struct view){NULL, 0});
		buf_append_string(&words, i > 0 ? " " : "");
		buf_append_view(&words, said->member[i].value);
	}
	buf_append_string(&words, ", until ");
	utc_append(&words, one->revoke->until_s);
	buf_append_string(&words, ": ");
	buf_append_view(&words, said->reason);
	buf_append_string(&words, " (statement ");
	hex_append(&words, (struct view){one->revoke->statement->bytes, DIGEST_SIZE});
	buf_append_byte(&words, ')');
	if (buf_status(&label) == ERR_OK)
		paragraph_print(to, 2, (const char *)label.data, column, buf_view(&words));
	buf_free(&label);
	buf_free(&words);
}
