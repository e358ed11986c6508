/*
 * Package URLs (purl) of what is measured: "pkg:deb/debian/openssl@3.0.9-1?arch=amd64", and those
 * of the types apk and rpm, whose epoch is a qualifier.
 */
#ifndef HALLMARK_POLICY_FEEDS_IMPORT_PURL_H
#define HALLMARK_POLICY_FEEDS_IMPORT_PURL_H

#include <stdbool.h>

#include "proto/bytes.h"

struct purl {
	struct view manager;      /* apk, dpkg or rpm */
	bool of_source;           /* "arch=source", or "arch=src" */
	struct buf name, version; /* decoded; the version may be empty */
};

/* False for another type, and what is none; `out` is to be freed all the same. */
bool purl_parse(struct view text, struct purl *out);
void purl_free(struct purl *p);

#endif
