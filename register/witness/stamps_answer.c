#include "register/witness/stamps_answer.h"

#include "register/witness/size_wanted.h"
#include "register/witness/stamps.h"

static const char reply_type[] = "application/timestamp-reply";

static void answer(struct stamps *stamps, enum stamps_part part, const char *type,
    const struct request *r, struct response *out);

void
stamps_answer_checkpoint(void *stamps, const struct request *r, struct response *out)
{
	answer(stamps, STAMPS_CHECKPOINT, response_text, r, out);
}

void
stamps_answer_reply(void *stamps, const struct request *r, struct response *out)
{
	answer(stamps, STAMPS_REPLY, reply_type, r, out);
}

static void
answer(struct stamps *stamps, enum stamps_part part, const char *type, const struct request *r,
    struct response *out)
{
	uint64_t size;
	enum err e;

	if (!size_wanted(r, &size, out))
		return;
	out->type = type;
	e = caller_may_see_log(r->caller, r->parameter[0])
		? stamps_find(stamps, r->parameter[0], size, part, &out->body)
		: ERR_NOT_FOUND;
	if (e == ERR_NOT_FOUND)
		response_refuse(out, 404,
		    "no log of this name is followed, or no checkpoint of so many entries has a "
		    "timestamp yet");
	else if (e != ERR_OK)
		response_refuse(out, 503, err_text(e));
}
