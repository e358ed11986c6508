#include "collector/gate/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "collector/gate/gate_receipt.h"
#include "collector/gate/gate_summary.h"
#include "collector/ground/backoff.h"
#include "collector/ground/interrupt.h"
#include "collector/report/channel_context.h"
#include "collector/report/client.h"
#include "collector/report/unmeasured.h"
#include "collector/store/savefile.h"
#include "collector/store/state.h"
#include "proto/evidence/bundle_chain.h"

#define IMAGE_MARK "image=sha256:" /* an option that the component of its files has */

#define RECEIPTS "start" /* the directory of them, below that of the other ones */

struct gate {
	const struct collector_config *config;
	const struct collector_workload *workload;
	const struct gate_wish *wish;
	struct measurer *measurer;
	struct state *state; /* components, until they are asked for */
	struct channel_context *tls;
	struct receipt_keys *keys; /* by signer */
	struct client *client;
	bool is_alone; /* no collector that runs lends its connection */
	int receipts;  /* -1: there are none to go on from, and none is kept */
	struct gate_receipt last;
	char chain[BUNDLE_CHAIN_MAX + 1];
	struct measurement measured;
	struct unmeasured lacks;
	struct trouble lack;       /* why what is judged is lacking */
	uint8_t nonce[NONCE_SIZE]; /* from before it was measured */
	struct bundle_artifact artifact;
	bool has_image;
	struct digest image; /* that the files are of */
	struct trouble *trouble;
};

static enum err begin(struct gate *g);
static enum err open_receipts(struct gate *g);
static void end(struct gate *g);
static enum err connect_any(struct gate *g);
static enum err connect_one(struct gate *g, size_t signer, const struct client_events *events);
static void pass_measure(void *context, struct view workload, struct view challenge);
static enum err measure(struct gate *g);
static enum err store_lack(struct gate *g);
static enum err find_artifact(struct gate *g, const struct trouble *why);
static void take_program(struct gate *g, struct view bytes);
static void take_image(struct gate *g);
static void find_image(struct gate *g, struct view bytes);
static enum gate_answer ask_signer(struct gate *g, struct gate_given *given, enum err *e);
static enum gate_answer ask_summary(struct gate *g, enum err *e);
static enum err submit(struct gate *g, struct gate_given *given, struct board_verdict *said);
static enum err keep(struct gate *g, const struct message_receipt *m, struct gate_given *given);
static enum err make_bundle(const struct gate *g, uint64_t seq, const struct digest *prev,
    struct buf *to, struct chain_head *out);
static bool goes_on(struct gate *g, const struct message_refusal *m, uint64_t *seq,
    struct digest *prev, unsigned tries);
static enum gate_answer answer(struct gate *g, const struct board_verdict *said);
static measure_sink store_component;
static measure_sink store_segment;
static measure_missing take_missing;

enum gate_answer
gate_ask(const struct collector_config *config, struct measurer *measurer,
    const struct gate_wish *wish, struct gate_given *given, struct trouble *t)
{
	struct gate g = {.config = config,
	    .workload = &config->workloads[wish->workload],
	    .wish = wish,
	    .measurer = measurer,
	    .receipts = -1,
	    .last = GATE_RECEIPT_INIT,
	    .trouble = t};
	enum gate_answer found = GATE_UNKNOWN;
	enum err e = begin(&g);

	if (e == ERR_OK && wish->demanded != NULL)
		found = ask_summary(&g, &e);
	else if (e == ERR_OK)
		found = ask_signer(&g, given, &e);
	if (e != ERR_OK && t->text[0] == '\0')
		(void)trouble_set(t, e, "%s", err_text(e));
	end(&g);
	return found;
}

