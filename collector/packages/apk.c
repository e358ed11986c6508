#include "collector/packages/apk.h"

#include <errno.h>
#include <string.h>

#include "collector/ground/rooted.h"
#include "collector/packages/package_list.h"
#include "collector/packages/paragraph.h"

#define INSTALLED_PATH "/lib/apk/db/installed"

enum { NAME, VERSION, ARCHITECTURE, FIELD_COUNT };

enum err
apk_add(int root, struct component_builder *to, bool *found, struct trouble *t)
{
	struct buf installed = BUF_INIT;
	enum err e;

	*found = false;
	e = rooted_read(root, INSTALLED_PATH, APK_SIZE_MAX, &installed, NULL);
	if (e == ERR_OK && (e = apk_add_read(buf_view(&installed), to)) == ERR_OK)
		*found = true;
	else if (e != ERR_NOT_FOUND)
		(void)trouble_set(
		    t, e, INSTALLED_PATH ": %s", e == ERR_IO ? strerror(errno) : err_text(e));
	buf_free(&installed);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err
apk_add_read(struct view installed, struct component_builder *to)
{
	struct paragraph_field fields[FIELD_COUNT] = {
	    [NAME] = {.name = "P"}, [VERSION] = {.name = "V"}, [ARCHITECTURE] = {.name = "A"}};
	struct values list = VALUES_INIT;
	enum err e = ERR_OK;

	while (e == ERR_OK && paragraph_next(&installed, fields, FIELD_COUNT, false)) {
		const struct package package = {
		    .name = fields[NAME].value,
		    .version = fields[VERSION].value,
		    .architecture = fields[ARCHITECTURE].value,
		    .odd = fields[NAME].count > 1 || fields[VERSION].count > 1 ||
			   fields[ARCHITECTURE].count > 1,
		};

		e = package_list_add(&list, &package);
	}
	if (e == ERR_OK)
		e = values_finish(&list, VALUES_SORTED, "apk", to);
	values_free(&list);
	return e;
}
