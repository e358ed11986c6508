#include "collector/machine/mounts.h"

#include <stdlib.h>
#include <string.h>

#include "collector/ground/small_file.h"
#include "proto/encoding.h"

#define MOUNTINFO_PATH "proc/self/mountinfo"
#define OPTIONS_MAX    256 /* of one mount; a line of mountinfo is a page */

static const char *const passing[] = {
    "/run/containerd/",
    "/run/containers/",
    "/run/credentials/",
    "/run/docker/",
    "/run/netns/",
    "/run/snapd/ns/",
    "/run/user/",
    "/var/lib/containerd/",
    "/var/lib/containers/",
    "/var/lib/docker/",
    "/var/lib/kubelet/",
};

static bool is_passing(struct view place);
static bool is_daemons(struct view option);
static bool starts(struct view v, const char *with);
static struct view take(struct view *rest, char until);
static enum err append_options(struct view one, struct view other, bool automount, struct buf *to);
static int compare_views(const void *a, const void *b);

enum err
mounts_add(const struct machine *m)
{
	struct values values = VALUES_INIT;
	struct buf text = BUF_INIT;
	struct view rest, line;
	enum err e = small_file_read(m->root, MOUNTINFO_PATH, MOUNTS_SIZE_MAX, &text);

	rest = buf_view(&text);
	while (e == ERR_OK && line_next(&rest, &line) == ERR_OK)
		e = mounts_take(line, &values);
	buf_free(&text);
	return machine_finish(m, e, &values, VALUES_SORTED, "mounts");
}

/* "36 35 98:0 /root /place rw,noatime master:1 - ext3 /dev/root rw,errors=continue" */
enum err
mounts_take(struct view line, struct values *to)
{
	struct view root, place, own, type, source, word;
	enum err e;

	for (unsigned i = 0; i < 3; i++)
		(void)take(&line, ' ');
	root = take(&line, ' ');
	place = take(&line, ' ');
	own = take(&line, ' ');
	do {
		if (line.size == 0)
			return ERR_FORMAT;
		word = take(&line, ' ');
	} while (!view_equal(word, VIEW_LITERAL("-")));
	type = take(&line, ' ');
	source = take(&line, ' ');
	if (is_passing(place))
		return ERR_OK;
	buf_append_view(&to->text, place);
	buf_append_byte(&to->text, ' ');
	buf_append_view(&to->text, type);
	buf_append_byte(&to->text, ' ');
	buf_append_view(&to->text, source);
	buf_append_byte(&to->text, ' ');
	buf_append_view(&to->text, root);
	buf_append_byte(&to->text, ' ');
	e = append_options(own, line, view_equal(type, VIEW_LITERAL("autofs")), &to->text);
	values_end(to);
	return e;
}

static bool
is_passing(struct view place)
{
	for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
		if (starts(place, passing[i]))
			return true;
	return false;
}

/* Both lists as one, sorted, each once. */
static enum err
append_options(struct view one, struct view other, bool automount, struct buf *to)
{
	struct view options[OPTIONS_MAX];
	size_t count = 0;

	while (one.size > 0 || other.size > 0) {
		if (count == OPTIONS_MAX)
			return ERR_FORMAT_SIZE;
		options[count] = take(one.size > 0 ? &one : &other, ',');
		if (!automount || !is_daemons(options[count]))
			count++;
	}
	qsort(options, count, sizeof(options[0]), compare_views);
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && view_equal(options[i], options[i - 1]))
			continue;
		if (i > 0)
			buf_append_byte(to, ',');
		buf_append_view(to, options[i]);
	}
	return ERR_OK;
}

static bool
is_daemons(struct view option)
{
	return starts(option, "fd=") || starts(option, "pgrp=") || starts(option, "pipe_ino=");
}

static bool
starts(struct view v, const char *with)
{
	return v.size >= strlen(with) && memcmp(v.data, with, strlen(with)) == 0;
}

static struct view
take(struct view *rest, char until)
{
	const uint8_t *end = rest->size > 0 ? memchr(rest->data, until, rest->size) : NULL;
	const struct view taken = {
	    rest->data, end != NULL ? (size_t)(end - rest->data) : rest->size};

	if (end != NULL)
		*rest = (struct view){end + 1, rest->size - taken.size - 1};
	else
		*rest = (struct view){NULL, 0};
	return taken;
}

static int
compare_views(const void *a, const void *b)
{
	return view_compare(*(const struct view *)a, *(const struct view *)b);
}
