#include "signer/front/mailbox.h"

#include <stdlib.h>

static void on_woken(void *context);
static void on_closed(void *context);

struct letter *
letter_new(enum letter_kind kind)
{
	struct letter *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->kind = kind;
	l->bytes = BUF_INIT;
	l->fd = -1;
	return l;
}

void
letter_free(struct letter *l)
{
	buf_free(&l->bytes);
	free(l);
}

void
letter_list_add(struct letter_list *list, struct letter *l)
{
	l->next = NULL;
	if (list->last != NULL)
		list->last->next = l;
	else
		list->first = l;
	list->last = l;
}

struct letter *
letter_list_take(struct letter_list *list)
{
	struct letter *l = list->first;

	if (l == NULL)
		return NULL;
	list->first = l->next;
	if (list->first == NULL)
		list->last = NULL;
	l->next = NULL;
	return l;
}

void
mailbox_init(struct mailbox *m, uv_loop_t *loop,
    void (*deliver)(void *context, struct letter *letter), void *context)
{
	m->letters = (struct letter_list){NULL, NULL};
	m->deliver = deliver;
	m->context = context;
	if (uv_mutex_init(&m->mutex) != 0)
		abort();
	waker_init(&m->waker, loop, on_woken, m);
}

void
mailbox_post(struct mailbox *m, struct letter_list *list)
{
	bool was_empty;

	if (list->first == NULL)
		return;
	uv_mutex_lock(&m->mutex);
	was_empty = m->letters.first == NULL;
	if (was_empty)
		m->letters = *list;
	else {
		m->letters.last->next = list->first;
		m->letters.last = list->last;
	}
	uv_mutex_unlock(&m->mutex);
	*list = (struct letter_list){NULL, NULL};
	/* Where letters lay already, the wake-up for them is on its way. */
	if (was_empty)
		waker_call(&m->waker);
}

void
mailbox_deliver(struct mailbox *m)
{
	struct letter_list arrived;
	struct letter *l;

	uv_mutex_lock(&m->mutex);
	arrived = m->letters;
	m->letters = (struct letter_list){NULL, NULL};
	uv_mutex_unlock(&m->mutex);
	while ((l = letter_list_take(&arrived)) != NULL)
		m->deliver(m->context, l);
}

void
mailbox_close(struct mailbox *m)
{
	waker_close(&m->waker, on_closed);
}

static void
on_woken(void *context)
{
	mailbox_deliver(context);
}

static void
on_closed(void *context)
{
	struct mailbox *m = context;

	uv_mutex_destroy(&m->mutex);
}
