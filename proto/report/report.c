#include "proto/report/report.h"

const char *
report_status_name(enum report_status s)
{
	switch (s) {
	case REPORT_NONE:
		return "none";
	case REPORT_AFFIRMING:
		return "affirming";
	case REPORT_WARNING:
		return "warning";
	case REPORT_CONTRAINDICATED:
		return "contraindicated";
	}
	return "unknown";
}

/* draft-ietf-rats-ar4si, section 2.3.2: the negative values mirror the positive ones. */
enum report_status
report_claim_status(int value)
{
	if (value >= -1 && value <= 1)
		return REPORT_NONE;
	if (value >= -32 && value <= 31)
		return REPORT_AFFIRMING;
	if (value >= -96 && value <= 95)
		return REPORT_WARNING;
	return REPORT_CONTRAINDICATED;
}

int
report_status_rank(enum report_status s)
{
	switch (s) {
	case REPORT_AFFIRMING:
		return 0;
	case REPORT_NONE:
		return 1;
	case REPORT_WARNING:
		return 2;
	case REPORT_CONTRAINDICATED:
		break;
	}
	return 3;
}

const char *
report_enforce_name(enum report_enforce e)
{
	static const char *const names[] = {
	    [REPORT_ENFORCE_ON] = "on",
	    [REPORT_ENFORCE_WARN] = "warn",
	    [REPORT_ENFORCE_OFF] = "off",
	};

	return names[e];
}

const char *
report_claim_name(enum report_claim c)
{
#define CLAIM_NAME(identifier, name) [identifier] = name,
	static const char *const names[REPORT_CLAIM_COUNT] = {REPORT_CLAIM_MAP(CLAIM_NAME)};
#undef CLAIM_NAME

	return names[c];
}

bool
report_answers_challenge(
    const struct report *r, struct view collector, struct view workload, struct view nonce)
{
	return view_equal(r->collector, collector) && view_equal(r->bundle.workload, workload) &&
	       view_equal(r->bundle.extensions.challenge, nonce);
}
