#include "auditor/pack.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "auditor/pack/assessor_page.h"
#include "auditor/pack/drawn.h"
#include "auditor/pack/enclosed.h"
#include "auditor/pack/governed.h"
#include "auditor/pack/listed.h"
#include "auditor/pack/parcel.h"
#include "log/inputfile.h"
#include "log/walk/log_check.h"
#include "proto/utc.h"

/* What is gathered while the log is walked. */
struct packing {
	const struct pack_options *options;
	struct parcel parcel;
	struct past *past;
	struct history_rows rows;
	struct governed governed;
	struct drawn drawn;
	struct listed listed;
	struct buf page[4];            /* rows of the page, by `sorts` */
	struct buf unlisted;           /* rows of who is seen and not listed */
	uint64_t first, size, missing; /* entries before the period, up to its end */
	bool failed;
};

static const struct {
	const char *sort, *heading;
} sorts[] = {{"workload", "Population: hosts and workloads, their reports and longest gaps"},
    {"deviation",
	"Deviations, with their age; dispositions: none, this log takes no statements of them"},
    {"absence", "Control failures: who was silent"}, {"notice", "What the log says of itself"}};

static const char *const heads[] = {"host", "workload", "from (detected)", "to", "entry", "reports",
    "longest gap, s", "allowed, s", "age, s", "verdict or code", "subject", "expected and found",
    "checked", NULL};
#define CELLS (sizeof(heads) / sizeof(heads[0]) - 1)

static enum outcome pack_log(struct packing *p, struct audited *a);
static void visit(void *context, const struct walk_visited *v);
static void take_row(void *context, const struct history_row *row);
static enum err put_proofs(struct packing *p, struct audited *a);
static void put_page(struct packing *p, enum outcome o, const char *origin, uint64_t size);
static void tell_requirements(const struct packing *p, struct buf *to);
static void tell_inventory(const struct packing *p, struct buf *to);

enum outcome
pack_run(const struct pack_options *options, FILE *parcel, FILE *to)
{
	static const char *const said[] = {
	    [OUTCOME_GOOD] =
		"good: the log is whole, and its verdicts are what policy and evidence give",
	    [OUTCOME_BAD] = "bad: not all that the log says is so; each row has what came of it",
	    [OUTCOME_UNKNOWN] =
		"could not tell: not all of the log could be checked; each row has what came "
		"of it",
	};
	struct packing p = {.options = options, .parcel = {.to = parcel}};
	char *text = NULL, *csv = NULL, origin[CHECKPOINT_ORIGIN_MAX + 1] = "";
	size_t text_size = 0, csv_size = 0;
	FILE *audit = open_memstream(&text, &text_size);
	struct audited a;
	uint64_t size;
	enum outcome o;
	enum err e = ERR_MEMORY;

	p.rows.csv = open_memstream(&csv, &csv_size);
	if (audit == NULL || p.rows.csv == NULL)
		return OUTCOME_UNKNOWN;
	o = audited_open(&a, &options->log, audit);
	size = a.log.checkpoint.size;
	(void)snprintf(origin, sizeof(origin), "%s", a.log.checkpoint.origin);
	if (o == OUTCOME_GOOD) {
		o = pack_log(&p, &a);
		e = put_proofs(&p, &a);
		if (e != ERR_OK)
			o = outcome_worse(o, display_step(&a.d, "pack", OUTCOME_UNKNOWN,
						 "the proofs could not be made: %s", err_text(e)));
	}
	o = audited_close(&a, o, said[o]);
	(void)fclose(audit);
	(void)fclose(p.rows.csv);
	(void)fwrite(text, 1, text_size, to);
	if (e == ERR_OK) {
		parcel_put(&p.parcel, "audit.txt", (struct view){(uint8_t *)text, text_size});
		parcel_put(&p.parcel, "history.csv", (struct view){(uint8_t *)csv, csv_size});
		enclosed_put_words(&p.parcel);
		put_page(&p, o, origin, size);
		e = p.failed ? ERR_MEMORY : parcel_end(&p.parcel);
	}
	if (e != ERR_OK)
		o = outcome_worse(o, OUTCOME_UNKNOWN);
	for (size_t i = 0; i < 4; i++)
		buf_free(&p.page[i]);
	buf_free(&p.unlisted);
	buf_free(&p.parcel.sums);
	governed_free(&p.governed);
	drawn_free(&p.drawn);
	listed_free(&p.listed);
	free(text);
	free(csv);
	return o;
}

