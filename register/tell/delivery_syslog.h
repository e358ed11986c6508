/*
 * An event as a message of syslog (RFC 5424), to a Unix socket or by TCP with its size before it
 * (RFC 6587, section 3.4.1). Nobody acknowledges one: what the socket has taken counts, and is lost
 * where whoever reads it ends before he has.
 */
#ifndef HALLMARK_REGISTER_TELL_DELIVERY_SYSLOG_H
#define HALLMARK_REGISTER_TELL_DELIVERY_SYSLOG_H

#include <stdbool.h>

#include "config/teller_config.h"
#include "proto/err.h"
#include "register/tell/delivery_why.h"
#include "register/tell/event_store.h"

struct delivery_syslog {
	int fd; /* connected; -1: not */
};

void delivery_syslog_begin(struct delivery_syslog *s);
void delivery_syslog_end(struct delivery_syslog *s);

/* As delivery_try. */
enum err delivery_syslog(struct delivery_syslog *s, const struct teller *whom,
    const struct event_row *event, char why[DELIVERY_WHY_SIZE]) MUST_USE;

#endif
