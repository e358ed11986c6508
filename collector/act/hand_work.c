#include "collector/act/hand_work.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collector/act/hook_keeper.h"
#include "collector/ground/interrupt.h"
#include "collector/ground/small_file.h"
#include "proto/digest.h"
#include "proto/text.h"

#define NFT       "/usr/sbin/nft"
#define SYSTEMCTL "/usr/bin/systemctl"

#define GROUP_FILE_MAX 4096 /* bytes of what the kernel says of a group */
#define LOOK_MS        20   /* between two looks, where it tells nobody */

/* Of the path's SHA-256, in the name of a table: hex digits. */
#define TABLE_DIGITS 16

static enum err open_group(const char *host_root, const char *path, int *out, struct trouble *t);
static enum err check_not_ours(const char *path, struct trouble *t);
static enum err freeze(int group, const char *path, bool undo, struct trouble *t);
static enum err kill_all(int group, const char *path, struct trouble *t);
static enum err await(int group, const char *path, const char *state, struct trouble *t);
static enum err put(int group, const char *name, const char *path, char what, struct trouble *t);
static enum err stop_unit(const char *unit, int control, struct trouble *t);
static enum err isolate(const struct collector_workload *w, const char *path, bool undo,
    int control, struct trouble *t);
static void write_table(const char *workload, const char *path, bool undo, struct buf *to);
static enum err run(
    const char *const *arguments, size_t count, struct view input, int control, struct trouble *t);

