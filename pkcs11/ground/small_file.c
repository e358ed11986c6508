#include "pkcs11/ground/small_file.h"

#include "config/yaml_check.h"

enum err
small_file_read(const char *path, size_t size_max, struct buf *to)
{
	struct faults faults = FAULTS_INIT;
	enum err e = yaml_read_file(path, 0, NULL, path, size_max, &faults, to);

	faults_print(&faults, stderr);
	faults_free(&faults);
	return e;
}
