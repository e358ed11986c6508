#include "signer/ledger/key/unanswered.h"

#include <stddef.h>
#include <stdlib.h>

static size_t place_of(const struct unanswered *u, uint64_t id);

void
unanswered_add(struct unanswered *u, struct keychannel_request *request, void *about)
{
	size_t place = place_of(u, 0);

	if (place == KEYCHANNEL_UNANSWERED_MAX)
		abort();
	request->id = ++u->last_id;
	u->asked[place].id = request->id;
	u->asked[place].type = request->type;
	u->asked[place].about = about;
	u->count++;
}

bool
unanswered_take(struct unanswered *u, const struct keychannel_answer *answer, void **about)
{
	size_t place = place_of(u, answer->id);

	*about = NULL;
	if (answer->id == 0 || place == KEYCHANNEL_UNANSWERED_MAX ||
	    u->asked[place].type != answer->type)
		return false;
	*about = u->asked[place].about;
	u->asked[place].id = 0;
	u->count--;
	return true;
}

/* Of the request with this id; of id 0, a free one. KEYCHANNEL_UNANSWERED_MAX: there is none. */
static size_t
place_of(const struct unanswered *u, uint64_t id)
{
	size_t place = 0;

	while (place < KEYCHANNEL_UNANSWERED_MAX && u->asked[place].id != id)
		place++;
	return place;
}
