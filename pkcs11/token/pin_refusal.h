/*
 * A PIN that the token has refused is not tried again, by no command and after no restart, until an
 * operator has done something about it: put another PIN file there, or run `hallmark-hsm unlock`.
 * Tokens lock after three wrong PINs, not all of them say so before the last, and a key process is
 * started again after a twentieth of a second.
 *
 * That is kept in a record in the guard's directory, one for each token and source of the PIN. It
 * is made before the PIN is first tried, so that where nothing can be kept none is tried, and
 * stays: the next start needs no room on the disk. It is locked meanwhile: of several processes
 * that start together one tries, and the others find what came of it. It holds no PIN and nothing
 * that is made of one: of the file, what tells it from another one (file_identity.h). systemd makes
 * a credential anew at each start, so that says nothing of it; there `unlock` is the only way.
 *
 * A token may answer a login in such a way that nobody can tell whether it was for the PIN
 * (failure.h). Such a failure costs a try perhaps, so it is kept too; the second one of a PIN, with
 * no login between them that went well, is a refusal. Of three tries the last is the operator's.
 *
 * A record that is damaged, or cannot be read, stands, until `unlock`. One whose process died in
 * the login does not: whether the PIN was refused is not known, and a token that hangs has to come
 * back by itself. Neither does one whose process died while it wrote that nothing is refused any
 * more.
 */
#ifndef HALLMARK_PKCS11_TOKEN_PIN_REFUSAL_H
#define HALLMARK_PKCS11_TOKEN_PIN_REFUSAL_H

#include <stdbool.h>

#include "config/hsm_config.h"
#include "pkcs11/ground/file_identity.h"
#include "proto/err.h"

/* From pin_refusal_begin to pin_refusal_end. */
struct pin_refusal {
	const struct hsm_config *config;
	int pin_fd; /* the PIN's file, at its beginning */
	struct file_identity pin;
	char *path; /* of the record */
	int fd;
	bool standing; /* it was there before; only with `again` */
	bool doubted;  /* a login with this PIN failed before, perhaps for the PIN */
	bool kept;
	bool made; /* there was no record before */
	bool over; /* the record holds more than that a login was begun */
};

/*
 * Opens the PIN's file and the record, and waits for others who are about to log in. With `again` a
 * record is no obstacle. Explained: ERR_PIN_REFUSED if one stands; ERR_IO. Ends in pin_refusal_end
 * only after ERR_OK.
 */
enum err pin_refusal_begin(
    const struct hsm_config *config, bool again, struct pin_refusal *out) MUST_USE;

/*
 * The token refuses the PIN, or is about to lock it: `why` in words. Explains that on stderr, and
 * keeps it; on the disk when it returns. Gives ERR_PIN_REFUSED.
 */
enum err pin_refusal_keep(struct pin_refusal *r, const char *why) MUST_USE;

/*
 * The login failed, and perhaps for the PIN. On the disk when it returns. ERR_PIN_REFUSED,
 * explained and kept as above: it is the second time, or it cannot be kept that it was the first.
 */
enum err pin_refusal_doubt(struct pin_refusal *r, const char *why) MUST_USE;

/* Nothing is to be left of a login that was not refused: a record that was made for it goes. */
void pin_refusal_forget(struct pin_refusal *r);

/* `good`: the token has taken the PIN, and nothing of a refusal is left. */
void pin_refusal_end(struct pin_refusal *r, bool good);

/* Whether a record stands for the PIN file as it is now. */
bool pin_refusal_stands(const struct hsm_config *config);

#endif
