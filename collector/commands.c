#include "collector/commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/files/pattern.h"
#include "collector/ground/interrupt.h"
#include "collector/ground/redaction_key.h"
#include "collector/measure/gathered.h"
#include "collector/measure/listing.h"
#include "collector/measure/measure.h"
#include "collector/processes/landlock.h"
#include "collector/processes/measurer.h"
#include "collector/processes/rights.h"
#include "collector/processes/starter.h"
#include "collector/report/channel.h"
#include "collector/report/channel_context.h"
#include "collector/report/receipt.h"
#include "collector/report/reporter.h"
#include "collector/report/reporter_renew.h"
#include "collector/runner.h"
#include "collector/subject/subject.h"
#include "collector/tell/answering.h"
#include "collector/tell/board.h"
#include "collector/unmatched.h"
#include "journal/logger.h"
#include "proto/text.h"
#include "trust/validity.h"

/* Every signer is tried this often before `once` gives up. */
#define ONCE_ROUNDS_MAX 2

static bool load(const char *path, struct collector_config **config);
static void print_trouble(const char *what, const struct trouble *t);
static const struct collector_workload *find(
    const struct collector_config *config, const char *name);
static bool check_workloads(const struct collector_config *config, struct faults *found);
static bool check_workload(const struct collector_workload *w, struct faults *found);
static void print_check(const char *path, bool good, const struct faults *faults,
    const struct faults *troubles, const struct faults *found);
static bool check_log_key(const char *path);
static bool check_files(const struct collector_config *config);
static measure_missing print_missing;
static unmatched_line print_unmatched;
static int print_listing(const struct collector_workload *w, const struct gathered *g,
    const struct measurement *m, bool json);
static bool *select_workloads(
    const struct collector_config *config, char *const *names, size_t count);
static bool begin(
    const char *path, struct collector_config **config, struct measurer **measurer, int *listening);
static enum err tell_of(const char *path, const struct collector_config *config, int listening,
    struct board **board, struct answering **answering, struct trouble *t);
static int report_once(
    const struct collector_config *config, struct measurer *measurer, const bool *wanted);
static bool report_wanted(struct reporter *r, const struct collector_config *config, size_t index,
    bool *open, bool *reported);
static bool drain(struct reporter *r, size_t index);

/* Where troubles go, by what they are about, while a check is to be JSON; NULL: to stderr. */
static struct faults *troubles_kept;

int
command_check(const char *path, bool json)
{
	struct faults faults = FAULTS_INIT, troubles = FAULTS_INIT, found = FAULTS_INIT;
	struct collector_config *config = NULL;
	struct trouble t = TROUBLE_INIT;
	bool good;

	if (rights_set_aside(&t) != ERR_OK)
		faults_add(&faults, path, 0, "%s", t.text);
	else if (collector_config_inspect(path, &faults, &config) == ERR_OK || config != NULL) {
		validity_check(
		    config->tls.certificate, "tls.certificate", VALIDITY_CLIENT, &faults);
		validity_check(config->tls.signer_ca, "tls.signer_ca", VALIDITY_CA, &faults);
	}
	good = faults.count == 0;
	if (!json)
		faults_print(&faults, stderr);
	troubles_kept = json ? &troubles : NULL;
	if (config != NULL)
		good = check_files(config) && good;
	if (config != NULL)
		good = check_workloads(config, &found) && good;
	troubles_kept = NULL;
	if (json)
		print_check(path, good, &faults, &troubles, &found);
	for (size_t i = 0; !json && i < found.count; i++)
		printf("%s: process %s\n", found.fault[i].file, found.fault[i].text);
	if (good && !json)
		printf("%s: no faults\n", path);
	faults_free(&faults);
	faults_free(&troubles);
	faults_free(&found);
	collector_config_free(&config);
	return good ? 0 : 1;
}

int
command_measure(const char *path, const char *workload, bool json)
{
	const struct collector_workload *w;
	struct collector_config *config;
	struct gathered g = {.workload = workload};
	const struct measure_output output = {
	    gathered_take, gathered_take_segment, print_missing, &g};
	struct filehash *hash = filehash_new();
	struct trouble t = TROUBLE_INIT;
	struct measurement m;
	int status = 1;

	if (load(path, &config) && hash != NULL) {
		if ((w = find(config, workload)) != NULL) {
			filehash_limit(hash, (uint64_t)w->budgets.mebibytes_read << 20);
			if (rights_measure(&t) == ERR_OK && measure_check(w, &t) == ERR_OK &&
			    measure_workload(w, hash, &output, &m, &t) == ERR_OK)
				status = print_listing(w, &g, &m, json);
			else
				print_trouble(workload, &t);
		}
		collector_config_free(&config);
	}
	gathered_free(&g);
	filehash_free(&hash);
	return status;
}

