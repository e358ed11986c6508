#include "collector/gate/lender.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "collector/gate/lending.h"
#include "collector/processes/apart.h"
#include "collector/processes/rights.h"
#include "collector/report/channel.h"
#include "journal/logger.h"

#define BACKLOG    32
#define GROUPS_MAX 256 /* of one that asks; who has more is a member of none */

struct lender {
	int control; /* -1: it is gone */
};

/* Of a visit that is over. */
struct news {
	uint32_t code; /* enum err */
	uint32_t user;
	struct lent lent;
};

/* The inside of the process. */
struct visit {
	struct house *house;
	bool is_taken;
	int fd;
	struct ucred who;
};

struct house {
	const char *path;
	int listening, control;
	uid_t owner;
	gid_t group;
	bool has_group;
	pthread_mutex_t lock; /* of visit */
	struct visit visit[LENDER_VISITS_MAX];
};

static enum err find_group(const char *name, struct house *h, struct trouble *t);
static enum err listen_at(const char *path, int *listening, struct trouble *t);
static int bind_at(int fd, const struct sockaddr_un *address);
static enum err start(
    struct house *h, const struct collector_config *config, int *control, struct trouble *t);
static void serve(struct house *h) __attribute__((noreturn));
static void let_in(struct house *h);
static bool may_ask(const struct house *h, int fd, const struct ucred *who);
static struct visit *take_place(struct house *h, const struct ucred *who);
static void give_place_back(struct visit *v);
static void refuse(struct house *h, int fd, const struct ucred *who, enum err e);
static void *visit(void *context);
static void say(struct house *h, const struct ucred *who, enum err e, const struct lent *lent);
static void log_news(const struct news *n);

enum err
lender_begin(
    const char *path, const struct collector_config *config, struct lender **out, struct trouble *t)
{
	struct house *h;
	struct lender *l;
	enum err e;

	*out = NULL;
	if (config->gate_socket == NULL)
		return ERR_OK;
	l = calloc(1, sizeof(*l));
	h = calloc(1, sizeof(*h));
	e = l != NULL && h != NULL ? ERR_OK : ERR_MEMORY;
	if (e == ERR_OK && (e = find_group(config->gate_group, h, t)) == ERR_OK &&
	    (e = listen_at(config->gate_socket, &h->listening, t)) == ERR_OK) {
		h->path = path;
		h->owner = geteuid();
		e = start(h, config, &l->control, t);
		(void)close(h->listening);
	}
	free(h);
	if (e == ERR_OK)
		*out = l;
	else
		free(l);
	return e;
}

void
lender_free(struct lender **l)
{
	if (*l == NULL)
		return;
	if ((*l)->control >= 0)
		(void)close((*l)->control);
	free(*l);
	*l = NULL;
}

void
lender_take_news(struct lender *l)
{
	struct logline line;
	struct news n;
	ssize_t got = 1;

	while (l != NULL && l->control >= 0 && got > 0) {
		got = recv(l->control, &n, sizeof(n), MSG_DONTWAIT);
		if (got == (ssize_t)sizeof(n))
			log_news(&n);
		if (got != 0 && (got > 0 || errno == EAGAIN || errno == EINTR))
			continue;
		logline_begin_alarm(&line, LOGGER_ERROR, "lender-gone");
		logline_string(&line, "text",
		    "the process that lends gates the connection is gone: they need the key "
		    "themselves until this program is started again");
		logline_end(&line);
		(void)close(l->control);
		l->control = -1;
	}
}

static void
log_news(const struct news *n)
{
	const enum err code = err_from_number((uint16_t)n->code);
	struct lent lent = n->lent; /* as one has said it that may be hijacked */
	struct logline line;
	char user[16];
	const struct ration_about about = {
	    RATION_FAULTS, "gate-refused", err_name(code), "user", view_of_string(user)};

	(void)snprintf(user, sizeof(user), "%u", (unsigned)n->user);
	lent.why.text[sizeof(lent.why.text) - 1] = '\0';
	lent.workload[sizeof(lent.workload) - 1] = '\0';
	if (code == ERR_OK)
		logline_begin(&line, LOGGER_INFO, "gate-lent");
	else
		logline_begin_rationed(&line, LOGGER_WARNING, &about);
	if (lent.workload[0] != '\0')
		logline_string(&line, "workload", lent.workload);
	logline_string(&line, "user", user);
	if (code != ERR_OK)
		trouble_log(&line, code, &lent.why);
	logline_end(&line);
}

static enum err
find_group(const char *name, struct house *h, struct trouble *t)
{
	const struct group *g = name != NULL ? getgrnam(name) : NULL;

	h->has_group = g != NULL;
	h->group = g != NULL ? g->gr_gid : 0;
	return name == NULL || g != NULL
		   ? ERR_OK
		   : trouble_set(t, ERR_CONFIG, "gate.group: there is no group \"%s\" here", name);
}

static enum err
listen_at(const char *path, int *listening, struct trouble *t)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat st;
	int fd, reason;

	memcpy(address.sun_path, path, strlen(path) + 1); /* checked when it was loaded */
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) >= 0) {
		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
			(void)close(fd);
			return trouble_set(t, ERR_IO,
			    "gate.socket %s: another collector answers there; end it, or give each "
			    "its own",
			    path);
		}
		/* What a dead one left behind. */
		if (errno == ECONNREFUSED && lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
			(void)unlink(path);
		if (bind_at(fd, &address) == 0) {
			*listening = fd;
			return ERR_OK;
		}
	}
	reason = errno;
	if (fd >= 0)
		(void)close(fd);
	return trouble_set(t, ERR_IO,
	    "gate.socket %s: %s; the directory must exist and be writable, and nothing else have "
	    "this name",
	    path, strerror(reason));
}

