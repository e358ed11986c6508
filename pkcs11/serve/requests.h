/*
 * What the signer asks, and what the guard and the profiles say to it: here a request becomes what
 * is signed, or a refusal with its reason. The main thread's alone (serve.h); nothing is signed
 * here.
 *
 * A refusal ends nobody, and a signer may ask for what is refused thousands of times a second: of
 * each code the first is said, and then a line each REQUESTS_SAID_S with how many there were.
 */
#ifndef HALLMARK_PKCS11_SERVE_REQUESTS_H
#define HALLMARK_PKCS11_SERVE_REQUESTS_H

#include "config/hsm_config.h"
#include "pkcs11/serve/growth.h"
#include "pkcs11/serve/guard.h"
#include "pkcs11/serve/signing.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/report/notice.h"
#include "proto/report/report.h"
#include "proto/tlog/note.h"
#include "proto/wire/keychannel.h"

/* As seldom as somebody looks, often enough to be seen with its cause. */
#define REQUESTS_SAID_S 60

/* Codes of refusals: 500, 501, 502, 505, 506 and 507, and of observations 400 to 405, 451 and 453.
 */
#define REQUESTS_CODES 14

struct requests {
	const struct hsm_config *config;
	const struct digest *order; /* of the transition that an operator has ordered; or NULL */
	struct guard *guard;
	const struct note_verifier *verifier, *beside;
	const struct note_verifier *lost; /* of the key before, while the guard waits; else NULL */
	struct report_document document;  /* the last report that a token was asked about */
	struct notice_document notice;
	struct buf why; /* of a refused token */
	struct buf text;
	struct growth growth;
	struct requests_said {
		enum err code;     /* ERR_OK: unused */
		uint64_t unsaid;   /* refused since the last line about it */
		uint64_t silent_s; /* CLOCK_MONOTONIC: until then none is written */
	} said[REQUESTS_CODES];
};

/*
 * The configuration, the order, and what requests_serve gives it as soon as it is there, outlive
 * it: the verifier of the certificate's key, of the Ed25519 key beside it or NULL, and, where the
 * guard waits for a succession, of the lost key, whose checkpoints are observed until then.
 */
void requests_init(struct requests *q, const struct hsm_config *config, const struct digest *order);
void requests_serve(struct requests *q, struct guard *guard, const struct note_verifier *verifier,
    const struct note_verifier *beside, const struct note_verifier *lost);
void requests_free(struct requests *q);

/*
 * Checks a request for a checkpoint, the last one or a token and gives `job` what is to be signed.
 * Of a checkpoint the guard's next state is written, not synced: that is for the caller, while the
 * token signs. Any error is for requests_refuse.
 */
enum err requests_begin(
    struct requests *q, const struct keychannel_request *r, struct signing_job *job) MUST_USE;

/* Does what observe.h says. */
enum err requests_observe(struct requests *q, const struct keychannel_request *r) MUST_USE;

/*
 * Says on stderr why the request is refused; the sentence for the answer is valid until the next
 * call.
 */
struct view requests_refuse(struct requests *q, const struct keychannel_request *r, enum err e);

#endif
