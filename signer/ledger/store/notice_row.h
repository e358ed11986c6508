/*
 * A notice, as a start needs it: which it is, and what it may have done to dues.
 */
#ifndef HALLMARK_SIGNER_LEDGER_STORE_NOTICE_ROW_H
#define HALLMARK_SIGNER_LEDGER_STORE_NOTICE_ROW_H

#include <stdint.h>

#include "proto/digest.h"
#include "proto/report/notice.h"

struct notice_row {
	uint64_t index;    /* in the log */
	uint64_t issued_s; /* iat */
	uint64_t from_s;   /* of a start; else 0 */
	enum notice_kind kind;
	struct digest leaf;
	struct digest in_force;
	struct digest subject; /* the manifest's or the envelope's; zero of a start */
};

#endif
