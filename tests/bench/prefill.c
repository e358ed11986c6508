/*
 * Fills a log with reports, as fast as the ledger takes them: for measuring what grows with a log.
 *
 *   prefill -c signer.yaml --reports N [--workloads N] [--collector IDENTITY]
 *
 * Everything behind the sockets is the signer's own: policy, appraisal, ledger, tiles, index, and
 * the key process that the configuration names. Each workload has a chain of its own, and the
 * workloads take turns. A log that is there already grows by N reports. Prints one JSON object.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "journal/logger.h"
#include "signer/ledger/ledger_stage.h"
#include "signer/ledger/store/store.h"
#include "signer/session/appraiser.h"
#include "signer/session/policy_change.h"
#include "signer/session/service.h"

/* Reports written in one turn of the loop: enough to keep the committer busy, and no pause. */
#define TURN_REPORTS 4096

struct options {
	const char *config, *collector;
	uint64_t reports;
	unsigned workloads;
};

struct prefill {
	struct options o;
	uv_loop_t loop;
	uv_check_t check;
	uv_idle_t idle; /* active while there is something to write: the loop does not wait then */
	struct service service;
	struct store *store;
	struct log_index *index;
	struct bundle bundle; /* what all have in common */
	struct buf bytes;
	uint64_t written, receipts;
};

static void parse_options(int argc, char **argv, struct options *o);
static void open_log(struct prefill *p);
static void store_evidence(struct prefill *p);
static void on_ready(void *context);
static void on_check(uv_check_t *handle);
static void on_idle(uv_idle_t *handle);
static bool write_report(struct prefill *p);
static void on_receipt(void *waiter, const struct ledger_receipt *receipt, uint64_t arrived_us);
static void on_noted(void *waiter, uint64_t index);
static bool on_waiter_gone(void *waiter);
static void on_waiter_release(void *waiter);
static bool may_vouch(void *context, const struct workload *w, uint64_t index);
static void on_room(void *context);
static void on_fatal(void *context);
static void on_drained(void *context);
static void on_closed(void *context);
static void must(enum err e, const char *what);

