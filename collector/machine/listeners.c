#include "collector/machine/listeners.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_SIZE  (32 * 1024) /* bytes: the kernel's messages are no larger */
#define STATE_LISTEN 10          /* TCP_LISTEN of net/tcp_states.h */

static struct {
	int socket; /* one more: 0 is none */
	uint32_t questions;
} asked;

static enum err ask(int family);
static enum err take_answer(
    const char *answer, size_t size, listeners_visit *visit, void *context, bool *more);
static enum err take_message(const struct nlmsghdr *header, const char *body,
    listeners_visit *visit, void *context, bool *more);

int
listeners_socket(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
}

void
listeners_begin(int socket)
{
	asked.socket = socket + 1;
}

bool
listeners_load_nothing(int root)
{
	return faccessat(root, "sys/module/tcp_diag", F_OK, 0) == 0 ||
	       (faccessat(root, "proc/sys/kernel/modprobe", F_OK, 0) != 0 && errno == ENOENT);
}

enum err
listeners_each(int family, listeners_visit *visit, void *context)
{
	_Alignas(struct nlmsghdr) char answer[ANSWER_SIZE];
	bool more = true;
	ssize_t got;
	enum err e;

	if (asked.socket <= 0)
		return ERR_UNSUPPORTED;
	e = ask(family);
	while (e == ERR_OK && more) {
		got = read(asked.socket - 1, answer, sizeof(answer));
		if (got < 0 && errno == EINTR)
			continue;
		e = got > 0 ? take_answer(answer, (size_t)got, visit, context, &more)
			    : ERR_UNSUPPORTED;
	}
	return e;
}

static enum err
ask(int family)
{
	const struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 what;
	} question = {
	    {.nlmsg_len = sizeof(question),
		.nlmsg_type = SOCK_DIAG_BY_FAMILY,
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		.nlmsg_seq = ++asked.questions},
	    {.sdiag_family = (uint8_t)family,
		.sdiag_protocol = IPPROTO_TCP,
		.idiag_states = 1U << STATE_LISTEN},
	};

	return write(asked.socket - 1, &question, sizeof(question)) == (ssize_t)sizeof(question)
		   ? ERR_OK
		   : ERR_UNSUPPORTED;
}

/* Several messages; what is left of an answer to an earlier question is passed over. */
static enum err
take_answer(const char *answer, size_t size, listeners_visit *visit, void *context, bool *more)
{
	struct nlmsghdr header;
	size_t step;
	enum err e = ERR_OK;

	for (; e == ERR_OK && *more && size >= sizeof(header); answer += step, size -= step) {
		memcpy(&header, answer, sizeof(header));
		if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > size)
			return ERR_UNSUPPORTED;
		step = NLMSG_ALIGN(header.nlmsg_len) < size ? NLMSG_ALIGN(header.nlmsg_len) : size;
		if (header.nlmsg_seq == asked.questions)
			e = take_message(&header, answer + sizeof(header), visit, context, more);
	}
	return e;
}

static enum err
take_message(const struct nlmsghdr *header, const char *body, listeners_visit *visit, void *context,
    bool *more)
{
	struct inet_diag_msg one;

	*more = header->nlmsg_type != NLMSG_DONE;
	if (!*more)
		return ERR_OK;
	if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    (header->nlmsg_flags & NLM_F_DUMP_INTR) != 0 ||
	    header->nlmsg_len < sizeof(*header) + sizeof(one))
		return ERR_UNSUPPORTED;
	memcpy(&one, body, sizeof(one));
	visit(context, (const uint8_t *)one.id.idiag_src, ntohs(one.id.idiag_sport));
	return ERR_OK;
}
