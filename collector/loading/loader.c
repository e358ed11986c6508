#include "collector/loading/loader.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/ground/rooted.h"
#include "collector/loading/elf.h"
#include "collector/loading/loader_cache.h"
#include "collector/subject/procfs.h"

#define CACHE_FILE   "/etc/ld.so.cache"
#define PRELOAD_FILE "/etc/ld.so.preload"
#define UNCLEAR      "$\t\n\v\f\r" /* a variable, or what some loaders take for an end */

/* Of the system, last; those of the supported machines, where there is another one nothing is. */
static const char *const system_directories[] = {"/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib64",
    "/usr/lib64", "/lib", "/usr/local/lib", "/usr/lib"};

/* What a directory has for some processors alone, the best first. */
static const char *const processors[] = {"glibc-hwcaps/x86-64-v4/", "glibc-hwcaps/x86-64-v3/",
    "glibc-hwcaps/x86-64-v2/", "glibc-hwcaps/power10/", "glibc-hwcaps/z16/"};

/* The same before glibc 2.37: in each other too, as deep as there are. */
static const char *const processors_before[] = {
    "tls", "haswell", "xeon_phi", "avx512_1", "x86_64", "aarch64", "atomics"};
#define BEFORE_DEPTH_MAX 4

struct loaded {
	dev_t device;
	ino_t inode;
	char *path;
	struct elf elf;
};

struct loader {
	int root;
	const struct loader_environment *environment;
	loader_visit *visit;
	void *context;
	struct trouble *trouble;
	struct buf cache;
	struct loaded *list; /* the program first */
	size_t count;
	bool found; /* of the name that is looked for: what every processor takes */
	bool seen;  /* of it: anything, for some processors alone too */
};

static enum err take_program(struct loader *l, int program, const char *path);
static enum err take_preloaded(struct loader *l);
static enum err take_words(struct loader *l, const char *text, const char *between);
static enum err take_needs(struct loader *l, size_t index);
static enum err take_name(struct loader *l, const struct loaded *of, const char *name);
static enum err look_below(
    struct loader *l, const struct loaded *of, const char *list, const char *name);
static enum err look_in(struct loader *l, const char *directory, const char *name);
static enum err look_in_before(
    struct loader *l, const char *directory, const char *name, unsigned depth);
static enum err look_for_some(struct loader *l, const char *path);
static enum err look_at(struct loader *l, const char *path);
static enum err take_file(struct loader *l, int fd);
static bool expand(const struct loaded *of, const char *directory, size_t size, char to[PATH_MAX]);

enum err
loader_each(int root, int program, const char *path, const struct loader_environment *environment,
    loader_visit *visit, void *context, struct trouble *t)
{
	struct loader l = {.root = root,
	    .environment = environment,
	    .visit = visit,
	    .context = context,
	    .trouble = t,
	    .cache = BUF_INIT};
	enum err e;

	l.list = calloc(LOADER_FILES_MAX, sizeof(*l.list));
	if (l.list == NULL)
		return ERR_MEMORY;
	/* Without a cache there are directories. */
	if (rooted_read(root, CACHE_FILE, LOADER_CACHE_SIZE_MAX, &l.cache, NULL) == ERR_MEMORY)
		e = ERR_MEMORY;
	else
		e = take_program(&l, program, path);
	if (e == ERR_OK && l.list[0].elf.interpreter != NULL)
		e = take_preloaded(&l);
	for (size_t i = 0; e == ERR_OK && i < l.count; i++)
		e = take_needs(&l, i);
	for (size_t i = 0; i < l.count; i++) {
		elf_free(&l.list[i].elf);
		free(l.list[i].path);
	}
	free(l.list);
	buf_free(&l.cache);
	return e;
}

static enum err
take_program(struct loader *l, int program, const char *path)
{
	struct loaded *p = &l->list[0];
	struct stat s;
	enum err e;

	if (fstat(program, &s) != 0)
		return trouble_set(l->trouble, ERR_IO, "%s: %s", path, strerror(errno));
	l->count = 1;
	p->device = s.st_dev;
	p->inode = s.st_ino;
	if ((p->path = strdup(path)) == NULL)
		return ERR_MEMORY;
	if ((e = elf_read(program, &p->elf)) == ERR_FORMAT || e == ERR_UNSUPPORTED)
		return trouble_set(l->trouble, ERR_UNSUPPORTED,
		    "%s: expected a program of 64 bits (ELF, little-endian), found another form",
		    path);
	return e;
}

