#include "collector/processes/apart.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "journal/sink.h"

/* AddressSanitizer's reports go there. */
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED true
#else
#define SANITIZED false
#endif

static void keep_only(int a, int b);
static void close_between(int above, int below);

enum err
apart_fork(
    const char *what, const char *name, int kept, int *control, bool *is_child, struct trouble *t)
{
	int pair[2];
	pid_t child;

	*control = -1;
	*is_child = false;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return trouble_set(t, ERR_IO, "a socket for %s: %s", what, strerror(errno));
	if ((child = fork()) < 0)
		(void)trouble_set(t, ERR_IO, "%s cannot be started: %s", what, strerror(errno));
	*is_child = child == 0;
	*control = pair[*is_child ? 1 : 0];
	(void)close(pair[*is_child ? 0 : 1]);
	if (child < 0) {
		(void)close(*control);
		*control = -1;
		return ERR_IO;
	}
	if (child == 0) {
		sink_forget();
		keep_only(*control, kept);
		apart_name(name);
	}
	return ERR_OK;
}

void
apart_follow(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != parent)
		_exit(1);
}

void
apart_name(const char *name)
{
	(void)prctl(PR_SET_NAME, name, 0, 0, 0);
}

void
apart_detach(void)
{
	const int none = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	if (none < 0)
		_exit(1);
	(void)dup2(none, STDIN_FILENO);
	(void)dup2(none, STDOUT_FILENO);
	if (!SANITIZED)
		sink_leave(none);
	(void)close(none);
}

/* A process that has more than it should is none. */
static void
keep_only(int a, int b)
{
	const int low = b >= 0 && b < a ? b : a, high = b > a ? b : a;

	close_between(STDERR_FILENO, low);
	close_between(low, high);
	if (syscall(SYS_close_range, (unsigned)high + 1, UINT_MAX, 0) != 0)
		_exit(1);
}

static void
close_between(int above, int below)
{
	if (below > above + 1 &&
	    syscall(SYS_close_range, (unsigned)above + 1, (unsigned)below - 1, 0) != 0)
		_exit(1);
}
