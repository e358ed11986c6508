/*
 * Fact `listening`: local addresses and ports that somebody in the collector's network namespace
 * waits at: TCP that listens, UDP that is connected to nobody, of IPv4 and IPv6.
 *
 * A port of the range that the kernel gives out by itself (ip_local_port_range) is not told: every
 * question to a name server opens one, and so does what listens for one answer. Whoever listens
 * there is not seen; the range is a fact itself.
 */
#ifndef HALLMARK_COLLECTOR_MACHINE_PORTS_H
#define HALLMARK_COLLECTOR_MACHINE_PORTS_H

#include "collector/machine/reading.h"

/* As machine_add. */
enum err ports_add(const struct machine *m) MUST_USE;

#define PORT_ADDRESS_SIZE 64 /* bytes with NUL */

/* A row of /proc/net/tcp and its likes. */
struct port_row {
	char address[PORT_ADDRESS_SIZE]; /* as text: 192.0.2.1, [2001:db8::1] */
	uint16_t port;
	unsigned state; /* of net/tcp_states.h */
};

/* False if it is none: their header is not. */
bool ports_read_row(const char *line, struct port_row *out);

#endif
