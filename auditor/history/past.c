#include "auditor/history/past.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#define uthash_fatal(message) abort()
#include <uthash.h>

#include "log/outcome.h"
#include "proto/evidence/component.h"
#include "proto/utc.h"

struct deviation {
	struct deviation *next;
	struct digest name; /* of kind, code, subject and detail */
	uint64_t first_entry, last_entry, first_s, last_s, reports;
	enum outcome checked;
	char *code, *subject, *detail;
};

struct subject {
	struct digest name;
	UT_hash_handle hh;
	char *host, *workload;
	uint64_t first_s, last_s, first_entry, last_entry, reports; /* in the period */
	uint64_t fresh_s, due_s; /* of its newest report that is no gap record; 0: none */
	uint64_t longest_gap_s, allowed_s;
	enum outcome checked;
	uint64_t silent_entry, silent_s; /* silent_s 0: it is heard of */

	/* the open interval; state_first_s 0: none */
	struct digest state;
	uint64_t state_first_entry, state_last_entry, state_first_s, state_last_s, state_reports;
	enum report_status status;
	enum outcome state_checked;
	char *policy, *components;
	struct deviation *deviations;
};

struct past {
	const struct past_wanted *wanted;
	struct history_rows *rows;
	struct subject *all;
	uint8_t salt[16];  /* nobody outside chooses where a name falls */
	uint64_t newest_s; /* of all entries before the period's end */
	bool failed;
};

static void take_report(struct past *p, const struct walk_visited *v);
static void take_absence(struct past *p, const struct walk_visited *v);
static void take_notice(struct past *p, const struct walk_visited *v);

static const struct history_row ROW_NONE = {.from_s = HISTORY_NONE,
    .to_s = HISTORY_NONE,
    .first_entry = HISTORY_NONE,
    .last_entry = HISTORY_NONE,
    .reports = HISTORY_NONE,
    .longest_gap_s = HISTORY_NONE,
    .allowed_s = HISTORY_NONE,
    .age_s = HISTORY_NONE};

enum err
past_new(const struct past_wanted *wanted, struct history_rows *rows, struct past **out)
{
	struct past *p = calloc(1, sizeof(*p));

	*out = NULL;
	if (p == NULL || RAND_priv_bytes(p->salt, sizeof(p->salt)) != 1) {
		free(p);
		return ERR_MEMORY;
	}
	p->wanted = wanted;
	p->rows = rows;
	*out = p;
	return ERR_OK;
}

static void
deviation_free(struct deviation *d)
{
	free(d->code);
	free(d->subject);
	free(d->detail);
	free(d);
}

void
past_free(struct past **p)
{
	struct subject *s, *next;

	if (*p == NULL)
		return;
	HASH_ITER (hh, (*p)->all, s, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyser loses uthash's links */
		HASH_DEL((*p)->all, s);
		while (s->deviations != NULL) {
			struct deviation *d = s->deviations;

			s->deviations = d->next;
			deviation_free(d);
		}
		free(s->host);
		free(s->workload);
		free(s->policy);
		free(s->components);
		free(s);
	}
	free(*p);
	*p = NULL;
}

bool
past_is_whole(const struct past *p)
{
	return !p->failed && !p->rows->failed;
}

void
past_visit(void *context, const struct walk_visited *v)
{
	struct past *p = context;

	if (v->issued_s == 0 || v->issued_s >= p->wanted->to_s)
		return;
	if (v->issued_s > p->newest_s)
		p->newest_s = v->issued_s;
	if (v->report != NULL)
		take_report(p, v);
	else if (v->absence != NULL)
		take_absence(p, v);
	else if (v->notice != NULL && v->issued_s >= p->wanted->from_s)
		take_notice(p, v);
}

static const char *
outcome_word(enum outcome o)
{
	static const char *const words[] = {
	    [OUTCOME_GOOD] = "good", [OUTCOME_BAD] = "bad", [OUTCOME_UNKNOWN] = "unknown"};

	return words[o];
}

