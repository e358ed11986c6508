#include "collector/tokens/desk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "collector/tokens/kin.h"

#define BACKLOG 16

static enum err listen_at(const char *path, int *out, struct trouble *t);
static void stop_listening(struct desk *d, size_t index, const char *path);
static void welcome(struct desk *d, size_t workload, uint64_t now_ms);
static struct desk_visitor *room_for(struct desk *d, uid_t user);
static void ask_next(struct desk *d, uint64_t now_ms);
static void hear(struct desk *d, uint64_t now_ms);
static void decide(struct desk *d, struct desk_visitor *v, bool is_kin, uint64_t now_ms);
static bool rests(const struct desk *d, uid_t user, uint64_t now_ms);
static void let_rest(struct desk *d, uid_t user, uint64_t now_ms);

enum err
desk_begin(struct desk *d, const struct collector_config *config, int kin, struct trouble *t)
{
	enum err e = ERR_OK;

	d->kin = kin;
	d->listening_count = config->workload_count;
	if ((d->listening = calloc(config->workload_count + 1, sizeof(*d->listening))) == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < config->workload_count; i++)
		d->listening[i] = -1;
	for (size_t i = 0; e == ERR_OK && i < config->workload_count; i++) {
		const struct collector_token *token = config->workloads[i].token;

		if (token != NULL && token->socket != NULL)
			e = listen_at(token->socket, &d->listening[i], t);
	}
	return e;
}

void
desk_end(struct desk *d, const struct collector_config *config)
{
	for (size_t i = 0; d->listening != NULL && i < d->listening_count; i++)
		if (d->listening[i] >= 0)
			stop_listening(d, i, config->workloads[i].token->socket);
	free(d->listening);
	d->listening = NULL;
}

enum err
desk_move(struct desk *d, const struct collector_config *old, struct trouble *t)
{
	const struct collector_config *config = d->shelf->config;
	int *fresh = calloc(config->workload_count + 1, sizeof(*fresh));
	enum err e = ERR_OK;

	if (fresh == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < DESK_VISITORS_MAX; i++)
		if (d->visitor[i].state != DESK_FREE)
			desk_visitor_refuse(&d->visitor[i], "busy", &d->counts->busy);
	for (size_t i = 0; i < config->workload_count; i++) {
		const struct collector_token *token = config->workloads[i].token;
		size_t j = 0;

		fresh[i] = -1;
		if (token == NULL || token->socket == NULL)
			continue;
		while (j < old->workload_count &&
		       (d->listening[j] < 0 ||
			   strcmp(old->workloads[j].name, config->workloads[i].name) != 0 ||
			   strcmp(old->workloads[j].token->socket, token->socket) != 0))
			j++;
		if (j == old->workload_count) {
			e = trouble_set(t, ERR_CONFIG,
			    "%s: a socket that was not there at the start takes a restart",
			    token->socket);
			continue;
		}
		fresh[i] = d->listening[j];
		d->listening[j] = -1;
	}
	desk_end(d, old);
	d->listening = fresh;
	d->listening_count = config->workload_count;
	return e;
}

size_t
desk_fds(const struct desk *d, struct pollfd *fds)
{
	size_t count = 0;

	fds[count++] = (struct pollfd){.fd = d->kin, .events = POLLIN};
	for (size_t i = 0; i < DESK_VISITORS_MAX; i++)
		fds[count++] = (struct pollfd){
		    .fd = d->visitor[i].state == DESK_GREETED ? d->visitor[i].fd : -1,
		    .events = POLLIN};
	for (size_t i = 0; i < d->listening_count; i++)
		fds[count++] = (struct pollfd){.fd = d->listening[i], .events = POLLIN};
	return count;
}

void
desk_serve(struct desk *d, const struct pollfd *fds, uint64_t now_ms)
{
	const struct pollfd *of_visitors = fds + 1, *of_sockets = of_visitors + DESK_VISITORS_MAX;

	if (d->kin >= 0 && fds[0].revents != 0)
		hear(d, now_ms);
	for (size_t i = 0; i < DESK_VISITORS_MAX; i++)
		if (of_visitors[i].revents != 0 && d->visitor[i].state == DESK_GREETED)
			desk_visitor_read(&d->visitor[i], d->counts);
	for (size_t i = 0; i < d->listening_count; i++)
		if (of_sockets[i].revents != 0)
			welcome(d, i, now_ms);
}

uint64_t
desk_tend(struct desk *d, uint64_t now_ms)
{
	uint64_t next_ms = UINT64_MAX;
	bool waits = false;

	for (size_t i = 0; i < DESK_VISITORS_MAX; i++) {
		struct desk_visitor *v = &d->visitor[i];

		if (v->state != DESK_FREE && v->until_ms <= now_ms)
			desk_visitor_refuse(v, "busy", &d->counts->busy);
		if (v->state != DESK_FREE && v->until_ms < next_ms)
			next_ms = v->until_ms;
	}
	ask_next(d, now_ms);
	for (size_t i = 0; i < DESK_VISITORS_MAX; i++)
		waits = waits || d->visitor[i].state == DESK_WAITING;
	/* Those that rest are asked about then. */
	if (waits && !d->is_asked && now_ms + DESK_REST_MS < next_ms)
		next_ms = now_ms + DESK_REST_MS;
	return next_ms;
}

