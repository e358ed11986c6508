#include "pkcs11/serve/succession.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/serve/guard.h"
#include "pkcs11/serve/guard_file.h"
#include "pkcs11/token/certificate.h"
#include "proto/tlog/transition.h"

/* Both keys and what their guards say. */
struct pair {
	const struct hsm_config *config; /* of the old key */
	struct buf from, to;             /* SubjectPublicKeyInfo */
	bool has_old, has_new;           /* a guard */
	struct guard_state old, new;
};

static enum err find_continuation(const struct hsm_config *config, struct succession *out);
static enum err take_continuation(
    const struct hsm_config *config, struct view spki, struct transition *t);
static char *continuation_file(const struct hsm_config *config, struct view spki);
static enum err read_file(const char *path, size_t size_max, struct buf *to);
static enum err write_file(const struct hsm_config *config, const char *path, struct view bytes);
static enum err read_pair(
    const struct hsm_config *config, const struct hsm_config *next, struct pair *p);
static enum err read_guard(
    const struct hsm_config *c, struct view spki, bool *has, struct guard_state *out);
static enum err decide(const struct pair *p, struct succession *out);
static enum err take_order(const struct pair *p, struct succession *out);
static enum err refuse(const struct pair *p, const char *why);
static bool is_fresh(const struct guard_state *s);

enum err
succession_find(const struct hsm_config *config, struct succession *out)
{
	struct pair p = {.config = config, .from = BUF_INIT, .to = BUF_INIT};
	enum err e;

	*out = (struct succession){.config = config, .ordered = BUF_INIT};
	if ((e = find_continuation(config, out)) != ERR_NOT_FOUND)
		return e;
	if ((e = succession_load_next(config, &out->next)) != ERR_OK)
		return e == ERR_NOT_FOUND ? ERR_OK : e;
	/* A key that has no certificate yet follows nobody. */
	if (access(out->next->certificate, F_OK) != 0 && errno == ENOENT)
		return ERR_OK;
	if ((e = read_pair(config, out->next, &p)) == ERR_OK)
		e = decide(&p, out);
	buf_free(&p.from);
	buf_free(&p.to);
	return e;
}

void
succession_free(struct succession *s)
{
	hsm_config_free(&s->next);
	buf_free(&s->ordered);
	EVP_PKEY_free(s->lost);
	s->lost = NULL;
}

enum err
succession_load_next(const struct hsm_config *config, struct hsm_config **out)
{
	struct faults faults = FAULTS_INIT;
	enum err e;

	*out = NULL;
	if (config->next == NULL)
		return ERR_NOT_FOUND;
	if ((e = hsm_config_load(config->next, &faults, out)) != ERR_OK) {
		for (size_t i = 0; i < faults.count; i++)
			complain("%s:%u: %s", faults.fault[i].file, faults.fault[i].line,
			    faults.fault[i].text);
	} else if (strcmp((*out)->origin, config->origin) != 0 ||
		   strcmp((*out)->guard_directory, config->guard_directory) != 0) {
		complain("%s: expected the same \"origin\" and \"guard\" as of the key that it "
			 "follows",
		    config->next);
		e = ERR_CONFIG;
		hsm_config_free(out);
	}
	faults_free(&faults);
	return e;
}

char *
succession_file(const struct hsm_config *config, struct view spki)
{
	char *guard = guard_file_path(config->guard_directory, config->origin, spki), *path;

	if (asprintf(&path, "%s.transition", guard) < 0)
		abort();
	free(guard);
	return path;
}

enum err
succession_append_spki(const struct hsm_config *config, struct buf *spki)
{
	X509 *certificate;
	enum err e = certificate_read(config->certificate, &certificate);

	if (e == ERR_OK)
		e = certificate_append_spki(X509_get0_pubkey(certificate), spki);
	X509_free(certificate);
	return e;
}

enum err
succession_read(const struct hsm_config *config, struct view from, struct view to, struct buf *note,
    struct digest *digest)
{
	char *path = succession_file(config, from);
	struct transition t = {.time_s = 0};
	struct digest old, new;
	enum err e = read_file(path, TRANSITION_SIZE_MAX, note);