static enum gate_answer
ask_signer(struct gate *g, struct gate_given *given, enum err *e)
{
	struct board_verdict said;

	if (g->wish->max_age_s > 0) {
		if ((*e = measure(g)) != ERR_OK)
			return GATE_UNKNOWN;
		if (gate_receipt_serves(&g->last, g->measured.component, (uint64_t)time(NULL),
			g->wish->max_age_s)) {
			buf_append_view(&given->receipt, buf_view(&g->last.text));
			said = (struct board_verdict){
			    .status = REPORT_AFFIRMING, .index = g->last.proof.index};
			return answer(g, &said);
		}
	}
	if ((*e = connect_any(g)) != ERR_OK || (*e = measure(g)) != ERR_OK ||
	    (*e = submit(g, given, &said)) != ERR_OK)
		return GATE_UNKNOWN;
	return answer(g, &said);
}

/* What is here is what it is about, or it is not; nobody is asked. */
static enum gate_answer
ask_summary(struct gate *g, enum err *e)
{
	const struct gate_demand demand = {.file = g->wish->demanded,
	    .verifier = g->wish->verifier,
	    .max_age_s = g->wish->max_age_s,
	    .now_s = (uint64_t)time(NULL)};

	if ((*e = measure(g)) == ERR_OK)
		*e = gate_summary_demand(&demand, g->config, g->keys,
		    view_of_string(g->workload->name), &g->artifact, g->trouble);
	return *e == ERR_OK ? GATE_ALLOWED : *e == ERR_MISMATCH ? GATE_DENIED : GATE_UNKNOWN;
}

static enum err
begin(struct gate *g)
{
	struct view chain;
	enum err e;

	(void)snprintf(g->chain, sizeof(g->chain), "%s" BUNDLE_START_SUFFIX, g->workload->name);
	chain = view_of_string(g->chain);
	if ((e = open_receipts(g)) == ERR_OK &&
	    (e = state_open(g->config->state_directory, &g->state, g->trouble)) == ERR_OK)
		e = gate_keys_load(g->config, &g->keys, g->trouble);
	if (e == ERR_OK && g->receipts >= 0)
		gate_receipt_read(g->receipts, chain, g->config, g->keys, &g->last);
	return e;
}

