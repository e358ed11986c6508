/*
 * Versions in the order that Debian gives them (deb-version(7)); dotted numbers have their own
 * order in it: 1.9 is before 1.10.
 *
 *   [epoch:] upstream [-revision]
 *
 * The revision begins behind the last hyphen. Of each, texts without digits and numbers are taken
 * in turn from the left and compared; in a text "~" stands before its end, that before letters, and
 * those before all other characters.
 */
#ifndef HALLMARK_POLICY_VALUES_VERSION_H
#define HALLMARK_POLICY_VALUES_VERSION_H

#include "proto/bytes.h"
#include "proto/err.h"

#define VERSION_SIZE_MAX 256 /* bytes */

/*
 * ERR_FORMAT for what is none: it begins with a digit and has letters, digits and ". + - ~ _"
 * alone; an epoch has 1 to 9 digits.
 */
enum err version_check(struct view version) MUST_USE;

/* Of two that passed: below, at or above 0. Equal are also those that differ in spelling alone. */
int version_compare(struct view a, struct view b);

#endif