/* Whatever has its name was left behind: nobody else can write there, which is looked at first. */
static enum err
listen_at(const char *path, int *out, struct trouble *t)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const int on = 1;
	mode_t old;
	int bound = -1;

	memcpy(address.sun_path, path, strlen(path) + 1); /* its length was checked */
	(void)unlink(path);
	*out = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* All may ask. */
	old = umask(0111);
	if (*out >= 0)
		bound = bind(*out, (const struct sockaddr *)&address, sizeof(address));
	(void)umask(old);
	if (bound == 0 && setsockopt(*out, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0 &&
	    listen(*out, BACKLOG) == 0)
		return ERR_OK;
	(void)trouble_set(t, ERR_IO, "%s: %s", path, strerror(errno));
	if (*out >= 0)
		(void)close(*out);
	*out = -1;
	return ERR_IO;
}

static void
stop_listening(struct desk *d, size_t index, const char *path)
{
	(void)close(d->listening[index]);
	(void)unlink(path);
	d->listening[index] = -1;
}

static void
welcome(struct desk *d, size_t workload, uint64_t now_ms)
{
	struct ucred peer = {.pid = 0};
	socklen_t size = sizeof(peer);
	struct desk_visitor *v;
	const int fd = accept4(d->listening[workload], NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
	    (v = room_for(d, peer.uid)) == NULL) {
		d->counts->busy++;
		(void)close(fd);
		return;
	}
	*v = (struct desk_visitor){.state = DESK_GREETED,
	    .fd = fd,
	    .pid = peer.pid,
	    .user = peer.uid,
	    .workload = workload,
	    .order = ++d->order,
	    .until_ms = now_ms + DESK_PATIENCE_MS};
	desk_visitor_greet(v, d->counts);
}

/* NULL: too many are there. */
static struct desk_visitor *
room_for(struct desk *d, uid_t user)
{
	struct desk_visitor *room = NULL;
	size_t of_user = 0;

	for (size_t i = 0; i < DESK_VISITORS_MAX; i++) {
		if (d->visitor[i].state == DESK_FREE)
			room = &d->visitor[i];
		else
			of_user += d->visitor[i].user == user;
	}
	return of_user < DESK_OF_USER_MAX ? room : NULL;
}

/* About the one that has waited longest and whose user does not rest. */
static void
ask_next(struct desk *d, uint64_t now_ms)
{
	struct desk_visitor *next = NULL;
	struct kin_question q;

	if (d->is_asked || d->kin < 0)
		return;
	for (size_t i = 0; i < DESK_VISITORS_MAX; i++) {
		struct desk_visitor *v = &d->visitor[i];

		if (v->state == DESK_WAITING && !rests(d, v->user, now_ms) &&
		    (next == NULL || v->order < next->order))
			next = v;
	}
	if (next == NULL)
		return;
	memset(&q, 0, sizeof(q));
	q.number = ++d->number;
	q.workload = (uint32_t)next->workload;
	q.pid = next->pid;
	q.configuration = d->shelf->config->source;
	if (send(d->kin, &q, sizeof(q), MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)sizeof(q)) {
		desk_visitor_refuse(next, "busy", &d->counts->busy);
		return;
	}
	next->state = DESK_LOOKED_AT;
	d->is_asked = true;
	d->asked = (size_t)(next - d->visitor);
}

/* The visitor may have been given up meanwhile, and another one be in its place, which waits. */
static void
hear(struct desk *d, uint64_t now_ms)
{
	struct desk_visitor *v = &d->visitor[d->asked];
	struct kin_answer a;
	const ssize_t size = recv(d->kin, &a, sizeof(a), MSG_DONTWAIT);

	if (size < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (size != (ssize_t)sizeof(a)) {
		(void)close(d->kin); /* nobody can be looked at: nobody gets anything */
		d->kin = -1;
		return;
	}
	if (!d->is_asked || a.number != d->number)
		return;
	d->is_asked = false;
	if (v->state == DESK_LOOKED_AT)
		decide(d, v, a.is_kin == 1, now_ms);
}

static void
decide(struct desk *d, struct desk_visitor *v, bool is_kin, uint64_t now_ms)
{
	const struct shelf_token *token =
	    shelf_find(d->shelf, v->workload, view_of_string(v->audience));

	if (!is_kin) {
		let_rest(d, v->user, now_ms);
		desk_visitor_refuse(v, "stranger", &d->counts->strangers);
	} else if (desk_visitor_has_ended(v)) {
		desk_visitor_refuse(v, "gone", &d->counts->gone);
	} else if (token == NULL) {
		desk_visitor_refuse(v, "none", &d->counts->without);
	} else {
		desk_visitor_give(v, token->jws, token->expires_s, &d->counts->given);
	}
}

static bool
rests(const struct desk *d, uid_t user, uint64_t now_ms)
{
	for (size_t i = 0; i < DESK_RESTING_MAX; i++)
		if (d->resting[i].user == user && d->resting[i].until_ms > now_ms)
			return true;
	return false;
}

/* In the place of whoever has rested longest. */
static void
let_rest(struct desk *d, uid_t user, uint64_t now_ms)
{
	size_t place = 0;

	for (size_t i = 1; i < DESK_RESTING_MAX; i++)
		if (d->resting[i].until_ms < d->resting[place].until_ms)
			place = i;
	d->resting[place].user = user;
	d->resting[place].until_ms = now_ms + DESK_REST_MS;
}