	if (e == ERR_OK) {
		digest_of(from.data, from.size, &old);
		digest_of(to.data, to.size, &new);
		if ((e = transition_parse(buf_view(note), &t)) == ERR_OK &&
		    (strcmp(t.origin, config->origin) != 0 || transition_is_succession(&t) ||
			!digest_equal(&t.from.id, &old) || !digest_equal(&t.to.id, &new)))
			e = ERR_MISMATCH;
		if (e != ERR_OK)
			complain("%s: expected a transition of this log from this key to the next: "
				 "%s; remove it, and run hallmark-hsm rotate again",
			    path, err_text(e));
	}
	*digest = t.digest;
	transition_free(&t);
	free(path);
	return e;
}

enum err
succession_write(const struct hsm_config *config, struct view from, struct view note)
{
	char *path = succession_file(config, from);
	enum err e = write_file(config, path, note);

	free(path);
	return e;
}

enum err
succession_read_continuation(const struct hsm_config *config, struct view spki, struct buf *brought,
    struct transition *parsed)
{
	char *path = continuation_file(config, spki);
	struct view note, statements;
	struct digest id;
	enum err e = read_file(path, SUCCESSION_SIZE_MAX, brought);

	*parsed = (struct transition){.time_s = 0};
	if (e == ERR_OK) {
		digest_of(spki.data, spki.size, &id);
		transition_part(buf_view(brought), &note, &statements);
		if ((e = transition_parse(note, parsed)) == ERR_OK &&
		    (strcmp(parsed->origin, config->origin) != 0 ||
			!transition_is_succession(parsed) || !digest_equal(&parsed->to.id, &id)))
			e = ERR_MISMATCH;
		if (e == ERR_OK)
			e = transition_check_statements(parsed, statements);
		if (e != ERR_OK)
			complain("%s: expected a succession of this log to this key, with its "
				 "statements: %s; remove it, and run hallmark-hsm continue again",
			    path, err_text(e));
	}
	free(path);
	return e;
}

enum err
succession_write_continuation(
    const struct hsm_config *config, struct view spki, struct view brought)
{
	char *path = continuation_file(config, spki);
	enum err e = write_file(config, path, brought);

	free(path);
	return e;
}

/* ERR_NOT_FOUND if this key waits for none. */
static enum err
find_continuation(const struct hsm_config *config, struct succession *out)
{
	struct transition t = {.time_s = 0};
	struct buf spki = BUF_INIT;
	struct guard_state state;
	bool has;
	enum err e = ERR_NOT_FOUND;

	if (access(config->certificate, F_OK) != 0 && errno == ENOENT)
		return e;
	if ((e = succession_append_spki(config, &spki)) == ERR_OK &&
	    (e = read_guard(config, buf_view(&spki), &has, &state)) == ERR_OK)
		e = has && state.phase == GUARD_WAITING && state.size > 0
			? succession_read_continuation(config, buf_view(&spki), &out->ordered, &t)
			: ERR_NOT_FOUND;
	if (e == ERR_OK && !digest_equal(&t.digest, &state.transition))
		e = ERR_NOT_FOUND; /* continue was begun and not ended: guard_open says so */
	if (e == ERR_OK && (e = take_continuation(config, buf_view(&spki), &t)) == ERR_OK) {
		out->transition = t.digest;
		out->lost = t.from.key; /* moved */
		t.from.key = NULL;
	} else {
		buf_clear(&out->ordered);
	}
	transition_free(&t);
	buf_free(&spki);
	return e;
}

static enum err
take_continuation(const struct hsm_config *config, struct view spki, struct transition *t)
{
	struct buf before = BUF_INIT;
	enum err e = certificate_append_spki(t->from.key, &before);

	if (e == ERR_OK)
		e = guard_inherit(config->guard_directory, config->origin, buf_view(&before), spki,
		    &t->digest, (uint64_t)time(NULL));
	buf_free(&before);
	return e;
}

static char *
continuation_file(const struct hsm_config *config, struct view spki)
{
	char *guard = guard_file_path(config->guard_directory, config->origin, spki), *path;

	if (asprintf(&path, "%s.succession", guard) < 0)
		abort();
	free(guard);
	return path;
}