enum err
hand_work_do(const struct collector_workload *w, const struct collector_act *act, bool undo,
    int control, struct trouble *t)
{
	int group = -1;
	enum err e;

	if (act->unit != NULL)
		return undo ? ERR_OK : stop_unit(act->unit, control, t);
	if (undo && act->act == STATEMENT_ISOLATE)
		return isolate(w, act->group, true, control, t);
	if ((e = open_group(w->host_root, act->group, &group, t)) == ERR_OK)
		e = check_not_ours(act->group, t);
	if (e == ERR_OK && act->act == STATEMENT_FREEZE)
		e = freeze(group, act->group, undo, t);
	else if (e == ERR_OK && act->act == STATEMENT_STOP)
		e = undo ? ERR_OK : kill_all(group, act->group, t);
	else if (e == ERR_OK)
		e = isolate(w, act->group, false, control, t);
	if (group >= 0)
		(void)close(group);
	/* With the group all that was done to it is gone. */
	return undo && e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* Below version 2's hierarchy, which lies elsewhere beside those of version 1. */
static enum err
open_group(const char *host_root, const char *path, int *out, struct trouble *t)
{
	static const char *const tops[] = {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"};
	char name[PATH_MAX];

	for (size_t i = 0; i < sizeof(tops) / sizeof(tops[0]); i++) {
		(void)snprintf(name, sizeof(name), "%s%s/cgroup.procs",
		    host_root != NULL ? host_root : "", tops[i]);
		if (access(name, F_OK) != 0)
			continue;
		if (snprintf(name, sizeof(name), "%s%s%s", host_root != NULL ? host_root : "",
			tops[i], path) >= (int)sizeof(name))
			return trouble_set(
			    t, ERR_IO, "%s: a path that long cannot be opened", path);
		*out = open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (*out >= 0)
			return ERR_OK;
		return trouble_set(t, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO,
		    "the control group %s: %s", path, strerror(errno));
	}
	return trouble_set(t, ERR_IO,
	    "this host has no control groups of version 2, by which alone this can be done");
}

/* Who freezes itself thaws nothing. */
static enum err
check_not_ours(const char *path, struct trouble *t)
{
	const int proc = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct buf text = BUF_INIT;
	enum err e = proc >= 0 ? small_file_read(proc, "cgroup", GROUP_FILE_MAX, &text) : ERR_IO;
	const size_t size = strlen(path);
	const char *line;

	if (proc >= 0)
		(void)close(proc);
	buf_append_byte(&text, '\0');
	if (e != ERR_OK || buf_status(&text) != ERR_OK) {
		e = trouble_set(t, ERR_IO, "it cannot be told which control group is our own");
	} else {
		line = strstr((const char *)text.data, "0::");
		if (line != NULL && strncmp(line + 3, path, size) == 0 &&
		    (line[3 + size] == '\n' || line[3 + size] == '/' || line[3 + size] == '\0'))
			e = trouble_set(t, ERR_MISMATCH,
			    "the control group %s is the collector's own, or above it", path);
	}
	buf_free(&text);
	return e;
}

static enum err
freeze(int group, const char *path, bool undo, struct trouble *t)
{
	struct trouble ignored = TROUBLE_INIT;
	enum err e;

	if ((e = put(group, "cgroup.freeze", path, undo ? '0' : '1', t)) != ERR_OK || undo)
		return e;
	if ((e = await(group, path, "\nfrozen 1", t)) != ERR_OK &&
	    put(group, "cgroup.freeze", path, '0', &ignored) != ERR_OK)
		return trouble_set(t, e, "%s is being frozen, and cannot be thawed", path);
	return e;
}

static enum err
kill_all(int group, const char *path, struct trouble *t)
{
	enum err e = put(group, "cgroup.kill", path, '1', t);

	return e == ERR_OK ? await(group, path, "populated 0", t) : e;
}

/* The kernel tells of changes (POLLPRI), but one may come between two looks. */
static enum err
await(int group, const char *path, const char *state, struct trouble *t)
{
	const uint64_t until_ms = interrupt_clock_ms() + HAND_STILL_MS;
	struct buf text = BUF_INIT;
	bool is_so = false;
	enum err e = ERR_OK;

	while (e == ERR_OK && !is_so && interrupt_clock_ms() < until_ms) {
		buf_clear(&text);
		if ((e = small_file_read(group, "cgroup.events", GROUP_FILE_MAX, &text)) != ERR_OK)
			break;
		buf_append_byte(&text, '\0');
		if ((e = buf_status(&text)) == ERR_OK &&
		    !(is_so = strstr((const char *)text.data, state) != NULL))
			(void)poll(NULL, 0, LOOK_MS);
	}
	buf_free(&text);
	if (e != ERR_OK)
		return trouble_set(t, ERR_IO, "%s: its state cannot be read", path);
	return is_so
		   ? ERR_OK
		   : trouble_set(t, ERR_IO, "%s: not all of its processes stand still after %d ms",
			 path, HAND_STILL_MS);
}

static enum err
put(int group, const char *name, const char *path, char what, struct trouble *t)
{
	const int fd = openat(group, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	const ssize_t size = fd >= 0 ? write(fd, &what, 1) : -1;
	const int reason = errno;

	if (fd >= 0)
		(void)close(fd);
	if (size == 1)
		return ERR_OK;
	return trouble_set(t, ERR_IO, "%s/%s cannot be written: %s", path, name, strerror(reason));
}

static enum err
stop_unit(const char *unit, int control, struct trouble *t)
{
	const char *const arguments[] = {SYSTEMCTL, "--no-ask-password", "stop", "--", unit};

	return run(arguments, sizeof(arguments) / sizeof(arguments[0]), (struct view){NULL, 0},
	    control, t);
}

static enum err
isolate(
    const struct collector_workload *w, const char *path, bool undo, int control, struct trouble *t)
{
	const char *const arguments[] = {NFT, "-f", "-"};
	struct buf table = BUF_INIT;
	enum err e;

	write_table(w->name, path, undo, &table);
	if ((e = buf_status(&table)) == ERR_OK)
		e = run(arguments, sizeof(arguments) / sizeof(arguments[0]), buf_view(&table),
		    control, t);
	buf_free(&table);
	return e;
}

/*
 * One that is not there can be deleted behind the line that makes it, and all of it happens at once
 * or not at all. Before all others (raw), so that no rule of theirs lets something through; what
 * drops is final.
 */
static void
write_table(const char *workload, const char *path, bool undo, struct buf *to)
{
	char hex[DIGEST_HEX_SIZE + 1];
	struct digest name;
	unsigned level = 0;

	digest_of(workload, strlen(workload), &name);
	digest_to_hex(&name, hex);
	hex[TABLE_DIGITS] = '\0';
	for (const char *c = path; *c != '\0'; c++)
		level += *c == '/';
	buf_append_format(to, "table inet hallmark_%s\ndelete table inet hallmark_%s\n", hex, hex);
	if (undo)
		return;
	buf_append_format(to, "table inet hallmark_%s {\n", hex);
	for (unsigned i = 0; i < 2; i++) {
		buf_append_format(to,
		    " chain %s { type filter hook %s priority -300; policy accept; "
		    "socket cgroupv2 level %u \"",
		    i == 0 ? "in" : "out", i == 0 ? "input" : "output", level);
		buf_append_string(to, path + 1);
		buf_append_string(to, "\" counter drop\n }\n");
	}
	buf_append_string(to, "}\n");
}

/* What it says stands in the trouble where it fails. */
static enum err
run(const char *const *arguments, size_t count, struct view input, int control, struct trouble *t)
{
	const struct collector_hook program = {
	    .arguments = arguments, .argument_count = count, .timeout_s = HAND_PROGRAM_S};
	struct buf said = BUF_INIT;
	struct hook_done done;

	memset(&done, 0, sizeof(done));
	hook_keeper_run(&program, input, control, &done);
	if (done.result == 0)
		return ERR_OK;
	text_append_printable(
	    &said, (struct view){done.output, done.output_size}, TROUBLE_TEXT_SIZE / 2);
	buf_append_byte(&said, '\0');
	if (done.result == BUNDLE_ACTION_REFUSED)
		*t = done.why;
	else
		(void)trouble_set(t, ERR_IO, "%s %s (%" PRIu64 "): %s", arguments[0],
		    done.result == BUNDLE_ACTION_OVERDUE ? "took too long" : "failed", done.result,
		    buf_status(&said) == ERR_OK ? (const char *)said.data : "");
	buf_free(&said);
	return ERR_IO;
}
