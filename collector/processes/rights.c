#include "collector/processes/rights.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/ioprio.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "collector/processes/filter.h"
#include "collector/processes/landlock.h"

static const cap_value_t needed[] = {CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH, CAP_CHECKPOINT_RESTORE};

/* Libraries that names are resolved with; and, of a build for tests, what its sanitizer reads. */
static const char *const always_read[] = {
    "/usr",
    "/lib",
    "/lib64",
    "/proc/self/exe",
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    "/proc",
#endif
};

/* A leak checker stops and reads its own process when it ends: a build for tests must let it. */
#ifdef __SANITIZE_ADDRESS__
#define LEAK_CHECKED true
#else
#define LEAK_CHECKED false
#endif

/*
 * What names are resolved with, and libraries ask for. These are replaced while a host runs,
 * resolv.conf with a lease, and what takes their place is another file: so it is all of /etc, but
 * for user 0, to whom all that is secret there is readable, too.
 */
static const char *const resolver_files[] = {"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf",
    "/etc/host.conf", "/etc/gai.conf", "/etc/services", "/etc/localtime", "/etc/ssl/openssl.cnf",
    "/etc/ld.so.cache"};

/* Sanitizers' memory is their own. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

#define NICE 10

/* What parsing a page may have (collector/web/page_facts.c), what was fetched, and libraries. */
#define FETCHING_MEMORY_MAX (512UL << 20)

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* `l` is that of whoever allows; NULL to others. */
typedef enum err file_visit(struct landlock *l, const char *path, struct trouble *t);

static enum err each_file(const struct collector_config *config, file_visit *visit,
    struct landlock *l, struct trouble *t);
static file_visit check_reach;
static void step_back(void);
static enum err keep_undumped(const cap_value_t *list, size_t count, struct trouble *t);
static enum err keep(const cap_value_t *list, size_t count, struct trouble *t);
static enum err keep_held(cap_t held, cap_t kept, const cap_value_t *list, size_t count);
static enum err confine(const char *path, const struct collector_config *config, struct trouble *t);
static enum err allow_configured(
    struct landlock *l, const char *path, const struct collector_config *config, struct trouble *t);
static enum err allow_system(struct landlock *l, struct trouble *t);
static enum err allow_accounts(
    struct landlock *l, const struct collector_config *config, struct trouble *t);
static enum err allow_tokens(
    struct landlock *l, const struct collector_config *config, struct trouble *t);
static enum err allow_grants(
    struct landlock *l, const struct collector_acts *acts, struct trouble *t);
static enum err allow_grant_keys(
    struct landlock *l, const struct collector_acts *acts, struct trouble *t);
static enum err hand_on(cap_value_t what, struct trouble *t);
static enum err allow_keeping_beside(struct landlock *l, const char *path, struct trouble *t);

enum err
rights_set_aside(struct trouble *t)
{
	cap_t held = cap_get_proc();
	enum err e = ERR_OK;

	if (held == NULL || cap_clear_flag(held, CAP_EFFECTIVE) != 0 || cap_set_proc(held) != 0)
		e = trouble_set(t, ERR_IO, "capabilities cannot be set aside: %s", strerror(errno));
	if (held != NULL)
		(void)cap_free(held);
	return e;
}

enum err
rights_start(struct trouble *t)
{
	const enum err e = keep(needed, COUNT(needed), t);

	step_back();
	return e == ERR_OK ? filter_enter(FILTER_STARTING, t) : e;
}

/*
 * What else runs goes first: measuring has time. No more than 10, with which a tenth of a processor
 * is left beside what never rests, for it has a budget, too. A kernel without one of the two has
 * none of it.
 */
static void
step_back(void)
{
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	(void)syscall(
	    SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0));
}

enum err
rights_measure(struct trouble *t)
{
	const enum err e = keep(needed, COUNT(needed), t);

	return e == ERR_OK ? filter_enter(FILTER_MEASURING, t) : e;
}

enum err
rights_measure_within(
    uint32_t memory_mebibytes, const struct filter_made *filter, struct trouble *t)
{
	const rlim_t bytes = (rlim_t)memory_mebibytes << 20;
	const struct rlimit most = {bytes, bytes};

	if (!SANITIZED && setrlimit(RLIMIT_DATA, &most) != 0)
		return trouble_set(t, ERR_IO, "the memory cannot be limited: %s", strerror(errno));
	return filter != NULL ? filter_enter_made(filter, t) : filter_enter(FILTER_MEASURING, t);
}

enum err
rights_report(const char *path, const struct collector_config *config, struct trouble *t)
{
	enum err e;

	if ((e = keep_undumped(NULL, 0, t)) == ERR_OK && (e = confine(path, config, t)) == ERR_OK)
		e = filter_enter(FILTER_REPORTING, t);
	return e;
}