int
command_once(const char *path, char *const *workloads, size_t count)
{
	struct collector_config *config;
	struct measurer *measurer;
	bool *wanted = NULL;
	int status = 1;

	if (begin(path, &config, &measurer, NULL) &&
	    (wanted = select_workloads(config, workloads, count)) != NULL)
		status = report_once(config, measurer, wanted);
	free(wanted);
	measurer_free(&measurer);
	collector_config_free(&config);
	return status;
}

int
command_run(const char *path)
{
	struct answering *answering = NULL;
	struct board *board = NULL;
	struct collector_config *config;
	struct measurer *measurer;
	struct trouble t = TROUBLE_INIT;
	enum err e = ERR_CONFIG;
	int listening = -1;

	if (begin(path, &config, &measurer, &listening) &&
	    ((e = tell_of(path, config, listening, &board, &answering, &t)) != ERR_OK ||
		(e = runner_run(path, &config, measurer, board, &t)) != ERR_OK))
		print_trouble(t.text[0] != '\0' ? "cannot run" : err_text(e), &t);
	answering_end(&answering);
	board_free(&board);
	measurer_free(&measurer);
	collector_config_free(&config);
	return e == ERR_OK ? 0 : 1;
}

int
command_status(const char *path, enum status_form form)
{
	struct collector_config *config;
	int status = 1;

	if (!load(path, &config))
		return 1;
	if (config->status_socket == NULL)
		(void)fprintf(stderr,
		    "hallmark-collector: %s: expected `status: {socket: PATH}`, by which the "
		    "running collector is asked\n",
		    path);
	else
		status = status_client(config->status_socket, form);
	collector_config_free(&config);
	return status;
}

/* Where a socket is configured, somebody may ask. */
static enum err
tell_of(const char *path, const struct collector_config *config, int listening,
    struct board **board, struct answering **answering, struct trouble *t)
{
	enum err e;

	if (listening < 0)
		return ERR_OK;
	if ((e = board_new(path, config, board)) == ERR_OK)
		return answering_begin(listening, *board, answering, t);
	(void)close(listening);
	return e;
}

static bool
load(const char *path, struct collector_config **config)
{
	struct faults faults = FAULTS_INIT;
	enum err e = collector_config_load(path, &faults, config);

	if (e != ERR_OK)
		faults_print(&faults, stderr);
	faults_free(&faults);
	return e == ERR_OK;
}

static void
print_trouble(const char *what, const struct trouble *t)
{
	struct buf text = BUF_INIT;

	text_append_printable(&text, view_of_string(t->text), SIZE_MAX);
	if (troubles_kept != NULL)
		faults_add(troubles_kept, what, 0, "%.*s", (int)text.size,
		    text.size > 0 ? (const char *)text.data : "");
	else
		(void)fprintf(stderr, "hallmark-collector: %s: %.*s\n", what, (int)text.size,
		    text.size > 0 ? (const char *)text.data : "");
	buf_free(&text);
}

static const struct collector_workload *
find(const struct collector_config *config, const char *name)
{
	for (size_t i = 0; i < config->workload_count; i++)
		if (strcmp(config->workloads[i].name, name) == 0)
			return &config->workloads[i];
	(void)fprintf(stderr, "hallmark-collector: no workload of this name; there are:");
	for (size_t i = 0; i < config->workload_count; i++)
		(void)fprintf(stderr, " %s", config->workloads[i].name);
	(void)fprintf(stderr, "\n");
	return NULL;
}

static void
print_check(const char *path, bool good, const struct faults *faults, const struct faults *troubles,
    const struct faults *found)
{
	struct buf text = BUF_INIT;

	buf_append_string(&text, "{\"file\":");
	json_append_string(&text, view_of_string(path));
	buf_append_format(&text, ",\"good\":%s,\"faults\":", good ? "true" : "false");
	faults_write_json(faults, &text);
	buf_append_string(&text, ",\"troubles\":[");
	for (size_t i = 0; i < troubles->count; i++) {
		buf_append_string(&text, i > 0 ? ",{\"about\":" : "{\"about\":");
		json_append_string(&text, view_of_string(troubles->fault[i].file));
		buf_append_string(&text, ",\"text\":");
		json_append_string(&text, view_of_string(troubles->fault[i].text));
		buf_append_byte(&text, '}');
	}
	buf_append_string(&text, "],\"workloads\":[");
	for (size_t i = 0; i < found->count; i++) {
		buf_append_string(&text, i > 0 ? ",{\"name\":" : "{\"name\":");
		json_append_string(&text, view_of_string(found->fault[i].file));
		buf_append_format(&text, ",\"pid\":%s}", found->fault[i].text);
	}
	buf_append_string(&text, "]}\n");
	if (buf_status(&text) == ERR_OK)
		(void)fwrite(text.data, 1, text.size, stdout);
	buf_free(&text);
}

