/*
 * What the load can do. Each mode prints one JSON object and gives the program's exit status: 0 if
 * everything that was asked was answered.
 */
#ifndef HALLMARK_LOAD_MODES_H
#define HALLMARK_LOAD_MODES_H

#include "tests/bench/load/options.h"

/* Bundles and their receipts, as fast as they come or at a set rate. */
int reports_run(const struct options *o);

/* Connects, is welcomed, closes, again and again, on every connection at once. */
int handshakes_run(const struct options *o);

/* Connects with all connections at the same moment, once. */
int storm_run(const struct options *o);

/* Connects with all, says so on standard output, and holds them until standard input ends. */
int idle_run(const struct options *o);

/* POST requests of 1 KB to a web server, pipelined, as fast as answers come. */
int http_run(const struct options *o);

#endif