static bool
is_wanted(const struct past *p, struct view host, struct view workload)
{
	return (p->wanted->host == NULL || view_equal(host, view_of_string(p->wanted->host))) &&
	       (p->wanted->workload == NULL ||
		   view_equal(workload, view_of_string(p->wanted->workload)));
}

/* NULL where it is not asked for, and for want of memory. */
static struct subject *
find_subject(struct past *p, struct view host, struct view workload)
{
	const struct view parts[] = {
	    {p->salt, sizeof(p->salt)}, host, {(const uint8_t *)"", 1}, workload};
	struct digest name;
	struct subject *s;

	if (!is_wanted(p, host, workload))
		return NULL;
	digest_of_parts(parts, sizeof(parts) / sizeof(parts[0]), &name);
	HASH_FIND(hh, p->all, &name, sizeof(name), s);
	if (s != NULL)
		return s;
	if ((s = calloc(1, sizeof(*s))) == NULL || (s->host = view_to_string(host)) == NULL ||
	    (s->workload = view_to_string(workload)) == NULL) {
		if (s != NULL)
			free(s->host);
		free(s);
		p->failed = true;
		return NULL;
	}
	s->name = name;
	s->allowed_s = HISTORY_NONE;
	HASH_ADD(hh, p->all, name, sizeof(s->name), s);
	return s;
}

static struct history_row
row_of(const char *sort, const struct subject *s, enum outcome checked)
{
	struct history_row row = ROW_NONE;

	row.row = view_of_string(sort);
	row.host = view_of_string(s->host);
	row.workload = view_of_string(s->workload);
	row.checked = view_of_string(outcome_word(checked));
	return row;
}

/* `ended_s`: HISTORY_NONE where it goes on. */
static void
end_interval(struct past *p, struct subject *s, uint64_t ended_s)
{
	struct history_row row = row_of("interval", s, s->state_checked);

	if (s->state_first_s == 0 || ended_s <= p->wanted->from_s)
		return;
	row.from_s = s->state_first_s;
	row.to_s = ended_s;
	row.first_entry = s->state_first_entry;
	row.last_entry = s->state_last_entry;
	row.reports = s->state_reports;
	row.verdict = view_of_string(report_status_name(s->status));
	row.policy = view_of_string(s->policy);
	row.detail = view_of_string(s->components);
	history_rows_add(p->rows, &row);
}

static void
end_deviation(struct past *p, const struct subject *s, const struct deviation *d, uint64_t ended_s)
{
	const uint64_t until_s = ended_s == HISTORY_NONE ? p->newest_s : ended_s;
	struct history_row row = row_of("deviation", s, d->checked);

	if (ended_s <= p->wanted->from_s)
		return;
	row.from_s = d->first_s;
	row.to_s = ended_s;
	row.first_entry = d->first_entry;
	row.last_entry = d->last_entry;
	row.reports = d->reports;
	row.age_s = until_s > d->first_s ? until_s - d->first_s : 0;
	row.code = view_of_string(d->code);
	row.subject = view_of_string(d->subject);
	row.detail = view_of_string(d->detail);
	history_rows_add(p->rows, &row);
}

static void
end_silence(struct past *p, struct subject *s, uint64_t ended_s)
{
	struct history_row row = row_of("absence", s, s->checked);

	if (s->silent_s == 0 || ended_s <= p->wanted->from_s)
		return;
	row.from_s = s->silent_s;
	row.to_s = ended_s;
	row.first_entry = s->silent_entry;
	history_rows_add(p->rows, &row);
}

/* Measured components as "kind:digest", one behind the other; NULL for want of memory. */
static char *
components_of(const struct bundle *b)
{
	char hex[DIGEST_HEX_SIZE + 1];
	struct buf text = BUF_INIT;
	char *copy = NULL;

	for (size_t i = 0; i < COMPONENT_KIND_COUNT; i++) {
		if (!b->component[i].present)
			continue;
		digest_to_hex(&b->component[i].digest, hex);
		buf_append_format(&text, "%s%s:%s", text.size == 0 ? "" : " ",
		    component_kind_name((enum component_kind)i), hex);
	}
	if (buf_status(&text) == ERR_OK)
		copy = view_to_string(buf_view(&text));
	buf_free(&text);
	return copy;
}