/* ERR_NOT_FOUND is not explained. */
static enum err
read_file(const char *path, size_t size_max, struct buf *to)
{
	FILE *file = fopen(path, "re");
	uint8_t *room = buf_reserve(to, size_max + 1);
	enum err e = ERR_OK;

	if (file != NULL && room != NULL)
		to->size += fread(room, 1, size_max + 1, file);
	else
		e = file == NULL && errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
	if (e == ERR_IO)
		complain("%s: cannot be read: %s", path, strerror(errno));
	if (file != NULL)
		fclose(file);
	return e;
}

static enum err
write_file(const struct hsm_config *config, const char *path, struct view bytes)
{
	char *temporary;
	bool good;
	int fd;

	if (asprintf(&temporary, "%s.new", path) < 0)
		abort();
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	good =
	    fd >= 0 && write(fd, bytes.data, bytes.size) == (ssize_t)bytes.size && fsync(fd) == 0;
	if (fd >= 0)
		good = close(fd) == 0 && good;
	good = good && rename(temporary, path) == 0;
	if (!good)
		complain("%s: cannot write it: %s", path, strerror(errno));
	free(temporary);
	return good ? guard_file_sync_directory(config->guard_directory) : ERR_IO;
}

static enum err
read_pair(const struct hsm_config *config, const struct hsm_config *next, struct pair *p)
{
	enum err e;

	if ((e = succession_append_spki(config, &p->from)) != ERR_OK ||
	    (e = succession_append_spki(next, &p->to)) != ERR_OK)
		return e;
	if (view_equal(buf_view(&p->from), buf_view(&p->to))) {
		complain("%s: a key cannot follow itself", config->next);
		return ERR_CONFIG;
	}
	if ((e = read_guard(config, buf_view(&p->from), &p->has_old, &p->old)) != ERR_OK)
		return e;
	return read_guard(config, buf_view(&p->to), &p->has_new, &p->new);
}

static enum err
read_guard(const struct hsm_config *c, struct view spki, bool *has, struct guard_state *out)
{
	*has = guard_exists(c->guard_directory, c->origin, spki);
	return *has ? guard_read(c->guard_directory, c->origin, spki, out) : ERR_OK;
}

/* The table of succession.h. */
static enum err
decide(const struct pair *p, struct succession *out)
{
	const struct hsm_config *c = p->config;
	const bool retired = p->has_old && p->old.phase == GUARD_RETIRED;
	const bool closed = retired || (p->has_old && p->old.phase == GUARD_CLOSED);
	enum err e;

	if (retired && (!p->has_new || is_fresh(&p->new)))
		return refuse(p, "the log's key is retired by operators, since others may have it, "
				 "and no key has followed it: the log has ended, unless another "
				 "continues it (hallmark-hsm continue)");
	if (!p->has_new || is_fresh(&p->new))
		return closed ? refuse(p, "the old key's guard is closed, and there is none of the "
					  "key that follows: bring it back, or go on with "
					  "hallmark-hsm adopt with that key's configuration")
			      : ERR_OK;
	if (p->new.phase == GUARD_WAITING && !closed)
		return take_order(p, out);
	if (p->new.phase == GUARD_WAITING &&
	    (e = guard_begin(c->guard_directory, c->origin, buf_view(&p->to), &p->old)) != ERR_OK)
		return e;
	if (p->has_old && !closed)
		return refuse(p,
		    "both keys' guards are open: somebody has put an older copy of one "
		    "back; find out which key has signed the log's checkpoint, and "
		    "configure that key alone");
	out->config = out->next;
	return ERR_OK;
}

static enum err
take_order(const struct pair *p, struct succession *out)
{
	enum err e = succession_read(
	    p->config, buf_view(&p->from), buf_view(&p->to), &out->ordered, &out->transition);

	if (e == ERR_OK && digest_equal(&out->transition, &p->new.transition))
		return ERR_OK;
	/* A log does not stop for an order that is not whole. */
	buf_clear(&out->ordered);
	complain("hallmark-hsm rotate was begun and not ended, and has changed nothing; run it "
		 "again");
	return ERR_OK;
}

static enum err
refuse(const struct pair *p, const char *why)
{
	complain("%s: %s", p->config->guard_directory, why);
	return ERR_GUARD_KEY;
}

/* Made by init, and nothing was ordered for it. */
static bool
is_fresh(const struct guard_state *s)
{
	return s->phase == GUARD_OPEN && s->size == 0 && digest_is_zero(&s->transition);
}
