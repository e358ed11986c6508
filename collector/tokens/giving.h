/*
 * What the process that gives tokens does (collector/tokens/giver.h says why there is one): takes
 * orders, keeps files as they say, and ends with who gives them.
 */
#ifndef HALLMARK_COLLECTOR_TOKENS_GIVING_H
#define HALLMARK_COLLECTOR_TOKENS_GIVING_H

#include "config/collector/collector_config.h"

/* `control` is its end of the channel. Takes the configuration, which is at `path`. */
void giving_run(const char *path, struct collector_config *config, int control)
    __attribute__((noreturn));

#endif
