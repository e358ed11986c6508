#include "policy/sources/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/yaml_check.h"
#include "policy/sources/deb.h"
#include "policy/sources/reference.h"
#include "policy/sources/source_json.h"

static enum err read_text(
    const char *file, const struct source_options *o, struct faults *faults, struct set_draft *to);
static enum err read_set(const char *file, struct view text, const struct source_options *o,
    struct faults *faults, struct set_draft *to);

enum err
source_read(
    const char *file, const struct source_options *o, struct faults *faults, struct set_draft *to)
{
	const struct view mark = VIEW_LITERAL(DEB_MARK);
	char begin[sizeof(DEB_MARK) - 1];
	struct stat st;
	ssize_t got = -1;
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	enum err e = ERR_CONFIG;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		got = pread(fd, begin, sizeof(begin), 0);
	else if (fd >= 0)
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	if (got < 0)
		faults_add(faults, file, 0, "cannot be read: %s", strerror(errno));
	else if ((size_t)got != mark.size || memcmp(begin, mark.data, mark.size) != 0)
		e = read_text(file, o, faults, to);
	else if (o->signed_only)
		e = source_fail(file, faults, SOURCE_UNSIGNED, (struct view){NULL, 0});
	else
		e = deb_read(file, fd, o, faults, to);
	if (fd >= 0)
		(void)close(fd);
	return e;
}

static enum err
read_text(
    const char *file, const struct source_options *o, struct faults *faults, struct set_draft *to)
{
	struct buf text = BUF_INIT;
	enum err e = yaml_read_file(file, 0, NULL, file, SOURCE_JSON_SIZE_MAX, faults, &text);

	if (e == ERR_OK && source_json_is(buf_view(&text)))
		e = source_json_read(file, buf_view(&text), o, faults, to);
	else if (e == ERR_OK && o->signed_only)
		e = source_fail(file, faults, SOURCE_UNSIGNED, (struct view){NULL, 0});
	else if (e == ERR_OK)
		e = read_set(file, buf_view(&text), o, faults, to);
	buf_free(&text);
	return e;
}

/* It may list several contents of one path, all of which are accepted. */
static enum err
read_set(const char *file, struct view text, const struct source_options *o, struct faults *faults,
    struct set_draft *to)
{
	struct reference_set *set;
	enum err e = reference_parse(file, text, faults, &set);

	for (size_t i = 0; e == ERR_OK && i < reference_count(set); i++) {
		struct reference_entry entry = *reference_at(set, i);

		if (o->content_only) {
			entry.given = 0;
			entry.uid = entry.gid = entry.mode = 0;
		}
		e = set_draft_add(to, &entry, file, faults);
	}
	reference_free(&set);
	return e;
}