static enum outcome
pack_log(struct packing *p, struct audited *a)
{
	struct log_check_wanted wanted = {
	    .walk = {.evidence = a->evidence, .verdicts = true, .visit = visit, .visit_context = p},
	    .kept = a->kept.checkpoint,
	    .kept_count = a->kept.checkpoint_count,
	    .faults_max = a->options->faults_max};
	const char *inventory = p->options->inventory;
	struct log_check c = {0};
	enum outcome o;
	enum err e;

	p->governed.evidence = a->evidence;
	p->governed.from_s = p->options->wanted.from_s;
	p->rows.take = take_row;
	p->rows.take_context = p;
	if (inventory != NULL && (e = listed_read(&p->listed, inventory)) != ERR_OK)
		return display_step(
		    &a->d, "inventory", OUTCOME_UNKNOWN, "%s: %s", inventory, inputfile_reason(e));
	if ((e = past_new(&p->options->wanted, &p->rows, &p->past)) != ERR_OK)
		return display_step(&a->d, "pack", OUTCOME_UNKNOWN, "%s", err_text(e));
	trusted_want(&a->trusted, &wanted.walk);
	if ((e = log_check_begin(&c, &a->log, &wanted, &a->findings)) != ERR_OK) {
		o = display_step(&a->d, "pack", OUTCOME_UNKNOWN, "%s", err_text(e));
	} else {
		history_rows_begin(&p->rows);
		o = log_check_run(&c, false);
		past_conclude(p->past);
		history_rows_end(&p->rows);
		p->failed = p->failed || !past_is_whole(p->past);
		trusted_warn(&a->trusted, &a->d);
		kept_warn(&a->options->kept, &a->d);
		display_stopped(&a->d, &c.defects);
	}
	log_check_end(&c);
	past_free(&p->past);
	return o;
}

static void
visit(void *context, const struct walk_visited *v)
{
	struct packing *p = context;

	past_visit(p->past, v);
	if (v->issued_s == 0 || v->issued_s >= p->options->wanted.to_s)
		return;
	p->size = v->index + 1;
	if (v->issued_s < p->options->wanted.from_s)
		p->first = p->size;
	if (v->notice != NULL)
		governed_take(&p->governed, v);
}

static struct view
number(uint64_t n, char to[DECIMAL_DIGITS_MAX + 1])
{
	if (n == HISTORY_NONE)
		return (struct view){NULL, 0};
	(void)snprintf(to, DECIMAL_DIGITS_MAX + 1, "%" PRIu64, n);
	return view_of_string(to);
}

static struct view
time_of(uint64_t s, char to[UTC_TEXT_SIZE])
{
	return s == HISTORY_NONE ? VIEW_LITERAL("(goes on)") : view_of_string(utc_text(s, to));
}

static void
take_row(void *context, const struct history_row *row)
{
	struct packing *p = context;
	char from[UTC_TEXT_SIZE], to[UTC_TEXT_SIZE], n[5][DECIMAL_DIGITS_MAX + 1];
	const struct view cells[CELLS] = {row->host, row->workload,
	    row->from_s == HISTORY_NONE ? VIEW_LITERAL("no report in the period")
					: time_of(row->from_s, from),
	    time_of(row->to_s, to), number(row->first_entry, n[0]), number(row->reports, n[1]),
	    number(row->longest_gap_s, n[2]), number(row->allowed_s, n[3]),
	    number(row->age_s, n[4]), row->code.size > 0 ? row->code : row->verdict, row->subject,
	    row->detail, row->checked};

	for (size_t i = 0; i < sizeof(sorts) / sizeof(sorts[0]); i++)
		if (view_equal(row->row, view_of_string(sorts[i].sort)))
			assessor_page_row(&p->page[i], cells, CELLS);
	if (view_equal(row->row, VIEW_LITERAL("deviation")) &&
	    drawn_add(&p->drawn, row->first_entry) != ERR_OK)
		p->failed = true;
	if (view_equal(row->row, VIEW_LITERAL("workload")) && p->options->inventory != NULL &&
	    !listed_find(&p->listed, row->host, row->workload))
		assessor_page_row(&p->unlisted, cells, 2);
}

static enum err
put_proofs(struct packing *p, struct audited *a)
{
	struct buf samples = BUF_INIT;
	enum err e = drawn_put_growth(&a->log, p->first, &p->parcel);

	buf_append_format(&samples,
	    "root as in checkpoints/end.txt, FIRST %" PRIu64 ", COUNT %" PRIu64 "\n", p->first,
	    p->size > p->first ? p->size - p->first : 0);
	if (e == ERR_OK && p->size > p->first)
		e = drawn_sample(&p->drawn, &a->log, p->first, p->size - p->first, &samples);
	if (e == ERR_OK)
		e = buf_status(&samples);
	if (e == ERR_OK)
		parcel_put(&p->parcel, "samples.txt", buf_view(&samples));
	if (e == ERR_OK)
		e = drawn_put_receipts(&p->drawn, &a->log, &p->parcel);
	if (e == ERR_OK)
		e = governed_put(&p->governed, &p->parcel, &p->missing);
	if (e == ERR_OK)
		e = enclosed_put_keys(&a->wanted.certificates, &p->parcel);
	buf_free(&samples);
	return e;
}

