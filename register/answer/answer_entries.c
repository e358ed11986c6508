#include <string.h>

#include "proto/encoding.h"
#include "proto/report/absence.h"
#include "proto/report/report.h"
#include "proto/tlog/merkle.h"
#include "proto/tlog/tlogproof.h"
#include "register/answer/entry_at.h"
#include "register/answer/resources.h"

/* An entry of a log with its proof, under the checkpoint that the log was followed to. */
struct proved {
	uint64_t index;
	struct buf entry;
	struct digest leaf;
	struct tlogproof proof;
};

static bool prove(struct answering *x, struct proved *p);
static enum err read_proved(struct log_reader *log, struct proved *p);
static bool may_see_entry(struct answering *x, struct view entry);
static bool may_see_report(struct answering *x, struct view entry);
static bool may_see_absence(struct answering *x, struct view entry);
static const char *kind_name(enum entry_kind kind);

void
answer_report(struct answering *x)
{
	struct proved p = {.entry = BUF_INIT};
	json_t *hashes, *proof, *entry;

	if (prove(x, &p)) {
		hashes = json_array();
		for (size_t i = 0; i < p.proof.proof.count; i++) {
			struct buf text = BUF_INIT;

			base64_append(
			    &text, (struct view){p.proof.proof.hash[i].bytes, DIGEST_SIZE});
			(void)json_array_append_new(hashes, answering_text(buf_view(&text)));
			buf_free(&text);
		}
		proof = json_object();
		answering_set(proof, "hashes", hashes);
		answering_set(proof, "checkpoint", answering_text(p.proof.note));
		entry = json_object();
		answering_set(entry, "log", answering_words(x->log.log->name));
		answering_set(entry, "index", json_integer((json_int_t)p.index));
		answering_set(
		    entry, "kind", answering_words(kind_name(entry_kind(buf_view(&p.entry)))));
		answering_set(
		    entry, "leaf", answering_hex((struct view){p.leaf.bytes, DIGEST_SIZE}));
		answering_set(entry, "entry", answering_text(buf_view(&p.entry)));
		answering_set(entry, "proof", proof);
		answering_set(entry, "replayed", json_boolean(p.index < x->log.replayed_to));
		answering_set(x->body, "entry", entry);
	}
	buf_free(&p.entry);
}

void
answer_receipt(struct answering *x)
{
	struct proved p = {.entry = BUF_INIT};

	if (prove(x, &p)) {
		p.proof.has_extra = true;
		p.proof.extra = buf_view(&p.entry);
		tlogproof_write(&p.proof, &x->out->body);
		if (buf_status(&x->out->body) != ERR_OK) {
			answering_refuse(x, 503, "no-memory", "there is no memory for the answer");
		} else {
			x->out->status = 200;
			x->out->type = "text/plain; charset=utf-8";
			x->done = true;
		}
	}
	buf_free(&p.entry);
}

/* The entry that log and index of the path name, if he who asks may see it. */
static bool
prove(struct answering *x, struct proved *p)
{
	struct log_reader log;
	enum err e;

	if (!answering_open_named(x))
		return false;
	if (decimal_decode(x->segment[1], &p->index) != ERR_OK) {
		answering_refuse(x, 400, "bad-path", "an entry's index is a decimal number");
		return false;
	}
	if (p->index >= x->log.checked_to) {
		answering_not_found(x);
		return false;
	}
	if ((e = entry_open_log(x->log.log->directory, buf_view(&x->log.checkpoint), &log)) ==
	    ERR_OK)
		e = read_proved(&log, p);
	log_close(&log);
	if (e == ERR_PROOF)
		answering_refuse(x, 503, "bad-tree",
		    "the log's files do not lead to the checkpoint that was followed");
	else if (e != ERR_OK)
		answering_refuse(x, 503, "log-unreadable",
		    "the log's files could not be read now; it may be growing: ask again");
	else if (!may_see_entry(x, buf_view(&p->entry)))
		answering_not_found(x);
	p->proof.note = buf_view(&x->log.checkpoint);
	return !x->done;
}

static enum err
read_proved(struct log_reader *log, struct proved *p)
{
	enum err e;

	p->proof.index = p->index;
	if ((e = log_prove_entry(log, p->index, &p->entry)) != ERR_OK)
		return e;
	merkle_leaf(buf_view(&p->entry), &p->leaf);
	return merkle_prove_inclusion(
	    log->checkpoint.size, p->index, log_read_node, log, &p->proof.proof);
}

/* Notices are of the log; what is of a workload is for who may see that one. */
static bool
may_see_entry(struct answering *x, struct view entry)
{
	if (x->scope->may_see == NULL)
		return true;
	switch (entry_kind(entry)) {
	case ENTRY_REPORT:
		return may_see_report(x, entry);
	case ENTRY_ABSENCE:
		return may_see_absence(x, entry);
	case ENTRY_NOTICE:
		return true;
	case ENTRY_UNKNOWN:
	case ENTRY_NONE:
		break;
	}
	return false;
}

static bool
may_see_report(struct answering *x, struct view entry)
{
	struct report_document d = REPORT_DOCUMENT_INIT;
	bool sees =
	    report_parse(entry, &d) == ERR_OK && answering_sees(x, d.report.bundle.workload);

	report_document_free(&d);
	return sees;
}

/* One of several names that he may not see, and he is not shown the others either. */
static bool
may_see_absence(struct answering *x, struct view entry)
{
	struct absence_document d = ABSENCE_DOCUMENT_INIT;
	bool sees = absence_parse(entry, &d) == ERR_OK;

	for (size_t i = 0; sees && i < d.absence.count; i++)
		sees = answering_sees(x, d.absence.absent[i].workload);
	absence_document_free(&d);
	return sees;
}

static const char *
kind_name(enum entry_kind kind)
{
	switch (kind) {
	case ENTRY_REPORT:
		return "report";
	case ENTRY_ABSENCE:
		return "absence";
	case ENTRY_NOTICE:
		return "notice";
	case ENTRY_UNKNOWN:
	case ENTRY_NONE:
		break;
	}
	return "unknown";
}
