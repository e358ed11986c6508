/*
 * The sample: receipts that are kept while load is made, and verified completely when it is over,
 * so that the verification neither delays what is measured nor takes from the load's time.
 */
#ifndef HALLMARK_LOAD_SAMPLE_H
#define HALLMARK_LOAD_SAMPLE_H

#include "proto/wire/message.h"

struct sample;

/* `log_cert` names the PEM file with the log's certificate. */
struct sample *sample_new(const char *log_cert);
void sample_free(struct sample **s);

/* Copies it. */
void sample_keep(struct sample *s, const struct message_receipt *r);

/*
 * Signature of the checkpoint by the log's key, inclusion of the very report. Returns how many
 * receipts verify; ends the program at the first that does not.
 */
size_t sample_verify(const struct sample *s);

#endif
