#include "collector/measure/measure_root.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum err
measure_root_open(struct measure_context *m, int *out, bool *of_process)
{
	struct stat own, process;

	*out = -1;
	if (m->root < 0 || fstat(m->root, &process) != 0 || stat("/", &own) != 0)
		return trouble_set(m->trouble, ERR_IO,
		    "the root directory of process %d cannot be looked at; that takes "
		    "CAP_SYS_PTRACE",
		    (int)m->process->pid);
	*of_process = own.st_dev != process.st_dev || own.st_ino != process.st_ino;
	*out = *of_process ? fcntl(m->root, F_DUPFD_CLOEXEC, 0)
			   : openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *out >= 0 ? ERR_OK : trouble_set(m->trouble, ERR_IO, "/: %s", strerror(errno));
}

enum err
measure_root_note(struct component_builder *to)
{
	const struct view option = VIEW_LITERAL("root=process");
	const struct component_fact made = {VIEW_LITERAL("options"), 1, &option};

	return component_set_made(to, &made, 1);
}
