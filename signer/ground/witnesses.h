/*
 * The identities heard lately, and what time each of them had: what the machine's own clock is held
 * against (clock.h). One identity is one witness, by its newest word, however many workloads it
 * speaks for and however often.
 *
 * A word is the time in fresh evidence, which was measured after its nonce was given and before it
 * came. So what it says of the clock is known up to the nonce's age. It is kept against the time
 * since boot, and so still means the same when the clock is set.
 */
#ifndef HALLMARK_SIGNER_GROUND_WITNESSES_H
#define HALLMARK_SIGNER_GROUND_WITNESSES_H

#include <stddef.h>
#include <stdint.h>

/* Of more identities the newest are kept, some 200 bytes each. */
#define WITNESSES_MAX 1024

/* What is older is not heard lately: ten rounds of the collectors' default. */
#define WITNESSES_LATELY_MS 600000

struct witnesses;

struct witnesses *witnesses_new(void); /* NULL: no memory */
void witnesses_free(struct witnesses **w);

/*
 * Evidence of `measured_ms` (since 1970) came at `boot_ms`, under a nonce of this age. For want of
 * memory it is not heard.
 */
void witnesses_hear(struct witnesses *w, const char *identity, uint64_t measured_ms,
    uint64_t nonce_age_ms, uint64_t boot_ms);

/* How many were heard lately, and how many of them have another time than this, by the skew. */
void witnesses_count(struct witnesses *w, uint64_t wall_ms, uint64_t boot_ms, uint64_t skew_ms,
    size_t *heard, size_t *against);

#endif
