#include "signer/front/links.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "journal/logger.h"
#include "proto/wire/frame.h"
#include "signer/front/link.h"
#include "signer/session/session.h"

/*
 * A peer whose bundles are in flight hears of them with their receipts; what was taken meanwhile is
 * told with those, unless it is much.
 */
#define UNTOLD_MAX        (64 * 1024) /* bytes */
#define UNTOLD_FRAMES_MAX 64          /* a quarter of what the front hands over before it is told */

/*
 * A link has at least one frame taken, and no more after this time, before it is another's turn:
 * the answer to a bundle that is asked for again may be read from the log, which takes as long as
 * dozens of new ones.
 */
#define DRIVE_NS 200000

static void open_session(struct links *s, struct link *l);
static void end(struct links *s, struct link *l);
static void bury(struct links *s, struct link *l);
static bool drive(struct link *l);
static void take_frame(struct link *l, struct letter *letter);
static void discard_frames(struct link *l);
static bool has_news(const struct link *l);
static void tell(struct links *s, struct link *l);
static void on_wake(void *context);
static void place(struct links *s, struct link *l, enum link_place to);

void
links_init(struct links *s, struct service *service, struct front_set *fronts)
{
	memset(s, 0, sizeof(*s));
	s->service = service;
	s->fronts = fronts;
}

void
links_on_letter(struct links *s, struct letter *letter)
{
	struct link *l = letter->link;

	switch (letter->kind) {
	case LETTER_LINK:
		letter_free(letter);
		open_session(s, l);
		break;
	case LETTER_FRAMES:
	case LETTER_BROKEN:
		letter_list_add(&l->frames, letter);
		if (l->place != LINK_BLOCKED)
			place(s, l, LINK_READY);
		break;
	case LETTER_CLOSED:
		l->over = true; /* what came before the end was said all the same */
		place(s, l, LINK_READY);
		break;
	default:
		abort(); /* no front sends these */
	}
}

bool
links_drive(struct links *s, uint64_t until_ns)
{
	struct link *l;
	bool any = false;

	while ((l = s->in[LINK_READY].first) != NULL && (!any || uv_hrtime() < until_ns)) {
		any = true;
		place(s, l, LINK_DRIVEN);
		if (drive(l))
			place(s, l, LINK_READY);
		else if (l->over)
			bury(s, l);
	}
	return any;
}

bool
links_are_ready(const struct links *s)
{
	return s->in[LINK_READY].first != NULL;
}

void
links_flush(struct links *s)
{
	struct link *l;

	while ((l = s->in[LINK_DRIVEN].first) != NULL) {
		if (has_news(l))
			tell(s, l);
		place(s, l, l->frames.first != NULL ? LINK_BLOCKED : LINK_IDLE);
	}
	/* Those that did not have their turn yet: what there is for them does not wait for it. */
	for (l = s->in[LINK_READY].first; l != NULL; l = l->next_in_place)
		if (has_news(l))
			tell(s, l);
	for (unsigned i = 0; i < s->fronts->count; i++)
		mailbox_post(front_mailbox(s->fronts->front[i]), &s->out[i]);
}

/* Room may come in the very turn in which there was none: then they have not been put aside yet. */
void
links_resume(struct links *s)
{
	for (struct link *l = s->in[LINK_DRIVEN].first, *next; l != NULL; l = next) {
		next = l->next_in_place;
		if (l->frames.first != NULL)
			place(s, l, LINK_READY);
	}
	while (s->in[LINK_BLOCKED].first != NULL)
		place(s, s->in[LINK_BLOCKED].first, LINK_READY);
}

void
links_close(struct links *s)
{
	struct letter *letter;

	for (struct link *l = s->all, *next; l != NULL; l = next) {
		next = l->next;
		end(s, l);
		link_free(l);
	}
	for (unsigned i = 0; i < s->fronts->count; i++) {
		while ((letter = letter_list_take(&s->out[i])) != NULL) {
			if (letter->kind == LETTER_GONE)
				link_free(letter->link);
			else
				letter_free(letter);
		}
	}
}

static void
open_session(struct links *s, struct link *l)
{
	struct session_output output = {&l->out, on_wake, l};
	const struct ration_about about = {RATION_FAULTS, "connection-failed", err_name(ERR_MEMORY),
	    "collector", view_of_string(l->identity)};
	struct logline line;

	l->links = s;
	l->next = s->all;
	if (l->next != NULL)
		l->next->previous = l;
	s->all = l;
	l->session = session_new(s->service, l->number, l->identity, l->chain, &output);
	if (l->session == NULL) {
		service_count(s->service, ERR_MEMORY);
		logline_begin_rationed(&line, LOGGER_WARNING, &about);
		logline_error(&line, ERR_MEMORY);
		logline_number(&line, "connection", l->number);
		logline_string(&line, "collector", l->identity);
		logline_string(&line, "text", "no memory for its session");
		logline_end(&line);
		l->lost = true;
		place(s, l, LINK_READY);
	}
}