/* For all: who it is that asks is what counts. */
static int
bind_at(int fd, const struct sockaddr_un *address)
{
	const mode_t old = umask(0111);
	const int result = bind(fd, (const struct sockaddr *)address, sizeof(*address));

	(void)umask(old);
	return result == 0 ? listen(fd, BACKLOG) : result;
}

static enum err
start(struct house *h, const struct collector_config *config, int *control, struct trouble *t)
{
	bool is_child;
	enum err e =
	    apart_fork("the lender", "hallmark-lender", h->listening, control, &is_child, t);

	if (e == ERR_OK && is_child) {
		h->control = *control;
		apart_detach();
		if (rights_lend(h->path, config, t) != ERR_OK)
			_exit(1); /* which its maker is told by the end of the channel */
		serve(h);
	}
	return e;
}

static void
serve(struct house *h)
{
	struct pollfd ready[2] = {
	    {.fd = h->listening, .events = POLLIN}, {.fd = h->control, .events = POLLIN}};

	(void)pthread_mutex_init(&h->lock, NULL);
	for (;;) {
		if (poll(ready, 2, -1) < 0 && errno != EINTR)
			_exit(1);
		if (ready[1].revents != 0)
			_exit(0); /* its maker is gone; visits end with it */
		if (ready[0].revents != 0)
			let_in(h);
	}
}

static void
let_in(struct house *h)
{
	pthread_attr_t detached;
	struct visit *v = NULL;
	struct ucred who;
	socklen_t size = sizeof(who);
	pthread_t thread;
	const int fd = accept4(h->listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) {
		(void)close(fd);
		return;
	}
	if (!may_ask(h, fd, &who)) {
		refuse(h, fd, &who, ERR_UNAUTHORIZED);
		return;
	}
	if ((v = take_place(h, &who)) == NULL) {
		refuse(h, fd, &who, ERR_BUSY);
		return;
	}
	v->fd = fd;
	(void)pthread_attr_init(&detached);
	(void)pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &detached, visit, v) != 0) {
		refuse(h, fd, &who, ERR_BUSY);
		give_place_back(v);
	}
	(void)pthread_attr_destroy(&detached);
}

/* By what he was when he connected. */
static bool
may_ask(const struct house *h, int fd, const struct ucred *who)
{
	gid_t groups[GROUPS_MAX];
	socklen_t size = sizeof(groups);

	if (who->uid == 0 || who->uid == h->owner)
		return true;
	if (!h->has_group)
		return false;
	if (who->gid == h->group)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) != 0)
		return false;
	for (size_t i = 0; i < size / sizeof(groups[0]); i++)
		if (groups[i] == h->group)
			return true;
	return false;
}

/* NULL: there are too many, or this process has one. */
static struct visit *
take_place(struct house *h, const struct ucred *who)
{
	struct visit *found = NULL;
	size_t of_user = 0;
	bool is_there = false;

	(void)pthread_mutex_lock(&h->lock);
	for (size_t i = 0; i < LENDER_VISITS_MAX; i++) {
		struct visit *v = &h->visit[i];

		if (!v->is_taken) {
			found = v;
			continue;
		}
		of_user += v->who.uid == who->uid;
		is_there = is_there || v->who.pid == who->pid;
	}
	if (of_user >= LENDER_OF_USER_MAX || is_there)
		found = NULL;
	if (found != NULL)
		*found = (struct visit){.house = h, .is_taken = true, .fd = -1, .who = *who};
	(void)pthread_mutex_unlock(&h->lock);
	return found;
}

static void
give_place_back(struct visit *v)
{
	(void)pthread_mutex_lock(&v->house->lock);
	v->is_taken = false;
	(void)pthread_mutex_unlock(&v->house->lock);
}

/* Nothing was read of him, so the byte is not lost with the socket. */
static void
refuse(struct house *h, int fd, const struct ucred *who, enum err e)
{
	const uint8_t word = e == ERR_BUSY ? CHANNEL_LENT_BUSY : CHANNEL_LENT_STRANGER;
	struct lent lent = {.bundles = 0};

	(void)send(fd, &word, sizeof(word), MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)close(fd);
	(void)trouble_set(&lent.why, e, "%s",
	    e == ERR_BUSY ? "too many gates ask at once"
			  : "expected root, the collector's user or a member of gate.group");
	say(h, who, e, &lent);
}

static void *
visit(void *context)
{
	const uint8_t word = CHANNEL_LENT_YOURS;
	struct visit *v = context;
	struct lent lent;
	enum err e = ERR_CLOSED;

	memset(&lent, 0, sizeof(lent));
	if (send(v->fd, &word, sizeof(word), MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof(word))
		e = lending_serve(v->house->path, v->fd, &lent);
	(void)close(v->fd);
	say(v->house, &v->who, e, &lent);
	give_place_back(v);
	return NULL;
}

/* Who hears it may be busy, and is not waited for: then lines are missing, not answers. */
static void
say(struct house *h, const struct ucred *who, enum err e, const struct lent *lent)
{
	struct news n;

	memset(&n, 0, sizeof(n));
	n.code = (uint32_t)e;
	n.user = who->uid;
	n.lent = *lent;
	(void)send(h->control, &n, sizeof(n), MSG_NOSIGNAL | MSG_DONTWAIT);
}
