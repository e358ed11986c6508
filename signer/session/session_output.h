/*
 * Where a session's answers go, and who is told that there are some: the owner's, who lends both
 * until session_end. This is how a session speaks to what is above it.
 */
#ifndef HALLMARK_SIGNER_SESSION_SESSION_OUTPUT_H
#define HALLMARK_SIGNER_SESSION_SESSION_OUTPUT_H

#include "proto/bytes.h"

struct session_output {
	struct buf *bytes;
	void (*wake)(void *context);
	void *context;
};

#endif