static void
end(struct links *s, struct link *l)
{
	place(s, l, LINK_IDLE);
	session_end(&l->session);
	discard_frames(l);
	if (l->previous != NULL)
		l->previous->next = l->next;
	else
		s->all = l->next;
	if (l->next != NULL)
		l->next->previous = l->previous;
}

/* Ends it and gives it back to its front. */
static void
bury(struct links *s, struct link *l)
{
	end(s, l);
	l->farewell.kind = LETTER_GONE;
	letter_list_add(&s->out[l->front], &l->farewell);
}

/* Takes frames as long as the session has room for them. True if there are more that it has room
 * for. */
static bool
drive(struct link *l)
{
	uint64_t until_ns = uv_hrtime() + DRIVE_NS;
	struct letter *first;
	bool any = false;

	while (!l->lost && (first = l->frames.first) != NULL && session_has_room(l->session)) {
		if (any && uv_hrtime() >= until_ns)
			return true;
		any = true;
		if (first->kind == LETTER_BROKEN) {
			session_on_bad_frame(l->session, first->error);
			l->lost = true;
		} else {
			take_frame(l, first);
		}
	}
	if (l->lost)
		discard_frames(l);
	return false;
}

static void
take_frame(struct link *l, struct letter *letter)
{
	struct view rest = {letter->bytes.data + l->offset, letter->bytes.size - l->offset};
	struct view payload;
	size_t used;

	if (frame_next(rest, &payload, &used) != ERR_OK || used == 0)
		abort(); /* the front hands over whole frames only */
	l->offset += used;
	l->taken += used;
	l->taken_frames++;
	if (err_class(session_on_frame(l->session, payload)) == ERR_CLASS_STREAM)
		l->lost = true;
	if (l->offset == letter->bytes.size) {
		letter_free(letter_list_take(&l->frames));
		l->offset = 0;
	}
}

static void
discard_frames(struct link *l)
{
	struct letter *letter;

	while ((letter = letter_list_take(&l->frames)) != NULL)
		letter_free(letter);
	l->offset = 0;
}

static bool
has_news(const struct link *l)
{
	/* An answer that there was no memory for is news, too: the front ends the connection. */
	if (l->out.size > 0 || buf_status(&l->out) != ERR_OK || l->lost != l->told)
		return true;
	if (l->lost)
		return false;
	return (l->taken > 0 && !session_is_waiting(l->session)) || l->taken >= UNTOLD_MAX ||
	       l->taken_frames >= UNTOLD_FRAMES_MAX || session_is_open(l->session) != l->greeted;
}

static void
tell(struct links *s, struct link *l)
{
	struct letter *letter = letter_new(LETTER_ANSWER);

	if (letter == NULL)
		abort(); /* receipts that are due could never be sent */
	letter->conn = l->conn;
	letter->bytes = l->out; /* moved */
	l->out = BUF_INIT;
	letter->taken = l->taken;
	letter->taken_frames = l->taken_frames;
	l->taken = 0;
	l->taken_frames = 0;
	letter->close = l->lost;
	l->told = l->lost;
	if (!l->lost) {
		letter->waiting = session_is_waiting(l->session);
		letter->owed = session_is_owed(l->session);
		l->greeted = session_is_open(l->session);
	}
	letter->greeted = l->greeted;
	letter_list_add(&s->out[l->front], letter);
}

/* The session has written, or has room. */
static void
on_wake(void *context)
{
	struct link *l = context;

	place(l->links, l, LINK_READY);
}

static void
place(struct links *s, struct link *l, enum link_place to)
{
	struct link_list *list = &s->in[l->place];

	if (l->place == to)
		return;
	if (l->place != LINK_IDLE) {
		if (l->previous_in_place != NULL)
			l->previous_in_place->next_in_place = l->next_in_place;
		else
			list->first = l->next_in_place;
		if (l->next_in_place != NULL)
			l->next_in_place->previous_in_place = l->previous_in_place;
		else
			list->last = l->previous_in_place;
	}
	l->place = to;
	l->next_in_place = NULL;
	l->previous_in_place = NULL;
	if (to == LINK_IDLE)
		return;
	list = &s->in[to];
	l->previous_in_place = list->last;
	if (list->last != NULL)
		list->last->next_in_place = l;
	else
		list->first = l;
	list->last = l;
}
