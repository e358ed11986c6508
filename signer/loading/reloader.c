#include "signer/loading/reloader.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "journal/logger.h"
#include "signer/front/conn_pool.h"
#include "signer/loading/client_ca.h"
#include "signer/loading/ends.h"
#include "signer/session/policy_change.h"

static enum err run(void *context);
static void done(void *context, enum err result);
static void begin(struct reloader *r, bool renewing);
static void take_reload(struct reloader *r);
static bool take_renewal(struct reloader *r);
static void refuse_renewal(struct reloader *r);
static void give_settings(struct reloader *r);
static void say_reloaded(const struct reloader *r);
static void say_renewed(const struct reloader *r);
static void say_faults(const char *event, const struct faults *faults);
static void on_closed(void *context);

enum err
reloader_open(struct reloader *r, uv_loop_t *loop, const char *path,
    struct loaded_libraries *libraries, const struct loaded *l, struct service *service,
    struct front_set *fronts)
{
	const struct worker_calls calls = {run, done, r};

	memset(r, 0, sizeof(*r));
	r->loop = loop;
	r->path = path;
	r->libraries = libraries;
	r->service = service;
	r->fronts = fronts;
	r->renewal = l->renewal;
	r->faults = FAULTS_INIT;
	return worker_new(loop, &calls, &r->worker);
}

void
reloader_settled(struct reloader *r)
{
	r->settling = false;
	r->service->counters.reloads++;
	say_reloaded(r);
	reloader_tick(r);
}

void
reloader_ask(struct reloader *r)
{
	r->asked = true;
	reloader_tick(r);
}

void
reloader_tick(struct reloader *r)
{
	const uint64_t now_ms = uv_now(r->loop);

	if (r->busy || r->settling || r->worker == NULL)
		return;
	if (r->asked) {
		begin(r, false);
	} else if (now_ms - r->look_ms >= RELOADER_LOOK_MS) {
		r->look_ms = now_ms;
		begin(r, true);
	}
}

void
reloader_close(struct reloader *r)
{
	if (r->worker != NULL)
		worker_close(&r->worker, on_closed);
}

static void
begin(struct reloader *r, bool renewing)
{
	r->busy = true;
	r->renewing = renewing;
	if (!renewing)
		r->asked = false;
	worker_start(r->worker);
}

/*
 * In the thread: nothing but the files, what they are read into, and the configuration in force,
 * which `done` alone replaces.
 */
static enum err
run(void *context)
{
	struct reloader *r = context;
	const unsigned fronts = r->fronts->count;

	if (!r->renewing)
		return loaded_read(r->path, fronts, r->libraries, &r->loaded, &r->faults);
	r->due = renewal_is_due(&r->renewal, uv_hrtime() / 1000000);
	if (!r->due)
		return ERR_OK;
	return loaded_renew(r->service->config, fronts, r->libraries, &r->loaded, &r->faults);
}

static void
done(void *context, enum err result)
{
	struct reloader *r = context;

	r->busy = false;
	if (!r->renewing)
		take_reload(r);
	else if (r->due && (result != ERR_OK || !take_renewal(r)))
		refuse_renewal(r);
	faults_free(&r->faults);
	policy_change_discard(r->service, &r->loaded.policy);
	loaded_free(&r->loaded);
	reloader_tick(r);
}

static void
take_reload(struct reloader *r)
{
	struct service *service = r->service;
	struct loaded *l = &r->loaded;
	struct policy *policy = l->policy;

	if (l->config == NULL || !loaded_may_replace(service->config, l->config, &r->faults) ||
	    !policy_change_may_follow(service, l->policy, &r->faults)) {
		service->counters.reloads_refused++;
		service->reload_refused_s = (uint64_t)time(NULL);
		say_faults("reload-refused", &r->faults);
		return;
	}
	give_settings(r);
	ledger_reconfigure(service->ledger, l->config);
	signer_config_free((struct signer_config **)&service->config);
	service->config = l->config;
	l->config = NULL; /* moved */
	service->config_generation++;
	r->renewal = l->renewal;
	logger_configure(&service->config->logging);
	service->reload_refused_s = 0;
	l->policy = NULL; /* moved */
	r->settling = true;
	policy_change_offer(service, policy);
}

/* By the policy that is configured, as at a reload: it may still wait for its approvals. */
static bool
take_renewal(struct reloader *r)
{
	struct service *service = r->service;

	if (!client_ca_check(r->loaded.settings[0]->tls, service->config->tls.client_ca,
		service->waiting != NULL ? service->waiting : service->policy, &r->faults))
		return false;
	give_settings(r);
	say_renewed(r);
	renewal_taken(&r->renewal);
	service->counters.renewals++;
	return true;
}

/* Said once of the same files. */
static void
refuse_renewal(struct reloader *r)
{
	if (!renewal_refused(&r->renewal, uv_hrtime() / 1000000))
		return;
	r->service->counters.renewals_refused++;
	say_faults("renewal-refused", &r->faults);
}

static void
give_settings(struct reloader *r)
{
	struct loaded *l = &r->loaded;

	ends_take(r->service, l->settings[0]->tls);
	for (unsigned i = 0; i < r->fronts->count; i++) {
		struct letter *letter = letter_new(LETTER_SETTINGS);

		if (letter == NULL)
			abort(); /* some fronts would go by the old files, some by the new */
		letter->settings = l->settings[i];
		l->settings[i] = NULL; /* moved */
		front_post(r->fronts->front[i], letter);
	}
}

static void
say_reloaded(const struct reloader *r)
{
	struct logline l;

	logline_begin(&l, LOGGER_INFO, "reloaded");
	logline_string(&l, "path", r->path);
	logline_view(&l, "policy", policy_id(r->service->policy));
	logline_end(&l);
}

static void
say_renewed(const struct reloader *r)
{
	struct buf paths = BUF_INIT;
	struct logline l;

	renewal_append_news(&r->renewal, &paths);
	logline_begin(&l, LOGGER_INFO, "renewed");
	logline_string(&l, "certificate", r->service->ends[ENDS_CERTIFICATE].name);
	logline_view(&l, "path", buf_view(&paths));
	logline_end(&l);
	buf_free(&paths);
}

static void
say_faults(const char *event, const struct faults *faults)
{
	for (size_t i = 0; i < faults->count; i++) {
		const struct fault *f = &faults->fault[i];

		if (f->line > 0)
			logger_say(LOGGER_ERROR, event, "%s:%u: %s", f->file, f->line, f->text);
		else
			logger_say(LOGGER_ERROR, event, "%s: %s", f->file, f->text);
	}
}

static void
on_closed(void *context)
{
	struct reloader *r = context;

	faults_free(&r->faults);
	loaded_free(&r->loaded);
}
