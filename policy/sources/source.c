#include "policy/sources/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/yaml_check.h"
#include "policy/reference.h"
#include "policy/sources/deb.h"
#include "policy/sources/json_text.h"
#include "policy/sources/provenance.h"
#include "policy/sources/sbom.h"

static enum err read_text(
    const char *file, const struct source_options *o, struct faults *faults, struct set_draft *to);
static enum err read_json(const char *file, struct view text, const struct source_options *o,
    struct faults *faults, struct set_draft *to);
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
	else if ((size_t)got == mark.size && memcmp(begin, mark.data, mark.size) == 0)
		e = deb_read(file, fd, o, faults, to);
	else
		e = read_text(file, o, faults, to);
	if (fd >= 0)
		(void)close(fd);
	return e;
}

static enum err
read_text(
    const char *file, const struct source_options *o, struct faults *faults, struct set_draft *to)
{
	struct buf text = BUF_INIT;
	enum err e = yaml_read_file(file, 0, NULL, file, JSON_TEXT_SIZE_MAX, faults, &text);

	/* No line of a set begins with any of these. */
	if (e == ERR_OK && text.size > 0 && strchr("{[ \t\r\n", text.data[0]) != NULL)
		e = read_json(file, buf_view(&text), o, faults, to);
	else if (e == ERR_OK)
		e = read_set(file, buf_view(&text), o, faults, to);
	buf_free(&text);
	return e;
}

static enum err
read_json(const char *file, struct view text, const struct source_options *o, struct faults *faults,
    struct set_draft *to)
{
	json_t *document;
	enum err e = json_text_parse(file, text, faults, &document);

	if (e != ERR_OK)
		return e;
	if (json_object_get(document, "payloadType") != NULL)
		e = provenance_read(file, document, o, faults, to);
	else if (json_object_get(document, "bomFormat") != NULL)
		e = sbom_read_cyclonedx(file, document, o, faults, to);
	else if (json_object_get(document, "spdxVersion") != NULL)
		e = sbom_read_spdx(file, document, o, faults, to);
	else if (json_object_get(document, "predicateType") != NULL)
		e = source_fail(file, faults,
		    "is a statement that nobody has signed: expected it in a DSSE envelope",
		    (struct view){NULL, 0});
	else
		e = source_fail(file, faults,
		    "is none of the JSON that is read: CycloneDX, SPDX 2.3, in-toto in DSSE",
		    (struct view){NULL, 0});
	json_decref(document);
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
