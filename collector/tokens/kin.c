#include "collector/tokens/kin.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "collector/processes/apart.h"
#include "collector/processes/rights.h"
#include "collector/subject/subject.h"

static void serve(const char *path, struct collector_config *config, int control)
    __attribute__((noreturn));
static bool is_kin(const struct collector_workload *w, pid_t pid);

enum err
kin_begin(const char *path, struct collector_config *config, int *control, struct trouble *t)
{
	const pid_t parent = getpid();
	bool is_child;
	enum err e =
	    apart_fork("who looks at processes", "hallmark-kin", -1, control, &is_child, t);

	if (e == ERR_OK && is_child) {
		apart_follow(parent);
		serve(path, config, *control);
	}
	return e;
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
