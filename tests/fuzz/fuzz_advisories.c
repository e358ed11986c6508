/*
 * Advisories: what parses is found again by every line of it, and by nothing else.
 */
#include <stdlib.h>

#include "policy/feeds/advisories.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const managers[] = {"apk", "dpkg", "rpm"};
	struct faults faults = FAULTS_INIT;
	struct advisories *a;
	const enum err e = advisories_parse("fuzz", (struct view){data, size}, &faults, &a);

	if ((e == ERR_OK) != (faults.count == 0) || (e == ERR_OK) != (a != NULL))
		abort();
	faults_free(&faults);
	for (size_t i = 0; a != NULL && i < advisories_count(a); i++) {
		const struct advisory one = advisories_at(a, i);

		if (one.to.size == 0 && !advisories_id_is(one.id) && one.id.size != 64)
			abort();
		for (size_t m = 0; one.to.size > 0 && m < 3; m++) {
			const struct view fixed = advisory_fixed(&one);

			if (fixed.size > 0 && view_equal(one.from, VIEW_LITERAL("-")))
				(void)advisory_affects(&one, view_of_string(managers[m]), fixed);
		}
	}
	advisories_free(&a);
	return 0;
}
