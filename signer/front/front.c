#include "signer/front/front.h"

#include <stdlib.h>

#include "signer/front/conn.h"
#include "signer/front/conn_pool.h"

/* Deadlines are checked this often; each may be late by as much. */
#define TICK_MS 250

struct front {
	uv_thread_t thread;
	uv_loop_t loop;
	struct mailbox mailbox;
	struct mailbox *ledger;
	struct traffic *traffic;
	struct conn_pool *pool;
	uv_prepare_t prepare;
	uv_check_t check;
	uv_timer_t tick;
	uint64_t woke_ms; /* when this turn's events came, by the loop's clock; 0: not yet */
};

static void thread_main(void *argument);
static void on_letter(void *context, struct letter *letter);
static void on_prepare(uv_prepare_t *handle);
static void on_check(uv_check_t *handle);
static void on_tick(uv_timer_t *handle);
static void turn(struct front *f);
static void stop(struct front *f);

struct front *
front_new(unsigned number, struct conn_settings *settings, struct mailbox *ledger,
    struct traffic *traffic)
{
	struct front *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	if (uv_loop_init(&f->loop) != 0)
		abort();
	if ((f->pool = conn_pool_new(&f->loop, number, settings, traffic)) == NULL) {
		free(f);
		return NULL;
	}
	f->ledger = ledger;
	f->traffic = traffic;
	mailbox_init(&f->mailbox, &f->loop, on_letter, f);
	uv_prepare_init(&f->loop, &f->prepare);
	uv_check_init(&f->loop, &f->check);
	uv_timer_init(&f->loop, &f->tick);
	f->prepare.data = f;
	f->check.data = f;
	f->tick.data = f;
	uv_prepare_start(&f->prepare, on_prepare);
	uv_check_start(&f->check, on_check);
	uv_timer_start(&f->tick, on_tick, TICK_MS, TICK_MS);
	if (uv_thread_create(&f->thread, thread_main, f) != 0)
		abort(); /* a process that gets no thread at its start cannot run at all */
	return f;
}

struct mailbox *
front_mailbox(struct front *f)
{
	return &f->mailbox;
}

void
front_post(struct front *f, struct letter *letter)
{
	struct letter_list list = {NULL, NULL};

	letter_list_add(&list, letter);
	mailbox_post(&f->mailbox, &list);
}

void
front_join(struct front **fp)
{
	struct front *f = *fp;

	*fp = NULL;
	uv_thread_join(&f->thread);
	conn_pool_free(&f->pool);
	free(f);
}

static void
thread_main(void *argument)
{
	struct front *f = argument;

	uv_run(&f->loop, UV_RUN_DEFAULT);
	uv_loop_close(&f->loop);
}

static void
on_letter(void *context, struct letter *letter)
{
	struct front *f = context;

	switch (letter->kind) {
	case LETTER_SOCKET:
		if (letter->crowded && !conn_pool_make_room(f->pool))
			conn_pool_refuse(f->pool, letter->fd);
		else
			conn_open(f->pool, letter->fd, &letter->peer, letter->number);
		break;
	case LETTER_ANSWER:
		conn_on_answer(letter->conn, letter);
		break;
	case LETTER_GONE:
		conn_on_gone(letter->conn);
		return; /* the letter was the link's */
	case LETTER_SETTINGS:
		conn_pool_set(f->pool, letter->settings);
		break;
	case LETTER_STOP:
		stop(f);
		break;
	default:
		abort(); /* the ledger's loop sends no others */
	}
	letter_free(letter);
}

static void
on_prepare(uv_prepare_t *handle)
{
	struct front *f = handle->data;

	turn(f);
	traffic_turned(f->traffic, f->woke_ms, uv_hrtime() / 1000);
}

static void
on_check(uv_check_t *handle)
{
	struct front *f = handle->data;

	f->woke_ms = uv_now(&f->loop);
	turn(f);
}

static void
on_tick(uv_timer_t *handle)
{
	struct front *f = handle->data;

	conn_pool_expire(f->pool);
}

/* The end of a turn: what has come in goes to the ledger, what is to be sent is sent. */
static void
turn(struct front *f)
{
	conn_pool_flush(f->pool);
	mailbox_post(f->ledger, conn_pool_letters(f->pool));
}

/* The ledger's loop waits for this thread: nothing that is posted now is answered. */
static void
stop(struct front *f)
{
	conn_pool_close(f->pool);
	mailbox_post(f->ledger, conn_pool_letters(f->pool));
	uv_close((uv_handle_t *)&f->prepare, NULL);
	uv_close((uv_handle_t *)&f->check, NULL);
	uv_close((uv_handle_t *)&f->tick, NULL);
	mailbox_close(&f->mailbox);
}
