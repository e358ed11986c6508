#include "register/witness/witness_answer.h"

#include "register/witness/size_wanted.h"
#include "register/witness/witness.h"

void
witness_answer_key(void *witness, const struct request *r, struct response *out)
{
	enum err e;

	(void)r;
	out->type = response_text;
	if ((e = witness_write_key(witness, &out->body)) != ERR_OK)
		response_refuse(out, 503, err_text(e));
}

void
witness_answer_cosigned(void *witness, const struct request *r, struct response *out)
{
	unsigned log;
	uint64_t size;
	enum err e;

	if (!witness_find_log(witness, r->parameter[0], &log) ||
	    !caller_may_see_log(r->caller, r->parameter[0])) {
		response_refuse(out, 404, "no log of this name is followed");
		return;
	}
	if (!size_wanted(r, &size, out))
		return;
	out->type = response_text;
	e = witness_find(witness, log, size, &out->body);
	if (e == ERR_NOT_FOUND)
		response_refuse(out, 404, "no checkpoint of so many entries was cosigned yet");
	else if (e != ERR_OK)
		response_refuse(out, 503, err_text(e));
}