static void
put_page(struct packing *p, enum outcome o, const char *origin, uint64_t size)
{
	static const char *const outcomes[] = {
	    [OUTCOME_GOOD] = "good", [OUTCOME_BAD] = "BAD", [OUTCOME_UNKNOWN] = "COULD NOT TELL"};
	static const char *const changes[] = {
	    "from", "entry", "kind", "sha256", "author", "keys that signed", "reason", NULL};
	char from[UTC_TEXT_SIZE], to[UTC_TEXT_SIZE];
	struct buf page = BUF_INIT, text = BUF_INIT;

	assessor_page_begin(&page, "Evidence out of a log of Hallmark");
	buf_append_format(&text,
	    "Log %s. Period: from %s, until before %s, in UTC, by the signer's clock. Entries "
	    "%" PRIu64 " up to %" PRIu64 " of %" PRIu64
	    ". Checked as replay --all does, all of the log: %s (audit.txt). "
	    "This page verifies nothing by itself: VERIFY.txt says how all of it is verified.",
	    origin, utc_text(p->options->wanted.from_s, from),
	    utc_text(p->options->wanted.to_s, to), p->first, p->size, size, outcomes[o]);
	assessor_page_text(&page, buf_view(&text));
	tell_requirements(p, &page);
	for (size_t i = 0; i < sizeof(sorts) / sizeof(sorts[0]); i++) {
		assessor_page_heading(&page, sorts[i].heading);
		assessor_page_table(&page, heads);
		buf_append_view(&page, buf_view(&p->page[i]));
		assessor_page_table_end(&page);
		p->failed = p->failed || p->page[i].failed;
	}
	assessor_page_heading(&page, "Changes: policies and statements, with author and keys");
	assessor_page_table(&page, changes);
	buf_append_view(&page, buf_view(&p->governed.rows));
	assessor_page_table_end(&page);
	tell_inventory(p, &page);
	assessor_page_heading(&page, "Not proved");
	for (size_t i = 0; enclosed_not_proved[i] != NULL; i++)
		assessor_page_text(&page, view_of_string(enclosed_not_proved[i]));
	buf_clear(&text);
	buf_append_format(&text,
	    "Receipts that are left out because there were too many deviations: %" PRIu64
	    ". Files of policies that the evidence has not: %" PRIu64 ".",
	    p->drawn.left_out, p->missing);
	assessor_page_text(&page, buf_view(&text));
	assessor_page_end(&page);
	if (buf_status(&page) == ERR_OK && buf_status(&text) == ERR_OK)
		parcel_put(&p->parcel, "index.html", buf_view(&page));
	else
		p->failed = true;
	buf_free(&page);
	buf_free(&text);
}

static void
tell_requirements(const struct packing *p, struct buf *to)
{
	static const char *const columns[] = {
	    "id", "demands, in other words", "shown by", "not shown here", NULL};
	const struct framework *f = p->options->framework;

	assessor_page_heading(to, f->title);
	assessor_page_table(to, columns);
	for (size_t i = 0; i < f->count; i++) {
		const struct requirement *r = &f->requirement[i];

		assessor_page_row(to,
		    (const struct view[]){view_of_string(r->id), view_of_string(r->demands),
			view_of_string(r->shown != NULL ? r->shown : "this cannot show it"),
			view_of_string(r->missing)},
		    4);
	}
	assessor_page_table_end(to);
}

static void
tell_inventory(const struct packing *p, struct buf *to)
{
	static const char *const columns[] = {"host", "workload", NULL};

	if (p->options->inventory == NULL) {
		assessor_page_heading(to, "Not covered");
		assessor_page_text(
		    to, VIEW_LITERAL("No independent inventory was given: whoever never reported "
				     "is not in the population above."));
		return;
	}
	assessor_page_heading(to, "Not covered: in the inventory, and never seen in this log");
	assessor_page_table(to, columns);
	for (size_t i = 0; i < p->listed.count; i++)
		if (!p->listed.line[i].seen)
			assessor_page_row(to,
			    (const struct view[]){
				p->listed.line[i].host, p->listed.line[i].workload},
			    2);
	assessor_page_table_end(to);
	assessor_page_heading(to, "Seen, and not in the inventory");
	assessor_page_table(to, columns);
	buf_append_view(to, buf_view(&p->unlisted));
	assessor_page_table_end(to);
}
