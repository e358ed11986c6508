#include "collector/report/receipt.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/store/savefile.h"
#include "proto/encoding.h"
#include "proto/tlog/checkpoint.h"
#include "proto/tlog/merkle.h"
#include "proto/tlog/tlogproof.h"

#define PROOF_SUFFIX ".tlog-proof"
#define LOG_DIGITS   8 /* two logs of one collector do not share them by accident */

static enum err check_report(const struct message_receipt *r, struct view log,
    const struct chain_head *sent, struct board_verdict *said, struct trouble *t);
static void take_said(const struct report *r, uint64_t index, struct board_verdict *out);
static enum err check_checkpoint(
    const struct message_receipt *r, struct view log, struct receipt_keys *keys, struct trouble *t);
static enum err check_seal(
    const struct note *n, const char *log, struct receipt_keys *keys, struct trouble *t);
static enum err check_signature(const struct note *n, const char *log, struct receipt_key *k);
static void free_key(struct receipt_key *k);
static bool is_receipt_of(const char *name, struct view workload, struct view log, uint64_t *seq);
static int compare_numbers(const void *a, const void *b);
static bool remove_receipt(int dir, struct view workload, struct view log, uint64_t seq);
static size_t list_receipts(int dir, struct view workload, struct view log, uint64_t **out);

void
receipt_keys_free(struct receipt_keys *keys)
{
	free_key(&keys->now);
	free_key(&keys->next);
}

static void
free_key(struct receipt_key *k)
{
	note_verifier_free(&k->verifier);
	EVP_PKEY_free(k->key);
	k->key = NULL;
}

enum err
receipt_verify(const struct message_receipt *r, struct view log, const struct chain_head *sent,
    struct receipt_keys *keys, struct board_verdict *said, struct trouble *t)
{
	enum err e = check_report(r, log, sent, said, t);

	return e == ERR_OK ? check_checkpoint(r, log, keys, t) : e;
}

void
receipt_name(struct view workload, struct view log, uint64_t seq, char name[RECEIPT_NAME_SIZE])
{
	char hex[DIGEST_HEX_SIZE + 1];
	struct digest digest;

	digest_of(log.data, log.size, &digest);
	digest_to_hex(&digest, hex);
	(void)snprintf(name, RECEIPT_NAME_SIZE, "%.*s-%.*s-%010llu" PROOF_SUFFIX,
	    (int)workload.size, (const char *)workload.data, LOG_DIGITS, hex,
	    (unsigned long long)seq);
}

enum err
receipt_save(int dir, const struct message_receipt *r, struct view log, struct trouble *t)
{
	const struct tlogproof proof = {true, r->report, r->index, r->proof, r->checkpoint};
	char name[RECEIPT_NAME_SIZE], *suffix;
	struct buf text = BUF_INIT;
	enum err e = ERR_OK;

	receipt_name(r->workload, log, r->seq, name);
	if (r->token_count > 0) {
		suffix = strrchr(name, '.');
		memcpy(suffix, ".jwt", sizeof(".jwt"));
		for (size_t i = 0; i < r->token_count; i++) {
			buf_append_string(&text, i > 0 ? "\n" : "");
			buf_append_view(&text, r->token[i]);
		}
		if ((e = buf_status(&text)) == ERR_OK)
			e = savefile_write(dir, name, buf_view(&text), t);
		buf_clear(&text);
		receipt_name(r->workload, log, r->seq, name);
	}
	tlogproof_write(&proof, &text);
	if (e == ERR_OK && (e = buf_status(&text)) == ERR_OK)
		e = savefile_write(dir, name, buf_view(&text), t);
	buf_free(&text);
	return e;
}

void
receipt_prune(int dir, struct view workload, struct view log, uint64_t seq, uint32_t kept)
{
	uint64_t *numbers = NULL;
	size_t count;

	if (kept == 0)
		return;
	if (seq % RECEIPT_LISTED_EACH == 0) {
		count = list_receipts(dir, workload, log, &numbers);
		/* Of a log that was set back they are evidence, and would be newer than all. */
		while (count > 0 && numbers[count - 1] > seq)
			count--;
		for (size_t i = 0; count > kept && i < count - kept; i++)
			(void)remove_receipt(dir, workload, log, numbers[i]);
		free(numbers);
		return;
	}
	for (uint64_t old = seq > kept ? seq - kept : 0; old > 0; old--)
		if (!remove_receipt(dir, workload, log, old))
			return;
}

/* False if there was none. */
static bool
remove_receipt(int dir, struct view workload, struct view log, uint64_t seq)
{
	char name[RECEIPT_NAME_SIZE];

	receipt_name(workload, log, seq, name);
	if (unlinkat(dir, name, 0) != 0)
		return false;
	memcpy(strrchr(name, '.'), ".jwt", sizeof(".jwt"));
	(void)unlinkat(dir, name, 0);
	return true;
}

static enum err
check_report(const struct message_receipt *r, struct view log, const struct chain_head *sent,
    struct board_verdict *said, struct trouble *t)
{
	struct report_document document = REPORT_DOCUMENT_INIT;
	const struct report *report = &document.report;
	enum err e = report_parse(r->report, &document);