/* The interpreter's are all that it takes beside what files name. */
static enum err
take_preloaded(struct loader *l)
{
	struct buf text = BUF_INIT;
	enum err e = take_name(l, &l->list[0], l->list[0].elf.interpreter);

	if (e == ERR_OK && l->environment->audit != NULL)
		e = take_words(l, l->environment->audit, ":");
	if (e == ERR_OK && l->environment->preload != NULL)
		e = take_words(l, l->environment->preload, " :");
	if (e == ERR_OK &&
	    rooted_read(l->root, PRELOAD_FILE, ELF_TEXT_MAX, &text, NULL) == ERR_OK) {
		buf_append_byte(&text, '\0');
		e = buf_status(&text) == ERR_OK ? take_words(l, (const char *)text.data, " :\t\n")
						: ERR_MEMORY;
	}
	buf_free(&text);
	return e;
}

static enum err
take_words(struct loader *l, const char *text, const char *between)
{
	char name[PATH_MAX];
	enum err e = ERR_OK;

	while (e == ERR_OK && *(text += strspn(text, between)) != '\0') {
		const size_t size = strcspn(text, between);

		if (size >= sizeof(name))
			return ERR_FORMAT;
		memcpy(name, text, size);
		name[size] = '\0';
		text += size;
		e = take_name(l, &l->list[0], name);
	}
	return e;
}

/* The list may be one longer behind each: nothing is moved, for there is room for all. */
static enum err
take_needs(struct loader *l, size_t index)
{
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < l->list[index].elf.needed_count; i++)
		e = take_name(l, &l->list[index], l->list[index].elf.needed[i]);
	return e;
}

static enum err
take_name(struct loader *l, const struct loaded *of, const char *name)
{
	const struct elf *program = &l->list[0].elf;
	size_t place = 0;
	const char *path;
	enum err e = ERR_OK;

	l->found = l->seen = false;
	if (strpbrk(name, UNCLEAR) != NULL)
		return trouble_set(l->trouble, ERR_UNSUPPORTED,
		    "%s needs %s, and loaders differ in which file that is", of->path, name);
	if (strchr(name, '/') != NULL) {
		e = look_at(l, name);
	} else {
		if (of->elf.runpath == NULL)
			e = look_below(l, of, of->elf.rpath, name);
		if (e == ERR_OK && of->elf.runpath == NULL && program->runpath == NULL)
			e = look_below(l, &l->list[0], program->rpath, name);
		if (e == ERR_OK)
			e = look_below(l, of, l->environment->library_path, name);
		if (e == ERR_OK)
			e = look_below(l, of, of->elf.runpath, name);
		while (e == ERR_OK && !l->found &&
		       (path = loader_cache_next(buf_view(&l->cache), name, &place)) != NULL)
			e = strstr(path, "/glibc-hwcaps/") != NULL ? look_for_some(l, path)
								   : look_at(l, path);
		for (size_t i = 0; e == ERR_OK && !l->found &&
				   i < sizeof(system_directories) / sizeof(system_directories[0]);
		     i++)
			e = look_in(l, system_directories[i], name);
	}
	if (e == ERR_OK && !l->found && !l->seen)
		return trouble_set(l->trouble, ERR_NOT_FOUND,
		    "%s needs %s, which is nowhere that ld.so looks for it", of->path, name);
	return e;
}

/* In each directory of a list, until it is found. An empty one is the current one. */
static enum err
look_below(struct loader *l, const struct loaded *of, const char *list, const char *name)
{
	char directory[PATH_MAX];
	enum err e = ERR_OK;
	bool more = list != NULL && *list != '\0';

	while (e == ERR_OK && !l->found && more) {
		const size_t size = strcspn(list, ":;");

		/* Passing it over could find another file than the loader does. */
		if (!expand(of, list, size, directory))
			return trouble_set(l->trouble, ERR_UNSUPPORTED,
			    "%s is to be looked for in \"%.*s\", which is not known here", name,
			    (int)size, list);
		e = look_in(l, directory, name);
		more = list[size] != '\0';
		list += size + more;
	}
	return e;
}

/* Of what is there for some processors too, all. */
static enum err
look_in(struct loader *l, const char *directory, const char *name)
{
	char path[PATH_MAX];
	enum err e = look_in_before(l, directory, name, 0);

	for (size_t i = 0; e == ERR_OK && i < sizeof(processors) / sizeof(processors[0]); i++) {
		const int size =
		    snprintf(path, sizeof(path), "%s/%s%s", directory, processors[i], name);

		if (size > 0 && (size_t)size < sizeof(path))
			e = look_for_some(l, path);
	}
	return e;
}

