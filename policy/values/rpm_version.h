/*
 * Versions in the order that rpm gives them, as packages of rpm are measured:
 *
 *   [epoch:] version [-release]
 *
 * Of version and release the runs of digits and of letters are compared in turn; what else stands
 * between them counts for nothing but "~", which stands before the end, and "^", behind it and
 * before all else.
 */
#ifndef HALLMARK_POLICY_VALUES_RPM_VERSION_H
#define HALLMARK_POLICY_VALUES_RPM_VERSION_H

#include "proto/bytes.h"
#include "proto/err.h"

/*
 * ERR_FORMAT for what is none: 1 to VERSION_SIZE_MAX bytes (policy/values/version.h), letters,
 * digits and ". + - ~ _ ^" alone; an epoch has 1 to 9 digits.
 */
enum err rpm_version_check(struct view version) MUST_USE;

/*
 * Of two that passed: below, at or above 0. Where one has no release, that of the other does not
 * matter, as in a dependency.
 */
int rpm_version_compare(struct view a, struct view b);

#endif
