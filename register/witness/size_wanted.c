#include "register/witness/size_wanted.h"

#include "proto/encoding.h"

bool
size_wanted(const struct request *r, uint64_t *size, struct response *out)
{
	struct buf text = BUF_INIT;
	const int found = request_target_parameter(r->target.query, "size", &text);
	bool good;

	*size = 0;
	good = found == 0 || (found > 0 && decimal_decode(buf_view(&text), size) == ERR_OK);
	buf_free(&text);
	if (!good)
		response_refuse(out, 400, "expected size as a decimal number of entries");
	return good;
}
