#include "collector/processes/apart.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "journal/sink.h"

/* AddressSanitizer's reports go there. */
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED true
#else
#define SANITIZED false
#endif

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
