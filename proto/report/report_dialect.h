/*
 * The names that the two living dialects of EAR give to the same claims.
 */
#ifndef HALLMARK_PROTO_REPORT_REPORT_DIALECT_H
#define HALLMARK_PROTO_REPORT_REPORT_DIALECT_H

#include <stdbool.h>

#include "proto/report/report.h"

struct report_dialect {
	const char *profile; /* eat_profile */
	const char *verifier_id;
	const char *status;
	const char *vector;
	const char *policy;
	bool policy_is_list; /* an array with one id, instead of the id */
};

const struct report_dialect *report_dialect(enum report_profile profile);

#endif
