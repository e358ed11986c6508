#include "auditor/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log/outcome.h"
#include "proto/bytes.h"
#include "proto/tlog/forkproof.h"

static void wait_and_write(const char *path, int from, pid_t auditor) __attribute__((noreturn));
static void read_all(int from, struct buf *to);
static bool write_file(const char *path, struct view content);

void
handover_begin(const char *path, FILE **to)
{
	int ends[2];
	pid_t auditor;

	*to = NULL;
	if (pipe2(ends, O_CLOEXEC) != 0 || (auditor = fork()) < 0) {
		(void)fprintf(stderr, "hallmark-audit: %s: %s\n", path, strerror(errno));
		return;
	}
	if (auditor > 0) {
		close(ends[1]);
		wait_and_write(path, ends[0], auditor);
	}
	close(ends[0]);
	*to = fdopen(ends[1], "w");
}

static void
wait_and_write(const char *path, int from, pid_t auditor)
{
	struct buf content = BUF_INIT;
	int status = 0;
	bool good;

	read_all(from, &content);
	while (waitpid(auditor, &status, 0) < 0 && errno == EINTR)
		continue;
	good = content.size == 0 ||
	       (buf_status(&content) == ERR_OK && write_file(path, buf_view(&content)));
	buf_free(&content);
	if (WIFSIGNALED(status)) {
		(void)raise(WTERMSIG(status));
		_exit(OUTCOME_UNKNOWN);
	}
	_exit(good || WEXITSTATUS(status) == OUTCOME_BAD ? WEXITSTATUS(status) : OUTCOME_UNKNOWN);
}

/* More than any proof has is none: it is cut, and does not verify. */
static void
read_all(int from, struct buf *to)
{
	uint8_t *room;
	ssize_t got = 1;

	while (to->size <= FORKPROOF_SIZE_MAX && (room = buf_reserve(to, 4096)) != NULL) {
		got = read(from, room, 4096);
		if (got == 0 || (got < 0 && errno != EINTR))
			break;
		to->size += got > 0 ? (size_t)got : 0;
	}
	close(from);
}

static bool
write_file(const char *path, struct view content)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	size_t done = 0;
	ssize_t put = 1;

	while (fd >= 0 && put > 0 && done < content.size) {
		put = write(fd, content.data + done, content.size - done);
		done += put > 0 ? (size_t)put : 0;
	}
	if (fd >= 0 && done == content.size && fsync(fd) == 0 && close(fd) == 0)
		return true;
	(void)fprintf(stderr, "hallmark-audit: %s: %s\n", path, strerror(errno));
	return false;
}
