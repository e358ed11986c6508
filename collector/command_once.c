/*
 * `hallmark-collector once`: one round (collector/rounds.h) of all workloads that are wanted, each
 * reported when it was measured. One that hangs holds up no other, and is reported as not measured
 * when its budget is over.
 *
 * A session that is lost is made anew, with the next signer perhaps, and whoever has neither
 * receipt nor refusal is measured again, for its nonce: ONCE_ROUNDS_MAX rounds in all.
 */
#include <stdio.h>
#include <stdlib.h>

#include "collector/commands.h"

#include "collector/command.h"
#include "collector/ground/interrupt.h"
#include "collector/progress.h"
#include "collector/report/reporter.h"
#include "collector/report/reporter_renew.h"
#include "collector/rounds.h"

/* Every signer is tried this often before it gives up. */
#define ONCE_ROUNDS_MAX 2

struct once {
	const struct collector_config *config;
	struct measurer *measurer;
	struct reporter *reporter;
	struct rounds rounds;
	struct progress progress;
	bool *open;     /* by workload: wanted, and has neither receipt nor refusal so far */
	bool *reported; /* the same: has its receipt */
	bool refused;   /* one of them was */
};

static bool *select_workloads(
    const struct collector_config *config, char *const *names, size_t count);
static bool report_all(struct once *o);
static bool round_of(struct once *o);
static bool report_measured(struct once *o);
static bool report_one(struct once *o, size_t workload);
static bool expects_any(struct once *o);
static bool is_open(const struct once *o);
static bool drain(struct reporter *r, size_t workload);

int
command_once(const char *path, char *const *workloads, size_t count)
{
	struct once o = {.progress = progress_on_terminal()};
	const struct command_ways ways = {.tells_progress = o.progress.width > 0};
	struct collector_config *config;
	struct trouble t = TROUBLE_INIT;
	bool good = false;

	if (command_begin(path, &ways, &config, &o.measurer) &&
	    (o.open = select_workloads(config, workloads, count)) != NULL) {
		o.config = config;
		if (reporter_new(config, o.measurer, NULL, NULL, NULL, false, &o.reporter, &t) !=
		    ERR_OK)
			command_trouble("cannot report", &t);
		else
			good = report_all(&o);
	}
	rounds_free(&o.rounds);
	reporter_free(&o.reporter);
	measurer_free(&o.measurer);
	free(o.open);
	free(o.reported);
	collector_config_free(&config);
	return good ? 0 : 1;
}

static bool *
select_workloads(const struct collector_config *config, char *const *names, size_t count)
{
	bool *wanted = calloc(config->workload_count, sizeof(*wanted));
	const struct collector_workload *w;

	if (wanted == NULL)
		return NULL;
	for (size_t i = 0; count == 0 && i < config->workload_count; i++)
		wanted[i] = true;
	for (size_t i = 0; i < count; i++) {
		if ((w = command_find(config, names[i])) == NULL) {
			free(wanted);
			return NULL;
		}
		wanted[w - config->workloads] = true;
	}
	return wanted;
}

/* False: somebody has no receipt, or not all that waits could go. */
static bool
report_all(struct once *o)
{
	bool goes_on = true;

	o->reported = calloc(o->config->workload_count, sizeof(*o->reported));
	if (o->reported == NULL ||
	    rounds_set(&o->rounds, o->reporter, o->measurer, o->config) != ERR_OK)
		return false;
	(void)reporter_renew(o->reporter); /* says what is near its end */
	for (unsigned i = 0; goes_on && is_open(o) && i < ONCE_ROUNDS_MAX; i++)
		goes_on = round_of(o);
	progress_clear(&o->progress);
	for (size_t i = 0; goes_on && i < o->config->workload_count; i++)
		goes_on = !o->reported[i] || drain(o->reporter, i);
	for (size_t i = 0; i < o->config->workload_count; i++)
		if (o->open[i])
			printf("%s: no receipt\n", o->config->workloads[i].name);
	reporter_tidy(o->reporter);
	return goes_on && !o->refused && !is_open(o);
}

/* Of all that are open. False: the program must stop. */
static bool
round_of(struct once *o)
{
	struct pollfd news = {.events = POLLIN};
	bool goes_on = true, failed;

	if (!reporter_is_connected(o->reporter) && reporter_connect(o->reporter, &failed) != ERR_OK)
		return !failed;
	for (size_t i = 0; i < o->config->workload_count; i++)
		if (o->open[i])
			rounds_want(&o->rounds, i);
	while (goes_on && reporter_is_connected(o->reporter) && expects_any(o)) {
		rounds_begin(&o->rounds);
		if (rounds_answered(&o->rounds) == o->rounds.count) {
			news.fd = reporter_descriptor(o->reporter);
			if (measurer_listen(o->measurer, &news, PROGRESS_LOOK_MS, INTERRUPT_STOP) >
			    0)
				reporter_take_news(o->reporter);
			progress_show(&o->progress, o->measurer, o->config);
		}
		goes_on = report_measured(o) && !interrupt_stop();
	}
	measurer_drop_all(o->measurer);
	return goes_on;
}

/* Those that have their answers. False: the program must stop. */
static bool
report_measured(struct once *o)
{
	size_t i;

	while (reporter_is_connected(o->reporter) && !interrupt_stop() &&
	       (i = rounds_answered(&o->rounds)) < o->rounds.count) {
		progress_clear(&o->progress);
		if (!report_one(o, i))
			return false;
		measurer_drop(o->measurer, i); /* where it came to nothing */
		rounds_begin(&o->rounds);
	}
	return true;
}

/* It stays open where another round may help. False: the program must stop. */
static bool
report_one(struct once *o, size_t workload)
{
	const char *name = o->config->workloads[workload].name;
	struct receipt_summary result;

	switch (reporter_report(o->reporter, workload, &result)) {
	case REPORTER_DONE:
		printf("%s: %s, index %llu, %s/%s\n", name, report_status_name(result.status),
		    (unsigned long long)result.index, o->config->receipt_directory, result.file);
		o->open[workload] = false;
		o->reported[workload] = true;
		return true;
	case REPORTER_REFUSED:
		if (interrupt_stop())
			return false;
		printf("%s: no receipt\n", name);
		o->open[workload] = false;
		o->refused = true;
		return true;
	case REPORTER_LOST:
		return true;
	case REPORTER_FAILED:
		break;
	}
	return false;
}

static bool
expects_any(struct once *o)
{
	const bool *busy = rounds_busy(&o->rounds);

	for (size_t i = 0; i < o->rounds.count; i++)
		if (busy[i])
			return true;
	return false;
}

static bool
is_open(const struct once *o)
{
	for (size_t i = 0; i < o->config->workload_count; i++)
		if (o->open[i])
			return true;
	return false;
}

/* What waits of a workload behind its report. False: the program must stop. */
static bool
drain(struct reporter *r, size_t workload)
{
	enum reporter_outcome outcome = REPORTER_DONE;

	while (outcome == REPORTER_DONE && !interrupt_stop() && reporter_may_drain(r, workload))
		outcome = reporter_drain(r, workload);
	return outcome != REPORTER_FAILED;
}
