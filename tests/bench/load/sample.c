#include "tests/bench/load/sample.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/tlog/checkpoint.h"
#include "proto/tlog/note.h"
#include "tests/bench/load/fail.h"

#define ORIGIN "hallmark.test/log" /* of the tests' sites */

struct kept {
	uint64_t index;
	struct buf report;
	struct buf checkpoint;
	struct merkle_proof proof;
};

struct sample {
	struct note_verifier *verifier;
	struct kept *kept;
	size_t count, capacity;
};

static void verify(const struct sample *s, const struct kept *k);

struct sample *
sample_new(const char *log_cert)
{
	struct sample *s = calloc(1, sizeof(*s));
	FILE *file = log_cert != NULL ? fopen(log_cert, "r") : NULL;
	X509 *x = file != NULL ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;

	if (s == NULL || x == NULL ||
	    note_verifier_new(ORIGIN, X509_get0_pubkey(x), &s->verifier) != ERR_OK)
		fail("the log's certificate (--log-cert)");
	X509_free(x);
	fclose(file);
	return s;
}

void
sample_free(struct sample **sp)
{
	struct sample *s = *sp;

	*sp = NULL;
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->count; i++) {
		buf_free(&s->kept[i].report);
		buf_free(&s->kept[i].checkpoint);
	}
	note_verifier_free(&s->verifier);
	free(s->kept);
	free(s);
}

void
sample_keep(struct sample *s, const struct message_receipt *r)
{
	struct kept *k;

	if (s->count == s->capacity) {
		s->capacity = s->capacity > 0 ? 2 * s->capacity : 1024;
		if ((s->kept = realloc(s->kept, s->capacity * sizeof(*s->kept))) == NULL)
			fail("memory");
	}
	k = &s->kept[s->count++];
	k->index = r->index;
	k->report = BUF_INIT;
	k->checkpoint = BUF_INIT;
	k->proof = r->proof;
	buf_append_view(&k->report, r->report);
	buf_append_view(&k->checkpoint, r->checkpoint);
	if (buf_status(&k->report) != ERR_OK || buf_status(&k->checkpoint) != ERR_OK)
		fail("memory");
}

size_t
sample_verify(const struct sample *s)
{
	for (size_t i = 0; i < s->count; i++)
		verify(s, &s->kept[i]);
	return s->count;
}

static void
verify(const struct sample *s, const struct kept *k)
{
	struct checkpoint checkpoint;
	struct digest leaf;
	struct note note;

	merkle_leaf(buf_view(&k->report), &leaf);
	if (note_parse(buf_view(&k->checkpoint), &note) != ERR_OK ||
	    note_verify(&note, s->verifier) != ERR_OK ||
	    checkpoint_parse(note.text, &checkpoint) != ERR_OK ||
	    merkle_verify_inclusion(
		&leaf, k->index, checkpoint.size, &checkpoint.root, &k->proof) != ERR_OK)
		fail("a receipt does not verify");
}
