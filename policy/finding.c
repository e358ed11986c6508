#include "policy/finding.h"

static const struct row {
	struct view code;
	struct view sentence;
} rows[FINDING_COUNT] = {
#define FINDING_ROW(identifier, code, decided_by, sentence)                                        \
	[identifier] = {{(const uint8_t *)code, sizeof(code) - 1},                                 \
	    {(const uint8_t *)sentence, sizeof(sentence) - 1}},
    FINDING_MAP(FINDING_ROW)
#undef FINDING_ROW
};

struct view
finding_code(enum finding f)
{
	return rows[f].code;
}

struct view
finding_sentence(enum finding f)
{
	return rows[f].sentence;
}
