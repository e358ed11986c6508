#include "register/relay/relay_work.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#include "journal/logger.h"
#include "log/receipt_check.h"
#include "proto/encoding.h"
#include "register/relay/signer_link.h"

static void finish(struct relay_work *w, enum relay_result result, const char *words);
static void write_question(const struct relay_work *w, struct buf *frame);
static enum relay_result judge(
    const struct relay_work *w, const struct message *m, struct response *out, const char **words);
static enum relay_result judge_refusal(const struct relay_work *w, const struct message_refusal *m,
    struct response *out, const char **words);
static enum relay_result judge_challenged(const struct relay_work *w,
    const struct message_challenged *m, struct response *out, const char **words);
static enum relay_result check(const struct relay_work *w, struct view receipt, uint64_t index,
    struct response *out, const char **words);
static bool is_answer(const struct relay_work *w, const struct receipt_check *c);
static json_t *describe(
    const struct relay_work *w, const struct receipt_check *c, struct view receipt);
static json_t *json_of(struct view v);
static json_t *json_of_digest(const struct digest *d);
static void say(struct response *out, unsigned status, json_t *object);

void
relay_work_run(void *work, struct response *out)
{
	struct relay_work *w = work;
	enum relay_result result = RELAY_UNANSWERED;
	char why[SIGNER_LINK_WHY_SIZE];
	struct buf frame = BUF_INIT;
	struct signer_answer answer;
	const char *words = why;

	write_question(w, &frame);
	if (buf_status(&frame) != ERR_OK) {
		words = "out of memory";
		response_refuse(out, 503, words);
	} else {
		if (signer_link_ask(
			&w->log->signer, buf_view(&frame), w->deadline_ms, &answer, why) == ERR_OK)
			result = judge(w, &answer.message, out, &words);
		else
			response_refuse(out, 503, why);
		signer_answer_free(&answer);
	}
	buf_free(&frame);
	finish(w, result, words);
}

void
relay_work_free(void *work)
{
	struct relay_work *w = work;

	challenge_body_free(&w->body);
	buf_free(&w->envelope);
	free(w);
}

static void
finish(struct relay_work *w, enum relay_result result, const char *words)
{
	static const char *const events[2][RELAY_RESULTS] = {
	    {"statement-noted", "statement-refused", "statement-unanswered"},
	    {"challenge-answered", "challenge-refused", "challenge-unanswered"}};

	atomic_fetch_add(
	    w->is_challenge ? &w->counts->challenges[result] : &w->counts->statements[result], 1);
	logger_say(result == RELAY_UNANSWERED ? LOGGER_WARNING : LOGGER_INFO,
	    events[w->is_challenge][result], "%s: %s", w->log->name, words);
}

static void
write_question(const struct relay_work *w, struct buf *frame)
{
	if (w->is_challenge)
		message_write_challenge(
		    frame, &(struct message_challenge){SIGNER_LINK_ID, w->body.collector,
			       w->body.workload, {w->body.nonce, w->body.nonce_size}});
	else
		message_write_statement(
		    frame, &(struct message_statement){SIGNER_LINK_ID, buf_view(&w->envelope)});
}

static enum relay_result
judge(const struct relay_work *w, const struct message *m, struct response *out, const char **words)
{
	if (m->type == MESSAGE_REFUSAL)
		return judge_refusal(w, &m->body.refusal, out, words);
	if (m->type == MESSAGE_CHALLENGED && w->is_challenge)
		return judge_challenged(w, &m->body.challenged, out, words);
	if (m->type == MESSAGE_NOTED && !w->is_challenge) {
		*words = "noted";
		say(out, 200,
		    json_pack("{s:s, s:b, s:I, s:o}", "log", w->log->name, "accepted", 1, "index",
			(json_int_t)m->body.noted.index, "sha256",
			json_of_digest(&m->body.noted.sha256)));
		return RELAY_ANSWERED;
	}
	*words = "the signer answers something else";
	response_refuse(out, 503, *words);
	return RELAY_UNANSWERED;
}

/* What is wrong with a statement is for who made it; all else may be otherwise a moment later. */
static enum relay_result
judge_refusal(const struct relay_work *w, const struct message_refusal *m, struct response *out,
    const char **words)
{
	*words = err_text(m->code);
	if (!w->is_challenge && m->code >= ERR_STATEMENT_FORMAT && m->code <= ERR_STATEMENT_SUBJECT)
		say(out, 422,
		    json_pack("{s:s, s:b, s:s, s:s}", "log", w->log->name, "accepted", 0, "code",
			err_name(m->code), "sentence", *words));
	else
		response_refuse(out, 503, *words);
	return RELAY_REFUSED;
}