int
main(int argc, char **argv)
{
	static struct prefill p;
	struct timespec begin, end;
	double seconds;

	parse_options(argc, argv, &p.o);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	uv_loop_init(&p.loop);
	open_log(&p);
	uv_run(&p.loop, UV_RUN_DEFAULT);
	clock_gettime(CLOCK_MONOTONIC, &end);
	store_close(&p.store);
	index_close(&p.index);
	chronicle_free(&p.service.chronicle);
	verdicts_free(&p.service.verdicts);
	evidence_close(&p.service.evidence);
	workload_table_free(&p.service.workloads);
	policy_free(&p.service.policy);
	policy_free(&p.service.waiting);
	signer_config_free((struct signer_config **)&p.service.config);
	buf_free(&p.service.scratch);
	witnesses_free(&p.service.witnesses);
	buf_free(&p.bytes);
	uv_loop_close(&p.loop);
	seconds = (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
	printf("{\"reports\":%llu,\"receipts\":%llu,\"seconds\":%.2f}\n",
	    (unsigned long long)p.written, (unsigned long long)p.receipts, seconds);
	return p.receipts == p.o.reports ? 0 : 1;
}

static void
parse_options(int argc, char **argv, struct options *o)
{
	*o = (struct options){.collector = "spiffe://test/load", .workloads = 1000};
	for (int i = 1; i + 1 < argc; i += 2) {
		const char *value = argv[i + 1];

		if (strcmp(argv[i], "-c") == 0)
			o->config = value;
		else if (strcmp(argv[i], "--collector") == 0)
			o->collector = value;
		else if (strcmp(argv[i], "--reports") == 0)
			o->reports = strtoull(value, NULL, 10);
		else if (strcmp(argv[i], "--workloads") == 0)
			o->workloads = (unsigned)strtoul(value, NULL, 10);
		else
			must(ERR_CONFIG, argv[i]);
	}
	if (argc % 2 == 0 || o->config == NULL || o->reports == 0 || o->workloads == 0)
		must(ERR_CONFIG, "expected -c FILE, --reports N and numbers above 0");
}

/* As signer.c begins, without anything that listens. */
static void
open_log(struct prefill *p)
{
	struct ledger_events events = {.ready = on_ready,
	    .receipt = on_receipt,
	    .noted = on_noted,
	    .waiter_gone = on_waiter_gone,
	    .waiter_release = on_waiter_release,
	    .may_vouch = may_vouch,
	    .room = on_room,
	    .fatal = on_fatal,
	    .context = p};
	struct service *s = &p->service;
	struct ledger_parts parts;
	struct signer_config *config;
	struct faults faults = FAULTS_INIT;

	if (signer_config_load(p->o.config, &faults, &config) != ERR_OK ||
	    policy_load(config->policy_file, &faults, &s->policy) != ERR_OK) {
		faults_print(&faults, stderr);
		exit(1);
	}
	faults_free(&faults);
	s->config = config;
	s->policy_generation = 1;
	s->workloads = workload_table_new();
	s->witnesses = witnesses_new();
	must(s->workloads == NULL || s->witnesses == NULL ? ERR_MEMORY : ERR_OK, "workloads");
	must(store_open(config->log_directory, &p->store), "log");
	must(index_open(config->index_file, &p->index), "index");
	must(evidence_open(config->evidence_directory, p->index, &s->evidence), "evidence");
	must(
	    chronicle_init(&s->chronicle, config->log_origin, s->evidence, s->workloads, s->policy),
	    "chronicle");
	parts = (struct ledger_parts){p->store, p->index, s->evidence, s->workloads, &s->counters,
	    chronicle_replay(&s->chronicle)};
	must(ledger_open(&p->loop, config, &parts, &events, &s->ledger), "ledger");
	service_begin_clock(s);
	uv_check_init(&p->loop, &p->check);
	uv_idle_init(&p->loop, &p->idle);
	p->check.data = p;
	p->idle.data = p;
	uv_check_start(&p->check, on_check);
	store_evidence(p);
}

/* The one component that every bundle names: the program that the policy knows. */
static void
store_evidence(struct prefill *p)
{
	struct service *s = &p->service;
	struct component_file file = {
	    .path = VIEW_LITERAL("/usr/bin/app"), .size = 3, .mode = 0100755};
	struct component_builder *builder = component_builder_new(COMPONENT_EXECUTABLE);
	struct bundle_component *c = &p->bundle.component[COMPONENT_EXECUTABLE];
	struct evidence_item *item;
	size_t count;

	must(builder == NULL ? ERR_MEMORY : ERR_OK, "component");
	digest_of("app", 3, &file.digest);
	must(component_add_file(builder, &file), "component");
	must(component_finish(builder, &p->bytes, &count), "component");
	component_builder_free(&builder);
	*c = (struct bundle_component){.present = true, .count = count, .size = p->bytes.size};
	digest_of(p->bytes.data, p->bytes.size, &c->digest);
	must(evidence_add(s->evidence, PACK_COMPONENT, buf_view(&p->bytes), &c->digest,
		 ledger_evidence(s->ledger), &item),
	    "component");
}

static void
on_ready(void *context)
{
	struct prefill *p = context;

	chronicle_begin(&p->service.chronicle, p->service.ledger, service_now_s(&p->service), NULL);
	must(policy_change_begin(&p->service), "policy");
	uv_idle_start(&p->idle, on_idle);
}

/* One turn: as many reports as the ledger takes, then the commit. */
static void
on_check(uv_check_t *handle)
{
	struct prefill *p = handle->data;

	for (unsigned i = 0; uv_is_active((uv_handle_t *)&p->idle) && i < TURN_REPORTS; i++)
		if (p->written == p->o.reports || !write_report(p))
			uv_idle_stop(&p->idle);
	ledger_turn(p->service.ledger);
}

static void
on_idle(uv_idle_t *handle)
{
	(void)handle;
}

/* What a session does with a bundle, without the peer. False: the ledger has no room. */
static bool
write_report(struct prefill *p)
{
	struct service *s = &p->service;
	struct appraiser_components components;
	struct ledger_staged staged = {.wanted.waiter = p};
	struct appraiser_case c = {.bundle = &p->bundle};
	struct chain_verdict verdict;
	struct due before;
	char name[32];

	if (!ledger_has_room(s->ledger))
		return false;
	snprintf(
	    name, sizeof(name), "load-%llu", (unsigned long long)(p->written % p->o.workloads));
	p->bundle.workload = view_of_string(name);
	c.workload = workload_get(s->workloads, view_of_string(p->o.collector), p->bundle.workload);
	must(c.workload == NULL ? ERR_MEMORY : ERR_OK, "workload");
	if (c.workload->rule_number == 0)
		c.workload->rule_number = (uint16_t)policy_rule_number(s->policy,
		    policy_find(s->policy, p->bundle.workload, view_of_string(p->o.collector)));
	c.rule = policy_rule_at(s->policy, c.workload->rule_number);
	must(c.rule == NULL ? ERR_UNAUTHORIZED : ERR_OK, name);
	p->bundle.seq = c.workload->head.seq + 1;
	p->bundle.prev = c.workload->head.bundle_digest;
	p->bundle.time_ms = service_wall_ms(s);
	/* As good as random to whoever reads the log, and made again by whoever needs the same. */
	digest_of(&p->written, sizeof(p->written), (struct digest *)p->bundle.nonce);
	buf_clear(&p->bytes);
	bundle_encode(&p->bundle, &p->bytes);
	digest_of(p->bytes.data, p->bytes.size, &c.bundle_digest);
	(void)service_now_s(s);
	must(appraiser_judge(s, c.workload, &p->bundle, &components), "appraisal");
	must(appraiser_report(
		 s, &c, &components, ledger_entry_begin(s->ledger), &verdict, &staged.head),
	    "report");
	staged.workload = c.workload;
	staged.issued_s = components.now_s;
	before = c.workload->head.due;
	must(ledger_report_end(s->ledger, &staged), "staging");
	absences_on_report(&s->chronicle.absences, c.workload, before);
	p->written++;
	return true;
}

static void
on_receipt(void *waiter, const struct ledger_receipt *receipt, uint64_t arrived_us)
{
	struct prefill *p = waiter;

	(void)receipt;
	(void)arrived_us;
	if (++p->receipts == p->o.reports)
		ledger_drain(p->service.ledger, on_drained);
}

/* Nobody waits for a notice here. */
static void
on_noted(void *waiter, uint64_t index)
{
	(void)waiter;
	(void)index;
}

static bool
on_waiter_gone(void *waiter)
{
	(void)waiter;
	return false;
}

static bool
may_vouch(void *context, const struct workload *w, uint64_t index)
{
	(void)context;
	(void)w;
	(void)index;
	return true;
}

static void
on_waiter_release(void *waiter)
{
	(void)waiter;
}

static void
on_room(void *context)
{
	struct prefill *p = context;

	if (p->written < p->o.reports)
		uv_idle_start(&p->idle, on_idle);
}

static void
on_fatal(void *context)
{
	(void)context;
	_exit(1); /* the reason has been logged */
}

static void
on_drained(void *context)
{
	struct prefill *p = context;

	uv_close((uv_handle_t *)&p->check, NULL);
	uv_close((uv_handle_t *)&p->idle, NULL);
	ledger_close(&p->service.ledger, on_closed, p);
}

static void
on_closed(void *context)
{
	(void)context; /* no handle is left, so the loop ends */
}

static void
must(enum err e, const char *what)
{
	if (e == ERR_OK)
		return;
	fprintf(stderr, "prefill: %s: %s\n", what, err_text(e));
	exit(1);
}