	if (e == ERR_OK)
		take_said(report, r->index, said);
	/* The digest covers every field of the bundle, which the parser made again from the claims.
	 */
	if (e != ERR_OK)
		(void)trouble_set(t, e, "the receipt's report: %s", err_text(e));
	else if (!digest_equal(&report->bundle_digest, &sent->digest))
		e = trouble_set(
		    t, ERR_MISMATCH, "the report is about another bundle than was sent");
	else if (!view_equal(report->issuer, log))
		e = trouble_set(t, ERR_MISMATCH, "the report is issued by another log than %.*s",
		    (int)log.size, (const char *)log.data);
	else if (report->has_signature != (sent->signature.size > 0) ||
		 (report->has_signature && !view_equal(report->signature, sent->signature)))
		e = trouble_set(
		    t, ERR_MISMATCH, "the report tells another signature of the bundle");
	report_document_free(&document);
	return e;
}

static void
take_said(const struct report *r, uint64_t index, struct board_verdict *out)
{
	const struct report_finding *f = &r->finding[0];

	*out = (struct board_verdict){
	    .status = r->status, .index = index, .findings = r->finding_total};
	if (r->finding_count > 0)
		(void)snprintf(out->finding, sizeof(out->finding), "%.*s %.*s %.*s",
		    (int)f->kind.size, (const char *)f->kind.data, (int)f->code.size,
		    (const char *)f->code.data, (int)f->subject.size,
		    (const char *)f->subject.data);
}

static enum err
check_checkpoint(
    const struct message_receipt *r, struct view log, struct receipt_keys *keys, struct trouble *t)
{
	struct checkpoint checkpoint;
	struct digest leaf;
	struct note note;
	enum err e;

	if ((e = note_parse(r->checkpoint, &note)) != ERR_OK ||
	    (e = checkpoint_parse(note.text, &checkpoint)) != ERR_OK)
		return trouble_set(t, e, "the receipt's checkpoint: %s", err_text(e));
	if (!view_equal(view_of_string(checkpoint.origin), log))
		return trouble_set(t, ERR_MISMATCH,
		    "the checkpoint is one of another log than %.*s", (int)log.size,
		    (const char *)log.data);
	merkle_leaf(r->report, &leaf);
	if ((e = merkle_verify_inclusion(
		 &leaf, r->index, checkpoint.size, &checkpoint.root, &r->proof)) != ERR_OK)
		return trouble_set(t, e, "the receipt's proof: %s", err_text(e));
	return keys->now.key != NULL ? check_seal(&note, checkpoint.origin, keys, t) : ERR_OK;
}

/* One key's wrong signature is none that the other makes good. */
static enum err
check_seal(const struct note *n, const char *log, struct receipt_keys *keys, struct trouble *t)
{
	enum err e = check_signature(n, log, &keys->now);

	if (e == ERR_UNKNOWN_KEY && keys->next.key != NULL)
		e = check_signature(n, log, &keys->next);
	if (e != ERR_OK)
		(void)trouble_set(t, e, "the checkpoint's signature by log_certificate: %s%s",
		    err_text(e),
		    e == ERR_UNKNOWN_KEY ? "; is this the certificate of the log's key?" : "");
	return e;
}

/* To make a verifier costs as much as to verify with it. */
static enum err
check_signature(const struct note *n, const char *log, struct receipt_key *k)
{
	enum err e = ERR_OK;

	if (k->verifier != NULL && strcmp(note_verifier_name(k->verifier), log) != 0)
		note_verifier_free(&k->verifier);
	if (k->verifier == NULL)
		e = note_verifier_new(log, k->key, &k->verifier);
	return e == ERR_OK ? note_verify(n, k->verifier) : e;
}

/* Its name to the byte, whatever the number. */
static bool
is_receipt_of(const char *name, struct view workload, struct view log, uint64_t *seq)
{
	const size_t before = workload.size + 1 + LOG_DIGITS + 1;
	char expected[RECEIPT_NAME_SIZE];
	const char *digits;

	if (strlen(name) < before)
		return false;
	digits = name + before;
	digits += strspn(digits, "0");
	if (decimal_decode((struct view){(const uint8_t *)digits, strcspn(digits, ".")}, seq) !=
	    ERR_OK)
		return false;
	receipt_name(workload, log, *seq, expected);
	return strcmp(name, expected) == 0;
}

/* Sorted; 0 and NULL where nothing can be listed: then nothing is pruned. */
static size_t
list_receipts(int dir, struct view workload, struct view log, uint64_t **out)
{
	size_t count = 0, capacity = 0;
	struct dirent *entry;
	uint64_t seq, *grown;
	DIR *names = NULL;
	int fd;

	*out = NULL;
	if ((fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return 0;
	if ((names = fdopendir(fd)) == NULL) {
		(void)close(fd);
		return 0;
	}
	while ((entry = readdir(names)) != NULL) {
		if (!is_receipt_of(entry->d_name, workload, log, &seq))
			continue;
		if (count == capacity) {
			capacity = capacity == 0 ? 64 : 2 * capacity;
			if ((grown = reallocarray(*out, capacity, sizeof(**out))) == NULL)
				break;
			*out = grown;
		}
		(*out)[count++] = seq;
	}
	(void)closedir(names);
	if (count > 0)
		qsort(*out, count, sizeof(**out), compare_numbers);
	return count;
}

static int
compare_numbers(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}
