#include <string.h>

#include "proto/mp_write.h"
#include "proto/text.h"
#include "proto/wire/frame.h"
#include "proto/wire/message.h"

/* Frame header, envelope, all keys, numbers and digests of the largest message. */
#define FIXED_SIZE_MAX 1024

/*
 * One reservation for a whole frame; then every byte is put by hand. `p` is NULL where there is no
 * memory, and `to` remembers that.
 */
struct writer {
	struct buf *to;
	size_t begun;
	uint8_t *p;
};

static bool writer_begin(
    struct writer *w, struct buf *to, enum message_type type, uint32_t pairs, size_t variable_size);
static void writer_end(struct writer *w);
static void put_key(struct writer *w, const char *key);
static void put_uint(struct writer *w, const char *key, uint64_t number);
static void put_str(struct writer *w, const char *key, struct view v);
static void put_bin(struct writer *w, const char *key, const void *data, size_t size);

void
message_write_hello(struct buf *to, const struct message_hello *m)
{
	struct writer w;

	if (!writer_begin(&w, to, MESSAGE_HELLO, 2, m->agent.size))
		return;
	put_key(&w, "versions");
	w.p = mp_put_array(w.p, (uint32_t)m->version_count);
	for (size_t i = 0; i < m->version_count; i++)
		w.p = mp_put_uint(w.p, m->versions[i]);
	put_str(&w, "agent", m->agent);
	writer_end(&w);
}

void
message_write_welcome(struct buf *to, const struct message_welcome *m)
{
	struct writer w;

	if (!writer_begin(&w, to, MESSAGE_WELCOME, 7, m->log.size))
		return;
	put_uint(&w, "version", m->version);
	put_str(&w, "log", m->log);
	put_bin(&w, "nonce", m->nonce, NONCE_SIZE);
	put_uint(&w, "time", m->time_ms);
	put_uint(&w, "part_max", m->part_max);
	put_uint(&w, "component_max", m->component_max);
	put_uint(&w, "in_flight_max", m->in_flight_max);
	writer_end(&w);
}

void
message_write_bundle(struct buf *to, const struct message_bundle *m)
{
	const bool is_signed = m->signature.size > 0;
	struct writer w;

	if (!writer_begin(
		&w, to, MESSAGE_BUNDLE, is_signed ? 2 : 1, m->bundle.size + m->signature.size))
		return;
	put_bin(&w, "bundle", m->bundle.data, m->bundle.size);
	if (is_signed)
		put_bin(&w, "signature", m->signature.data, m->signature.size);
	writer_end(&w);
}

void
message_write_want(struct buf *to, const struct message_want *m)
{
	const uint32_t pairs = 1U + (m->digest_count > 0) + (m->list_count > 0);
	size_t variable_size = m->workload.size;
	struct writer w;

	for (size_t i = 0; i < m->list_count; i++)
		variable_size += m->lists[i].bitmap.size;
	if (!writer_begin(&w, to, MESSAGE_WANT, pairs, variable_size))
		return;
	put_str(&w, "workload", m->workload);
	if (m->digest_count > 0) {
		put_key(&w, "digests");
		w.p = mp_put_array(w.p, (uint32_t)m->digest_count);
	}
	for (size_t i = 0; i < m->digest_count; i++)
		w.p = mp_put_bin(w.p, (struct view){m->digests[i].bytes, DIGEST_SIZE});
	if (m->list_count > 0) {
		put_key(&w, "segments");
		w.p = mp_put_array(w.p, (uint32_t)m->list_count);
	}
	for (size_t i = 0; i < m->list_count; i++) {
		w.p = mp_put_array(w.p, 2);
		w.p = mp_put_bin(w.p, (struct view){m->lists[i].list.bytes, DIGEST_SIZE});
		w.p = mp_put_bin(w.p, m->lists[i].bitmap);
	}
	writer_end(&w);
}

void
message_write_part(struct buf *to, const struct message_part *m)
{
	struct writer w;

	if (!writer_begin(&w, to, MESSAGE_PART, 3, m->data.size))
		return;
	put_bin(&w, "digest", m->digest.bytes, DIGEST_SIZE);
	put_uint(&w, "offset", m->offset);
	put_bin(&w, "data", m->data.data, m->data.size);
	writer_end(&w);
}

void
message_write_receipt(struct buf *to, const struct message_receipt *m)
{
	const size_t proof_size = m->proof.count * DIGEST_SIZE;
	size_t tokens_size = 0;
	struct writer w;

	for (size_t i = 0; i < m->token_count; i++)
		tokens_size += MP_HEADER_SIZE_MAX + m->token[i].size;
	if (!writer_begin(&w, to, MESSAGE_RECEIPT, m->token_count > 0 ? 8 : 7,
		m->workload.size + m->report.size + proof_size + m->checkpoint.size + tokens_size))
		return;
	put_str(&w, "workload", m->workload);
	put_uint(&w, "seq", m->seq);
	put_uint(&w, "index", m->index);
	put_bin(&w, "report", m->report.data, m->report.size);
	put_bin(&w, "proof", m->proof.hash, proof_size);
	put_bin(&w, "checkpoint", m->checkpoint.data, m->checkpoint.size);
	put_bin(&w, "nonce", m->nonce, NONCE_SIZE);
	if (m->token_count > 0) {
		put_key(&w, "tokens");
		w.p = mp_put_array(w.p, (uint32_t)m->token_count);
		for (size_t i = 0; i < m->token_count; i++)
			w.p = mp_put_str(w.p, m->token[i]);
	}
	writer_end(&w);
}

