/*
 * hallmark-audit show: one entry, readable. It says what is written; verify says whether it is
 * true.
 */
#ifndef HALLMARK_AUDITOR_SHOW_H
#define HALLMARK_AUDITOR_SHOW_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "auditor/arguments.h"
#include "auditor/tell/show_measured.h"
#include "log/outcome.h"
#include "proto/bytes.h"
#include "proto/report/report.h"

struct show_options {
	const char *file;                         /* a receipt; NULL: an entry of a log */
	const char *report;                       /* of a receipt that has none in it; or NULL */
	const char *log;                          /* its directory */
	const struct argument_list *certificates; /* of the log's key; only with `log` */
	const char *origin;   /* NULL: whichever the certificate's key signed under */
	const char *evidence; /* what the entry names is shown from there; or NULL */
	uint64_t index;
	struct show_measured_wanted measured; /* needs `evidence` */
	bool json; /* the entry's bytes as they are logged, and a newline */
	bool full; /* of two: nothing is left out */
};

/* Appends the entry that the options name, as it stands there. What is wrong is told. */
enum outcome show_read(const struct show_options *options, const struct display *d,
    struct buf *entry, uint64_t *index) MUST_USE;

/*
 * Appends the notice that this report of theirs names. Nothing where it cannot be had: a receipt
 * has none.
 */
void show_read_notice(
    const struct show_options *options, const struct report *r, struct buf *notice);

enum outcome show_run(const struct show_options *options, FILE *to) MUST_USE;

#endif
