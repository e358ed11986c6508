#include "auditor/fork.h"

static void tell_untold(const struct display *d, const struct anchor *a, const struct anchor *b);

enum outcome
fork_tell(const struct history *h, const struct display *d, struct json *j, FILE *proof)
{
	const struct history_fork *fork = history_fork(h);

	if (fork == NULL) {
		json_null(j, "fork");
		return OUTCOME_GOOD;
	}
	display_line(d, "FORK      %s", fork->text);
	if (proof != NULL)
		(void)fwrite(fork->proof.data, 1, fork->proof.size, proof);
	else
		display_line(d, "          --fork-proof FILE keeps the evidence");
	json_open(j, "fork", '{');
	json_string(j, "text", fork->text);
	json_string(j, "older", fork->older->name);
	json_string(j, "newer", fork->newer->name);
	json_close(j, '{');
	return OUTCOME_BAD;
}

void
fork_tell_history(const struct history *h, size_t file_count, bool is_proved,
    const struct display *d, struct json *j)
{
	const struct anchor *older, *newer;
	const bool forked = is_proved || history_fork(h) != NULL;
	const bool told = history_is_told(h, &older, &newer);
	const size_t logs = history_log_count(h);

	if (!forked && !told && older != NULL)
		tell_untold(d, older, newer);
	else if (!forked && told && history_count(h) > logs)
		display_line(d, "PROVED    %s",
		    logs == 1 ? "the log only grew between them"
			      : "each log only grew between its own");
	json_string(j, "one_history",
	    forked                                   ? "no"
	    : told && history_count(h) == file_count ? "yes"
						     : "unknown");
}

static void
tell_untold(const struct display *d, const struct anchor *a, const struct anchor *b)
{
	display_line(d,
	    "NOT TOLD  whether one history has both %s and %s: nothing in hand denies it", a->name,
	    b->name);
	display_line(d, "          a copy of the log does: fsck --log DIR --receipt FILE...");
}
