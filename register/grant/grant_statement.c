#include "register/grant/grant_statement.h"

#include "proto/statement/statement.h"

#define SIGNATURE_SIZE 64 /* bytes, of Ed25519 */

static enum err sign(EVP_PKEY *key, struct view payload, uint8_t signature[SIGNATURE_SIZE]);

enum err
grant_statement_write(const struct grant_statement *g, EVP_PKEY *key, struct buf *to)
{
	char report[DIGEST_HEX_SIZE + 1];
	const struct statement s = {.kind_name = VIEW_LITERAL("act-grant"),
	    .origin = g->origin,
	    .member_count = 4,
	    .member = {{VIEW_LITERAL("act"), view_of_string(statement_act_word(g->act))},
		{VIEW_LITERAL("collector"), g->collector},
		{VIEW_LITERAL("report"), {(const uint8_t *)report, DIGEST_HEX_SIZE}},
		{VIEW_LITERAL("workload"), g->workload}},
	    .not_before_s = g->time_s - GRANT_STATEMENT_SKEW_S,
	    .not_after_s = g->time_s + g->lasts_s,
	    .reason = g->reason,
	    .author = g->author,
	    .number = g->number};
	uint8_t signature[SIGNATURE_SIZE];
	struct statement_key *public = NULL;
	struct buf payload = BUF_INIT;
	enum err e;

	digest_to_hex(g->report, report);
	if ((e = statement_check_subject(&s)) == ERR_OK &&
	    (e = statement_write_payload(&s, &payload)) == ERR_OK &&
	    (e = statement_key_from_held(key, &public)) == ERR_OK &&
	    (e = sign(key, buf_view(&payload), signature)) == ERR_OK)
		e = statement_write_envelope(buf_view(&payload), statement_key_id(public),
		    (struct view){signature, sizeof(signature)}, to);
	statement_key_free(&public);
	buf_free(&payload);
	return e;
}

static enum err
sign(EVP_PKEY *key, struct view payload, uint8_t signature[SIGNATURE_SIZE])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t size = SIGNATURE_SIZE;
	struct buf message = BUF_INIT;
	enum err e = ERR_OK;

	statement_signed_bytes(payload, &message);
	if (ctx == NULL || buf_status(&message) != ERR_OK)
		e = ERR_MEMORY;
	else if (EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) != 1 ||
		 EVP_DigestSign(ctx, signature, &size, message.data, message.size) != 1 ||
		 size != SIGNATURE_SIZE)
		e = ERR_CRYPTO;
	EVP_MD_CTX_free(ctx);
	buf_free(&message);
	return e;
}
