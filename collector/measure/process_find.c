#include "collector/measure/process_find.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "collector/measure/process_scan.h"
#include "proto/encoding.h"

#define STATUS_SIZE_MAX   (64 * 1024)
#define PID_FILE_SIZE_MAX 64 /* bytes */

static enum err find_by_pid_file(const char *path, struct process *out, struct trouble *t);
static enum err check_leader(const struct process *p, struct trouble *t);
static bool is_white(uint8_t byte);

enum err
process_find(const struct collector_workload *w, struct process *out, struct trouble *t)
{
	if (w->pid_file != NULL)
		return find_by_pid_file(w->pid_file, out, t);
	if (w->executable != NULL)
		return process_scan_executable(w->executable, out, t);
	return process_scan_unit(w->unit, out, t);
}

enum err
process_pid_parse(struct view text, pid_t *out)
{
	uint64_t number;

	while (text.size > 0 && is_white(text.data[0]))
		text = (struct view){text.data + 1, text.size - 1};
	while (text.size > 0 && is_white(text.data[text.size - 1]))
		text.size--;
	if (decimal_decode(text, &number) != ERR_OK || number == 0 || number > INT_MAX)
		return ERR_FORMAT;
	*out = (pid_t)number;
	return ERR_OK;
}

static enum err
find_by_pid_file(const char *path, struct process *out, struct trouble *t)
{
	struct buf text = BUF_INIT;
	struct trouble why = TROUBLE_INIT;
	enum err e = procfs_read(AT_FDCWD, path, PID_FILE_SIZE_MAX, &text);
	pid_t pid = 0;

	if (e != ERR_OK) {
		e = trouble_set(t, e, "pid file %s: %s", path,
		    e == ERR_FORMAT_SIZE ? "longer than a process number" : strerror(errno));
	} else if ((e = process_pid_parse(buf_view(&text), &pid)) != ERR_OK) {
		e = trouble_set(t, e,
		    "pid file %s: expected one process number, found '%.*s' (%zu bytes)", path,
		    (int)text.size, text.size > 0 ? (const char *)text.data : "", text.size);
	} else if ((e = process_open(pid, out, &why)) != ERR_OK) {
		e = trouble_set(t, e, "pid file %s: %s", path, why.text);
	} else if ((e = check_leader(out, &why)) != ERR_OK) {
		e = trouble_set(t, e, "pid file %s: %s", path, why.text);
		process_close(out);
	}
	buf_free(&text);
	return e;
}

/* /proc/TID can be opened for every thread; only the leader stands for the process. */
static enum err
check_leader(const struct process *p, struct trouble *t)
{
	struct buf text = BUF_INIT;
	struct view value;
	pid_t leader = 0;
	enum err e = procfs_read(p->dir, "status", STATUS_SIZE_MAX, &text);

	if (e == ERR_OK && (!procfs_status_field(buf_view(&text), "Tgid", &value) ||
			       process_pid_parse(value, &leader) != ERR_OK))
		e = ERR_FORMAT;
	buf_free(&text);
	if (e != ERR_OK)
		return trouble_set(t, e, "process %d: status cannot be read", (int)p->pid);
	if (leader != p->pid)
		return trouble_set(t, ERR_MISMATCH, "%d is a thread of process %d, not a process",
		    (int)p->pid, (int)leader);
	return ERR_OK;
}

/* Not a zero byte, of which a file is full that a crash cut off. */
static bool
is_white(uint8_t byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}
