/*
 * The certificate of a log's key, or that key alone, or with its log's name: what an auditor knows
 * a log by.
 *
 * Signature, chain and dates of a certificate are not judged: whoever runs the auditor has chosen
 * this file, and receipts outlive certificates. Its names and its dates are compared and told.
 */
#ifndef HALLMARK_LOG_SIGNERCERT_H
#define HALLMARK_LOG_SIGNERCERT_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

#include "log/findings.h"
#include "log/outcome.h"
#include "proto/digest.h"
#include "proto/tlog/note.h"

#define SIGNERCERT_SIZE_MAX (256 * 1024) /* bytes: a certificate of RSA-8192 with its chain */
#define SIGNERCERTS_MAX     16           /* certificates of a log: one for each change of its key */

struct signercert;

/* Those that are named together; of each log that is read it has to be one of them. */
struct signercerts {
	size_t count;
	struct signercert *certificate[SIGNERCERTS_MAX];
};

/*
 * Reads PEM or DER: a certificate, or else a public key (SubjectPublicKeyInfo); or one verifier key
 * line (proto/tlog/note_key.h), with or without its newline. Of several in a PEM file the first
 * certificate counts; those behind it are its chain. Says what is wrong as a step.
 */
enum outcome signercert_load(
    const char *path, const struct findings *f, struct signercert **out) MUST_USE;

/* All of these files. What was loaded is to be freed whatever the outcome. */
enum outcome signercerts_load(const char *const *paths, size_t count, const struct findings *f,
    struct signercerts *out) MUST_USE;
void signercerts_free(struct signercerts *all);

/* Takes a reference on the certificate. ERR_UNSUPPORTED for a key that seals no logs. */
enum err signercert_from_x509(X509 *x509, const char *path, struct signercert **out) MUST_USE;

/* The same with a key alone, which has no names and no dates. */
enum err signercert_from_key(EVP_PKEY *key, const char *path, struct signercert **out) MUST_USE;

void signercert_free(struct signercert **c);

const char *signercert_path(const struct signercert *c);
EVP_PKEY *signercert_key(const struct signercert *c); /* borrowed */
const struct digest *signercert_key_digest(
    const struct signercert *c);                          /* SHA-256 of its SubjectPublicKeyInfo */
bool signercert_is_key_alone(const struct signercert *c); /* no certificate, named or not */

/* Itself, and what stood behind it in its file; borrowed. NULL of a key alone. */
STACK_OF(X509) * signercert_chain(const struct signercert *c);

/* Its log's name, of a verifier key line; else NULL: whatever log it signs. */
const char *signercert_log(const struct signercert *c);

/* "EC P-256, CN = ..., from ... to ..." */
const char *signercert_description(const struct signercert *c);

/*
 * The subject's common name, or a URI or DNS name of the certificate, is this origin; or a URI is
 * it behind "https://", since an origin is a URL without its scheme. A key alone names nothing; a
 * verifier key line names its log.
 */
bool signercert_names_origin(const struct signercert *c, const char *origin);

/* The time lies between the certificate's dates; of a key alone any time does. */
bool signercert_valid_at(const struct signercert *c, uint64_t seconds);

/*
 * Of those with the same key as `c`, which is one of them, one that was valid at that time: it may
 * have been renewed. `c` itself, if it was, or if none was.
 */
const struct signercert *signercerts_valid_at(
    const struct signercerts *all, const struct signercert *c, uint64_t seconds);

/*
 * The verifier for this log, made from the first signature line of the note that carries the key ID
 * of a certificate's key: the name comes from there. Lines under the name that the note's text
 * begins with, the origin, go before others: anybody may add a line with this ID and another name.
 * Among them those of Ed25519 keys come last, in whatever order they stand: of a key beside the
 * log's no key notice says which sizes are its.
 * `by` and `line`, where they are not NULL and all is good, are whose it is and that line's place.
 * ERR_UNKNOWN_KEY if there is none; ERR_MEMORY.
 */
enum err signercerts_verifier(const struct signercerts *all, const struct note *n,
    const struct signercert **by, size_t *line, struct note_verifier **out) MUST_USE;

/*
 * Whoever knows a key refuses a note with a wrong signature by it, also where another's is good:
 * checks what the keys of all have signed under this name on other lines than that one. `known` is
 * how many lines are theirs, with that one. The errors of note_verify, but for ERR_UNKNOWN_KEY.
 */
enum err signercerts_check_others(const struct signercerts *all, const struct note *n,
    const char *name, size_t line, size_t *known) MUST_USE;

#endif
