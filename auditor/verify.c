#include "auditor/verify.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "auditor/answer.h"
#include "auditor/certified.h"
#include "auditor/fork.h"
#include "auditor/tell/display.h"
#include "auditor/tell/explain.h"
#include "log/fork_check.h"
#include "log/inputfile.h"
#include "log/receipt_check.h"
#include "proto/err.h"
#include "proto/tlog/forkproof.h"
#include "proto/tlog/tile.h"

/* One call of the command. */
struct verifying {
	const struct verify_options *options;
	struct seal_wanted wanted;
	struct vouching_trust *trust; /* the log's CAs; NULL until they are read */
	struct history *history;
	struct retirement retirement;
	uint64_t at_s; /* the time that is demanded, or now */
	FILE *to;      /* NULL: JSON is wanted */
	struct json json;
	bool unmet;   /* something demanded is not so */
	bool is_fork; /* a file proves one */
};

/* One file, and what came out. */
struct verified {
	const char *path;
	struct buf bytes, report;
	struct receipt_check receipt;
	struct retired_found retired;
	bool is_certified;           /* by a CA, where CAs are named */
	struct vouching_found by_ca; /* then */
	bool is_fork;
	struct fork_check fork;
	struct demand demand[DEMANDS_MAX];
	size_t demand_count;
};

static enum outcome verify_all(struct verifying *v, const struct display *d);
static enum outcome verify_file(struct verifying *v, const char *path);
static enum outcome check_file(
    struct verifying *v, struct verified *file, const struct display *steps);
static enum outcome check_receipt(
    struct verifying *v, struct verified *file, const struct display *steps);
static enum outcome check_key(
    struct verifying *v, struct verified *file, const struct display *steps);
static enum outcome certify(
    struct verifying *v, struct verified *file, enum outcome o, const struct findings *f);
static enum outcome take_revoked(
    struct verifying *v, const struct verified *file, const struct findings *f);
static enum outcome judge(struct verifying *v, struct verified *file, enum outcome o);
static void answer(struct verifying *v, const struct verified *file, enum outcome proved);
static enum outcome explain(struct verifying *v, const struct verified *file);
static void tell_exit(const struct verifying *v, enum outcome o, const struct display *d);

enum outcome
verify_run(const struct verify_options *options, FILE *to)
{
	struct verifying v = {.options = options,
	    .wanted = {.origin = options->origin},
	    .history = history_new(),
	    .retirement = {.log = {.dir = -1}},
	    .at_s = options->demands.has_at ? options->demands.at_s : display_now(),
	    .to = options->json ? NULL : to};
	const struct display d = {
	    .to = v.to, .margin = options->explain ? "# " : "", .found = &v.json};
	const struct findings f = display_findings(&d);
	enum outcome o;

	json_open(&v.json, NULL, '{');
	json_open(&v.json, "problems", '[');
	o = signercerts_load(
	    options->certificates->value, options->certificates->count, &f, &v.wanted.certificates);
	if (o == OUTCOME_GOOD)
		o = retirement_open(&v.retirement, &options->retirement, &v.wanted, &f);
	if (o == OUTCOME_GOOD)
		o = vouching_trust_load(VOUCHING_LOG, options->ca->value, options->ca->count,
		    options->ca_crl->value, options->ca_crl->count, &f, &v.trust);
	if (v.history == NULL)
		o = display_step(&d, "verify", OUTCOME_UNKNOWN, "%s", err_text(ERR_MEMORY));
	json_close(&v.json, '[');
	if (o == OUTCOME_GOOD)
		o = verify_all(&v, &d);
	json_outcome(&v.json, o);
	json_close(&v.json, '{');
	if (options->json && !json_print(&v.json, to))
		o = OUTCOME_UNKNOWN;
	buf_free(&v.json.text);
	history_free(&v.history);
	retirement_close(&v.retirement);
	vouching_trust_free(&v.trust);
	signercerts_free(&v.wanted.certificates);
	return o;
}

static enum outcome
verify_all(struct verifying *v, const struct display *d)
{
	const struct verify_options *options = v->options;
	const struct display apart = {.to = d->to, .margin = options->explain ? "# " : "  "};
	enum outcome o = OUTCOME_GOOD;

	json_open(&v->json, "files", '[');
	for (size_t i = 0; i < options->file_count; i++) {
		if (i > 0)
			display_gap(d);
		o = outcome_worse(o, verify_file(v, options->files[i]));
	}
	json_close(&v->json, '[');
	if (history_count(v->history) > history_log_count(v->history)) {
		display_gap(d);
		display_line(d, "together");
	}
	o = outcome_worse(o, fork_tell(v->history, &apart, &v->json, options->fork_proof));
	fork_tell_history(v->history, options->file_count, v->is_fork, &apart, &v->json);
	if (!options->explain)
		tell_exit(v, o, d);
	return o;
}

