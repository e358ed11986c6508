/*
 * The collector's side of the protocol (proto/wire/message.h): hello, then one bundle after
 * another, each answered by a receipt or a refusal, with the components and segments between that
 * the signer wants. After the welcome the signer may ask for a measurement at any time.
 *
 * The order is enforced: any other message, or one for another bundle, ends the session. Errors
 * are the channel's, the ERR_MSG_ ones, ERR_VERSION, and ERR_MISMATCH for a receipt that is about
 * another collector: the session is over and is to be closed. A refusal of a bundle is no error
 * here but an answer.
 */
#ifndef HALLMARK_COLLECTOR_REPORT_CLIENT_H
#define HALLMARK_COLLECTOR_REPORT_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/ground/trouble.h"
#include "collector/report/channel.h"
#include "collector/store/chain.h"
#include "collector/store/state.h"
#include "config/collector/collector_config.h"
#include "proto/err.h"
#include "proto/wire/message.h"

/*
 * A signer answers within a batch; while its key process starts anew, within half a minute. Where
 * there is another one it has `failover_s` of the configuration. What else it says meanwhile gives
 * it no more time.
 */
#define CLIENT_ANSWER_MS 60000

/*
 * Measurements that a signer may ask for in a second: one of each workload of the largest host. One
 * that asks for more is not listened to any longer.
 */
#define CLIENT_MEASURES_MAX 1024

/* Of one bundle: for whole components, then for segments of those that are lists. */
#define CLIENT_WANTS_MAX 2

struct client;

/* Who is told what the signer wants measured. Called within the client's functions. */
struct client_events {
	void (*measure)(void *context, struct view workload, struct view challenge);
	void *context;
};

/* Connects to signer number `signer` and greets it. Sets *out to NULL first. */
enum err client_open(struct channel_context *context, size_t signer,
    const struct client_events *events, struct client **out, struct trouble *t) MUST_USE;

/* The same by a channel that the running collector lends (channel_open_lent). ERR_NOT_FOUND: nobody
 * is there. */
enum err client_open_lent(const struct collector_config *config, size_t signer,
    const struct client_events *events, struct client **out, struct trouble *t) MUST_USE;
void client_close(struct client **c);

struct view client_log(const struct client *c); /* the log's origin */
size_t client_signer(const struct client *c);
bool client_was_resumed(const struct client *c);
int client_descriptor(const struct client *c);

/*
 * Between exchanges, as channel_take: takes what the signer has said, without waiting. An error:
 * the session is over. ERR_CLOSED, without words, is an orderly end.
 */
enum err client_take_news(struct client *c, struct trouble *t) MUST_USE;

/* The nonce for the next bundle. */
const uint8_t *client_nonce(const struct client *c);

/* The answer to a bundle; its views are valid until the next call. */
struct client_answer {
	bool is_receipt;
	struct message_receipt receipt;
	struct message_refusal refusal;
};

/*
 * Sends a bundle, the wanted components from `components`, and waits for the answer. Receipt and
 * refusal may bring a new nonce.
 */
enum err client_submit(struct client *c, const struct chain_head *head,
    const struct state *components, struct client_answer *out, struct trouble *t) MUST_USE;

#endif