/* In the directory itself at last, and before in those of some processors that it has. */
static enum err
look_in_before(struct loader *l, const char *directory, const char *name, unsigned depth)
{
	const size_t count = sizeof(processors_before) / sizeof(processors_before[0]);
	char path[PATH_MAX];
	enum err e = ERR_OK;
	int fd, size;

	for (size_t i = 0; e == ERR_OK && i < count && depth < BEFORE_DEPTH_MAX; i++) {
		size = snprintf(path, sizeof(path), "%s/%s", directory, processors_before[i]);
		if (size < 0 || (size_t)size >= sizeof(path) ||
		    rooted_open(l->root, path, O_DIRECTORY, &fd) != ERR_OK)
			continue;
		(void)close(fd);
		e = look_in_before(l, path, name, depth + 1);
	}
	size = snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (e == ERR_OK && size > 0 && (size_t)size < sizeof(path))
		e = depth > 0 ? look_for_some(l, path) : look_at(l, path);
	return e;
}

/* Another processor finds the next one. */
static enum err
look_for_some(struct loader *l, const char *path)
{
	const bool found = l->found;
	enum err e = look_at(l, path);

	l->seen = l->seen || l->found;
	l->found = found;
	return e;
}

/* What is not there, or is of another machine, the loader passes over. */
static enum err
look_at(struct loader *l, const char *path)
{
	enum err e;
	int fd;

	if (path[0] != '/' || (e = rooted_open(l->root, path, 0, &fd)) == ERR_NOT_FOUND)
		return ERR_OK;
	/* Who runs it may have the right. */
	if (e != ERR_OK)
		return trouble_set(l->trouble, e, "%s: %s", path, strerror(errno));
	e = take_file(l, fd);
	(void)close(fd);
	return e;
}

static enum err
take_file(struct loader *l, int fd)
{
	struct loaded *to = &l->list[l->count];
	struct buf path = BUF_INIT;
	char link[32];
	struct stat s;
	struct elf elf;
	enum err e;

	if (fstat(fd, &s) != 0 || !S_ISREG(s.st_mode))
		return ERR_OK;
	for (size_t i = 0; i < l->count; i++)
		if (l->list[i].device == s.st_dev && l->list[i].inode == s.st_ino) {
			l->found = true;
			return ERR_OK;
		}
	e = elf_read(fd, &elf);
	if (e == ERR_OK && elf.machine == l->list[0].elf.machine) {
		(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		if (l->count + 1 == LOADER_FILES_MAX)
			e = trouble_set(l->trouble, ERR_FORMAT_SIZE,
			    "%s needs more than %d libraries", l->list[0].path, LOADER_FILES_MAX);
		else if ((e = procfs_read_link(AT_FDCWD, link, &path)) == ERR_OK) {
			buf_append_byte(&path, '\0');
			e = buf_status(&path);
		}
		if (e == ERR_OK) {
			*to = (struct loaded){s.st_dev, s.st_ino, strdup((char *)path.data), elf};
			memset(&elf, 0, sizeof(elf)); /* moved */
			l->count++;
			l->found = true;
			e = to->path != NULL ? l->visit(l->context, fd, to->path) : ERR_MEMORY;
		}
	} else if (e == ERR_FORMAT || e == ERR_UNSUPPORTED) {
		e = ERR_OK;
	}
	elf_free(&elf);
	buf_free(&path);
	return e;
}

/*
 * $ORIGIN is where the file is that says so. False: it is too long, names another variable, or is
 * none that begins at the root: what that is depends on where the program is begun.
 */
static bool
expand(const struct loaded *of, const char *directory, size_t size, char to[PATH_MAX])
{
	static const char *const origins[] = {"$ORIGIN", "${ORIGIN}"};
	const char *slash = strrchr(of->path, '/');
	size_t skip = 0;
	int made;

	for (size_t i = 0; i < 2; i++) {
		const size_t length = strlen(origins[i]);

		if (size >= length && strncmp(directory, origins[i], length) == 0 &&
		    (size == length || directory[length] == '/'))
			skip = length;
	}
	made = snprintf(to, PATH_MAX, "%.*s%.*s", skip > 0 ? (int)(slash - of->path) : 0, of->path,
	    (int)(size - skip), directory + skip);
	return made > 0 && made < PATH_MAX && to[0] == '/' && strpbrk(to, UNCLEAR) == NULL;
}
