#include "register/front/http_peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "journal/logger.h"

/* Groups of one process that are looked at: Linux allows 65,536, people have a dozen. */
#define GROUPS_MAX 256

/* "[", an address, "]:", a port, with NUL; or "unix". */
#define PEER_TEXT_SIZE (INET6_ADDRSTRLEN + 10)

static enum err know_process(struct http_conn *c, unsigned roles);
static void peer_text(const struct http_conn *c, char text[PEER_TEXT_SIZE], bool port);

enum err
http_peer_know(struct http_conn *c, const struct http_listener *l)
{
	const struct http_settings *s = &c->server->settings;
	const unsigned roles =
	    l->listen->roles | (l->local && l->tls == NULL ? (unsigned)ROLE_LOCAL : 0);
	char identity[IDENTITY_SIZE_MAX + 1] = "";
	enum err e = ERR_OK;

	caller_free(&c->caller);
	if (l->listen->socket != NULL)
		return know_process(c, roles);
	if (c->ssl != NULL)
		e = http_tls_identity(c->ssl, identity);
	if (e != ERR_OK)
		return e;
	return caller_named(
	    &c->caller, identity[0] != '\0' ? identity : NULL, roles, s->grants, s->grant_count);
}

void
http_peer_log(const struct http_conn *c, unsigned status, const char *words)
{
	char peer[PEER_TEXT_SIZE], host[PEER_TEXT_SIZE];
	struct ration_about about = {RATION_FAULTS, "http-refused", NULL, "peer", {NULL, 0}};
	struct logline line;

	peer_text(c, peer, true);
	peer_text(c, host, false);
	about.name = view_of_string(host);
	logline_begin_rationed(&line, LOGGER_WARNING, &about);
	if (status != 0)
		logline_number(&line, "status", status);
	logline_number(&line, "connection", c->number);
	logline_string(&line, "peer", peer);
	if (c->caller.name != NULL)
		logline_string(&line, "name", c->caller.name);
	logline_string(&line, "text", words);
	logline_end(&line);
}

static enum err
know_process(struct http_conn *c, unsigned roles)
{
	const struct http_settings *s = &c->server->settings;
	struct ucred who;
	gid_t groups[GROUPS_MAX + 1];
	socklen_t size = sizeof(who), groups_size = GROUPS_MAX * sizeof(groups[0]);

	if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0)
		return ERR_IO;
	if (getsockopt(c->fd, SOL_SOCKET, SO_PEERGROUPS, groups, &groups_size) != 0)
		groups_size = 0; /* more than are looked at: his first one counts */
	groups[groups_size / sizeof(groups[0])] = who.gid;
	return caller_process(&c->caller, who.uid, groups, groups_size / sizeof(groups[0]) + 1,
	    roles, s->grants, s->grant_count);
}

static void
peer_text(const struct http_conn *c, char text[PEER_TEXT_SIZE], bool port)
{
	char address[INET6_ADDRSTRLEN] = "";
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} peer = {0};
	socklen_t size = sizeof(peer);

	(void)snprintf(text, PEER_TEXT_SIZE, "unknown"); /* of one that has reset it */
	if (c->listen->socket != NULL) {
		(void)snprintf(text, PEER_TEXT_SIZE, "unix");
		return;
	}
	if (getpeername(c->fd, &peer.any, &size) != 0)
		return;
	if (peer.any.sa_family == AF_INET &&
	    inet_ntop(AF_INET, &peer.v4.sin_addr, address, sizeof(address)) != NULL)
		(void)snprintf(
		    text, PEER_TEXT_SIZE, port ? "%s:%u" : "%s", address, ntohs(peer.v4.sin_port));
	if (peer.any.sa_family == AF_INET6 &&
	    inet_ntop(AF_INET6, &peer.v6.sin6_addr, address, sizeof(address)) != NULL)
		(void)snprintf(text, PEER_TEXT_SIZE, port ? "[%s]:%u" : "[%s]", address,
		    ntohs(peer.v6.sin6_port));
}
