#include "signer/challenge_client.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "journal/asking.h"
#include "proto/encoding.h"
#include "proto/evidence/identity.h"
#include "proto/report/report.h"
#include "proto/tlog/tlogproof.h"

/* Longer than the signer waits for the collector: it says why there is no report. */
#define ANSWER_TIMEOUT_S 40

#define NONCE_RANDOM_SIZE 32 /* bytes */

static bool take_names(const struct challenge_words *words, char collector[IDENTITY_SIZE_MAX + 1]);
static bool take_nonce(const struct challenge_words *words, struct buf *nonce);
static int judge(const char *path, const struct challenge_words *words, struct view nonce,
    const struct buf *answer);
static int judge_receipt(
    const struct challenge_words *words, struct view nonce, struct view receipt);
static bool save(const char *path, struct view receipt);
static void print(const struct report *r, uint64_t index);

int
challenge_client(const char *path, const struct challenge_words *words)
{
	const struct asked of = {"hallmark-signer", "signer", path};
	struct buf nonce = BUF_INIT, request = BUF_INIT, answer = BUF_INIT;
	char collector[IDENTITY_SIZE_MAX + 1];
	struct challenge_words asked = *words;
	int result = CHALLENGE_FAILED;

	asked.collector = collector;
	if (take_names(words, collector) && take_nonce(words, &nonce)) {
		buf_append_format(&request, "challenge %s %s ", asked.collector, asked.workload);
		hex_append(&request, buf_view(&nonce));
		buf_append_byte(&request, '\n');
		if (buf_status(&request) == ERR_OK &&
		    asking(&of, buf_view(&request), ANSWER_TIMEOUT_S, &answer) == 0)
			result = judge(path, &asked, buf_view(&nonce), &answer);
	}
	buf_free(&nonce);
	buf_free(&request);
	buf_free(&answer);
	return result;
}

/* What is no name or nonce the signer would refuse too, with less to say about it. */
static bool
take_names(const struct challenge_words *words, char collector[IDENTITY_SIZE_MAX + 1])
{
	if (identity_of_name(view_of_string(words->collector), collector) != ERR_OK) {
		fprintf(stderr,
		    "hallmark-signer: expected a collector's name, as in its certificate, found "
		    "\"%s\"\n",
		    words->collector);
		return false;
	}
	if (bundle_workload_check(view_of_string(words->workload)) != ERR_OK) {
		fprintf(stderr, "hallmark-signer: expected a workload's name, found \"%s\"\n",
		    words->workload);
		return false;
	}
	return true;
}

static bool
take_nonce(const struct challenge_words *words, struct buf *nonce)
{
	uint8_t *p;

	if (words->nonce == NULL) {
		if ((p = buf_reserve(nonce, NONCE_RANDOM_SIZE)) != NULL &&
		    RAND_bytes(p, NONCE_RANDOM_SIZE) == 1) {
			nonce->size = NONCE_RANDOM_SIZE;
			return true;
		}
		fprintf(stderr, "hallmark-signer: no random bytes for a nonce\n");
		return false;
	}
	if (hex_decode(view_of_string(words->nonce), nonce) == ERR_OK &&
	    nonce->size >= BUNDLE_CHALLENGE_MIN && nonce->size <= BUNDLE_CHALLENGE_MAX)
		return true;
	fprintf(stderr,
	    "hallmark-signer: expected a nonce of %d to %d hex digits, lower case, found \"%s\"\n",
	    2 * BUNDLE_CHALLENGE_MIN, 2 * BUNDLE_CHALLENGE_MAX, words->nonce);
	return false;
}

static int
judge(const char *path, const struct challenge_words *words, struct view nonce,
    const struct buf *answer)
{
	const struct asked of = {"hallmark-signer", "signer", path};
	json_t *json =
	    json_loadb((const char *)answer->data, answer->size, JSON_REJECT_DUPLICATES, NULL);
	json_t *receipt = json_object_get(json, "receipt");
	int result = CHALLENGE_FAILED;

	if (json_is_string(receipt))
		result = judge_receipt(words, nonce,
		    (struct view){
			(const uint8_t *)json_string_value(receipt), json_string_length(receipt)});
	else
		asking_say_refusal(&of, answer, "a receipt");
	json_decref(json);
	return result;
}

static int
judge_receipt(const struct challenge_words *words, struct view nonce, struct view receipt)
{
	struct report_document document = REPORT_DOCUMENT_INIT;
	const struct report *r = &document.report;
	struct buf storage = BUF_INIT;
	int result = CHALLENGE_FAILED;
	struct tlogproof proof;

	if (tlogproof_parse(receipt, &storage, &proof) != ERR_OK ||
	    report_parse(proof.extra, &document) != ERR_OK) {
		fprintf(stderr, "hallmark-signer: the answer is no receipt of a report\n");
	} else if (!report_answers_challenge(r, view_of_string(words->collector),
		       view_of_string(words->workload), nonce)) {
		fprintf(stderr, "hallmark-signer: the answer is about something else\n");
	} else if (words->output == NULL || save(words->output, receipt)) {
		print(r, proof.index);
		result = r->status == REPORT_AFFIRMING ? CHALLENGE_AFFIRMED : CHALLENGE_OTHER;
	}
	report_document_free(&document);
	buf_free(&storage);
	return result;
}

static bool
save(const char *path, struct view receipt)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	bool good = fd >= 0;

	while (good && receipt.size > 0) {
		const ssize_t written = write(fd, receipt.data, receipt.size);

		good = written >= 0;
		if (good)
			receipt =
			    (struct view){receipt.data + written, receipt.size - (size_t)written};
	}
	if (fd >= 0 && close(fd) != 0)
		good = false;
	if (!good)
		fprintf(stderr, "hallmark-signer: %s: the receipt cannot be written: %s\n", path,
		    strerror(errno));
	return good;
}

/* A clock that is behind the signer's makes nothing younger than new. */
static void
print(const struct report *r, uint64_t index)
{
	const time_t now = time(NULL);
	const uint64_t age_s = (uint64_t)now > r->issued_s ? (uint64_t)now - r->issued_s : 0;

	printf("%.*s %.*s: %s, index %llu, %llu s old\n", (int)r->collector.size,
	    (const char *)r->collector.data, (int)r->bundle.workload.size,
	    (const char *)r->bundle.workload.data, report_status_name(r->status),
	    (unsigned long long)index, (unsigned long long)age_s);
}
