/*
 * `hallmark-hsm jwks` (ceremony.h): which keys relying parties need, now and for how long.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "pkcs11/ceremony.h"
#include "pkcs11/serve/claims.h"
#include "pkcs11/serve/guard.h"
#include "pkcs11/serve/jws.h"
#include "pkcs11/serve/succession.h"
#include "pkcs11/token/algorithm.h"
#include "pkcs11/token/certificate.h"

#define KEYS_MAX 2 /* the configuration's and the one that follows */

struct set {
	STACK_OF(X509) * chain[KEYS_MAX];
	struct jws_key key[KEYS_MAX];
	size_t count;
};

static enum err gather(struct set *s, const struct hsm_config *c, const struct hsm_config *next);
static enum err add(struct set *s, const struct hsm_config *c);
static enum err read_state(const struct hsm_config *c, struct guard_state *state);
static bool tokens_are_over(const struct guard_state *closed);

int
ceremony_jwks(const struct hsm_config *c)
{
	struct set s = {.count = 0};
	struct buf json = BUF_INIT;
	struct hsm_config *next;
	enum err e = succession_load_next(c, &next);

	if (e == ERR_OK || e == ERR_NOT_FOUND)
		e = gather(&s, c, next);
	if (e == ERR_OK && (e = jws_append_key_set(s.key, s.count, &json)) == ERR_OK)
		fwrite(json.data, 1, json.size, stdout);
	for (size_t i = 0; i < s.count; i++)
		certificate_free_chain(&s.chain[i]);
	hsm_config_free(&next);
	buf_free(&json);
	return e == ERR_OK ? 0 : 1;
}

/* The one that signs comes first. */
static enum err
gather(struct set *s, const struct hsm_config *c, const struct hsm_config *next)
{
	struct guard_state state = {.phase = GUARD_OPEN};
	bool closed;
	enum err e = ERR_OK;

	/* What has no certificate yet is not announced. */
	if (next == NULL || (access(next->certificate, F_OK) != 0 && errno == ENOENT))
		return add(s, c);
	if ((e = read_state(c, &state)) != ERR_OK)
		return e;
	closed = state.phase == GUARD_CLOSED || state.phase == GUARD_RETIRED;
	if (!closed && (e = add(s, c)) != ERR_OK)
		return e;
	if ((e = add(s, next)) != ERR_OK)
		return e;
	return closed && !tokens_are_over(&state) ? add(s, c) : ERR_OK;
}

static enum err
add(struct set *s, const struct hsm_config *c)
{
	enum err e = certificate_read_chain(c->certificate, &s->chain[s->count]);

	if (e != ERR_OK)
		return e;
	s->key[s->count] = (struct jws_key){s->chain[s->count], algorithm_of(c->algorithm)->jws};
	s->count++;
	return ERR_OK;
}

/* Where there is no guard here, it stays as it is. */
static enum err
read_state(const struct hsm_config *c, struct guard_state *state)
{
	struct buf spki = BUF_INIT;
	enum err e = succession_append_spki(c, &spki);

	if (e == ERR_OK && guard_exists(c->guard_directory, c->origin, buf_view(&spki)))
		e = guard_read(c->guard_directory, c->origin, buf_view(&spki), state);
	buf_free(&spki);
	return e;
}

/*
 * The last was made before the guard was closed, of a report that was issued a minute later at
 * most, by a profile that may have been changed or taken away since.
 */
static bool
tokens_are_over(const struct guard_state *closed)
{
	struct timespec now;

	/* A token by a key that others may have says nothing from now on. */
	if (closed->phase == GUARD_RETIRED || closed->token_lifetime_s == 0)
		return true;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec >= closed->closed_s + CLAIMS_AHEAD_S + closed->token_lifetime_s;
}
