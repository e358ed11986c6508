#include "signer/session/key_retired.h"

#include "journal/logger.h"
#include "policy/standing.h"
#include "signer/ledger/ledger_stage.h"

static bool is_retired(const struct service *s, const struct statement *said, uint64_t *since_s);

bool
key_retired_since(const struct service *s, uint64_t *since_s)
{
	const struct standing *standing = s->chronicle.notices.standing;
	bool found = false;
	uint64_t said_s;

	for (size_t i = 0; i < standing_statement_count(standing); i++) {
		if (!is_retired(s, statement_document_statement(standing_statement_at(standing, i)),
			&said_s))
			continue;
		if (!found || said_s < *since_s)
			*since_s = said_s;
		found = true;
	}
	return found;
}

void
key_retired_say(const struct service *s, const struct statement *said)
{
	uint64_t since_s;

	if (is_retired(s, said, &since_s))
		logger_say(LOGGER_ERROR, "key-retired",
		    "operators say that others may have the log's key: what it signs proves "
		    "nothing any more; let another key follow (hallmark-hsm rotate), then close "
		    "this one (hallmark-hsm retire)");
}

static bool
is_retired(const struct service *s, const struct statement *said, uint64_t *since_s)
{
	struct digest key;

	return statement_kind(said) == STATEMENT_RETIRE_KEY &&
	       statement_value_digest(said, "key", &key) == ERR_OK &&
	       statement_value_number(said, "since", since_s) == ERR_OK &&
	       ledger_key_is(s->ledger, &key);
}