static enum relay_result
judge_challenged(const struct relay_work *w, const struct message_challenged *m,
    struct response *out, const char **words)
{
	const struct tlogproof proof = {true, m->report, m->index, m->proof, m->checkpoint};
	enum relay_result result = RELAY_UNANSWERED;
	struct buf receipt = BUF_INIT;

	tlogproof_write(&proof, &receipt);
	if (buf_status(&receipt) == ERR_OK) {
		result = check(w, buf_view(&receipt), m->index, out, words);
	} else {
		*words = "out of memory";
		response_refuse(out, 503, *words);
	}
	buf_free(&receipt);
	return result;
}

/* By the log's key, as who asked can do it once more; the signer's word is not taken. */
static enum relay_result
check(const struct relay_work *w, struct view receipt, uint64_t index, struct response *out,
    const char **words)
{
	static const struct findings quiet = {0};
	struct seal_wanted wanted = {.origin = w->log->origin};
	enum relay_result result = RELAY_UNANSWERED;
	struct receipt_check c;

	*words = "the log's certificates cannot be read";
	if (signercerts_load(w->log->certificates.name, w->log->certificates.count, &quiet,
		&wanted.certificates) == OUTCOME_GOOD) {
		*words = "the signer's answer is no receipt of this log for what was asked";
		if (receipt_check_run(&wanted, receipt, NULL, &quiet, &c) == OUTCOME_GOOD &&
		    c.proof.index == index && is_answer(w, &c)) {
			*words = report_status_name(c.report.report.status);
			say(out, 200, describe(w, &c, receipt));
			result = RELAY_ANSWERED;
		}
		receipt_check_free(&c);
	}
	signercerts_free(&wanted.certificates);
	if (result != RELAY_ANSWERED)
		response_refuse(out, 503, *words);
	return result;
}

static bool
is_answer(const struct relay_work *w, const struct receipt_check *c)
{
	return c->read && c->kind == ENTRY_REPORT &&
	       report_answers_challenge(&c->report.report, w->body.collector, w->body.workload,
		   (struct view){w->body.nonce, w->body.nonce_size});
}

static json_t *
describe(const struct relay_work *w, const struct receipt_check *c, struct view receipt)
{
	const struct report *r = &c->report.report;
	struct buf nonce = BUF_INIT, link = BUF_INIT;
	struct digest digest;
	json_t *object;

	digest_of(c->entry.data, c->entry.size, &digest);
	base64url_append(&nonce, (struct view){w->body.nonce, w->body.nonce_size});
	buf_append_format(
	    &link, "/v1/receipts/%s/%" PRIu64, w->log->name, (uint64_t)c->proof.index);
	object =
	    buf_status(&nonce) != ERR_OK || buf_status(&link) != ERR_OK
		? NULL
		: json_pack("{s:s, s:o, s:o, s:s, s:o, s:o, s:I, s:I, s:I, s:o, s:o, s:o}", "log",
		      w->log->name, "collector", json_of(r->collector), "workload",
		      json_of(r->bundle.workload), "tier", report_status_name(r->status), "policy",
		      json_of(r->policy_id), "nonce", json_of(buf_view(&nonce)), "index",
		      (json_int_t)c->proof.index, "iat", (json_int_t)r->issued_s, "exp",
		      (json_int_t)r->expires_s, "report_sha256", json_of_digest(&digest), "proof",
		      json_of(buf_view(&link)), "receipt", json_of(receipt));
	buf_free(&nonce);
	buf_free(&link);
	return object;
}

static json_t *
json_of(struct view v)
{
	return json_stringn((const char *)v.data, v.size);
}

static json_t *
json_of_digest(const struct digest *d)
{
	char hex[DIGEST_HEX_SIZE + 1];

	digest_to_hex(d, hex);
	return json_stringn(hex, DIGEST_HEX_SIZE);
}

/* Takes the object, which may be NULL. */
static void
say(struct response *out, unsigned status, json_t *object)
{
	char *text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;

	if (text != NULL) {
		out->status = status;
		out->type = response_json;
		buf_append_string(&out->body, text);
		buf_append_byte(&out->body, '\n');
	} else {
		response_refuse(out, 503, "out of memory; ask again");
	}
	free(text);
	json_decref(object);
}
