#include "signer/front/peer.h"

#include <arpa/inet.h>
#include <stdio.h>

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
