/*
 * Versions in the order that apk, of Alpine, gives them:
 *
 *   digits ("." digits)* letter? ("_" suffix digits?)* ("-r" digits)?
 *
 * Suffixes, in order: alpha, beta, pre, rc, which stand before the end; cvs, svn, git, hg, p, which
 * stand behind it.
 */
#ifndef HALLMARK_POLICY_VALUES_APK_VERSION_H
#define HALLMARK_POLICY_VALUES_APK_VERSION_H

#include "proto/bytes.h"
#include "proto/err.h"

/* ERR_FORMAT for what is none, or has more than VERSION_SIZE_MAX bytes (policy/values/version.h).
 */
enum err apk_version_check(struct view version) MUST_USE;

/* Of two that passed: below, at or above 0. */
int apk_version_compare(struct view a, struct view b);

#endif
