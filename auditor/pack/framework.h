/*
 * What frameworks demand, in own words, and which rows of a pack answer it; or that a log of
 * Hallmark cannot show it. The one table that an assessor should dispute.
 */
#ifndef HALLMARK_AUDITOR_PACK_FRAMEWORK_H
#define HALLMARK_AUDITOR_PACK_FRAMEWORK_H

#include <stddef.h>

struct requirement {
	const char *id;
	const char *demands;
	const char *shown;   /* NULL: this cannot show it */
	const char *missing; /* what remains to be shown otherwise; "": nothing */
};

struct framework {
	const char *name;  /* as the command line has it */
	const char *title; /* for people */
	const struct requirement *requirement;
	size_t count;
};

/* NULL: there is none of this name. */
const struct framework *framework_find(const char *name);

/* "a, b, c": those there are. */
#define FRAMEWORK_NAMES "pci-dss-4.0.1, dora, rts6, gdpr-hipaa"

#endif
