#include "collector/act/hands.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collector/act/hand_work.h"
#include "collector/processes/apart.h"
#include "collector/processes/rights.h"

static void serve(const char *path, struct collector_config *config, int control)
    __attribute__((noreturn));
static enum err obey(const struct collector_config *config, const struct hand_order *o, int control,
    struct trouble *t);

enum err
hands_begin(const char *path, struct collector_config *config, int *control, struct trouble *t)
{
	bool is_child;
	enum err e = apart_fork("who acts", "hallmark-hands", -1, control, &is_child, t);

	if (e == ERR_OK && is_child)
		serve(path, config, *control);
	return e;
}

/* It ends where it hears nothing more. */
static void
serve(const char *path, struct collector_config *config, int control)
{
	struct trouble t = TROUBLE_INIT;
	struct hand_order o;
	struct hand_done done;
	ssize_t size;

	if (rights_lay_hands(path, config, &t) != ERR_OK)
		_exit(1);
	while ((size = recv(control, &o, sizeof(o), 0)) > 0 || (size < 0 && errno == EINTR)) {
		if (size != (ssize_t)sizeof(o))
			continue;
		if (!digest_equal(&o.configuration, &config->source))
			collector_config_renew(path, &config);
		memset(&done, 0, sizeof(done));
		done.number = o.number;
		done.code = (uint32_t)obey(config, &o, control, &done.why);
		(void)send(control, &done, sizeof(done), MSG_NOSIGNAL);
	}
	_exit(0);
}

static enum err
obey(const struct collector_config *config, const struct hand_order *o, int control,
    struct trouble *t)
{
	const struct collector_workload *w;

	if (!digest_equal(&o->configuration, &config->source) ||
	    o->workload >= config->workload_count ||
	    o->act >= config->workloads[o->workload].act_count)
		return trouble_set(t, ERR_CONFIG,
		    "the configuration is another one than was read; it is to be reloaded");
	w = &config->workloads[o->workload];
	return hand_work_do(w, &w->acts[o->act], o->undo != 0, control, t);
}
