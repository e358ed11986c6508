#include "collector/measure/measure_start.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collector/ground/rooted.h"
#include "collector/loading/loader.h"
#include "collector/subject/host_root.h"
#include "collector/subject/procfs.h"

#define LINE_MAX_SIZE 256 /* bytes of a script's first line: BINPRM_BUF_SIZE of Linux */
#define SCRIPTS_MAX   4   /* that are interpreted by scripts: as many as Linux follows */

/* A program that is to run. */
struct program {
	int fd;
	struct buf path; /* with a NUL; as the kernel has it */
};

struct adding {
	struct measure_context *m;
	struct component_builder *to;
	uint32_t flags;
};

static enum err add_file(void *context, int fd, const char *path);
static enum err find_interpreter(
    struct measure_context *m, int root, const struct program *of, struct program *out);
static bool name_interpreter(int fd, char name[LINE_MAX_SIZE]);
static enum err begin(struct measure_context *m, struct program *out, int *root);
static void end(struct program *p);

enum err
measure_start_executable(struct measure_context *m, struct component_builder *to)
{
	struct adding a = {m, to, 0};
	struct program p = {-1, BUF_INIT}, next = {-1, BUF_INIT};
	enum err e;
	int root;

	if ((e = begin(m, &p, &root)) == ERR_OK)
		e = add_file(&a, p.fd, (const char *)p.path.data);
	for (unsigned i = 0; e == ERR_OK && p.fd >= 0 && i <= SCRIPTS_MAX; i++) {
		e = find_interpreter(m, root, &p, &next);
		end(&p);
		p = next;
		a.flags = COMPONENT_FILE_OTHER;
		if (e == ERR_OK && p.fd >= 0)
			e = add_file(&a, p.fd, (const char *)p.path.data);
	}
	end(&p);
	if (root >= 0)
		(void)close(root);
	return e;
}

enum err
measure_start_libraries(struct measure_context *m, struct component_builder *to)
{
	const struct collector_start *start = m->workload->start;
	const struct loader_environment environment = {
	    start->audit, start->preload, start->library_path};
	struct adding a = {m, to, 0};
	struct program p = {-1, BUF_INIT}, next = {-1, BUF_INIT};
	enum err e;
	int root;

	e = begin(m, &p, &root);
	for (unsigned i = 0; e == ERR_OK && i <= SCRIPTS_MAX; i++) {
		if ((e = find_interpreter(m, root, &p, &next)) != ERR_OK || next.fd < 0)
			break;
		end(&p);
		p = next;
	}
	if (e == ERR_OK)
		e = loader_each(
		    root, p.fd, (const char *)p.path.data, &environment, add_file, &a, m->trouble);
	end(&p);
	if (root >= 0)
		(void)close(root);
	return e;
}

static enum err
add_file(void *context, int fd, const char *path)
{
	struct adding *a = context;
	struct component_file item;
	enum err e;

	memset(&item, 0, sizeof(item));
	if ((e = filehash_describe(a->m->hash, fd, false, &item)) != ERR_OK)
		return e;
	item.path = view_of_string(path);
	item.flags |= a->flags;
	return component_add_file(a->to, &item);
}

/* `out->fd` is -1 where it is no script. */
static enum err
find_interpreter(struct measure_context *m, int root, const struct program *of, struct program *out)
{
	char name[LINE_MAX_SIZE], link[32];
	enum err e;

	*out = (struct program){-1, BUF_INIT};
	if (!name_interpreter(of->fd, name))
		return ERR_OK;
	if ((e = rooted_open(root, name, 0, &out->fd)) != ERR_OK)
		return trouble_set(m->trouble, e, "%s: %s, which is to interpret it: %s",
		    (const char *)of->path.data, name, strerror(errno));
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", out->fd);
	if ((e = procfs_read_link(AT_FDCWD, link, &out->path)) == ERR_OK) {
		buf_append_byte(&out->path, '\0');
		e = buf_status(&out->path);
	}
	if (e != ERR_OK)
		end(out);
	return e;
}

/* What stands behind #!, up to white space; false where nothing does. */
static bool
name_interpreter(int fd, char name[LINE_MAX_SIZE])
{
	char line[LINE_MAX_SIZE];
	const ssize_t got = pread(fd, line, sizeof(line) - 1, 0);
	const char *from = line + 2;
	size_t size;

	if (got < 2 || line[0] != '#' || line[1] != '!')
		return false;
	line[got] = '\0';
	from += strspn(from, " \t");
	size = strcspn(from, " \t\n");
	memcpy(name, from, size);
	name[size] = '\0';
	return size > 0;
}

/* The file that whoever starts it holds. */
static enum err
begin(struct measure_context *m, struct program *out, int *root)
{
	const struct collector_start *start = m->workload->start;

	*root = -1;
	*out = (struct program){fcntl(start->program, F_DUPFD_CLOEXEC, 0), BUF_INIT};
	buf_append_string(&out->path, start->path);
	buf_append_byte(&out->path, '\0');
	if (out->fd < 0)
		return trouble_set(m->trouble, ERR_IO, "%s: %s", start->path, strerror(errno));
	if (buf_status(&out->path) != ERR_OK)
		return ERR_MEMORY;
	/* Where it is started from, which need not be the host's that the collector looks at. */
	return host_root_open(NULL, root, m->trouble);
}

static void
end(struct program *p)
{
	if (p->fd >= 0)
		(void)close(p->fd);
	p->fd = -1;
	buf_free(&p->path);
}
