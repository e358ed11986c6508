#include "signer/front/peer.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define HOST_BYTES 8 /* of an IPv6 address, behind its network's */

void
peer_text(const union peer *p, char text[PEER_TEXT_SIZE])
{
	char address[INET6_ADDRSTRLEN];

	if (p->any.sa_family == AF_INET &&
	    inet_ntop(AF_INET, &p->v4.sin_addr, address, sizeof(address)) != NULL)
		snprintf(text, PEER_TEXT_SIZE, "%s:%u", address, ntohs(p->v4.sin_port));
	else if (p->any.sa_family == AF_INET6 &&
		 inet_ntop(AF_INET6, &p->v6.sin6_addr, address, sizeof(address)) != NULL)
		snprintf(text, PEER_TEXT_SIZE, "[%s]:%u", address, ntohs(p->v6.sin6_port));
	else
		snprintf(text, PEER_TEXT_SIZE, "unknown");
}

void
peer_network(const union peer *p, char text[PEER_TEXT_SIZE])
{
	char address[INET6_ADDRSTRLEN];
	struct in6_addr network;

	if (p->any.sa_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&p->v6.sin6_addr)) {
		network = p->v6.sin6_addr;
		memset(network.s6_addr + sizeof(network.s6_addr) - HOST_BYTES, 0, HOST_BYTES);
		if (inet_ntop(AF_INET6, &network, address, sizeof(address)) != NULL) {
			snprintf(text, PEER_TEXT_SIZE, "%s/64", address);
			return;
		}
	}
	if (p->any.sa_family == AF_INET6 &&
	    inet_ntop(AF_INET6, &p->v6.sin6_addr, address, sizeof(address)) != NULL)
		snprintf(text, PEER_TEXT_SIZE, "%s", address);
	else if (p->any.sa_family == AF_INET &&
		 inet_ntop(AF_INET, &p->v4.sin_addr, address, sizeof(address)) != NULL)
		snprintf(text, PEER_TEXT_SIZE, "%s", address);
	else
		snprintf(text, PEER_TEXT_SIZE, "unknown");
}
