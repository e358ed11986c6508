/*
 * Certificates that are renewed while the collector runs, and those that end.
 */
#ifndef HALLMARK_COLLECTOR_REPORT_REPORTER_RENEW_H
#define HALLMARK_COLLECTOR_REPORT_REPORTER_RENEW_H

#include <stdbool.h>

struct reporter;

/* To be called this often, while nothing else is to be done: two looks make a renewal. */
#define REPORTER_LOOK_MS 2000

/*
 * A look at certificate, key and signer_ca, if it is time for one, and at the clock. True: there
 * are new ones, and a session that was there is over: a new one shows who this host is now. What is
 * refused is told once; what is near its end or over when that begins, then daily.
 */
bool reporter_renew(struct reporter *r);

#endif