/* What is proved comes first: the steps are kept until that is known. */
static enum outcome
verify_file(struct verifying *v, const char *path)
{
	const struct verify_options *options = v->options;
	const struct display head = {.to = v->to, .margin = options->explain ? "# " : ""};
	struct display steps = {.margin = options->explain ? "#   " : "  ",
	    .found = &v->json,
	    .brief = !options->full && !options->explain};
	struct verified file = {.path = path, .bytes = BUF_INIT, .report = BUF_INIT};
	enum outcome proved, o;
	char *text = NULL;
	size_t size = 0;

	if (v->to != NULL && (steps.to = open_memstream(&text, &size)) == NULL)
		abort();
	json_open(&v->json, NULL, '{');
	json_string(&v->json, "file", path);
	json_open(&v->json, "steps", '[');
	proved = check_file(v, &file, &steps);
	json_close(&v->json, '[');
	if (!steps.brief)
		answer_show_entry(&steps, &file.receipt);
	if (steps.to != NULL)
		(void)fclose(steps.to);
	o = judge(v, &file, proved);
	display_line(&head, "%s", path);
	answer(v, &file, proved);
	if (v->to != NULL)
		(void)fwrite(text, 1, size, v->to);
	free(text);
	if (options->explain && file.receipt.parsed)
		o = outcome_worse(o, explain(v, &file));
	json_outcome(&v->json, o);
	json_close(&v->json, '{');
	receipt_check_free(&file.receipt);
	fork_check_free(&file.fork);
	buf_free(&file.bytes);
	buf_free(&file.report);
	return o;
}

static enum outcome
check_file(struct verifying *v, struct verified *file, const struct display *steps)
{
	const struct findings f = display_findings(steps);
	enum err e = inputfile_read(AT_FDCWD, file->path, TLOGPROOF_SIZE_MAX, &file->bytes);
	enum outcome o;

	/* A file that is too large is read, and is no receipt. */
	if (e != ERR_OK)
		return display_step(steps, "read", outcome_of_error(e), "%s", inputfile_reason(e));
	(void)display_step(steps, "read", OUTCOME_GOOD, "%zu bytes", file->bytes.size);
	file->is_fork = forkproof_begins(buf_view(&file->bytes));
	if (!file->is_fork)
		return check_receipt(v, file, steps);
	if (vouching_trust_has_cas(v->trust))
		return display_step(steps, "ca", OUTCOME_UNKNOWN,
		    "a proof of a fork has no time as of which a CA could stand behind the key: "
		    "give the log's certificate without --ca");
	if ((o = fork_check_run(&v->wanted, buf_view(&file->bytes), &f, &file->fork)) ==
	    OUTCOME_BAD)
		o = retired_check_fork(&v->retirement.wanted, &file->fork, &f);
	v->is_fork = v->is_fork || o == OUTCOME_BAD;
	return o;
}

static enum outcome
check_receipt(struct verifying *v, struct verified *file, const struct display *steps)
{
	const struct findings f = display_findings(steps);
	const char *path = v->options->report;
	struct view beside;
	struct anchor *a;
	enum outcome o;
	enum err e;

	if (path != NULL &&
	    (e = inputfile_read(AT_FDCWD, path, ENTRY_SIZE_MAX, &file->report)) != ERR_OK)
		return display_step(
		    steps, "report", outcome_of_error(e), "%s: %s", path, inputfile_reason(e));
	beside = buf_view(&file->report);
	o = receipt_check_run(
	    &v->wanted, buf_view(&file->bytes), path != NULL ? &beside : NULL, &f, &file->receipt);
	if (vouching_trust_has_cas(v->trust) && file->receipt.included)
		o = certify(v, file, o, &f);
	if (!file->receipt.included)
		return o;
	o = outcome_worse(o, check_key(v, file, steps));
	if (v->options->has_cosigned_by)
		o = outcome_worse(o, retired_check_seen(&v->retirement.wanted, &file->receipt,
					 v->options->cosigned_by_s, &f));
	/* Whoever has the key makes histories of his own: of this log nothing follows from them. */
	if (file->receipt.doubted)
		return o;
	a = anchor_of_receipt(file->path, &file->receipt);
	e = a != NULL ? history_add(v->history, a) : ERR_MEMORY;
	if (e != ERR_OK)
		o = outcome_worse(
		    o, display_step(steps, "together", OUTCOME_UNKNOWN, "%s", err_text(e)));
	return o;
}

