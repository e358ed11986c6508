/*
 * Where a connection comes from, as it was when it was accepted: the socket of a peer that has
 * reset it no longer knows.
 */
#ifndef HALLMARK_SIGNER_FRONT_PEER_H
#define HALLMARK_SIGNER_FRONT_PEER_H

#include <netinet/in.h>
#include <sys/socket.h>

union peer {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* With NUL: an IPv6 address in brackets, a colon, a port of five digits. */
#define PEER_TEXT_SIZE (INET6_ADDRSTRLEN + 8)

/* "192.0.2.1:50000", "[2001:db8::1]:50000"; "unknown" for any other family. */
void peer_text(const union peer *p, char text[PEER_TEXT_SIZE]);

/*
 * Whoever comes from there counts as one: the IPv4 address, or the 64 bits of an IPv6 address that
 * a host cannot choose, "2001:db8:0:1::/64". Without the port, which is another for each
 * connection.
 */
void peer_network(const union peer *p, char text[PEER_TEXT_SIZE]);

#endif
