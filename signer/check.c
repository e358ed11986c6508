/*
 * `hallmark-signer check`: everything that can be known of a configuration without serving by it.
 */
#include "signer/check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "config/hsm_config.h"
#include "signer/check_peers.h"
#include "signer/front/conn_pool.h"
#include "signer/ground/machine_clock.h"
#include "signer/loaded.h"
#include "trust/validity.h"

static void print_approvals(const struct operators *operators);
/* `p` is NULL where the policy has faults. */
static void check_key_process(
    const struct signer_config *c, const struct policy *p, struct faults *faults);
static void check_socket(const char *path, struct faults *faults);
static void check_program(
    const struct signer_config *c, const struct policy *p, struct faults *faults);
static void check_tokens(
    const char *path, const struct hsm_config *hsm, const struct policy *p, struct faults *faults);
static void note_tokens(const struct policy *p);
static void print_clock(void);

int
signer_check(const char *path, const char *as)
{
	struct faults faults = FAULTS_INIT, again = FAULTS_INIT;
	struct loaded_libraries libraries = {{NULL}};
	struct signer_config *config;
	struct loaded loaded;
	bool good = loaded_read(path, 1, &libraries, &loaded, &faults) == ERR_OK;

	/* A second time, because nothing stays loaded that has a fault. */
	if (signer_config_inspect(path, &again, &config) == ERR_OK || config != NULL) {
		check_key_process(config, good ? loaded.policy : NULL, &faults);
		validity_check(
		    config->tls.certificate, "tls.certificate", VALIDITY_SERVER, &faults);
		validity_check(config->tls.client_ca, "tls.client_ca", VALIDITY_CA, &faults);
	}
	if (good)
		check_peers(loaded.config, loaded.settings[0]->tls, &faults);
	if (good && as != NULL)
		check_as(as, loaded.settings[0]->tls, &faults);
	if (good && faults.count == 0) {
		printf("%s: good\n", path);
		printf("  log     %s\n", loaded.config->log_origin);
		printf("  policy  %.*s\n", (int)policy_id(loaded.policy).size,
		    (const char *)policy_id(loaded.policy).data);
		print_approvals(policy_operators(loaded.policy));
		print_clock();
	}
	good = good && faults.count == 0;
	faults_print(&faults, stderr);
	faults_free(&faults);
	faults_free(&again);
	signer_config_free(&config);
	loaded_free(&loaded);
	loaded_libraries_free(&libraries);
	return good ? 0 : 1;
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
static void
print_clock(void)
{
	uint64_t wall_ms, boot_ms;
	enum machine_clock_kept kept;

	machine_clock_read(&wall_ms, &boot_ms);
	kept = machine_clock_is_kept(wall_ms);
	printf("  clock   %s, by the kernel%s\n", machine_clock_words(kept),
	    kept == MACHINE_CLOCK_SYNCHRONISED
		? ""
		: ": when it is set, or the machine was booted, bundles are refused until "
		  "it is right by other signs");
}

static void
check_key_process(const struct signer_config *c, const struct policy *p, struct faults *faults)
{
	if (c->key_process.socket != NULL && c->key_process.program == NULL) {
		check_socket(c->key_process.socket, faults);
		if (p != NULL)
			note_tokens(p);
	}
	if (c->key_process.program != NULL && c->key_process.config != NULL)
		check_program(c, p, faults);
}

/* One that is not there yet is no fault: whatever listens at it may be started later. */
static void
check_socket(const char *path, struct faults *faults)
{
	struct stat st;

	if (stat(path, &st) != 0)
		printf("note: key_process.socket: %s: %s; the signer waits for it "
		       "(systemctl start hallmark-hsm.socket)\n",
		    path, strerror(errno));
	else if (!S_ISSOCK(st.st_mode))
		faults_add(faults, path, 0,
		    "key_process.socket: expected a Unix socket, found something else");
}

/* The process will run as this user and read this file, so its faults are ours. */
static void
check_program(const struct signer_config *c, const struct policy *p, struct faults *faults)
{
	struct hsm_config *hsm;

	if (hsm_config_inspect(c->key_process.config, faults, &hsm) != ERR_OK && hsm == NULL)
		return;
	if (hsm->deadline_ms >= c->key_process.deadline_ms)
		printf("note: key_process.deadline_ms: %u ms is not longer than the %u ms of "
		       "deadline_ms in %s; a token that is slow would be taken for a key process "
		       "that is\n",
		    c->key_process.deadline_ms, hsm->deadline_ms, c->key_process.config);
	if (hsm->origin != NULL && c->log_origin != NULL && strcmp(hsm->origin, c->log_origin) != 0)
		faults_add(faults, c->key_process.config, 0,
		    "origin: expected \"%s\", the log.origin of the signer, found \"%s\"; the key "
		    "process would sign for another log",
		    c->log_origin, hsm->origin);
	if (p != NULL)
		check_tokens(c->key_process.config, hsm, p, faults);
	hsm_config_free(&hsm);
}

/* What the policy asks for must be there. Whether it covers the workloads, each report shows. */
static void
check_tokens(
    const char *path, const struct hsm_config *hsm, const struct policy *p, struct faults *faults)
{
	struct view name;
	size_t place = 0;

	while ((name = policy_token_next(p, &place)).size > 0) {
		size_t t = 0;

		while (t < hsm->token_count && !view_equal(hsm->tokens[t].name, name))
			t++;
		if (t == hsm->token_count)
			faults_add(faults, path, 0,
			    "tokens: expected the profile \"%.*s\", which the policy wants tokens "
			    "by, found %zu without it; those receipts would leave without a token",
			    view_precision(name), (const char *)name.data, hsm->token_count);
	}
}

/* The key process's configuration is another user's: only that one can see what is in it. */
static void
note_tokens(const struct policy *p)
{
	struct view name;
	size_t place = 0;

	while ((name = policy_token_next(p, &place)).size > 0)
		printf(
		    "note: policy: wants tokens by the profile \"%.*s\"; hallmark-hsm check shows "
		    "whether hsm.yaml has it\n",
		    view_precision(name), (const char *)name.data);
}
