#include "log/outcome.h"

enum outcome
outcome_worse(enum outcome a, enum outcome b)
{
	if (a == OUTCOME_BAD || b == OUTCOME_BAD)
		return OUTCOME_BAD;
	return a == OUTCOME_UNKNOWN ? a : b;
}

enum outcome
outcome_of_error(enum err e)
{
	if (e == ERR_UNSUPPORTED || e == ERR_UNKNOWN_KEY)
		return OUTCOME_UNKNOWN;
	switch (err_class(e)) {
	case ERR_CLASS_NONE:
		return OUTCOME_GOOD;
	case ERR_CLASS_REQUEST:
	case ERR_CLASS_STREAM:
	case ERR_CLASS_FORMAT:
	case ERR_CLASS_PROOF:
		return OUTCOME_BAD;
	case ERR_CLASS_ENVIRONMENT:
	case ERR_CLASS_OURS:
		break;
	}
	return OUTCOME_UNKNOWN;
}
