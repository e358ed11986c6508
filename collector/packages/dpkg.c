#include "collector/packages/dpkg.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/ground/rooted.h"
#include "collector/packages/package_list.h"
#include "collector/packages/paragraph.h"

#define STATUS_PATH  "/var/lib/dpkg/status"
#define UPDATES_PATH "/var/lib/dpkg/updates"
#define NAME_DIGITS  10 /* most in a name of the journal, as dpkg has it */
#define READ_TRIES   5  /* of a status that is written anew while the journal is read */

enum { NAME, VERSION, ARCHITECTURE, STATUS, MULTI_ARCH, FIELD_COUNT };

struct entry {
	struct package package;
	bool same;   /* Multi-Arch: several architectures of it side by side */
	bool listed; /* has files on the disk, and nothing has taken its place */
};

struct entries {
	struct entry *entry;
	size_t count;
	size_t capacity;
};

static enum err read_both(
    int root, struct buf *status, struct buf *journal, bool *changed, struct trouble *t);
static enum err read_journal(int root, struct buf *to);
static int is_update(const struct dirent *d);
static enum err take_paragraphs(struct entries *entries, struct view text, bool journal);
static void entry_take(const struct paragraph_field *fields, struct entry *out);
static void take_status(struct view status, struct entry *out);
static struct view take_word(struct view *rest);
static void replace(struct entries *entries, const struct entry *by);
static enum err append(struct entries *entries, const struct entry *e);

enum err
dpkg_add(int root, struct component_builder *to, bool *found, struct trouble *t)
{
	struct buf status = BUF_INIT, journal = BUF_INIT;
	bool changed = true;
	enum err e = ERR_OK;

	*found = false;
	for (unsigned tries = 0; e == ERR_OK && changed && tries < READ_TRIES; tries++) {
		buf_clear(&status);
		buf_clear(&journal);
		e = read_both(root, &status, &journal, &changed, t);
	}
	if (e == ERR_OK && changed)
		e = trouble_set(t, ERR_IO, STATUS_PATH ": was written anew each time it was read");
	if (e == ERR_OK && (e = dpkg_add_read(buf_view(&status), buf_view(&journal), to)) != ERR_OK)
		(void)trouble_set(t, e, STATUS_PATH ": %s", err_text(e));
	*found = e == ERR_OK;
	buf_free(&status);
	buf_free(&journal);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err
dpkg_add_read(struct view status, struct view journal, struct component_builder *to)
{
	struct values list = VALUES_INIT;
	struct entries entries = {NULL, 0, 0};
	enum err e;

	if ((e = take_paragraphs(&entries, status, false)) == ERR_OK)
		e = take_paragraphs(&entries, journal, true);
	for (size_t i = 0; e == ERR_OK && i < entries.count; i++)
		if (entries.entry[i].listed)
			e = package_list_add(&list, &entries.entry[i].package);
	if (e == ERR_OK)
		e = values_finish(&list, VALUES_SORTED, "dpkg", to);
	values_free(&list);
	free(entries.entry);
	return e;
}

/* ERR_NOT_FOUND without a trouble if there is no status. */
static enum err
read_both(int root, struct buf *status, struct buf *journal, bool *changed, struct trouble *t)
{
	struct stat before, after;
	enum err e;
	int fd;

	if ((e = rooted_read(root, STATUS_PATH, DPKG_SIZE_MAX, status, &before)) != ERR_OK)
		return e == ERR_NOT_FOUND ? e
					  : trouble_set(t, e, STATUS_PATH ": %s",
						e == ERR_IO ? strerror(errno) : err_text(e));
	if ((e = read_journal(root, journal)) != ERR_OK)
		return trouble_set(
		    t, e, UPDATES_PATH ": %s", e == ERR_IO ? strerror(errno) : err_text(e));
	/* dpkg renames a new status over the old one, and only then removes its journal. */
	*changed = true;
	if (rooted_open(root, STATUS_PATH, 0, &fd) != ERR_OK)
		return ERR_OK;
	if (fstat(fd, &after) == 0)
		*changed = before.st_dev != after.st_dev || before.st_ino != after.st_ino ||
			   before.st_size != after.st_size ||
			   before.st_mtim.tv_sec != after.st_mtim.tv_sec ||
			   before.st_mtim.tv_nsec != after.st_mtim.tv_nsec;
	(void)close(fd);
	return ERR_OK;
}

/* What was there and is not any more has gone into a new status, which the caller notices. */
static enum err
read_journal(int root, struct buf *to)
{
	char path[sizeof(UPDATES_PATH "/") + NAME_DIGITS];
	struct dirent **names = NULL;
	enum err e;
	int fd, count;

	if ((e = rooted_open(root, UPDATES_PATH, O_DIRECTORY, &fd)) != ERR_OK)
		return e == ERR_NOT_FOUND ? ERR_OK : e;
	count = scandirat(fd, ".", &names, is_update, alphasort);
	if (count < 0)
		e = ERR_IO;
	else if (count > DPKG_JOURNAL_MAX)
		e = ERR_FORMAT_SIZE;
	for (int i = 0; i < count; i++) {
		if (e == ERR_OK) {
			snprintf(path, sizeof(path), UPDATES_PATH "/%.*s", NAME_DIGITS,
			    names[i]->d_name);
			e = rooted_read(root, path, DPKG_SIZE_MAX - to->size, to, NULL);
			buf_append_string(to, "\n\n");
			e = e == ERR_NOT_FOUND ? ERR_OK : e;
		}
		free(names[i]);
	}
	free(names);
	(void)close(fd);
	return e == ERR_OK ? buf_status(to) : e;
}

static int
is_update(const struct dirent *d)
{
	const size_t size = strspn(d->d_name, "0123456789");

	return size > 0 && size <= NAME_DIGITS && d->d_name[size] == '\0';
}

static enum err
take_paragraphs(struct entries *entries, struct view text, bool journal)
{
	const size_t most = journal ? DPKG_JOURNAL_MAX : PACKAGES_MAX;
	struct paragraph_field fields[FIELD_COUNT] = {
	    [NAME] = {.name = "Package"},
	    [VERSION] = {.name = "Version"},
	    [ARCHITECTURE] = {.name = "Architecture"},
	    [STATUS] = {.name = "Status"},
	    [MULTI_ARCH] = {.name = "Multi-Arch"},
	};
	struct entry entry;
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && paragraph_next(&text, fields, FIELD_COUNT, true); i++) {
		if (i == most)
			return ERR_FORMAT_SIZE;
		entry_take(fields, &entry);
		if (journal)
			replace(entries, &entry);
		e = append(entries, &entry);
	}
	return e;
}

