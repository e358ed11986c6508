/*
 * Component `web`: pages as a client of this host is given them, by hallmark-web, which fetches
 * them elsewhere (collector/measure/web_answer.h). What a browser elsewhere is given, nobody here
 * sees: a server, and whoever stands between, may tell clients apart.
 */
#ifndef HALLMARK_COLLECTOR_MEASURE_MEASURE_WEB_H
#define HALLMARK_COLLECTOR_MEASURE_MEASURE_WEB_H

#include "collector/measure/measure_context.h"

/* By which the answer comes, borrowed; -1: nobody fetches. Of the process, before it measures. */
void measure_web_begin(int channel);

/*
 * ERR_UNSUPPORTED (nobody fetches), ERR_TRUNCATED (no whole answer came), ERR_FORMAT (what came is
 * none), or what was answered, with the trouble in words.
 */
measure_function measure_web;

#endif
