#include "signer/ground/waker.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void on_poll(uv_poll_t *poll, int status, int events);
static void on_closed(uv_handle_t *handle);

void
waker_init(struct waker *w, uv_loop_t *loop, void (*woken)(void *context), void *context)
{
	*w = (struct waker){.woken = woken, .context = context};
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->fd < 0 || uv_poll_init(loop, &w->poll, w->fd) != 0)
		abort();
	w->poll.data = w;
	uv_poll_start(&w->poll, UV_READABLE, on_poll);
}

void
waker_call(struct waker *w)
{
	const uint64_t one = 1;

	while (write(w->fd, &one, sizeof(one)) < 0)
		if (errno != EINTR)
			abort(); /* it takes 2^64 - 2 calls that nobody has seen to be full */
}

void
waker_close(struct waker *w, void (*closed)(void *context))
{
	w->closed = closed;
	uv_close((uv_handle_t *)&w->poll, on_closed);
}

/* The calls are forgotten before what they are about is looked at: none is missed. */
static void
on_poll(uv_poll_t *poll, int status, int events)
{
	struct waker *w = poll->data;
	uint64_t calls;

	(void)status;
	(void)events;
	if (read(w->fd, &calls, sizeof(calls)) == (ssize_t)sizeof(calls))
		w->woken(w->context);
}

static void
on_closed(uv_handle_t *handle)
{
	struct waker *w = handle->data;

	close(w->fd);
	w->closed(w->context);
}