static void
entry_take(const struct paragraph_field *fields, struct entry *out)
{
	*out = (struct entry){.listed = fields[STATUS].count > 0};
	out->package.name = fields[NAME].value;
	out->package.version = fields[VERSION].value;
	out->package.architecture = fields[ARCHITECTURE].value;
	for (size_t i = 0; i < FIELD_COUNT; i++)
		out->package.odd = out->package.odd || fields[i].count > 1;
	out->same = view_equal(fields[MULTI_ARCH].value, VIEW_LITERAL("same"));
	take_status(fields[STATUS].value, out);
	if (fields[STATUS].count > 1)
		out->listed = true; /* whichever of them dpkg would take */
}

/* "install ok installed": what is wanted, an error flag, what is. */
static void
take_status(struct view status, struct entry *out)
{
	const struct view wanted = take_word(&status), flag = take_word(&status),
			  state = take_word(&status);
	const bool ok = view_equal(flag, VIEW_LITERAL("ok"));

	if (wanted.size == 0 || state.size == 0 || state.size > PACKAGE_WORD_MAX ||
	    flag.size > PACKAGE_WORD_MAX || take_word(&status).size > 0) {
		out->package.odd = true;
		return;
	}
	if (view_equal(state, VIEW_LITERAL("not-installed")) ||
	    view_equal(state, VIEW_LITERAL("config-files")))
		out->listed = false;
	for (size_t i = 0; i < state.size; i++)
		if ((state.data[i] < 'a' || state.data[i] > 'z') && state.data[i] != '-')
			out->package.odd = true;
	for (size_t i = 0; i < flag.size; i++)
		if (flag.data[i] < 'a' || flag.data[i] > 'z')
			out->package.odd = true;
	if (!ok || !view_equal(state, VIEW_LITERAL("installed")))
		out->package.state = state;
	if (!ok)
		out->package.flag = flag;
}

static struct view
take_word(struct view *rest)
{
	struct view word;

	while (rest->size > 0 && (rest->data[0] == ' ' || rest->data[0] == '\t')) {
		rest->data++;
		rest->size--;
	}
	word = (struct view){rest->data, 0};
	while (rest->size > 0 && rest->data[0] != ' ' && rest->data[0] != '\t') {
		rest->data++;
		rest->size--;
		word.size++;
	}
	return word;
}

/* Nothing of its name and architecture is left; nothing of its name, where one excludes the other.
 */
static void
replace(struct entries *entries, const struct entry *by)
{
	for (size_t i = 0; i < entries->count; i++) {
		struct entry *e = &entries->entry[i];

		if (view_equal(e->package.name, by->package.name) &&
		    (view_equal(e->package.architecture, by->package.architecture) ||
			(!e->same && !by->same)))
			e->listed = false;
	}
}

static enum err
append(struct entries *entries, const struct entry *e)
{
	struct entry *more;

	if (entries->count == entries->capacity) {
		entries->capacity = entries->capacity > 0 ? 2 * entries->capacity : 1024;
		more = realloc(entries->entry, entries->capacity * sizeof(*more));
		if (more == NULL)
			return ERR_MEMORY;
		entries->entry = more;
	}
	entries->entry[entries->count++] = *e;
	return ERR_OK;
}
