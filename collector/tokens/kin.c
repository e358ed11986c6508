#include "collector/tokens/kin.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collector/processes/apart.h"
#include "collector/processes/rights.h"
#include "collector/subject/subject.h"

static void serve(const char *path, struct collector_config *config, int control)
    __attribute__((noreturn));
static bool is_kin(const struct collector_workload *w, pid_t pid);

enum err
kin_begin(
    const char *path, struct collector_config *config, int closed, int *control, struct trouble *t)
{
	const pid_t parent = getpid();
	int pair[2];
	pid_t child;

	*control = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return trouble_set(t, ERR_IO, "a socket: %s", strerror(errno));
	if ((child = fork()) < 0) {
		(void)trouble_set(
		    t, ERR_IO, "who looks at processes cannot be started: %s", strerror(errno));
		(void)close(pair[0]);
		(void)close(pair[1]);
		return ERR_IO;
	}
	if (child == 0) {
		(void)close(pair[0]);
		(void)close(closed);
		apart_follow(parent);
		apart_name("hallmark-kin");
		serve(path, config, pair[1]);
	}
	(void)close(pair[1]);
	*control = pair[0];
	return ERR_OK;
}

static void
serve(const char *path, struct collector_config *config, int control)
{
	struct trouble t = TROUBLE_INIT;
	struct kin_question q;
	struct kin_answer a;

	if (rights_measure(&t) != ERR_OK)
		_exit(1);
	while (read(control, &q, sizeof(q)) == (ssize_t)sizeof(q)) {
		if (!digest_equal(&q.configuration, &config->source))
			collector_config_renew(path, &config);
		a = (struct kin_answer){.number = q.number};
		if (digest_equal(&q.configuration, &config->source) &&
		    q.workload < config->workload_count && q.pid > 0)
			a.is_kin = is_kin(&config->workloads[q.workload], (pid_t)q.pid);
		if (write(control, &a, sizeof(a)) != (ssize_t)sizeof(a))
			break;
	}
	_exit(0);
}

static bool
is_kin(const struct collector_workload *w, pid_t pid)
{
	struct trouble t = TROUBLE_INIT;
	struct members others;
	struct process main;
	bool found;

	if (subject_find(w, &main, &others, &t) != ERR_OK)
		return false;
	found = main.pid == pid || members_get(&others, pid) != NULL;
	process_close(&main);
	members_free(&others);
	return found;
}
