/*
 * Packages as a fact tells them, of whatever manager. One value each, in words with a space
 * between:
 *
 *   name version architecture            installed
 *   name version architecture STATE      anything else that has files on the disk
 *   name version architecture STATE FLAG
 *
 * A word that is not there, or is empty, is "-". So is one that is no word: longer than
 * PACKAGE_WORD_MAX, or not of printable ASCII without space; then, and where a field stands twice,
 * STATE is "odd". One odd entry loses no list.
 */
#ifndef HALLMARK_COLLECTOR_PACKAGES_PACKAGE_LIST_H
#define HALLMARK_COLLECTOR_PACKAGES_PACKAGE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "collector/ground/values.h"
#include "proto/bytes.h"
#include "proto/err.h"

#define PACKAGES_MAX     200000 /* of one list; Debian 12 has 64,000 in all */
#define PACKAGE_WORD_MAX 1024   /* bytes */

struct package {
	struct view name;
	struct view version;
	struct view architecture;
	struct view state; /* empty: installed */
	struct view flag;  /* empty: none; else there is a state */
	bool odd;
};

/* ERR_FORMAT_SIZE over PACKAGES_MAX, ERR_MEMORY. */
enum err package_list_add(struct values *l, const struct package *p) MUST_USE;

#endif
