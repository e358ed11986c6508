/*
 * What `verify` answers about a receipt: what is PROVED, and apart from that what the entry SAYS. A
 * receipt may prove that the log says nothing good.
 */
#ifndef HALLMARK_AUDITOR_ANSWER_H
#define HALLMARK_AUDITOR_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "auditor/demands.h"
#include "auditor/tell/display.h"
#include "log/receipt_check.h"
#include "log/walk/vouching_trust.h"

/*
 * Two lines, one for the CA behind the log's key where it was asked for (else NULL), and one for
 * each demand that is not met; `at_s`: the time that ages are told by.
 */
void answer_show(const struct display *d, enum outcome o, const struct receipt_check *c,
    const struct vouching_found *ca, const struct demand *demands, size_t count, uint64_t at_s);

/* The fields of the entry, for those who want to see them all. */
void answer_show_entry(const struct display *d, const struct receipt_check *c);

/* The same as members of an open object. */
void answer_write(struct json *j, const struct receipt_check *c, const struct vouching_found *ca,
    const struct demand *demands, size_t count);

#endif