void
message_write_refusal(struct buf *to, const struct message_refusal *m)
{
	const bool has_workload = m->workload.size > 0;
	const bool has_last = has_workload && m->has_last;
	const bool has_id = m->has_id && !has_workload;
	const uint32_t pairs = 3U + (has_workload ? 2 : 0) + (has_last ? 2 : 0) +
			       (m->has_nonce ? 1 : 0) + (has_id ? 1 : 0);
	struct buf text = BUF_INIT;
	struct writer w;

	text_append_printable(&text, m->text, MESSAGE_TEXT_MAX);
	if (text.failed)
		to->failed = true;
	if (!writer_begin(&w, to, MESSAGE_REFUSAL, pairs, text.size + m->workload.size)) {
		buf_free(&text);
		return;
	}
	put_uint(&w, "code", (uint64_t)m->code);
	put_str(&w, "name", view_of_string(err_name(m->code)));
	put_str(&w, "text", buf_view(&text));
	if (has_workload) {
		put_str(&w, "workload", m->workload);
		put_uint(&w, "seq", m->seq);
	}
	if (has_last) {
		put_uint(&w, "last_seq", m->last_seq);
		put_bin(&w, "last_bundle", m->last_bundle.bytes, DIGEST_SIZE);
	}
	if (m->has_nonce)
		put_bin(&w, "nonce", m->nonce, NONCE_SIZE);
	if (has_id)
		put_uint(&w, "id", m->id);
	writer_end(&w);
	buf_free(&text);
}

void
message_write_measure(struct buf *to, const struct message_measure *m)
{
	struct writer w;

	if (!writer_begin(&w, to, MESSAGE_MEASURE, 2, m->workload.size + m->challenge.size))
		return;
	put_str(&w, "workload", m->workload);
	put_bin(&w, "challenge", m->challenge.data, m->challenge.size);
	writer_end(&w);
}

void
message_write_challenge(struct buf *to, const struct message_challenge *m)
{
	struct writer w;

	if (!writer_begin(
		&w, to, MESSAGE_CHALLENGE, 4, m->collector.size + m->workload.size + m->nonce.size))
		return;
	put_uint(&w, "id", m->id);
	put_str(&w, "collector", m->collector);
	put_str(&w, "workload", m->workload);
	put_bin(&w, "nonce", m->nonce.data, m->nonce.size);
	writer_end(&w);
}

void
message_write_challenged(struct buf *to, const struct message_challenged *m)
{
	const size_t proof_size = m->proof.count * DIGEST_SIZE;
	struct writer w;

	if (!writer_begin(&w, to, MESSAGE_CHALLENGED, 7,
		m->collector.size + m->workload.size + m->report.size + proof_size +
		    m->checkpoint.size))
		return;
	put_uint(&w, "id", m->id);
	put_str(&w, "collector", m->collector);
	put_str(&w, "workload", m->workload);
	put_uint(&w, "index", m->index);
	put_bin(&w, "report", m->report.data, m->report.size);
	put_bin(&w, "proof", m->proof.hash, proof_size);
	put_bin(&w, "checkpoint", m->checkpoint.data, m->checkpoint.size);
	writer_end(&w);
}

void
message_write_statement(struct buf *to, const struct message_statement *m)
{
	struct writer w;

	if (!writer_begin(&w, to, MESSAGE_STATEMENT, 2, m->envelope.size))
		return;
	put_uint(&w, "id", m->id);
	put_bin(&w, "envelope", m->envelope.data, m->envelope.size);
	writer_end(&w);
}

void
message_write_noted(struct buf *to, const struct message_noted *m)
{
	struct writer w;

	if (!writer_begin(&w, to, MESSAGE_NOTED, 3, 0))
		return;
	put_uint(&w, "id", m->id);
	put_bin(&w, "sha256", m->sha256.bytes, DIGEST_SIZE);
	put_uint(&w, "index", m->index);
	writer_end(&w);
}

static bool
writer_begin(
    struct writer *w, struct buf *to, enum message_type type, uint32_t pairs, size_t variable_size)
{
	if (to->failed || buf_reserve(to, FIXED_SIZE_MAX + variable_size) == NULL)
		return false;
	w->to = to;
	w->begun = frame_begin(to);
	w->p = to->data + to->size;
	w->p = mp_put_array(w->p, 2);
	w->p = mp_put_uint(w->p, type);
	w->p = mp_put_map(w->p, pairs);
	return true;
}

static void
writer_end(struct writer *w)
{
	w->to->size = (size_t)(w->p - w->to->data);
	frame_end(w->to, w->begun);
}

/* A key is a literal of under 32 bytes. */
static void
put_key(struct writer *w, const char *key)
{
	const size_t size = strlen(key);

	*w->p = (uint8_t)(0xa0 | size);
	memcpy(w->p + 1, key, size);
	w->p += 1 + size;
}

static void
put_uint(struct writer *w, const char *key, uint64_t number)
{
	put_key(w, key);
	w->p = mp_put_uint(w->p, number);
}

static void
put_str(struct writer *w, const char *key, struct view v)
{
	put_key(w, key);
	w->p = mp_put_str(w->p, v);
}

static void
put_bin(struct writer *w, const char *key, const void *data, size_t size)
{
	put_key(w, key);
	w->p = mp_put_bin(w->p, (struct view){data, size});
}