enum err
rights_lend(const char *path, const struct collector_config *config, struct trouble *t)
{
	struct landlock *l;
	enum err e;

	if ((e = keep_undumped(NULL, 0, t)) != ERR_OK || (e = landlock_new(&l, t)) != ERR_OK)
		return e;
	if ((e = landlock_allow_directory_of(l, path, t)) == ERR_OK &&
	    (e = each_file(config, landlock_allow_directory_of, l, t)) == ERR_OK &&
	    (e = allow_system(l, t)) == ERR_OK)
		e = landlock_enter(l, t);
	landlock_free(&l);
	return e == ERR_OK ? filter_enter(FILTER_REPORTING, t) : e;
}

enum err
rights_give(const char *path, const struct collector_config *config, struct trouble *t)
{
	static const cap_value_t giving[] = {CAP_CHOWN};
	struct landlock *l;
	enum err e;

	if ((e = keep_undumped(giving, COUNT(giving), t)) != ERR_OK ||
	    (e = landlock_new(&l, t)) != ERR_OK)
		return e;
	if ((e = landlock_allow_directory_of(l, path, t)) == ERR_OK &&
	    (e = each_file(config, landlock_allow_directory_of, l, t)) == ERR_OK &&
	    (e = allow_system(l, t)) == ERR_OK && (e = allow_accounts(l, config, t)) == ERR_OK &&
	    (e = allow_tokens(l, config, t)) == ERR_OK)
		e = landlock_enter(l, t);
	landlock_free(&l);
	return e == ERR_OK ? filter_enter(FILTER_GIVING, t) : e;
}

enum err
rights_act(const char *path, const struct collector_config *config, struct trouble *t)
{
	struct landlock *l;
	enum err e;

	if ((e = keep_undumped(NULL, 0, t)) != ERR_OK || (e = landlock_new(&l, t)) != ERR_OK)
		return e;
	if ((e = landlock_allow_directory_of(l, path, t)) == ERR_OK &&
	    (e = each_file(config, landlock_allow_directory_of, l, t)) == ERR_OK &&
	    (e = landlock_allow_reading(l, config->receipt_directory, t)) == ERR_OK &&
	    (e = allow_grants(l, config->acts, t)) == ERR_OK && (e = allow_system(l, t)) == ERR_OK)
		e = landlock_enter(l, t);
	landlock_free(&l);
	return e == ERR_OK ? filter_enter(FILTER_ACTING, t) : e;
}

/* Keys and grants may come later, and are renewed. */
static enum err
allow_grants(struct landlock *l, const struct collector_acts *acts, struct trouble *t)
{
	enum err e;

	if (acts == NULL)
		return ERR_OK;
	if ((e = landlock_allow_reading(l, acts->grant_directory, t)) == ERR_OK &&
	    (e = landlock_allow_keeping(l, acts->memory_directory, t)) == ERR_OK)
		e = allow_grant_keys(l, acts, t);
	return e;
}

static enum err
allow_grant_keys(struct landlock *l, const struct collector_acts *acts, struct trouble *t)
{
	enum err e = ERR_OK;

	for (size_t i = 0; acts != NULL && e == ERR_OK && i < acts->key_count; i++)
		e = landlock_allow_directory_of(l, acts->keys[i], t);
	return e;
}

enum err
rights_lay_hands(const char *path, const struct collector_config *config, struct trouble *t)
{
	static const cap_value_t acting[] = {CAP_DAC_OVERRIDE, CAP_NET_ADMIN};
	static const char *const read[] = {"/proc", "/run/systemd", "/etc", "/sys"};
	const char *root = config->host_root != NULL ? config->host_root : "";
	char groups[PATH_MAX];
	struct landlock *l;
	enum err e;

	if ((e = keep_undumped(acting, COUNT(acting), t)) != ERR_OK ||
	    (e = hand_on(CAP_NET_ADMIN, t)) != ERR_OK || (e = landlock_new(&l, t)) != ERR_OK)
		return e;
	(void)snprintf(groups, sizeof(groups), "%s/sys/fs/cgroup", root);
	e = landlock_allow_directory_of(l, path, t);
	for (size_t i = 0; e == ERR_OK && i < COUNT(read); i++)
		e = landlock_allow_reading(l, read[i], t);
	for (size_t i = 0; e == ERR_OK && i < COUNT(always_read); i++)
		e = landlock_allow_running(l, always_read[i], t);
	if (e == ERR_OK && (e = each_file(config, landlock_allow_directory_of, l, t)) == ERR_OK &&
	    (e = allow_grant_keys(l, config->acts, t)) == ERR_OK &&
	    (e = landlock_allow_keeping(l, groups, t)) == ERR_OK)
		e = landlock_enter(l, t);
	landlock_free(&l);
	return e;
}

