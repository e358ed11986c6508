/*
 * `hallmark-signer challenge`: has a workload measured now, and says what came of it.
 */
#ifndef HALLMARK_SIGNER_CHALLENGE_CLIENT_H
#define HALLMARK_SIGNER_CHALLENGE_CLIENT_H

struct challenge_words {
	const char *collector, *workload;
	const char *nonce;  /* 16 to 128 hex digits; NULL: 32 random bytes */
	const char *output; /* file for the receipt; NULL: none */
};

#define CHALLENGE_AFFIRMED 0 /* the report is affirming */
#define CHALLENGE_OTHER    1 /* any other verdict */
#define CHALLENGE_FAILED                                                                           \
	2 /* no verdict, or its receipt could not be kept; a sentence on stderr                    \
	   */

/*
 * Asks the signer at `path`; prints one line. The answer is taken from the signer on its word, but
 * for being about this question: who does not trust it verifies the receipt.
 */
int challenge_client(const char *path, const struct challenge_words *words);

#endif
