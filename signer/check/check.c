/*
 * `hallmark-signer check`: everything that can be known of a configuration without serving by it.
 */
#include "signer/check/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "config/hsm_config.h"
#include "policy/advice/policy_advice.h"
#include "proto/evidence/identity.h"
#include "proto/text.h"
#include "signer/check/check_feeds.h"
#include "signer/check/check_rollout.h"
#include "signer/check/check_tokens.h"
#include "signer/front/conn_pool.h"
#include "signer/ground/machine_clock.h"
#include "signer/loading/loaded.h"
#include "signer/loading/peers.h"
#include "trust/validity.h"

/* What is found; notes are no faults. */
struct checking {
	struct faults faults, notes;
	struct advices warnings; /* of a policy that is good */
	const char *as; /* the certificate that was tried, and would be let in under this name */
	char identity[IDENTITY_SIZE_MAX + 1];
};

static void print_note(const struct fault *note);
static void print_warning(const struct advice *warning);
static void append_warnings(const struct advices *warnings, struct buf *to);
static void print_text(const char *path, const struct loaded *loaded, const struct checking *all);
static void print_json(const char *path, const struct loaded *loaded, const struct checking *all);
static void print_approvals(const struct operators *operators);
/* `p` is NULL where the policy has faults. */
static void check_key_process(
    const struct signer_config *c, const struct policy *p, struct checking *all);
static void check_socket(const char *path, struct checking *all);
static void check_program(
    const struct signer_config *c, const struct policy *p, struct checking *all);
static uint32_t service_uid(const struct signer_config *c);
static void note_new_log(const struct signer_config *c, struct checking *all);
static void note_speaker(const struct policy *p, struct checking *all);
static void print_clock(void);
static enum machine_clock_kept clock_kept(void);

int
signer_check(const char *path, const char *as, bool json)
{
	struct checking all = {
	    .faults = FAULTS_INIT, .notes = FAULTS_INIT, .warnings = ADVICES_INIT};
	struct faults again = FAULTS_INIT;
	struct loaded_libraries libraries = {{NULL}};
	struct signer_config *config;
	struct loaded loaded;
	bool good = loaded_read(path, 1, &libraries, &loaded, &all.faults) == ERR_OK;

	/* A second time, because nothing stays loaded that has a fault. */
	if (signer_config_inspect(path, &again, &config) == ERR_OK || config != NULL) {
		check_key_process(config, good ? loaded.policy : NULL, &all);
		validity_check(
		    config->tls.certificate, "tls.certificate", VALIDITY_SERVER, &all.faults);
		validity_check(config->tls.client_ca, "tls.client_ca", VALIDITY_CA, &all.faults);
	}
	if (good)
		note_new_log(loaded.config, &all);
	if (good) {
		check_rollout(loaded.config, loaded.policy, &all.faults, &all.notes);
		policy_advise(loaded.policy, (uint64_t)time(NULL), &all.warnings);
		policy_advise_writers(loaded.policy, loaded.config->policy_file,
		    service_uid(loaded.config), &all.warnings);
	}
	if (good)
		check_feeds(
		    loaded.config, loaded.policy, (uint64_t)time(NULL), &all.faults, &all.notes);
	if (good)
		peers_check(loaded.config, loaded.settings[0]->tls, &all.faults, &all.notes);
	if (good && as != NULL &&
	    peers_check_as(as, loaded.settings[0]->tls, &all.faults, all.identity))
		all.as = as;
	if (all.as != NULL)
		note_speaker(loaded.policy, &all);
	good = good && all.faults.count == 0;
	(json ? print_json : print_text)(path, good ? &loaded : NULL, &all);
	faults_free(&all.faults);
	faults_free(&all.notes);
	advices_free(&all.warnings);
	faults_free(&again);
	signer_config_free(&config);
	loaded_free(&loaded);
	loaded_libraries_free(&libraries);
	return good ? 0 : 1;
}