/* To the programs that it starts, as far as it is held. */
static enum err
hand_on(cap_value_t what, struct trouble *t)
{
	cap_t held = cap_get_proc();
	cap_flag_value_t is_held = CAP_CLEAR;
	enum err e = ERR_IO;

	if (held != NULL && cap_get_flag(held, what, CAP_PERMITTED, &is_held) == 0 &&
	    (is_held == CAP_CLEAR ||
		(cap_set_flag(held, CAP_INHERITABLE, 1, &what, CAP_SET) == 0 &&
		    cap_set_proc(held) == 0 && cap_set_ambient(what, CAP_SET) == 0)))
		e = ERR_OK;
	if (held != NULL)
		(void)cap_free(held);
	return e == ERR_OK ? ERR_OK
			   : trouble_set(t, ERR_IO, "a capability cannot be handed on: %s",
				 strerror(errno));
}

enum err
rights_run_hooks(struct trouble *t)
{
	return keep(NULL, 0, t);
}

enum err
rights_serve_pages(struct trouble *t)
{
	return keep_undumped(NULL, 0, t);
}

enum err
rights_fetch(const struct collector_workload *w, struct trouble *t)
{
	const struct rlimit most = {FETCHING_MEMORY_MAX, FETCHING_MEMORY_MAX};
	struct landlock *l;
	enum err e;

	if (!SANITIZED && setrlimit(RLIMIT_DATA, &most) != 0)
		return trouble_set(t, ERR_IO, "the memory cannot be limited: %s", strerror(errno));
	if ((e = landlock_new(&l, t)) != ERR_OK)
		return e;
	for (size_t i = 0; e == ERR_OK && i < w->web_count; i++)
		if (w->web[i].ca != NULL)
			e = landlock_allow_directory_of(l, w->web[i].ca, t);
	if (e == ERR_OK && (e = landlock_allow_reading(l, "/etc/ssl/certs", t)) == ERR_OK &&
	    (e = allow_system(l, t)) == ERR_OK)
		e = landlock_enter(l, t);
	landlock_free(&l);
	return e == ERR_OK ? filter_enter(FILTER_FETCHING, t) : e;
}

enum err
rights_check_report(const struct collector_config *config, struct trouble *t)
{
	enum err e;

	if ((e = check_reach(NULL, config->state_directory, t)) == ERR_OK &&
	    (e = check_reach(NULL, config->receipt_directory, t)) == ERR_OK)
		e = each_file(config, check_reach, NULL, t);
	return e;
}

/* All that is named there for who reports to read. */
static enum err
each_file(
    const struct collector_config *config, file_visit *visit, struct landlock *l, struct trouble *t)
{
	const char *const own[] = {config->tls.certificate, config->tls.key, config->tls.signer_ca};
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < COUNT(own); i++)
		e = visit(l, own[i], t);
	for (size_t i = 0; e == ERR_OK && i < config->signer_count; i++) {
		const struct collector_signer *s = &config->signers[i];

		if (s->log_certificate != NULL)
			e = visit(l, s->log_certificate, t);
		if (e == ERR_OK && s->log_certificate_next != NULL)
			e = visit(l, s->log_certificate_next, t);
	}
	return e;
}

static enum err
check_reach(struct landlock *l, const char *path, struct trouble *t)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	(void)l;
	if (fd < 0)
		return trouble_set(t, ERR_CONFIG,
		    "%s: %s; what lies in another directory than at the start takes a restart",
		    path, strerror(errno));
	(void)close(fd);
	return ERR_OK;
}

/* Of what holds secrets, or says what is done: nobody may look into it, either. */
static enum err
keep_undumped(const cap_value_t *list, size_t count, struct trouble *t)
{
	if (prctl(PR_SET_DUMPABLE, LEAK_CHECKED, 0, 0, 0) != 0)
		return trouble_set(
		    t, ERR_IO, "core dumps cannot be forbidden: %s", strerror(errno));
	return keep(list, count, t);
}