/* With the rights of a process that measures: the key is done with. */
static bool
check_workloads(const struct collector_config *config, struct faults *found)
{
	struct trouble t = TROUBLE_INIT;
	bool good = rights_measure(&t) == ERR_OK;

	if (!good)
		print_trouble("rights", &t);
	for (size_t i = 0; t.text[0] == '\0' && i < config->workload_count; i++)
		good = check_workload(&config->workloads[i], found) && good;
	return good;
}

/*
 * Each pattern, and the process; of a faulty workload what can be known of it. `found` takes its
 * name and process id.
 */
static bool
check_workload(const struct collector_workload *w, struct faults *found)
{
	const char *name = w->name != NULL ? w->name : "a workload without a good name";
	struct pattern pattern;
	struct members others;
	struct process p;
	bool good = true;

	for (size_t i = 0; i < w->file_count; i++) {
		struct trouble t = TROUBLE_INIT;

		if (w->files[i][0] != '/')
			continue; /* told with the configuration */
		if (pattern_parse(w->files[i], &pattern, &t) == ERR_OK) {
			pattern_free(&pattern);
			continue;
		}
		print_trouble(name, &t);
		good = false;
	}
	if (w->redact_count > 0 && w->redaction_key != NULL) {
		struct trouble t = TROUBLE_INIT;
		struct redaction_key redaction;

		if (redaction_key_load(w->redaction_key, &redaction, &t) != ERR_OK) {
			print_trouble(name, &t);
			good = false;
		}
		redaction_key_end(&redaction);
	}
	if (w->pid_file != NULL || w->executable != NULL || w->unit != NULL ||
	    w->control_group != NULL || w->is_container) {
		struct trouble t = TROUBLE_INIT;

		if (subject_find(w, &p, &others, &t) != ERR_OK) {
			print_trouble(name, &t);
			return false;
		}
		faults_add(found, name, 0, "%d", (int)p.pid);
		process_close(&p);
		members_free(&others);
	}
	return good;
}

/* What the loader cannot know: do key and certificates belong together, what is in them. */
static bool
check_files(const struct collector_config *config)
{
	bool good = channel_context_check(config, print_trouble);

	for (size_t i = 0; i < config->signer_count; i++) {
		good = check_log_key(config->signers[i].log_certificate) && good;
		good = check_log_key(config->signers[i].log_certificate_next) && good;
	}
	return good;
}

static bool
check_log_key(const char *path)
{
	struct trouble t = TROUBLE_INIT;
	EVP_PKEY *key = NULL;
	const bool good = path == NULL || receipt_key_load(path, &key, &t) == ERR_OK;

	if (!good)
		print_trouble("signers", &t);
	EVP_PKEY_free(key);
	return good;
}

static void
print_missing(void *context, enum component_kind kind, enum err e, const struct trouble *t)
{
	struct trouble told;

	(void)trouble_set(&told, e, "%s is left out: %s", component_kind_name(kind),
	    t->text[0] != '\0' ? t->text : err_text(e));
	print_trouble(((struct gathered *)context)->workload, &told);
}

static void
print_unmatched(const void *context, const struct trouble *t)
{
	print_trouble(context, t);
}

static int
print_listing(const struct collector_workload *w, const struct gathered *g,
    const struct measurement *m, bool json)
{
	struct component *components[COMPONENT_KIND_COUNT] = {NULL};
	struct listing l = {.workload = g->workload, .measurement = m};
	struct buf text = BUF_INIT;
	enum err e = ERR_OK;

	for (unsigned kind = 0; e == ERR_OK && kind < COMPONENT_KIND_COUNT; kind++) {
		if (!m->component[kind].present)
			continue;
		e = gathered_component(g, (enum component_kind)kind, &components[kind]);
		l.component[kind] = components[kind];
	}
	if (e == ERR_OK) {
		if (json)
			listing_json(&l, &text);
		else
			listing_text(&l, &text);
		e = buf_status(&text);
	}
	if (e == ERR_OK &&
	    (fwrite(text.data, 1, text.size, stdout) != text.size || fflush(stdout) != 0))
		e = ERR_IO;
	if (e == ERR_OK)
		unmatched_tell(w, l.component, print_unmatched, w->name);
	for (unsigned kind = 0; kind < COMPONENT_KIND_COUNT; kind++)
		component_free(&components[kind]);
	buf_free(&text);
	if (e != ERR_OK)
		(void)fprintf(stderr, "hallmark-collector: %s\n", err_text(e));
	return e == ERR_OK ? 0 : 1;
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
		if ((w = find(config, names[i])) == NULL) {
			free(wanted);
			return NULL;
		}
		wanted[w - config->workloads] = true;
	}
	return wanted;
}