/* Who goes through the running collector has none of his own, and the signer knows the chain. */
static enum err
open_receipts(struct gate *g)
{
	int dir;
	enum err e;

	if (g->config->is_visited)
		return ERR_OK;
	dir = open(g->config->receipt_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return trouble_set(
		    g->trouble, ERR_IO, "%s: %s", g->config->receipt_directory, strerror(errno));
	e = savefile_directory(dir, RECEIPTS, &g->receipts, g->trouble);
	(void)close(dir);
	return e;
}

static void
end(struct gate *g)
{
	client_close(&g->client);
	channel_context_free(&g->tls);
	gate_keys_free(g->config, &g->keys);
	state_close(&g->state);
	gate_receipt_free(&g->last);
	if (g->receipts >= 0)
		(void)close(g->receipts);
}

/* The first of those that are believed. */
static enum err
connect_any(struct gate *g)
{
	const struct client_events events = {pass_measure, NULL};
	enum err e = ERR_CONFIG;

	(void)trouble_set(g->trouble, e,
	    "no signer of the configuration has a \"log_certificate\", by which a receipt can be "
	    "verified");
	for (size_t i = 0; i < g->config->signer_count && g->client == NULL; i++)
		if (g->keys[i].now.key != NULL)
			e = connect_one(g, i, &events);
	if (e == ERR_OK)
		g->trouble->text[0] = '\0';
	return e;
}

/* Through the running collector where there is one, else by the key of the configuration. */
static enum err
connect_one(struct gate *g, size_t signer, const struct client_events *events)
{
	enum err e = ERR_NOT_FOUND;

	for (unsigned tries = 0; g->config->gate_socket != NULL && !g->is_alone; tries++) {
		e = client_open_lent(g->config, signer, events, &g->client, g->trouble);
		g->is_alone = e == ERR_NOT_FOUND;
		if (e != ERR_BUSY || tries == GATE_BUSY_TRIES || interrupt_stop())
			break;
		(void)interrupt_poll(
		    NULL, 0, backoff_ms(tries, GATE_BUSY_MS, GATE_BUSY_MS), INTERRUPT_STOP);
	}
	if (g->config->gate_socket != NULL && !g->is_alone)
		return e;
	if (g->config->is_visited)
		return trouble_set(g->trouble, ERR_CONFIG,
		    "nobody answers at gate.socket %s, and this user may not read tls.key: start "
		    "the collector (hallmark-collector run), let this user into the socket's "
		    "directory, or run the gate as one who may read the key",
		    g->config->gate_socket);
	if (g->tls == NULL && (e = channel_context_new(g->config, &g->tls, g->trouble)) != ERR_OK)
		return e;
	return client_open(g->tls, signer, events, &g->client, g->trouble);
}

/* Who asks for a measurement of what runs asks another one. */
static void
pass_measure(void *context, struct view workload, struct view challenge)
{
	(void)context;
	(void)workload;
	(void)challenge;
}

/* What could not be measured is reported as that. */
static enum err
measure(struct gate *g)
{
	const struct measure_output output = {store_component, store_segment, take_missing, g};
	const struct unmeasured before = {.reason = NULL};
	struct trouble why = TROUBLE_INIT;
	enum err e, found;

	memset(&g->lacks, 0, sizeof(g->lacks));
	memset(&g->measured, 0, sizeof(g->measured));
	if (g->client != NULL)
		memcpy(g->nonce, client_nonce(g->client), NONCE_SIZE);
	g->artifact.form = BUNDLE_ARTIFACT_NONE;
	g->has_image = false;
	g->lack = TROUBLE_INIT;
	if ((e = measurer_begin(g->measurer, g->config, g->wish->workload, &output)) != ERR_OK ||
	    (e = measurer_wait(g->measurer, g->wish->workload)) != ERR_OK)
		return e;
	found = measurer_take(g->measurer, g->wish->workload, &g->measured, &why);
	if (found == ERR_CLOSED || measurer_is_gone(g->measurer))
		return trouble_set(g->trouble, ERR_CLOSED, "what would start was not measured");
	unmeasured_find(&g->lacks, g->workload, found, &g->measured, &before, g->measured.time_ms);
	if (unmeasured_is_any(&g->lacks) && (e = store_lack(g)) != ERR_OK)
		return e;
	return find_artifact(g, &why);
}

static enum err
store_lack(struct gate *g)
{
	struct bundle_component *c = &g->measured.component[COMPONENT_UNMEASURED];
	struct buf bytes = BUF_INIT;
	size_t count;
	enum err e = unmeasured_write(&g->lacks, &g->workload->budgets, &bytes, &count);

	if (e == ERR_OK) {
		c->present = true;
		c->count = count;
		c->size = bytes.size;
		digest_of(bytes.data, bytes.size, &c->digest);
		e = store_component(
		    g, COMPONENT_UNMEASURED, buf_view(&bytes), &c->digest, g->trouble);
	}
	buf_free(&bytes);
	return e;
}

/* The program's content, as the component has it that is judged; of a tree the component itself. */
static enum err
find_artifact(struct gate *g, const struct trouble *why)
{
	const struct bundle_component *files = &g->measured.component[COMPONENT_FILES];
	const char *said = g->lack.text[0] != '\0' ? g->lack.text : why->text;

	if (g->workload->start->image != NULL && files->present)
		take_image(g);
	else if (g->workload->start->program < 0 && files->present)
		g->artifact = (struct bundle_artifact){BUNDLE_ARTIFACT_TREE, files->digest};
	if (g->artifact.form != BUNDLE_ARTIFACT_NONE)
		return ERR_OK;
	return trouble_set(g->trouble, ERR_NOT_FOUND, "%s could not be measured%s%s",
	    g->workload->start->image != NULL ? "the image"
	    : g->workload->start->program < 0 ? "the files of the tree"
					      : g->workload->start->path,
	    said[0] != '\0' ? ": " : "", said);
}

/* The first item that is no interpreter's; nothing where that was not read, or not all at once. */
static void
take_program(struct gate *g, struct view bytes)
{
	struct component *c;

	g->artifact.form = BUNDLE_ARTIFACT_NONE;
	if (component_decode(bytes, &c) != ERR_OK)
		return;
	for (size_t i = 0; i < c->item_count; i++) {
		const struct component_file *f = &c->items.files[i];

		if ((f->flags & (COMPONENT_FILE_OTHER | COMPONENT_FILE_UNREADABLE |
				    COMPONENT_FILE_CHANGED)) == 0)
			g->artifact = (struct bundle_artifact){BUNDLE_ARTIFACT_FILE, f->digest};
	}
	component_free(&c);
}

/* What the component says it is of (measure_packed.h), which a list of segments does as well. */
static void
find_image(struct gate *g, struct view bytes)
{
	const size_t size = sizeof(IMAGE_MARK) - 1;
	const uint8_t *at = memmem(bytes.data, bytes.size, IMAGE_MARK, size);

	g->has_image =
	    at != NULL && (size_t)(bytes.data + bytes.size - at) >= size + DIGEST_HEX_SIZE &&
	    digest_from_hex((struct view){at + size, DIGEST_HEX_SIZE}, &g->image) == ERR_OK;
}

static void
take_image(struct gate *g)
{
	if (g->has_image)
		g->artifact = (struct bundle_artifact){BUNDLE_ARTIFACT_IMAGE, g->image};
}

static enum err
submit(struct gate *g, struct gate_given *given, struct board_verdict *said)
{
	const struct report *last = &g->last.document.report;
	struct receipt_keys *keys = &g->keys[client_signer(g->client)];
	const struct view log = client_log(g->client);
	struct digest prev = {{0}};
	struct client_answer answered;
	struct buf bytes = BUF_INIT;
	struct chain_head head;
	uint64_t seq = 1;
	enum err e = ERR_OK;

	if (g->last.is_there && view_equal(last->issuer, log)) {
		seq = last->bundle.seq + 1;
		prev = last->bundle_digest;
	}
	for (unsigned tries = 0; e == ERR_OK; tries++) {
		if ((e = make_bundle(g, seq, &prev, &bytes, &head)) != ERR_OK ||
		    (e = client_submit(g->client, &head, g->state, &answered, g->trouble)) !=
			ERR_OK ||
		    answered.is_receipt)
			break;
		if (!goes_on(g, &answered.refusal, &seq, &prev, tries))
			e = trouble_set(g->trouble, answered.refusal.code,
			    "the signer refuses to judge it: %.*s (%.*s)",
			    view_precision(answered.refusal.text),
			    (const char *)answered.refusal.text.data,
			    view_precision(answered.refusal.name),
			    (const char *)answered.refusal.name.data);
	}
	if (e == ERR_OK)
		e = receipt_verify(&answered.receipt, log, &head, keys, said, g->trouble);
	if (e == ERR_OK)
		e = keep(g, &answered.receipt, given);
	buf_free(&bytes);
	return e;
}

static enum err
keep(struct gate *g, const struct message_receipt *m, struct gate_given *given)
{
	const struct receipt_keys *keys = &g->keys[client_signer(g->client)];
	enum err e;

	/* Others of the same name may keep theirs just now; released with the descriptor. */
	if (g->receipts >= 0 && flock(g->receipts, LOCK_EX) != 0)
		return trouble_set(g->trouble, ERR_IO, "the receipts' lock: %s", strerror(errno));
	e = gate_receipt_keep(
	    g->receipts, view_of_string(g->chain), m, &given->receipt, g->trouble);
	if (e == ERR_OK && g->wish->summary)
		e = gate_summary_take(m, keys, &given->summary, g->trouble);
	return e;
}

/* The head's views are into `to`. */
static enum err
make_bundle(const struct gate *g, uint64_t seq, const struct digest *prev, struct buf *to,
    struct chain_head *out)
{
	const struct measurement *m = &g->measured;
	struct buf extensions = BUF_INIT;
	struct bundle b = {
	    .workload = view_of_string(g->chain), .seq = seq, .prev = *prev, .time_ms = m->time_ms};
	enum err e;

	memcpy(b.nonce, g->nonce, NONCE_SIZE);
	memcpy(b.boot_id, m->boot_id, BOOT_ID_SIZE);
	memcpy(b.component, m->component, sizeof(b.component));
	b.extensions.is_start = true;
	b.extensions.artifact = g->artifact;
	b.extensions.has_configuration = true;
	b.extensions.configuration = g->config->source;
	bundle_extensions_write(&b.extensions, &extensions);
	b.extensions.bytes = buf_view(&extensions);
	buf_clear(to);
	if ((e = buf_status(&extensions)) == ERR_OK) {
		bundle_encode(&b, to);
		e = buf_status(to);
	}
	memset(out, 0, sizeof(*out));
	if (e == ERR_OK && (e = bundle_decode(buf_view(to), &out->content)) == ERR_OK) {
		out->bundle = buf_view(to);
		digest_of(to->data, to->size, &out->digest);
	}
	buf_free(&extensions);
	return e;
}

/*
 * The chain is whoever's that starts it: where another one has gone before, it goes on from there.
 * The nonce was not used up. False: it is refused for good.
 */
static bool
goes_on(struct gate *g, const struct message_refusal *m, uint64_t *seq, struct digest *prev,
    unsigned tries)
{
	if (tries == GATE_BUSY_TRIES)
		return false;
	switch (m->code) {
	case ERR_SEQUENCE:
	case ERR_CHAIN:
		if (!m->has_last)
			return false;
		*seq = m->last_seq + 1;
		*prev = m->last_bundle;
		return true;
	case ERR_NONCE_REUSED: /* others of the chain came in between */
	case ERR_NONCE_EXPIRED:
	case ERR_EVIDENCE_TIME:
		memcpy(g->nonce, client_nonce(g->client), NONCE_SIZE);
		return measure(g) == ERR_OK;
	case ERR_BUSY:
	case ERR_IN_FLIGHT:
		(void)interrupt_poll(
		    NULL, 0, backoff_ms(tries, GATE_BUSY_MS, GATE_BUSY_MS), INTERRUPT_STOP);
		return !interrupt_stop();
	default:
		return false;
	}
}

static enum gate_answer
answer(struct gate *g, const struct board_verdict *said)
{
	const char *status = report_status_name(said->status);

	if (said->status == REPORT_AFFIRMING) {
		(void)trouble_set(g->trouble, ERR_OK, "%s, by report %llu", status,
		    (unsigned long long)said->index);
		return GATE_ALLOWED;
	}
	(void)trouble_set(g->trouble, ERR_OK, "%s, by report %llu: %llu finding%s%s%s", status,
	    (unsigned long long)said->index, (unsigned long long)said->findings,
	    said->findings == 1 ? "" : "s", said->finding[0] != '\0' ? ", first " : "",
	    said->finding);
	return GATE_DENIED;
}

static enum err
store_component(void *context, enum component_kind kind, struct view bytes,
    const struct digest *digest, struct trouble *t)
{
	struct gate *g = context;

	if (kind == COMPONENT_EXECUTABLE)
		take_program(g, bytes);
	if (kind == COMPONENT_FILES)
		find_image(g, bytes);
	return state_put_component(g->state, digest, bytes, t);
}

static enum err
store_segment(void *context, enum component_kind kind, struct view bytes,
    const struct digest *digest, struct trouble *t)
{
	struct gate *g = context;

	(void)kind;
	return state_put_segment(g->state, digest, bytes, t);
}

static void
take_missing(void *context, enum component_kind kind, enum err e, const struct trouble *t)
{
	struct gate *g = context;

	g->lacks.missing[kind] = e;
	if (kind == COMPONENT_FILES || kind == COMPONENT_EXECUTABLE)
		g->lack = *t;
}