/* No new privileges, and of the capabilities those in the list, as far as they are held. */
static enum err
keep(const cap_value_t *list, size_t count, struct trouble *t)
{
	cap_t held = cap_get_proc(), kept = cap_init();
	enum err e = ERR_MEMORY;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		e = ERR_IO;
	else if (held != NULL && kept != NULL)
		e = keep_held(held, kept, list, count);
	if (e == ERR_OK) {
		/* The bounding set needs CAP_SETPCAP; without it there is nothing to gain anyway.
		 */
		for (int c = 0; c <= cap_max_bits(); c++) {
			cap_flag_value_t is_kept = CAP_CLEAR;

			if (cap_get_flag(kept, c, CAP_PERMITTED, &is_kept) == 0 &&
			    is_kept == CAP_CLEAR)
				(void)cap_drop_bound(c);
		}
		(void)cap_reset_ambient();
		if (cap_set_proc(kept) != 0)
			e = ERR_IO;
	}
	if (e != ERR_OK)
		(void)trouble_set(t, e, "capabilities cannot be given up: %s", strerror(errno));
	if (held != NULL)
		(void)cap_free(held);
	if (kept != NULL)
		(void)cap_free(kept);
	return e;
}

static enum err
keep_held(cap_t held, cap_t kept, const cap_value_t *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		cap_flag_value_t is_held = CAP_CLEAR;

		if (cap_get_flag(held, list[i], CAP_PERMITTED, &is_held) != 0)
			continue; /* a capability that this kernel does not know */
		if (is_held == CAP_SET &&
		    (cap_set_flag(kept, CAP_PERMITTED, 1, &list[i], CAP_SET) != 0 ||
			cap_set_flag(kept, CAP_EFFECTIVE, 1, &list[i], CAP_SET) != 0))
			return ERR_IO;
	}
	return ERR_OK;
}

static enum err
confine(const char *path, const struct collector_config *config, struct trouble *t)
{
	struct landlock *l;
	enum err e;

	if ((e = landlock_new(&l, t)) == ERR_OK &&
	    (e = allow_configured(l, path, config, t)) == ERR_OK &&
	    (e = allow_system(l, t)) == ERR_OK)
		e = landlock_enter(l, t);
	landlock_free(&l);
	return e;
}

static enum err
allow_configured(
    struct landlock *l, const char *path, const struct collector_config *config, struct trouble *t)
{
	enum err e;

	if ((e = landlock_allow_keeping(l, config->state_directory, t)) == ERR_OK &&
	    (e = landlock_allow_keeping(l, config->receipt_directory, t)) == ERR_OK &&
	    (e = landlock_allow_directory_of(l, path, t)) == ERR_OK)
		e = each_file(config, landlock_allow_directory_of, l, t);
	/* They may come later, and are renewed. */
	for (size_t i = 0; e == ERR_OK && i < config->workload_count; i++) {
		const struct collector_token *token = config->workloads[i].token;

		if (token != NULL && token->key != NULL)
			e = landlock_allow_directory_of(l, token->key, t);
	}
	return e;
}

static enum err
allow_system(struct landlock *l, struct trouble *t)
{
	char *resolver = realpath("/etc/resolv.conf", NULL); /* often a link to where it is made */
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < COUNT(always_read); i++)
		e = landlock_allow_reading(l, always_read[i], t);
	for (size_t i = 0; e == ERR_OK && i < COUNT(resolver_files); i++)
		e = landlock_allow_reading(l, resolver_files[i], t);
	if (e == ERR_OK && geteuid() != 0)
		e = landlock_allow_reading(l, "/etc", t);
	if (e == ERR_OK && resolver != NULL && strncmp(resolver, "/etc/", 5) != 0)
		e = landlock_allow_directory_of(l, resolver, t);
	free(resolver);
	return e;
}

/* Whose names are looked up on the host. */
static enum err
allow_accounts(struct landlock *l, const struct collector_config *config, struct trouble *t)
{
	static const char *const names[] = {"passwd", "group"};
	const char *root = config->host_root != NULL ? config->host_root : "";
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < COUNT(names); i++) {
		char path[PATH_MAX];

		if (snprintf(path, sizeof(path), "%s/etc/%s", root, names[i]) < PATH_MAX)
			e = landlock_allow_reading(l, path, t);
	}
	return e;
}

static enum err
allow_tokens(struct landlock *l, const struct collector_config *config, struct trouble *t)
{
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < config->workload_count; i++) {
		const struct collector_token *token = config->workloads[i].token;

		for (size_t j = 0; token != NULL && e == ERR_OK && j < token->file_count; j++)
			e = allow_keeping_beside(l, token->files[j].path, t);
		if (token != NULL && e == ERR_OK && token->socket != NULL)
			e = allow_keeping_beside(l, token->socket, t);
	}
	return e;
}

static enum err
allow_keeping_beside(struct landlock *l, const char *path, struct trouble *t)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');

	(void)snprintf(
	    directory, sizeof(directory), "%.*s", slash == path ? 1 : (int)(slash - path), path);
	return landlock_allow_keeping(l, directory, t);
}
