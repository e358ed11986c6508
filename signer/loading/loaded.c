#include "signer/loading/loaded.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "signer/front/conn_pool.h"
#include "signer/front/resumption.h"
#include "signer/front/tls.h"
#include "signer/loading/client_ca.h"
#include "signer/loading/peers.h"
#include "trust/own_chain.h"

static unsigned count_fronts(const struct signer_config *c);
static enum err read_settings(struct loaded *l, const struct signer_config *config,
    struct loaded_libraries *libraries, struct faults *faults);
static struct conn_settings *settings_new(const struct signer_config *c);

void
loaded_libraries_free(struct loaded_libraries *l)
{
	for (unsigned i = 0; i < FRONTS_MAX; i++)
		tls_library_free(&l->library[i]);
}

enum err
loaded_read(const char *path, unsigned fronts, struct loaded_libraries *libraries,
    struct loaded *out, struct faults *faults)
{
	bool good;

	memset(out, 0, sizeof(*out));
	good = signer_config_inspect(path, faults, &out->config) == ERR_OK;
	if (out->config == NULL)
		return ERR_CONFIG;
	/* Of settings that are not good, no number is to be relied on. */
	out->fronts = !good ? 1 : fronts > 0 ? fronts : count_fronts(out->config);
	if (out->config->policy_file != NULL)
		good =
		    policy_load(out->config->policy_file, faults, &out->policy) == ERR_OK && good;
	good = ceremony_read(out->config, &out->ceremony, faults) == ERR_OK && good;
	good = read_settings(out, out->config, libraries, faults) == ERR_OK && good;
	/* Each front has the same certificates. */
	if (out->policy != NULL && out->settings[0] != NULL && out->settings[0]->tls != NULL)
		good = client_ca_check(out->settings[0]->tls, out->config->tls.client_ca,
			   out->policy, faults) &&
		       good;
	if (good)
		return ERR_OK;
	loaded_free(out);
	return ERR_CONFIG;
}

enum err
loaded_renew(const struct signer_config *config, unsigned fronts,
    struct loaded_libraries *libraries, struct loaded *out, struct faults *faults)
{
	char why[VERIFIER_REASON_SIZE];

	memset(out, 0, sizeof(*out));
	out->fronts = fronts;
	if (read_settings(out, config, libraries, faults) == ERR_OK) {
		SSL_CTX *tls = out->settings[0]->tls; /* each front has the same */

		if (!own_chain_is_sound(tls, why))
			faults_add(faults, config->tls.certificate, 0,
			    "tls.certificate: expected one that peers can take, found %s", why);
		peers_check_valid(config, tls, faults);
		if (faults->count == 0)
			return ERR_OK;
	}
	loaded_free(out);
	return ERR_CONFIG;
}

void
loaded_free(struct loaded *l)
{
	signer_config_free(&l->config);
	policy_free(&l->policy);
	for (unsigned i = 0; i < FRONTS_MAX; i++) {
		conn_settings_free(l->settings[i]);
		l->settings[i] = NULL;
	}
}

bool
loaded_may_replace(
    const struct signer_config *old, const struct signer_config *new, struct faults *faults)
{
	const struct {
		const char *key, *old, *new;
	} fixed[] = {
	    {"listen", old->listen_host, new->listen_host},
	    {"log.origin", old->log_origin, new->log_origin},
	    {"log.directory", old->log_directory, new->log_directory},
	    {"evidence.directory", old->evidence_directory, new->evidence_directory},
	    {"index", old->index_file, new->index_file},
	    {"status.socket", old->status_socket, new->status_socket},
	};
	const struct {
		const char *key;
		uint32_t old, new;
	} numbers[] = {
	    {"listen: port", old->listen_port, new->listen_port},
	    {"loops:", old->loops, new->loops},
	};
	size_t before = faults->count;

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (strcmp(fixed[i].old, fixed[i].new) != 0)
			faults_add(faults, "reload", 0,
			    "%s: expected %s as at the start, found %s; restart the signer to "
			    "change it",
			    fixed[i].key, fixed[i].old, fixed[i].new);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (numbers[i].old != numbers[i].new)
			faults_add(faults, "reload", 0,
			    "%s expected %u as at the start, found %u; restart the signer to "
			    "change it",
			    numbers[i].key, numbers[i].old, numbers[i].new);
	return faults->count == before;
}

/* As many as there are cores that this process may use. */
static unsigned
count_fronts(const struct signer_config *c)
{
	cpu_set_t cores;
	int count = 1;

	if (c->loops > 0)
		return c->loops;
	if (sched_getaffinity(0, sizeof(cores), &cores) == 0)
		count = CPU_COUNT(&cores);
	return count > FRONTS_MAX ? FRONTS_MAX : (unsigned)count;
}

/* The fronts' sessions are in one place; a reload begins another, so that none outlives it. */
static enum err
read_settings(struct loaded *l, const struct signer_config *config,
    struct loaded_libraries *libraries, struct faults *faults)
{
	const char *const paths[] = {config->tls.certificate, config->tls.key,
	    config->tls.client_ca, config->tls.client_crl};
	/* A collector has one session at a time. */
	struct resumption *sessions = resumption_new(config->limits.connections);
	struct tls_files files;
	enum err read;
	enum err e = sessions != NULL ? ERR_OK : ERR_MEMORY;

	renewal_begin(&l->renewal, paths, sizeof(paths) / sizeof(paths[0]));
	read = tls_files_read(config, faults, &files);
	/* What could be read is looked at, even if that was not all. */
	for (unsigned i = 0; i < l->fronts && e == ERR_OK; i++) {
		if (libraries->library[i] == NULL)
			e = tls_library_new(&libraries->library[i]);
		if (e == ERR_OK && (l->settings[i] = settings_new(config)) == NULL)
			e = ERR_MEMORY;
		if (e == ERR_OK)
			e = tls_context_new(
			    &files, libraries->library[i], sessions, faults, &l->settings[i]->tls);
	}
	tls_files_free(&files);
	resumption_release(&sessions);
	return e == ERR_OK ? read : e;
}

static struct conn_settings *
settings_new(const struct signer_config *c)
{
	struct conn_settings *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->timeout_ms[DEADLINE_HANDSHAKE] = c->limits.handshake_timeout_ms;
	s->timeout_ms[DEADLINE_FRAME] = c->limits.frame_timeout_ms;
	s->timeout_ms[DEADLINE_READER] = c->limits.frame_timeout_ms;
	s->timeout_ms[DEADLINE_IDLE] = c->limits.idle_timeout_s * 1000ULL;
	return s;
}