/* `loaded` is NULL where there is a fault. */
static void
print_text(const char *path, const struct loaded *loaded, const struct checking *all)
{
	for (size_t i = 0; i < all->notes.count; i++)
		print_note(&all->notes.fault[i]);
	for (size_t i = 0; i < all->warnings.count; i++)
		print_warning(&all->warnings.advice[i]);
	if (all->as != NULL)
		printf("%s: accepted, as %s\n", all->as, all->identity);
	if (loaded != NULL) {
		printf("%s: good\n", path);
		printf("  log     %s\n", loaded->config->log_origin);
		printf("  policy  %.*s\n", (int)policy_id(loaded->policy).size,
		    (const char *)policy_id(loaded->policy).data);
		print_approvals(policy_operators(loaded->policy));
		print_clock();
	}
	faults_print(&all->faults, stderr);
}

static void
print_json(const char *path, const struct loaded *loaded, const struct checking *all)
{
	struct buf text = BUF_INIT;
	const struct operators *o = loaded != NULL ? policy_operators(loaded->policy) : NULL;

	buf_append_string(&text, "{\"file\":");
	json_append_string(&text, view_of_string(path));
	buf_append_format(&text, ",\"good\":%s,\"log\":", loaded != NULL ? "true" : "false");
	if (loaded != NULL) {
		json_append_string(&text, view_of_string(loaded->config->log_origin));
		buf_append_string(&text, ",\"policy\":");
		json_append_string(&text, policy_id(loaded->policy));
		buf_append_format(&text, ",\"operators\":%zu,\"approvals_needed\":%u",
		    o != NULL ? operators_count(o) : 0,
		    o != NULL ? operators_threshold(o, STATEMENT_APPROVE) : 0);
	} else {
		buf_append_string(
		    &text, "null,\"policy\":null,\"operators\":null,\"approvals_needed\":null");
	}
	buf_append_string(&text, ",\"clock\":");
	json_append_string(&text, view_of_string(machine_clock_words(clock_kept())));
	buf_append_string(&text, ",\"as\":");
	if (all->as != NULL)
		json_append_string(&text, view_of_string(all->identity));
	else
		buf_append_string(&text, "null");
	buf_append_string(&text, ",\"notes\":");
	faults_write_json(&all->notes, &text);
	buf_append_string(&text, ",\"warnings\":");
	append_warnings(&all->warnings, &text);
	buf_append_string(&text, ",\"faults\":");
	faults_write_json(&all->faults, &text);
	buf_append_string(&text, "}\n");
	if (buf_status(&text) != ERR_OK)
		abort();
	(void)fwrite(text.data, 1, text.size, stdout);
	buf_free(&text);
}

static void
append_warnings(const struct advices *warnings, struct buf *to)
{
	buf_append_byte(to, '[');
	for (size_t i = 0; i < warnings->count; i++) {
		const struct advice *one = &warnings->advice[i];

		buf_append_string(to, i > 0 ? ",{\"file\":" : "{\"file\":");
		json_append_string(to, view_of_string(one->file));
		buf_append_format(to, ",\"line\":%u,\"text\":", one->line);
		json_append_string(to, view_of_string(one->text));
		buf_append_string(to, ",\"mend\":");
		json_append_string(to, view_of_string(one->mend));
		buf_append_byte(to, '}');
	}
	buf_append_byte(to, ']');
}

static void
print_note(const struct fault *note)
{
	if (note->line > 0)
		printf("note: %s:%u: %s\n", note->file, note->line, note->text);
	else
		printf("note: %s\n", note->text);
}

static void
print_warning(const struct advice *warning)
{
	printf("warning: %s:%u: %s\n  to mend: %s\n", warning->file, warning->line, warning->text,
	    warning->mend);
}

/* A site may want no approvals; it should not find that out from an auditor. */
static void
print_approvals(const struct operators *operators)
{
	if (operators != NULL)
		printf(
		    "  next    another policy needs approvals by %u operator%s, of the %zu here\n",
		    operators_threshold(operators, STATEMENT_APPROVE),
		    operators_threshold(operators, STATEMENT_APPROVE) == 1 ? "" : "s",
		    operators_count(operators));
	else
		printf("  next    another policy needs no approval: this one names no operators\n");
}

