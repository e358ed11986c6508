#include "signer/reloader.h"

#include <string.h>

static enum err run(void *context);
static void done(void *context, enum err result);
static void begin(struct reloader *r, bool renewing);
static void on_closed(void *context);

enum err
reloader_open(struct reloader *r, uv_loop_t *loop, const char *path,
    struct loaded_libraries *libraries, const struct loaded *l,
    const struct reloader_events *events)
{
	const struct worker_calls calls = {run, done, r};

	memset(r, 0, sizeof(*r));
	r->loop = loop;
	r->path = path;
	r->libraries = libraries;
	r->events = *events;
	r->config = l->config;
	r->fronts = l->fronts;
	r->renewal = l->renewal;
	r->faults = FAULTS_INIT;
	return worker_new(loop, &calls, &r->worker);
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

	if (r->busy || r->worker == NULL)
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

/* In the thread: nothing but the files, what they are read into, and a configuration that stays. */
static enum err
run(void *context)
{
	struct reloader *r = context;

	if (!r->renewing)
		return loaded_read(r->path, r->fronts, r->libraries, &r->loaded, &r->faults);
	r->due = renewal_is_due(&r->renewal, uv_hrtime() / 1000000);
	if (!r->due)
		return ERR_OK;
	return loaded_renew(r->config, r->fronts, r->libraries, &r->loaded, &r->faults);
}

static void
done(void *context, enum err result)
{
	struct reloader *r = context;
	const struct signer_config *config = r->loaded.config;
	const struct renewal renewal = r->loaded.renewal;

	r->busy = false;
	if (!r->renewing) {
		if (r->events.reloaded(r->events.context, &r->loaded, &r->faults)) {
			r->config = config;
			r->renewal = renewal;
		}
	} else if (r->due) {
		if (result == ERR_OK &&
		    r->events.renewed(r->events.context, &r->loaded, &r->faults))
			renewal_taken(&r->renewal);
		else if (renewal_refused(&r->renewal, uv_hrtime() / 1000000))
			r->events.not_renewed(r->events.context, &r->faults);
	}
	faults_free(&r->faults);
	loaded_free(&r->loaded);
	reloader_tick(r);
}

static void
on_closed(void *context)
{
	struct reloader *r = context;

	faults_free(&r->faults);
	loaded_free(&r->loaded);
}
