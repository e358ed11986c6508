#include "log/fork_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool check_seal(const struct seal_wanted *wanted, struct view note, const struct findings *f,
    struct checkpoint *out, const struct signercert **by);
static enum outcome tell_nothing(const struct findings *f, const char *step, enum err e);

enum outcome
fork_check_run(const struct seal_wanted *wanted, struct view bytes, const struct findings *f,
    struct fork_check *out)
{
	enum err e;

	memset(out, 0, sizeof(*out));
	if ((e = forkproof_parse(bytes, &out->proof)) != ERR_OK)
		return tell_nothing(f, "format", e);
	(void)findings_step(f, "format", OUTCOME_GOOD, "canonical: two signed checkpoints");
	if (!check_seal(wanted, out->proof.side[0].note, f, &out->first, &out->by[0]) ||
	    !check_seal(wanted, out->proof.side[1].note, f, &out->second, &out->by[1]))
		return OUTCOME_UNKNOWN;
	if ((e = forkproof_verify(&out->proof, &out->first, &out->second)) != ERR_OK)
		return tell_nothing(f, "fork", e);
	out->text = fork_describe(
	    &out->proof, "the first checkpoint", &out->first, "the second", &out->second);
	if (out->text == NULL)
		return tell_nothing(f, "fork", ERR_MEMORY);
	(void)findings_step(f, "fork", OUTCOME_GOOD, "it is one: %s", out->text);
	return OUTCOME_BAD;
}

void
fork_check_free(struct fork_check *c)
{
	free(c->text);
	c->text = NULL;
}

char *
fork_describe(const struct forkproof *p, const char *first_name, const struct checkpoint *first,
    const char *second_name, const struct checkpoint *second)
{
	const uint64_t begin = p->index << p->level;
	char *text = NULL;
	int size;

	if (p->is_prefix && first->size == second->size)
		size = asprintf(&text,
		    "%s and %s cannot both be true: each is of %" PRIu64
		    " entries, and their roots differ",
		    first_name, second_name, p->size);
	else if (p->is_prefix)
		size = asprintf(&text,
		    "%s and %s cannot both be true: the %" PRIu64
		    " entries of the one are not the first of the %" PRIu64 " of the other",
		    first_name, second_name, p->size, second->size);
	else if (p->level == 0)
		size = asprintf(&text,
		    "%s and %s cannot both be true: each has another entry %" PRIu64, first_name,
		    second_name, p->index);
	else
		size = asprintf(&text,
		    "%s and %s cannot both be true: each has other entries %" PRIu64 " to %" PRIu64,
		    first_name, second_name, begin, begin + ((uint64_t)1 << p->level) - 1);
	return size < 0 ? NULL : text;
}

/* A checkpoint that somebody else signed proves nothing about this log. */
static bool
check_seal(const struct seal_wanted *wanted, struct view note, const struct findings *f,
    struct checkpoint *out, const struct signercert **by)
{
	struct seal seal;

	if (seal_check(wanted, note, f, &seal) != OUTCOME_GOOD)
		return false;
	*out = seal.checkpoint;
	*by = seal.by;
	seal_free(&seal);
	return true;
}

static enum outcome
tell_nothing(const struct findings *f, const char *step, enum err e)
{
	return findings_step(
	    f, step, OUTCOME_UNKNOWN, "it proves nothing about the log: %s", err_text(e));
}
