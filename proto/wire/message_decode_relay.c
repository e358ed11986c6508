/*
 * Messages of and about relays, and the measuring that a signer asks for: the same gates as in
 * message_decode.c, which finds these tables by number.
 */
#include "proto/wire/message_shape.h"

static message_decode_body decode_measure, decode_challenge, decode_challenged, decode_statement,
    decode_noted;

enum { MEASURE_WORKLOAD, MEASURE_CHALLENGE };
enum { CHALLENGE_ID, CHALLENGE_COLLECTOR, CHALLENGE_WORKLOAD, CHALLENGE_NONCE };
enum {
	CHALLENGED_ID,
	CHALLENGED_COLLECTOR,
	CHALLENGED_WORKLOAD,
	CHALLENGED_INDEX,
	CHALLENGED_REPORT,
	CHALLENGED_PROOF,
	CHALLENGED_CHECKPOINT
};
enum { STATEMENT_ID, STATEMENT_ENVELOPE };
enum { NOTED_ID, NOTED_SHA256, NOTED_INDEX };

#define PLACE(type) [(type)-MESSAGE_MEASURE]
const struct message_shape message_relay_shapes[MESSAGE_RELAY_COUNT] = {
    PLACE(MESSAGE_MEASURE) = {decode_measure, {[MEASURE_WORKLOAD] = {"workload", STR, false},
						  [MEASURE_CHALLENGE] = {"challenge", BIN, false}}},
    PLACE(MESSAGE_CHALLENGE) = {decode_challenge,
	{[CHALLENGE_ID] = {"id", UINT, false},
	    [CHALLENGE_COLLECTOR] = {"collector", STR, false},
	    [CHALLENGE_WORKLOAD] = {"workload", STR, false},
	    [CHALLENGE_NONCE] = {"nonce", BIN, false}}},
    PLACE(MESSAGE_CHALLENGED) = {decode_challenged,
	{[CHALLENGED_ID] = {"id", UINT, false},
	    [CHALLENGED_COLLECTOR] = {"collector", STR, false},
	    [CHALLENGED_WORKLOAD] = {"workload", STR, false},
	    [CHALLENGED_INDEX] = {"index", UINT, false},
	    [CHALLENGED_REPORT] = {"report", BIN, false},
	    [CHALLENGED_PROOF] = {"proof", BIN, false},
	    [CHALLENGED_CHECKPOINT] = {"checkpoint", BIN, false}}},
    PLACE(MESSAGE_STATEMENT) = {decode_statement,
	{[STATEMENT_ID] = {"id", UINT, false}, [STATEMENT_ENVELOPE] = {"envelope", BIN, false}}},
    PLACE(MESSAGE_NOTED) = {decode_noted, {[NOTED_ID] = {"id", UINT, false},
					      [NOTED_SHA256] = {"sha256", BIN, false},
					      [NOTED_INDEX] = {"index", UINT, false}}},
};
#undef PLACE

static enum err
decode_measure(const struct message_values *v, struct message *out)
{
	struct message_measure *m = &out->body.measure;
	enum err e = message_read_workload(v->at[MEASURE_WORKLOAD], &m->workload);

	return e == ERR_OK ? message_read_size(v->at[MEASURE_CHALLENGE], BUNDLE_CHALLENGE_MIN,
				 BUNDLE_CHALLENGE_MAX, &m->challenge)
			   : e;
}

static enum err
decode_challenge(const struct message_values *v, struct message *out)
{
	struct message_challenge *m = &out->body.challenge;
	enum err e;

	if ((e = message_read_uint(v->at[CHALLENGE_ID], 0, MESSAGE_ID_MAX, &m->id)) != ERR_OK ||
	    (e = message_read_identity(v->at[CHALLENGE_COLLECTOR], &m->collector)) != ERR_OK ||
	    (e = message_read_workload(v->at[CHALLENGE_WORKLOAD], &m->workload)) != ERR_OK)
		return e;
	return message_read_size(
	    v->at[CHALLENGE_NONCE], BUNDLE_CHALLENGE_MIN, BUNDLE_CHALLENGE_MAX, &m->nonce);
}

static enum err
decode_challenged(const struct message_values *v, struct message *out)
{
	struct message_challenged *m = &out->body.challenged;
	enum err e;

	if ((e = message_read_uint(v->at[CHALLENGED_ID], 0, MESSAGE_ID_MAX, &m->id)) != ERR_OK ||
	    (e = message_read_identity(v->at[CHALLENGED_COLLECTOR], &m->collector)) != ERR_OK ||
	    (e = message_read_workload(v->at[CHALLENGED_WORKLOAD], &m->workload)) != ERR_OK ||
	    (e = message_read_uint(v->at[CHALLENGED_INDEX], 0, INT64_MAX, &m->index)) != ERR_OK ||
	    (e = message_read_size(v->at[CHALLENGED_REPORT], 1, MESSAGE_REPORT_MAX, &m->report)) !=
		ERR_OK ||
	    (e = message_read_proof(v->at[CHALLENGED_PROOF], &m->proof)) != ERR_OK)
		return e;
	return message_read_size(
	    v->at[CHALLENGED_CHECKPOINT], 1, MESSAGE_CHECKPOINT_MAX, &m->checkpoint);
}

static enum err
decode_statement(const struct message_values *v, struct message *out)
{
	struct message_statement *m = &out->body.statement;
	enum err e = message_read_uint(v->at[STATEMENT_ID], 0, MESSAGE_ID_MAX, &m->id);

	return e == ERR_OK ? message_read_size(
				 v->at[STATEMENT_ENVELOPE], 1, MESSAGE_ENVELOPE_MAX, &m->envelope)
			   : e;
}

static enum err
decode_noted(const struct message_values *v, struct message *out)
{
	struct message_noted *m = &out->body.noted;
	enum err e;

	if ((e = message_read_uint(v->at[NOTED_ID], 0, MESSAGE_ID_MAX, &m->id)) != ERR_OK ||
	    (e = message_read_exact(v->at[NOTED_SHA256], m->sha256.bytes, DIGEST_SIZE)) != ERR_OK)
		return e;
	return message_read_uint(v->at[NOTED_INDEX], 0, INT64_MAX, &m->index);
}
