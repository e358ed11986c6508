/*
 * What the load is to do, as the command line says it.
 */
#ifndef HALLMARK_LOAD_OPTIONS_H
#define HALLMARK_LOAD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define OPTIONS_WATCH_MAX 4 /* processes whose processor time is told */

struct options {
	const char *ca, *cert, *key; /* PEM files: whom to trust, and who to be */
	const char *ca_key;          /* with it, each connection has a certificate of its own */
	const char *log_cert;        /* by which receipts are verified */
	const char *prefix;          /* of workloads' names: chains of one run are its own */
	unsigned port;
	unsigned connections;
	unsigned workloads; /* a connection, each with at most one bundle under way: pipelining */
	unsigned seconds;   /* measured */
	unsigned warm_ms;   /* before that */
	unsigned sample;    /* every so many-th receipt is verified completely */
	unsigned rate;      /* bundles a second, evenly spaced; 0: as fast as answers come */
	bool change;        /* evidence that changes with every bundle */
	bool resume;        /* sessions by ticket */
	bool once;          /* http: a new connection for each request */
	unsigned watch[OPTIONS_WATCH_MAX]; /* process ids; 0: none */
};

/* Says what is wrong and ends the program if anything is. */
void options_parse(int argc, char **argv, struct options *o);

#endif
