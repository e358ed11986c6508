/*
 * The logs that are answered for, and the readers of their views that wait for the next request.
 */
#ifndef HALLMARK_REGISTER_ANSWER_ANSWERER_H
#define HALLMARK_REGISTER_ANSWER_ANSWERER_H

#include <stddef.h>

#include "proto/err.h"
#include "register/answer/answer_terms.h"
#include "register/view/view_reader.h"

struct answerer;

/* ERR_MEMORY. */
enum err answerer_new(const struct answer_log *logs, size_t count, struct answerer **out) MUST_USE;
void answerer_free(struct answerer **a);

unsigned answerer_log_count(const struct answerer *a);
const struct answer_log *answerer_log(const struct answerer *a, unsigned number);

/* A reader of this log's view, for this thread. As view_reader_open. */
enum err answerer_take(struct answerer *a, unsigned number, struct view_reader **out) MUST_USE;
void answerer_give_back(struct answerer *a, unsigned number, struct view_reader **r);

#endif