static void
take_state(struct past *p, struct subject *s, const struct walk_visited *v, bool counts)
{
	const struct report *r = v->report;
	char *components = components_of(&r->bundle);
	const uint8_t status = (uint8_t)r->status;
	const struct view parts[] = {{&status, 1}, r->policy_id, {(const uint8_t *)"", 1},
	    view_of_string(components != NULL ? components : "")};
	struct digest state;

	digest_of_parts(parts, sizeof(parts) / sizeof(parts[0]), &state);
	if (s->state_first_s == 0 || !digest_equal(&state, &s->state)) {
		char *policy = view_to_string(r->policy_id);

		if (components == NULL || policy == NULL) {
			p->failed = true;
			free(components);
			free(policy);
			return;
		}
		end_interval(p, s, v->issued_s);
		free(s->policy);
		free(s->components);
		s->policy = policy;
		s->components = components;
		components = NULL; /* moved */
		s->state = state;
		s->status = r->status;
		s->state_first_s = v->issued_s;
		s->state_first_entry = v->index;
		s->state_reports = 0;
		s->state_checked = OUTCOME_GOOD;
	}
	free(components);
	s->state_last_s = v->issued_s;
	s->state_last_entry = v->index;
	s->state_reports += counts;
	s->state_checked = outcome_worse(s->state_checked, walk_visited_outcome(v));
}

static struct deviation *
find_deviation(struct past *p, struct subject *s, const struct report_finding *f)
{
	const struct view zero = {(const uint8_t *)"", 1};
	const struct view parts[] = {f->kind, zero, f->code, zero, f->subject, zero, f->detail};
	struct deviation *d;
	struct digest name;

	digest_of_parts(parts, sizeof(parts) / sizeof(parts[0]), &name);
	for (d = s->deviations; d != NULL; d = d->next)
		if (digest_equal(&d->name, &name))
			return d;
	if ((d = calloc(1, sizeof(*d))) == NULL || (d->code = view_to_string(f->code)) == NULL ||
	    (d->subject = view_to_string(f->subject)) == NULL ||
	    (d->detail = view_to_string(f->detail)) == NULL) {
		if (d != NULL)
			deviation_free(d);
		p->failed = true;
		return NULL;
	}
	d->name = name;
	d->next = s->deviations;
	s->deviations = d;
	return d;
}

/* At most REPORT_FINDINGS_MAX are open: what a report does not have is ended by it. */
static void
take_findings(struct past *p, struct subject *s, const struct walk_visited *v, bool counts)
{
	const struct report *r = v->report;
	struct deviation **at = &s->deviations;

	for (size_t i = 0; i < r->finding_count; i++) {
		struct deviation *d = find_deviation(p, s, &r->finding[i]);

		if (d == NULL)
			continue;
		if (d->first_s == 0) {
			d->first_s = v->issued_s;
			d->first_entry = v->index;
		}
		d->reports += counts && (d->last_s == 0 || d->last_entry != v->index);
		d->last_s = v->issued_s;
		d->last_entry = v->index;
		d->checked = outcome_worse(d->checked, walk_visited_outcome(v));
	}
	while (*at != NULL) {
		struct deviation *d = *at;

		if (d->last_entry == v->index) {
			at = &d->next;
			continue;
		}
		*at = d->next;
		end_deviation(p, s, d, v->issued_s);
		deviation_free(d);
	}
}

/* A gap that ends at this time; one that ended before the period is none of it. */
static void
take_gap(const struct past *p, struct subject *s, uint64_t now_s)
{
	if (s->fresh_s == 0 || now_s < p->wanted->from_s || now_s < s->fresh_s ||
	    now_s - s->fresh_s < s->longest_gap_s)
		return;
	s->longest_gap_s = now_s - s->fresh_s;
	s->allowed_s = s->due_s > s->fresh_s ? s->due_s - s->fresh_s : HISTORY_NONE;
}

