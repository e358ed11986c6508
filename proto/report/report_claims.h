/*
 * Claims that a report and a token about it have in the same spelling.
 */
#ifndef HALLMARK_PROTO_REPORT_REPORT_CLAIMS_H
#define HALLMARK_PROTO_REPORT_REPORT_CLAIMS_H

#include "proto/json/json_write.h"
#include "proto/report/report.h"
#include "proto/report/report_dialect.h"

/* eat_nonce, with a comma before it: of two nonces the one that somebody waits for, or nothing. */
void report_claims_nonce(struct json_writer *w, const struct report *r);

/* The trustworthiness vector; left out where it would be empty, which the draft forbids. */
void report_claims_vector(
    struct json_writer *w, const struct report *r, const struct report_dialect *names);

#endif
