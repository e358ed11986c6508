#include "signer/ledger/store/damage.h"

#include "journal/logger.h"

void
damage_say(const char *path, uint64_t index, const char *text)
{
	struct logline l;

	logline_begin(&l, LOGGER_ERROR, "log-damaged");
	logline_string(&l, "path", path);
	logline_number(&l, "index", index);
	logline_string(&l, "text", text);
	logline_string(
	    &l, "mend", "compare with a copy of the log; nothing more is signed over it");
	logline_end(&l);
}

enum err
damage_found(const char *path, uint64_t index, const char *text)
{
	damage_say(path, index, text);
	return ERR_FORMAT;
}
