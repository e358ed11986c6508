#include "collector/measure/measure_root.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "collector/subject/host_root.h"

enum err
measure_root_open(struct measure_context *m, int *out, const char **option)
{
	enum err e;

	*out = -1;
	if (m->root < 0)
		return trouble_set(m->trouble, ERR_IO,
		    "the root directory of process %d cannot be looked at; that takes "
		    "CAP_SYS_PTRACE",
		    (int)m->process->pid);
	if ((e = measure_root_open_host(m, out, option)) != ERR_OK ||
	    host_root_is_of(*out, m->process->dir))
		return e;
	(void)close(*out);
	*option = "root=process";
	*out = fcntl(m->root, F_DUPFD_CLOEXEC, 0);
	return *out >= 0 ? ERR_OK : trouble_set(m->trouble, ERR_IO, "/: %s", strerror(errno));
}

enum err
measure_root_open_host(struct measure_context *m, int *out, const char **option)
{
	*option = m->workload->host_root_option;
	return host_root_open(m->workload->host_root, out, m->trouble);
}

enum err
measure_root_note(const char *option, struct component_builder *to)
{
	const struct view value = view_of_string(option != NULL ? option : "");
	const struct component_fact made = {VIEW_LITERAL("options"), 1, &value};

	return option != NULL ? component_set_made(to, &made, 1) : ERR_OK;
}