static void
take_report(struct past *p, const struct walk_visited *v)
{
	struct subject *s = find_subject(p, v->report->collector, v->report->bundle.workload);
	const bool counts = v->issued_s >= p->wanted->from_s;

	if (s == NULL)
		return;
	if (counts && s->reports++ == 0) {
		s->first_s = v->issued_s;
		s->first_entry = v->index;
	}
	if (counts) {
		s->last_s = v->issued_s;
		s->last_entry = v->index;
		s->checked = outcome_worse(s->checked, walk_visited_outcome(v));
	}
	take_state(p, s, v, counts);
	take_findings(p, s, v, counts);
	if (v->report->bundle.offline)
		return;
	take_gap(p, s, v->issued_s);
	end_silence(p, s, v->issued_s);
	s->silent_s = 0;
	s->fresh_s = v->issued_s;
	s->due_s = v->due_s;
}

/* The first of a silence tells since when; those after it add nothing. */
static void
take_absence(struct past *p, const struct walk_visited *v)
{
	for (size_t i = 0; i < v->absence->count; i++) {
		const struct absence_workload *a = &v->absence->absent[i];
		struct subject *s = find_subject(p, v->absence->collector, a->workload);

		if (s == NULL || s->silent_s != 0)
			continue;
		s->silent_s = a->due_s;
		s->silent_entry = v->index;
		s->checked = outcome_worse(s->checked, walk_visited_outcome(v));
	}
}

/* What a notice is about, in words that have no text of others but names. */
static void
describe_notice(const struct notice *n, struct buf *to)
{
	char hex[DIGEST_HEX_SIZE + 1], from[UTC_TEXT_SIZE], until[UTC_TEXT_SIZE];

	digest_to_hex(&n->sha256, hex);
	switch (n->kind) {
	case NOTICE_START:
		buf_append_string(to, "cause ");
		buf_append_view(to, notice_cause_name(n));
		buf_append_format(to, ", no entries from %s to %s", utc_text(n->from_s, from),
		    utc_text(n->to_s, until));
		break;
	case NOTICE_MANIFEST:
		buf_append_format(to, "sha256:%s", hex);
		for (size_t i = 0; i < n->approval_count; i++) {
			digest_to_hex(&n->approval[i], hex);
			buf_append_format(to, ", approved by statement %s", hex);
		}
		break;
	case NOTICE_STATEMENT:
		buf_append_view(to, n->statement_kind);
		buf_append_format(to, " %s", hex);
		digest_to_hex(&n->key, hex);
		buf_append_format(to, ", signed by key %s, number ", hex);
		buf_append_decimal(to, n->number);
		break;
	default:
		break;
	}
}

static void
take_notice(struct past *p, const struct walk_visited *v)
{
	struct history_row row = ROW_NONE;
	struct buf detail = BUF_INIT;

	describe_notice(v->notice, &detail);
	row.row = VIEW_LITERAL("notice");
	row.from_s = row.to_s = v->issued_s;
	row.first_entry = row.last_entry = v->index;
	row.code = notice_kind_name(v->notice);
	row.detail = buf_view(&detail);
	row.checked = view_of_string(outcome_word(walk_visited_outcome(v)));
	if (buf_status(&detail) == ERR_OK)
		history_rows_add(p->rows, &row);
	else
		p->failed = true;
	buf_free(&detail);
}

void
past_conclude(struct past *p)
{
	struct subject *s, *next;

	HASH_ITER (hh, p->all, s, next) {
		struct history_row row;

		take_gap(p, s, p->newest_s);
		end_interval(p, s, HISTORY_NONE);
		for (struct deviation *d = s->deviations; d != NULL; d = d->next)
			end_deviation(p, s, d, HISTORY_NONE);
		end_silence(p, s, HISTORY_NONE);
		row = row_of("workload", s, s->checked);
		row.reports = s->reports;
		if (s->reports > 0) {
			row.from_s = s->first_s;
			row.to_s = s->last_s;
			row.first_entry = s->first_entry;
			row.last_entry = s->last_entry;
		}
		if (s->fresh_s != 0) {
			row.longest_gap_s = s->longest_gap_s;
			row.allowed_s = s->allowed_s;
		}
		history_rows_add(p->rows, &row);
	}
}
