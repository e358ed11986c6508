#include "collector/measure/measure_root.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "collector/subject/host_root.h"
#include "collector/subject/namespaces.h"
#include "collector/subject/procfs.h"

static enum err check_view(struct measure_context *m);

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
	*option = m->workload->host_root_option;
	if ((e = host_root_open(m->workload->host_root, out, m->trouble)) != ERR_OK ||
	    m->workload->start != NULL || host_root_is_of(*out, m->process->dir))
		return e;
	(void)close(*out);
	*out = -1;
	if ((e = check_view(m)) != ERR_OK)
		return e;
	*option = "root=process";
	*out = fcntl(m->root, F_DUPFD_CLOEXEC, 0);
	return *out >= 0 ? ERR_OK : trouble_set(m->trouble, ERR_IO, "/: %s", strerror(errno));
}

enum err
measure_root_open_view(struct measure_context *m, int *root)
{
	const int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
	const bool of_process = m->workload->view != VIEW_HOST;
	enum err e = ERR_OK;

	*root = -1;
	if (of_process && (e = check_view(m)) != ERR_OK)
		return e;
	if (!of_process)
		return host_root_open(m->workload->host_root, root, m->trouble);
	*root = openat(m->process->dir, "root", flags);
	if (*root >= 0)
		return ERR_OK;
	return trouble_set(m->trouble, ERR_IO,
	    "the root directory of the process cannot be opened; run the collector as root or "
	    "with CAP_SYS_PTRACE");
}

enum err
measure_root_note(const char *option, struct component_builder *to)
{
	const struct view value = view_of_string(option != NULL ? option : "");
	const struct component_fact made = {VIEW_LITERAL("options"), 1, &value};

	return option != NULL ? component_set_made(to, &made, 1) : ERR_OK;
}

/*
 * Every user may make a user namespace, and in it mount what it likes or choose a root directory:
 * what stands there says nothing of what the workload was given.
 */
static enum err
check_view(struct measure_context *m)
{
	enum namespace_place mounts = NAMESPACE_UNKNOWN, user = NAMESPACE_UNKNOWN;
	struct namespaces collector;
	struct buf root = BUF_INIT;
	enum err e;

	if ((e = namespaces_of_collector(&collector)) == ERR_OK &&
	    (e = namespaces_place(&collector, m->process->dir, NAMESPACE_MOUNT, &mounts)) ==
		ERR_OK &&
	    (e = namespaces_place(&collector, m->process->dir, NAMESPACE_USER, &user)) == ERR_OK)
		e = procfs_read_link(m->process->dir, "root", &root);
	if (e == ERR_NOT_FOUND)
		e = ERR_CHANGED;
	else if (e != ERR_OK)
		e = trouble_set(m->trouble, e, "the namespaces of the process: %s",
		    e == ERR_IO ? strerror(errno) : err_text(e));
	else if (mounts == NAMESPACE_FOREIGN ||
		 (user == NAMESPACE_FOREIGN && !view_equal(buf_view(&root), VIEW_LITERAL("/"))))
		e = trouble_set(m->trouble, ERR_MISMATCH,
		    "its view is that of a user namespace, which every user can make, and not to "
		    "be believed; of files without \"view: process\" it is the host's");
	buf_free(&root);
	return e;
}
