#include "policy/appraisal/conclusion.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/text.h"

/* The others, by what was found. */
#define CLAIM_UNEXPECTED   1 /* the policy says `none`: evidence it does not want to judge */
#define CLAIM_WARNING      32
#define CLAIM_UNRECOGNISED 33 /* executables: not known to be bad */

static void claim(
    struct conclusion *c, enum component_kind kind, enum report_status outcome, bool only_known);
static enum report_claim claim_of(enum component_kind kind);
static int8_t claim_value(enum report_claim claim, enum report_status outcome, bool only_known);

struct own_finding *
conclusion_find(
    struct conclusion *c, enum finding f, enum report_status outcome, enum component_kind kind)
{
	struct own_finding *own = &c->own[c->own_count++];

	own->severity = severity_of(f, outcome);
	own->kind = kind;
	own->finding.kind = kind == COMPONENT_KIND_COUNT
				? VIEW_LITERAL("bundle")
				: view_of_string(component_kind_name(kind));
	own->finding.code = finding_code(f);
	own->finding.subject = (struct view){(const uint8_t *)"", 0};
	own->finding.detail = finding_sentence(f);
	conclusion_worsen(c, outcome);
	return own;
}

/* Other words than the finding's sentence. */
void
conclusion_detail(struct conclusion *c, struct own_finding *own, const char *format, ...)
{
	const size_t begun = c->words->size;
	char text[REPORT_SUBJECT_MAX + 1];
	va_list arguments;
	int size;

	va_start(arguments, format);
	size = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (size < 0 || (size_t)size >= sizeof(text))
		abort(); /* our own words are short */
	buf_append(c->words, text, (size_t)size);
	if (!c->words->failed)
		own->finding.detail = (struct view){c->words->data + begun, (size_t)size};
}

struct view
conclusion_printable(struct conclusion *c, struct view text)
{
	const size_t begun = c->words->size;

	text_append_printable(c->words, text, REPORT_SUBJECT_MAX);
	return c->words->failed ? (struct view){(const uint8_t *)"", 0}
				: (struct view){c->words->data + begun, c->words->size - begun};
}

/* It lowers the status to `warning` at most, and no claim: those are of the policy that decides. */
void
conclusion_beside(struct conclusion *c, const struct report_rollout *beside)
{
	const enum report_status outcome =
	    beside->status == REPORT_CONTRAINDICATED ? REPORT_WARNING : beside->status;

	if (beside->enforce != REPORT_ENFORCE_WARN ||
	    report_status_rank(beside->status) <= report_status_rank(c->status))
		return;
	conclusion_detail(c, conclusion_find(c, FINDING_STRICTER, outcome, COMPONENT_KIND_COUNT),
	    "the policy in force gives %s, with %llu findings, and only warns in this group",
	    report_status_name(beside->status), (unsigned long long)beside->finding_total);
}

/* A claim is as bad as the worst of the components that it speaks for. */
void
conclusion_claim(struct conclusion *c, enum component_kind kind, enum report_status outcome)
{
	claim(c, kind, outcome, false);
}

void
conclusion_claim_judged(struct conclusion *c, const struct component_verdict *v)
{
	claim(c, v->kind, v->outcome, v->only_known);
}

static void
claim(struct conclusion *c, enum component_kind kind, enum report_status outcome, bool only_known)
{
	const enum report_claim spoken = claim_of(kind);
	const int8_t value = claim_value(spoken, outcome, only_known);
	int8_t *now = &c->out->claim[spoken];

	c->claimed = true;
	conclusion_worsen(c, outcome);
	/* Executables that are known to be vulnerable are known: 33 says less of them than 32. */
	if (*now == 0 ||
	    report_status_rank(report_claim_status(value)) >
		report_status_rank(report_claim_status(*now)) ||
	    (*now == CLAIM_WARNING && value == CLAIM_UNRECOGNISED))
		*now = value;
}

void
conclusion_worsen(struct conclusion *c, enum report_status by)
{
	if (report_status_rank(by) > report_status_rank(c->status))
		c->status = by;
}

static enum report_claim
claim_of(enum component_kind kind)
{
	switch (kind) {
	case COMPONENT_EXECUTABLE:
	case COMPONENT_LIBRARIES:
		return REPORT_EXECUTABLES;
	case COMPONENT_FILES:
	case COMPONENT_IMAGE:
	case COMPONENT_WEB:
		return REPORT_FILE_SYSTEM;
	default:
		return REPORT_CONFIGURATION;
	}
}

static int8_t
claim_value(enum report_claim claim, enum report_status outcome, bool only_known)
{
	switch (outcome) {
	case REPORT_AFFIRMING:
		return CLAIM_GOOD;
	case REPORT_NONE:
		return CLAIM_UNEXPECTED;
	case REPORT_WARNING:
		return claim == REPORT_EXECUTABLES && !only_known ? CLAIM_UNRECOGNISED
								  : CLAIM_WARNING;
	case REPORT_CONTRAINDICATED:
		break;
	}
	return CLAIM_CONTRAINDICATED;
}
