/*
 * The measuring process: answers one request after the other (collector/processes/exchange.h) until
 * its channel is closed. It parses what the host's processes and files say, and holds nothing but
 * the configuration: no key, no network, no state.
 */
#ifndef HALLMARK_COLLECTOR_PROCESSES_MEASURING_H
#define HALLMARK_COLLECTOR_PROCESSES_MEASURING_H

#include "config/collector_config.h"

/*
 * Gives up its rights and serves. Returns the exit status of the process: 0 at the end of the
 * channel, 1 for a request that is none, or where it cannot serve, which it has said then.
 */
int measuring_serve(int channel, const struct collector_config *config);

#endif
