#include "auditor/audited.h"

static enum outcome open_all(struct audited *a);

enum outcome
audited_open(struct audited *a, const struct audited_options *options, FILE *to)
{
	*a = (struct audited){.options = options,
	    .to = to,
	    .trusted = options->trusted,
	    .progress = PROGRESS_INIT,
	    .head = {.to = options->json ? NULL : to, .margin = ""},
	    .log = {.dir = -1},
	    .retirement = {.log = {.dir = -1}}};
	a->d = (struct display){.to = a->head.to,
	    .margin = "  ",
	    .progress = options->json ? NULL : &a->progress,
	    .found = &a->found};
	a->findings = display_findings(&a->d);
	a->wanted.origin = options->origin;
	json_open(&a->json, NULL, '{');
	json_string(&a->json, "log", options->log);
	json_open(&a->found, NULL, '[');
	return open_all(a);
}

enum outcome
audited_close(struct audited *a, enum outcome o, const char *words)
{
	static const char *const of_kept[] = {
	    [KEPT_GOOD] = "",
	    [KEPT_FORK] = "bad: the log has forked: not all that was signed can be true",
	    [KEPT_WRONG] = "bad: what was kept is not of this log",
	    [KEPT_SHORT] = "bad: this is not all that was signed",
	    [KEPT_OLD] = "bad: nothing in it is as new as was demanded",
	    [KEPT_UNKNOWN] = "could not tell: not all that was kept could be held against it",
	};
	const enum outcome both = outcome_worse(o, kept_outcome(a->kept.verdict));

	if (both != o)
		words = a->kept.verdict == KEPT_FORK && a->kept.only_retired
			    ? "bad: what was kept and this log cannot both be true; all of that is "
			      "signed by a key that others may have had: it is theirs, or the log "
			      "has forked"
			    : of_kept[a->kept.verdict];
	(void)display_step(&a->d, "verdict", both, "%s", words);
	json_close(&a->found, '[');
	json_embed(&a->json, "found", &a->found);
	json_string(&a->json, "verdict", words);
	json_outcome(&a->json, both);
	json_close(&a->json, '{');
	o = both;
	if (a->options->json && !json_print(&a->json, a->to))
		o = outcome_worse(o, OUTCOME_UNKNOWN);
	buf_free(&a->json.text);
	evidence_reader_close(&a->evidence);
	log_close(&a->log);
	signercerts_free(&a->wanted.certificates);
	trusted_free(&a->trusted);
	kept_free(&a->kept);
	retirement_close(&a->retirement);
	return o;
}

static enum outcome
open_all(struct audited *a)
{
	const struct audited_options *options = a->options;
	const struct checkpoint *c = &a->log.checkpoint;
	enum outcome o = trusted_read(&a->trusted, &a->findings);

	if (o == OUTCOME_GOOD)
		o = signercerts_load(options->certificates->value, options->certificates->count,
		    &a->findings, &a->wanted.certificates);
	if (o == OUTCOME_GOOD)
		o = retirement_open(&a->retirement, &options->retirement, &a->wanted, &a->findings);
	if (o != OUTCOME_GOOD)
		return o;
	display_line(&a->head, "%s", options->log);
	if ((o = log_open(&a->log, options->log, &a->wanted, &a->findings)) != OUTCOME_GOOD)
		return o;
	json_string(&a->json, "origin", c->origin);
	json_number(&a->json, "size", c->size);
	json_digest(&a->json, "root", &c->root);
	kept_check(&options->kept, &a->log, options->log, &a->wanted, &a->d, &a->json, &a->kept);
	if (options->evidence != NULL)
		o = evidence_reader_open(options->evidence, &a->findings, &a->evidence);
	return o;
}
