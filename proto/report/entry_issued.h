/*
 * When an entry of a log was issued, of whatever kind it is.
 */
#ifndef HALLMARK_PROTO_REPORT_ENTRY_ISSUED_H
#define HALLMARK_PROTO_REPORT_ENTRY_ISSUED_H

#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"

/*
 * Parses all of it. Sets *issued_s, seconds since 1970, only if it is good. ERR_UNSUPPORTED for
 * what is none that this version reads; else as report_parse, absence_parse and notice_parse.
 */
enum err entry_issued(struct view entry, uint64_t *issued_s) MUST_USE;

#endif
