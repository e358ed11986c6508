#include "register/witness/witness_answer.h"

#include "proto/encoding.h"
#include "proto/text.h"
#include "register/witness/witness.h"

static bool read_size(const struct request *r, uint64_t *size);

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
	uint64_t size = 0;
	enum err e;

	if (!witness_find_log(witness, r->parameter[0], &log) ||
	    !caller_may_see_log(r->caller, r->parameter[0])) {
		response_refuse(out, 404, "no log of this name is followed");
		return;
	}
	if (!read_size(r, &size)) {
		response_refuse(out, 400, "expected size as a decimal number of entries");
		return;
	}
	out->type = response_text;
	e = witness_find(witness, log, size, &out->body);
	if (e == ERR_NOT_FOUND)
		response_refuse(out, 404, "no checkpoint of so many entries was cosigned yet");
	else if (e != ERR_OK)
		response_refuse(out, 503, err_text(e));
}

static bool
read_size(const struct request *r, uint64_t *size)
{
	struct buf text = BUF_INIT;
	const int found = request_target_parameter(r->target.query, "size", &text);
	const bool good =
	    found == 0 || (found > 0 && decimal_decode(buf_view(&text), size) == ERR_OK);

	buf_free(&text);
	return good;
}