/* Behind a reboot a clock that nobody keeps is trusted only if a collector has its time. */
/* It may be one of a relay, which says nothing of its own. */
static void
note_speaker(const struct policy *p, struct checking *all)
{
	const struct policy_rule *r;
	bool any = false;

	for (uint32_t i = 1; !any && (r = policy_rule_at(p, i)) != NULL; i++)
		any = policy_rule_allows(r, view_of_string(all->identity));
	if (!any)
		faults_add(&all->notes, all->as, 0,
		    "%s: --as: no entry of the policy has a pattern for %s under \"collectors\": "
		    "what it measures is refused (unauthorized)",
		    all->as, all->identity);
}

static void
print_clock(void)
{
	const enum machine_clock_kept kept = clock_kept();

	printf("  clock   %s, by the kernel%s\n", machine_clock_words(kept),
	    kept == MACHINE_CLOCK_SYNCHRONISED
		? ""
		: ": when it has been set, or the machine booted, bundles are refused until "
		  "collectors have the same time; better keep it by NTP or PTP");
}

static enum machine_clock_kept
clock_kept(void)
{
	uint64_t wall_ms, boot_ms;

	machine_clock_read(&wall_ms, &boot_ms);
	return machine_clock_is_kept(wall_ms);
}

static void
check_key_process(const struct signer_config *c, const struct policy *p, struct checking *all)
{
	if (c->key_process.socket != NULL && c->key_process.program == NULL) {
		check_socket(c->key_process.socket, all);
		if (p != NULL)
			check_tokens_elsewhere(p, &all->notes);
	}
	if (c->key_process.program != NULL && c->key_process.config != NULL)
		check_program(c, p, all);
}

/* One that is not there yet is no fault: whatever listens at it may be started later. */
static void
check_socket(const char *path, struct checking *all)
{
	struct stat st;

	if (stat(path, &st) != 0)
		faults_add(&all->notes, path, 0,
		    "key_process.socket: %s: %s; the signer waits for it "
		    "(systemctl start hallmark-hsm.socket)",
		    path, strerror(errno));
	else if (!S_ISSOCK(st.st_mode))
		faults_add(&all->faults, path, 0,
		    "key_process.socket: expected a Unix socket, found something else");
}

/* The process will run as this user and read this file, so its faults are ours. */
static void
check_program(const struct signer_config *c, const struct policy *p, struct checking *all)
{
	struct faults *faults = &all->faults;
	struct hsm_config *hsm;

	if (hsm_config_inspect(c->key_process.config, faults, &hsm) != ERR_OK && hsm == NULL)
		return;
	if (hsm->deadline_ms >= c->key_process.deadline_ms)
		faults_add(&all->notes, c->key_process.config, 0,
		    "key_process.deadline_ms: %u ms is not longer than the %u ms of deadline_ms in "
		    "%s; a token that is slow would be taken for a key process that is",
		    c->key_process.deadline_ms, hsm->deadline_ms, c->key_process.config);
	if (hsm->origin != NULL && c->log_origin != NULL && strcmp(hsm->origin, c->log_origin) != 0)
		faults_add(faults, c->key_process.config, 0,
		    "origin: expected \"%s\", the log.origin of the signer, found \"%s\"; the key "
		    "process would sign for another log",
		    c->log_origin, hsm->origin);
	if (p != NULL)
		check_tokens(c->key_process.config, hsm, p, faults, &all->notes);
	hsm_config_free(&hsm);
}

/* That whose log it is; root may be the one who asks. */
static uint32_t
service_uid(const struct signer_config *c)
{
	struct stat st;

	return stat(c->log_directory, &st) == 0 ? st.st_uid : geteuid();
}

/* A path that is mistaken would begin an empty log beside the right one. */
static void
note_new_log(const struct signer_config *c, struct checking *all)
{
	struct stat st;

	if (stat(c->log_directory, &st) != 0 && errno == ENOENT)
		faults_add(&all->notes, c->log_directory, 0,
		    "log.directory: %s is not there: a new log begins with the first start",
		    c->log_directory);
}
