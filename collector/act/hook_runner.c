#include "collector/act/hook_runner.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collector/act/hook_keeper.h"
#include "collector/processes/apart.h"
#include "collector/processes/rights.h"

#define ORDER_MAX (sizeof(struct hook_order) + HOOK_INPUT_MAX)

static void serve(const char *path, struct collector_config *config, int control)
    __attribute__((noreturn));
static void obey(
    const struct collector_config *config, int control, const uint8_t *bytes, size_t size);
static void keep(const struct collector_config *config, int control, const struct hook_order *o,
    struct view input) __attribute__((noreturn));

enum err
hook_runner_begin(
    const char *path, struct collector_config *config, int *control, struct trouble *t)
{
	const int room = 4 * (int)ORDER_MAX;
	bool is_child;
	enum err e = apart_fork("who runs hooks", "hallmark-hooks", -1, control, &is_child, t);

	if (e == ERR_OK && is_child)
		serve(path, config, *control);
	if (e == ERR_OK)
		(void)setsockopt(*control, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	return e;
}

/* It ends where it hears nothing more. */
static void
serve(const char *path, struct collector_config *config, int control)
{
	uint8_t *bytes = malloc(ORDER_MAX);
	struct trouble t = TROUBLE_INIT;
	struct hook_order o;
	ssize_t size;

	if (bytes == NULL || rights_run_hooks(&t) != ERR_OK)
		_exit(1);
	(void)signal(SIGCHLD, SIG_IGN); /* nobody waits for who keeps a program */
	while ((size = recv(control, bytes, ORDER_MAX, 0)) > 0 || (size < 0 && errno == EINTR)) {
		if (size < (ssize_t)sizeof(o))
			continue;
		memcpy(&o, bytes, sizeof(o));
		if (!digest_equal(&o.configuration, &config->source))
			collector_config_renew(path, &config);
		obey(config, control, bytes, (size_t)size);
	}
	_exit(0);
}

/* Where no process can be made, it was lost: who wants it waits no longer than it may take. */
static void
obey(const struct collector_config *config, int control, const uint8_t *bytes, size_t size)
{
	struct hook_order o;

	memcpy(&o, bytes, sizeof(o));
	if (fork() == 0)
		keep(config, control, &o, (struct view){bytes + sizeof(o), size - sizeof(o)});
}

static void
keep(const struct collector_config *config, int control, const struct hook_order *o,
    struct view input)
{
	struct hook_done done;

	memset(&done, 0, sizeof(done));
	done.number = o->number;
	done.result = BUNDLE_ACTION_REFUSED;
	apart_name("hallmark-hook");
	if (!digest_equal(&o->configuration, &config->source) ||
	    o->workload >= config->workload_count ||
	    o->hook >= config->workloads[o->workload].hook_count)
		(void)trouble_set(&done.why, ERR_CONFIG,
		    "the configuration is another one than was read; it is to be reloaded");
	else
		hook_keeper_run(
		    &config->workloads[o->workload].hooks[o->hook], input, control, &done);
	(void)send(control, &done, sizeof(done), MSG_NOSIGNAL);
	_exit(0);
}