/* What is proved by a key that others may have had is what a witness saw before that. */
static enum outcome
check_key(struct verifying *v, struct verified *file, const struct display *steps)
{
	const struct findings f = display_findings(steps);
	enum outcome o =
	    retired_check_receipt(&v->retirement.wanted, &file->receipt, &f, &file->retired);

	file->receipt.doubted = o != OUTCOME_GOOD;
	return o;
}

/* Without a CA behind the key nothing is proved, nor said: anybody may have signed it. */
static enum outcome
certify(struct verifying *v, struct verified *file, enum outcome o, const struct findings *f)
{
	struct receipt_check *c = &file->receipt;

	if (o == OUTCOME_GOOD)
		o = certified_check(v->trust, &v->wanted.certificates, c, f, &file->by_ca);
	else if (o == OUTCOME_UNKNOWN)
		o = findings_step(f, "ca", OUTCOME_UNKNOWN,
		    "when the entry was made cannot be read, and so not who stood behind the key");
	if (o == OUTCOME_GOOD)
		o = take_revoked(v, file, f);
	file->is_certified = o == OUTCOME_GOOD;
	c->included = c->included && file->is_certified;
	c->read = c->read && file->is_certified;
	return o;
}

/* As if operators had retired it: by whose word it is makes no difference. */
static enum outcome
take_revoked(struct verifying *v, const struct verified *file, const struct findings *f)
{
	const struct vouching_taken *taken = &file->by_ca.taken;
	const struct retired_key said = {*signercert_key_digest(file->receipt.by), taken->since_s};

	if (taken->is && retired_keys_add(&v->retirement.wanted.keys, &said) != ERR_OK)
		return findings_step(f, "ca", OUTCOME_UNKNOWN, "%s", err_text(ERR_MEMORY));
	return OUTCOME_GOOD;
}

/* Whatever a proof of a fork says, it is no report. */
static enum outcome
judge(struct verifying *v, struct verified *file, enum outcome o)
{
	if (o != OUTCOME_GOOD || !file->receipt.read)
		return o;
	file->demand_count =
	    demands_judge(&v->options->demands, &file->receipt, v->at_s, file->demand);
	for (size_t i = 0; i < file->demand_count; i++)
		if (!file->demand[i].met) {
			o = OUTCOME_BAD;
			v->unmet = true;
		}
	return o;
}

static void
answer(struct verifying *v, const struct verified *file, enum outcome proved)
{
	const struct display d = {.to = v->to, .margin = v->options->explain ? "#   " : "  "};

	const struct vouching_found *by = file->is_certified ? &file->by_ca : NULL;

	json_string(&v->json, "form", file->is_fork ? "fork-proof" : "receipt");
	if (!file->is_fork) {
		answer_show(
		    &d, proved, &file->receipt, by, file->demand, file->demand_count, v->at_s);
		retirement_show(&d, &file->retired);
		answer_write(&v->json, &file->receipt, by, file->demand, file->demand_count);
		retirement_write(&v->json, &file->retired);
	} else if (proved == OUTCOME_BAD) {
		display_line(&d, "PROVED    %s has forked", file->fork.first.origin);
		display_line(&d, "SAYS      %s", file->fork.text);
	} else {
		display_line(&d, "UNPROVED  nothing: this proves no fork");
	}
}

static enum outcome
explain(struct verifying *v, const struct verified *file)
{
	const struct display d = {.to = v->to, .margin = "#   "};
	const struct signercert *by = file->receipt.by;
	const char *certificate =
	    by != NULL ? signercert_path(by) : v->options->certificates->value[0];
	enum err e =
	    explain_write(v->to, file->path, v->options->report, certificate, &file->receipt);

	if (e == ERR_OK)
		return OUTCOME_GOOD;
	return display_step(&d, "explain", OUTCOME_UNKNOWN, "%s",
	    e == ERR_UNSUPPORTED
		? "a path of receipt or certificate cannot be shown, and so not be pasted: "
		  "expected printable characters only; copy the files to plain names"
		: err_text(e));
}

static void
tell_exit(const struct verifying *v, enum outcome o, const struct display *d)
{
	const bool one = v->options->file_count == 1, demanded = demands_any(&v->options->demands);

	if (o == OUTCOME_GOOD && demanded)
		display_line(d, "exit 0: proved, and as demanded");
	else if (o == OUTCOME_GOOD)
		display_line(d, "exit 0: proved; what %s was not judged (--status, --max-age, ..)",
		    one ? "it says" : "they say");
	else if (o == OUTCOME_BAD)
		display_line(d, "exit 1: %s%s", one ? "" : "not all of this is good: ",
		    v->is_fork || history_fork(v->history) != NULL ? "a fork"
		    : v->unmet                                     ? "not as demanded"
								   : "proved bad");
	else
		display_line(d, "exit 2: could not tell%s", one ? "" : " of all of this");
}
