/*
 * From the bytes of a request to the bytes of its answer.
 */
#ifndef HALLMARK_REGISTER_FRONT_HTTP_ANSWER_H
#define HALLMARK_REGISTER_FRONT_HTTP_ANSWER_H

#include "register/front/http_state.h"

enum http_taken {
	HTTP_TAKEN_MORE,   /* it is not whole yet */
	HTTP_TAKEN,        /* answered; another may follow */
	HTTP_TAKEN_LAST,   /* answered; none can follow, or none is wanted */
	HTTP_TAKEN_THREAD, /* its route wants a thread */
	HTTP_TAKEN_STREAM, /* a stream has begun */
};

/*
 * Takes the request that `bytes` begin with. Of one that was taken *used says how long it was; of
 * one for a thread *route is its route.
 */
enum http_taken http_answer_next(
    struct http_conn *c, struct view bytes, size_t *used, const struct route **route);

/* Appends an answer; of no request that could be read `head` is NULL. True: the connection goes on.
 */
bool http_answer_write(
    struct http_conn *c, const struct request_head *head, const struct response *r, bool close);

/* Appends a refusal of what was no whole request, and counts it. */
void http_answer_refuse(struct http_conn *c, unsigned status, const char *words);

#endif
