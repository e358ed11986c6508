/*
 * What whoever imports says about its sources.
 */
#ifndef HALLMARK_POLICY_SOURCES_SOURCE_OPTIONS_H
#define HALLMARK_POLICY_SOURCES_SOURCE_OPTIONS_H

#include <stdbool.h>

struct source_options {
	bool content_only; /* without owner and mode */
};

#endif
