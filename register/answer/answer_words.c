#include "policy/appraisal/finding.h"
#include "policy/words/cause.h"
#include "register/answer/resources.h"

/* They are the program's own, of no log: nothing is looked at. */
void
answer_words(struct answering *x)
{
	for (unsigned n = 0; n < FINDING_COUNT; n++) {
		const enum finding finding = (enum finding)n;
		const char *mend = cause_mend(finding_code(finding));
		json_t *o = json_object();

		answering_set(o, "code", answering_text(finding_code(finding)));
		answering_set(o, "sentence", answering_text(finding_sentence(finding)));
		answering_set(o, "mend", mend != NULL ? answering_words(mend) : answering_null());
		if (!answering_add(x, o))
			return;
	}
}