/*
 * Goes on as the process that reports, with another one that measures. What the configuration says
 * is read once more with the rights that are left: so it will be at each reload.
 */
static bool
begin(
    const char *path, struct collector_config **config, struct measurer **measurer, int *listening)
{
	const bool confined = landlock_is_there();
	struct trouble t = TROUBLE_INIT;
	int control;
	enum err e;

	*measurer = NULL;
	if (!load(path, config))
		return false;
	if ((e = starter_begin(path, *config, &control, &t)) == ERR_OK &&
	    (e = measurer_new(control, measurer)) == ERR_OK &&
	    (listening == NULL || (*config)->status_socket == NULL ||
		(e = answering_listen((*config)->status_socket, listening, &t)) == ERR_OK))
		e = rights_report(path, *config, &t);
	if (e != ERR_OK) {
		print_trouble(t.text[0] != '\0' ? "cannot begin" : err_text(e), &t);
		return false;
	}
	collector_config_free(config);
	if (!load(path, config))
		return false;
	logger_configure(&(*config)->logging);
	if (!confined)
		logger_say(LOGGER_NOTICE, "no-landlock",
		    "this kernel has no Landlock, or does not let it be used: the process that "
		    "reports reads and writes what its user may");
	return true;
}

static int
report_once(const struct collector_config *config, struct measurer *measurer, const bool *wanted)
{
	bool *open = calloc(2 * config->workload_count, sizeof(*open));
	bool *reported = open + config->workload_count;
	struct trouble t = TROUBLE_INIT;
	bool good = open != NULL, left = true, failed = false;
	struct reporter *r = NULL;

	if (good && reporter_new(config, measurer, NULL, false, &r, &t) != ERR_OK) {
		print_trouble("cannot report", &t);
		good = false;
	}
	if (r != NULL)
		(void)reporter_renew(r); /* says what is near its end */
	for (size_t i = 0; good && i < config->workload_count; i++)
		open[i] = wanted[i];
	for (unsigned round = 0; r != NULL && left && !failed && round < ONCE_ROUNDS_MAX; round++) {
		left = false;
		if (!reporter_is_connected(r) && reporter_connect(r, &failed) != ERR_OK) {
			left = true;
			continue;
		}
		for (size_t i = 0; !failed && i < config->workload_count; i++)
			if (open[i] && !report_wanted(r, config, i, &open[i], &reported[i]))
				failed = true;
		for (size_t i = 0; i < config->workload_count; i++)
			left = left || open[i];
	}
	for (size_t i = 0; r != NULL && !failed && i < config->workload_count; i++) {
		failed = reported[i] && !drain(r, i);
		good = good && (reported[i] || !wanted[i] || open[i]);
	}
	for (size_t i = 0; r != NULL && i < config->workload_count; i++)
		if (open[i])
			printf("%s: no receipt\n", config->workloads[i].name);
	if (r != NULL)
		reporter_tidy(r);
	reporter_free(&r);
	free(open);
	return good && !left && !failed ? 0 : 1;
}

/* False: the program must stop. `open` stays set where another round may help. */
static bool
report_wanted(struct reporter *r, const struct collector_config *config, size_t index, bool *open,
    bool *reported)
{
	const char *name = config->workloads[index].name;
	struct receipt_summary result;

	if (!reporter_is_connected(r))
		return true;
	switch (reporter_report(r, index, &result)) {
	case REPORTER_DONE:
		printf("%s: %s, index %llu, %s/%s\n", name, report_status_name(result.status),
		    (unsigned long long)result.index, config->receipt_directory, result.file);
		*open = false;
		*reported = true;
		return true;
	case REPORTER_REFUSED:
		printf("%s: no receipt\n", name);
		*open = false;
		return true;
	case REPORTER_LOST:
		return true;
	case REPORTER_FAILED:
		break;
	}
	return false;
}

/* What waits of a workload behind its report. False: the program must stop. */
static bool
drain(struct reporter *r, size_t index)
{
	enum reporter_outcome outcome = REPORTER_DONE;

	while (outcome == REPORTER_DONE && !interrupt_stop() && reporter_may_drain(r, index))
		outcome = reporter_drain(r, index);
	return outcome != REPORTER_FAILED;
}
