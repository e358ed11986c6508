/*
 * Versions of packages, in the order of the manager whose packages they are: the facts of the
 * component `packages` are named after it.
 */
#ifndef HALLMARK_POLICY_VALUES_PACKAGE_VERSION_H
#define HALLMARK_POLICY_VALUES_PACKAGE_VERSION_H

#include "proto/bytes.h"
#include "proto/err.h"

/* An order of versions. */
struct package_order {
	enum err (*check)(struct view version); /* ERR_FORMAT for what is no version */
	int (*compare)(struct view a, struct view b);
};

/* Of "apk", "dpkg" and "rpm"; NULL for another one. */
const struct package_order *package_order_of(struct view manager);

#endif
