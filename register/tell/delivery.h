/*
 * One event on its way to one of those who are told: three forms, each tried until it is
 * acknowledged (register/tell/outbox.h).
 */
#ifndef HALLMARK_REGISTER_TELL_DELIVERY_H
#define HALLMARK_REGISTER_TELL_DELIVERY_H

#include <stdbool.h>

#include "config/teller_config.h"
#include "proto/err.h"
#include "register/tell/delivery_why.h"
#include "register/tell/event_store.h"

/* What a form keeps from one event to the next. */
struct delivery;

/*
 * `cancelled` is asked, from the thread that delivers, while it waits for the other side.
 * ERR_CONFIG where a file cannot be read, said in the log; ERR_MEMORY.
 */
enum err delivery_new(const struct teller *whom, bool (*cancelled)(void *context), void *context,
    struct delivery **out) MUST_USE;
void delivery_free(struct delivery **d);

/* ERR_OK: it was acknowledged. Any other: it was not, and `why` says it in words. */
enum err delivery_try(
    struct delivery *d, const struct event_row *event, char why[DELIVERY_WHY_SIZE]) MUST_USE;

#endif
