#include "policy/appraisal/verdict.h"

#include <stdlib.h>
#include <string.h>

#include "proto/text.h"

static void detail_close(struct verdict_builder *b);
static bool is_heard(const struct verdict_builder *b, enum severity s);
static void tell(const struct verdict_builder *b, const struct verdict_entry *entry);
static struct report_finding finding_of(
    enum component_kind kind, const struct verdict_entry *e, const struct buf *words);
static void lay_out(struct component_verdict *v, const struct verdict_builder *b);

enum severity
severity_of(enum finding f, enum report_status outcome)
{
	const bool known = f == FINDING_VULNERABLE;

	switch (outcome) {
	case REPORT_CONTRAINDICATED:
		return known ? SEVERITY_CONTRAINDICATED_KNOWN : SEVERITY_CONTRAINDICATED;
	case REPORT_WARNING:
		return known ? SEVERITY_WARNING_KNOWN : SEVERITY_WARNING;
	default:
		return known ? SEVERITY_NONE_KNOWN : SEVERITY_NONE;
	}
}

enum report_status
severity_outcome(enum severity s)
{
	static const enum report_status outcomes[] = {
	    REPORT_CONTRAINDICATED, REPORT_WARNING, REPORT_NONE};

	return outcomes[s / 2];
}

void
verdict_begin(
    struct verdict_builder *b, enum component_kind kind, const struct verdict_listener *listener)
{
	memset(b, 0, sizeof(*b));
	b->kind = kind;
	b->listener = listener;
	b->valid_until_s = b->possible = UINT64_MAX;
	b->words = BUF_INIT;
	b->detail = BUF_INIT;
}

struct buf *
verdict_find(
    struct verdict_builder *b, enum finding f, enum report_status outcome, struct view subject)
{
	const enum severity s = severity_of(f, outcome);

	detail_close(b);
	b->total++;
	if (b->count[s] < REPORT_FINDINGS_MAX)
		b->open = &b->entry[s][b->count[s]++];
	else if (is_heard(b, s))
		b->open = &b->beyond;
	else
		return NULL;
	b->open->finding = f;
	b->open->outcome = outcome;
	b->open->subject_at = b->words.size;
	text_append_printable(&b->words, subject, REPORT_SUBJECT_MAX);
	b->open->subject_size = b->words.size - b->open->subject_at;
	return &b->detail;
}

void
verdict_accept(struct verdict_builder *b, enum finding f)
{
	b->accepted[f] = true;
}

void
verdict_drop(struct verdict_builder *b)
{
	buf_free(&b->detail);
	buf_free(&b->words);
}

enum err
verdict_end(struct verdict_builder *b, struct component_verdict **out)
{
	struct component_verdict *v = NULL;
	size_t kept = 0;
	enum err e = ERR_MEMORY;

	*out = NULL;
	detail_close(b);
	buf_free(&b->detail);
	if (buf_status(&b->words) != ERR_OK || (v = calloc(1, sizeof(*v))) == NULL)
		goto out;
	for (size_t s = 0; s < SEVERITY_COUNT; s++)
		kept += b->count[s];
	if (kept > 0 && (v->findings = calloc(kept, sizeof(*v->findings))) == NULL)
		goto out;
	v->kind = b->kind;
	v->judged = b->judged;
	v->outcome = REPORT_AFFIRMING;
	for (size_t s = SEVERITY_COUNT; s-- > 0;)
		if (b->count[s] > 0) {
			v->outcome = severity_outcome((enum severity)s);
			v->only_known = s % 2 != 0; /* one that is not stands before it */
		}
	v->total = b->total;
	v->valid_until_s = b->valid_until_s;
	v->references = b->references;
	v->exceptions = b->exceptions;
	v->possible = b->possible;
	v->unmeasured = b->unmeasured;
	v->groups = b->groups;
	v->groups_unclear = b->groups_unclear;
	v->has_program = b->has_program;
	v->program = b->program;
	memcpy(v->accepted, b->accepted, sizeof(v->accepted));
	v->words = b->words;
	b->words = BUF_INIT; /* moved */
	lay_out(v, b);
	*out = v;
	v = NULL; /* moved */
	e = ERR_OK;
out:
	free(v);
	buf_free(&b->words);
	return e;
}

static void
detail_close(struct verdict_builder *b)
{
	struct view detail;

	if (b->open == NULL)
		return;
	detail = b->detail.size > 0 ? buf_view(&b->detail) : finding_sentence(b->open->finding);
	b->open->detail_at = b->words.size;
	text_append_printable(&b->words, detail, REPORT_SUBJECT_MAX);
	b->open->detail_size = b->words.size - b->open->detail_at;
	if (b->detail.failed)
		b->words.failed = true; /* a detail that was cut short must not be reported */
	else if (is_heard(b, severity_of(b->open->finding, b->open->outcome)))
		tell(b, b->open);
	if (b->open == &b->beyond && !b->words.failed)
		b->words.size = b->beyond.subject_at;
	buf_clear(&b->detail);
	b->open = NULL;
}

static bool
is_heard(const struct verdict_builder *b, enum severity s)
{
	return b->listener != NULL && b->listener->severity == s;
}

static void
tell(const struct verdict_builder *b, const struct verdict_entry *entry)
{
	const struct report_finding f = finding_of(b->kind, entry, &b->words);

	if (!b->words.failed)
		b->listener->to->take(b->listener->to->context, entry->outcome, &f);
}

/* Its views are into the words. */
static struct report_finding
finding_of(enum component_kind kind, const struct verdict_entry *e, const struct buf *words)
{
	return (struct report_finding){
	    .kind = view_of_string(component_kind_name(kind)),
	    .code = finding_code(e->finding),
	    .subject = {words->data + e->subject_at, e->subject_size},
	    .detail = {words->data + e->detail_at, e->detail_size},
	};
}

/* The words have stopped moving: places become views. */
static void
lay_out(struct component_verdict *v, const struct verdict_builder *b)
{
	struct report_finding *to = v->findings;

	for (size_t s = 0; s < SEVERITY_COUNT; s++) {
		v->finding[s] = to;
		v->count[s] = b->count[s];
		for (size_t i = 0; to != NULL && i < b->count[s]; i++)
			*to++ = finding_of(b->kind, &b->entry[s][i], &v->words);
	}
}
