/*
 * `hallmark-collector check`: all that can be known of a configuration before anything is sent.
 */
#include <stdio.h>

#include "collector/commands.h"
#include "collector/ground/log_key.h"

#include "collector/act/hook_program.h"
#include "collector/command.h"
#include "collector/files/pattern.h"
#include "collector/ground/redaction_key.h"
#include "collector/processes/rights.h"
#include "collector/report/channel_context.h"
#include "collector/report/receipt.h"
#include "collector/subject/subject.h"
#include "proto/text.h"
#include "trust/validity.h"

static void print_trouble(const char *what, const struct trouble *t);
static bool check_workloads(const struct collector_config *config, struct faults *found);
static bool check_workload(const struct collector_workload *w, struct faults *found);
static void print_check(const char *path, bool good, const struct faults *faults,
    const struct faults *troubles, const struct faults *found);
static bool check_log_key(const char *path);
static bool check_files(const struct collector_config *config);

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

static void
print_trouble(const char *what, const struct trouble *t)
{
	struct buf text = BUF_INIT;

	if (troubles_kept == NULL) {
		command_trouble(what, t);
		return;
	}
	text_append_printable(&text, view_of_string(t->text), SIZE_MAX);
	faults_add(troubles_kept, what, 0, "%.*s", (int)text.size,
	    text.size > 0 ? (const char *)text.data : "");
	buf_free(&text);
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
	for (size_t i = 0; i < w->hook_count; i++) {
		struct trouble t = TROUBLE_INIT;

		if (w->hooks[i].argument_count == 0 ||
		    hook_program_check(w->hooks[i].arguments[0], &t) == ERR_OK)
			continue;
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
	const bool good = path == NULL || log_key_load(path, &key, &t) == ERR_OK;

	if (!good)
		print_trouble("signers", &t);
	EVP_PKEY_free(key);
	return good;
}
