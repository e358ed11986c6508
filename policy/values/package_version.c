#include "policy/values/package_version.h"

#include <stddef.h>

#include "policy/values/apk_version.h"
#include "policy/values/rpm_version.h"
#include "policy/values/version.h"

static const struct {
	const char *manager;
	struct package_order order;
} orders[] = {
    {"apk", {apk_version_check, apk_version_compare}},
    {"dpkg", {version_check, version_compare}},
    {"rpm", {rpm_version_check, rpm_version_compare}},
};

const struct package_order *
package_order_of(struct view manager)
{
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
		if (view_equal(manager, view_of_string(orders[i].manager)))
			return &orders[i].order;
	return NULL;
}
