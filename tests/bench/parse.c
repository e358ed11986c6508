/*
 * How many reports a second the reader takes, on one core: what bounds every check of a whole log.
 *
 *   parse SECONDS      prints {"per_second": ..., "bytes": ...}, the latter of a report on average
 *
 * The reports are those of workloads that answer for two kinds of component, one in eight of them
 * with findings, each about another bundle.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/report/report.h"

#define REPORTS 1000 /* more than caches of branches and of the first level remember */

struct reports {
	struct buf bytes;
	size_t end[REPORTS]; /* of each */
};

static void
fill(struct report *r, unsigned i)
{
	static const enum component_kind kinds[] = {COMPONENT_EXECUTABLE, COMPONENT_RUNTIME};

	memset(r, 0, sizeof(*r));
	r->issued_s = 1795514401 + i;
	r->expires_s = r->issued_s + 3600;
	r->issuer = VIEW_LITERAL("hallmark.example/prod-1");
	r->collector = VIEW_LITERAL("spiffe://example/collector/host-1");
	r->developer = VIEW_LITERAL("https://example.com");
	r->build = VIEW_LITERAL("hallmark-signer/0.1.0");
	r->policy_id = VIEW_LITERAL(
	    "trading@sha256:05b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f");
	r->claim[REPORT_INSTANCE_IDENTITY] = 2;
	r->claim[REPORT_EXECUTABLES] = 2;
	r->status = REPORT_AFFIRMING;
	if (i % 8 == 0) {
		r->status = REPORT_WARNING;
		r->finding_count = r->finding_total = 1;
		r->finding[0] = (struct report_finding){VIEW_LITERAL("executable"),
		    VIEW_LITERAL("changed-file"), VIEW_LITERAL("/usr/local/bin/trading-app"),
		    VIEW_LITERAL(
			"in no reference set; found sha256 "
			"05b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f")};
	}
	r->bundle.workload = VIEW_LITERAL("trading-app");
	r->bundle.seq = 1 + i;
	r->bundle.time_ms = 1000 * r->issued_s;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		struct bundle_component *c = &r->bundle.component[kinds[k]];

		*c = (struct bundle_component){
		    .present = true, .count = 1 + i % 50, .size = 100 + i};
		digest_of(&kinds[k], sizeof(kinds[k]), &c->digest);
	}
	digest_of(&i, sizeof(i), &r->previous);
	r->has_previous = true;
	r->bundle.prev = r->previous;
	memcpy(r->bundle.nonce, r->previous.bytes, NONCE_SIZE);
}

static void
make(struct reports *all)
{
	struct buf bundle = BUF_INIT;
	struct report r;

	for (unsigned i = 0; i < REPORTS; i++) {
		fill(&r, i);
		buf_clear(&bundle);
		bundle_encode(&r.bundle, &bundle);
		digest_of(bundle.data, bundle.size, &r.bundle_digest);
		if (report_write(&r, &all->bytes) != ERR_OK)
			abort();
		all->end[i] = all->bytes.size;
	}
	buf_free(&bundle);
}

static double
now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
	struct report_document d = REPORT_DOCUMENT_INIT;
	struct reports all = {.bytes = BUF_INIT};
	const double seconds = argc == 2 ? strtod(argv[1], NULL) : 0;
	unsigned long long count = 0;
	double began, took;

	if (seconds <= 0) {
		fprintf(stderr, "usage: parse SECONDS\n");
		return 2;
	}
	make(&all);
	began = now_s();
	do {
		for (unsigned i = 0; i < REPORTS; i++) {
			const size_t begin = i == 0 ? 0 : all.end[i - 1];

			if (report_parse((struct view){all.bytes.data + begin, all.end[i] - begin},
				&d) != ERR_OK)
				abort();
		}
		count += REPORTS;
	} while ((took = now_s() - began) < seconds);
	printf("{\"per_second\": %.0f, \"bytes\": %zu}\n", (double)count / took,
	    all.bytes.size / REPORTS);
	report_document_free(&d);
	buf_free(&all.bytes);
	return 0;
}
