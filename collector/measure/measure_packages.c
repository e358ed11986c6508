#include "collector/measure/measure_packages.h"

#include <unistd.h>

#include "collector/measure/measure_root.h"
#include "collector/packages/apk.h"
#include "collector/packages/dpkg.h"
#include "collector/packages/rpm.h"

typedef enum err manager_function(
    int root, struct component_builder *to, bool *found, struct trouble *t);

static manager_function *const managers[] = {apk_add, dpkg_add, rpm_add};

enum err
measure_packages(struct measure_context *m, struct component_builder *to)
{
	const char *option;
	bool found, any = false;
	enum err e;
	int root;

	if ((e = measure_root_open(m, &root, &option)) != ERR_OK)
		return e;
	e = measure_root_note(option, to);
	for (size_t i = 0; e == ERR_OK && i < sizeof(managers) / sizeof(managers[0]); i++) {
		e = managers[i](root, to, &found, m->trouble);
		any = any || found;
	}
	(void)close(root);
	if (e == ERR_OK && !any)
		e = trouble_set(m->trouble, ERR_NOT_FOUND,
		    "no list of dpkg, rpm or apk is there; take `packages` out of this workload's "
		    "`measure`");
	return e;
}
