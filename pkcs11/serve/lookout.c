#include "pkcs11/serve/lookout.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/token/pin_refusal.h"

static bool is_due(uint64_t *looked_ms);

void
lookout_begin(struct lookout *l, const struct guard *guard, struct own_certificate *certificate,
    struct watch *watch, char *order)
{
	*l = (struct lookout){
	    .guard = guard, .certificate = certificate, .watch = watch, .order = order};
}

void
lookout_free(struct lookout *l)
{
	free(l->order);
	l->order = NULL;
}

enum err
lookout_see_end(struct lookout *l, bool idle)
{
	enum err e;

	if (!is_due(&l->end_ms))
		return ERR_OK;
	if ((e = guard_look(l->guard)) == ERR_GUARD_KEY) {
		complain("operators have retired this key: nothing more is signed, not even what "
			 "was begun");
		return ERR_CHANGED;
	}
	if (e != ERR_OK || l->order == NULL || !idle || access(l->order, F_OK) != 0)
		return e;
	complain(
	    "an operator has ordered that another key follows: a fresh process tells the signer");
	return ERR_CHANGED;
}

bool
lookout_sees_other(struct lookout *l)
{
	return is_due(&l->other_ms) &&
	       (own_certificate_is_renewed(l->certificate) || watch_has_news(l->watch));
}

/*
 * What an operator does about a refused PIN may have changed the configuration or the credential as
 * well: a fresh process reads all of that anew.
 */
bool
lookout_wait_for_operator(const struct hsm_config *config, const char *path,
    const struct file_identity *read, int channel)
{
	struct pollfd signer = {.fd = channel, .events = POLLIN};
	struct file_identity now;
	int ready = 0;

	do {
		ready = poll(&signer, 1, LOOKOUT_MS);
		file_identity_of(path, &now);
	} while ((ready == 0 || (ready < 0 && errno == EINTR)) && pin_refusal_stands(config) &&
		 file_identity_equal(read, &now));
	if (ready == 0)
		complain("an operator has acted: the PIN may be tried again, by a fresh process");
	return ready == 0;
}

static bool
is_due(uint64_t *looked_ms)
{
	struct timespec now;
	uint64_t now_ms;

	clock_gettime(CLOCK_MONOTONIC, &now);
	now_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	if (now_ms < *looked_ms + LOOKOUT_MS)
		return false;
	*looked_ms = now_ms;
	return true;
}
