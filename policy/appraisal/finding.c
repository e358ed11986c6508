#include "policy/appraisal/finding.h"

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

enum finding
finding_of_code(struct view code)
{
	unsigned f = 0;

	while (f < FINDING_COUNT && !view_equal(rows[f].code, code))
		f++;
	return (enum finding)f;
}

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
