/*
 * Operators files as replay reads them from a store: the walk, the struct made of it, the checks,
 * and that what came out holds together.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/governance/operators.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct operators *o);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct faults faults = FAULTS_INIT;
	struct operators *o;
	enum err e = operators_parse("operators.yaml", (struct view){data, size}, &faults, &o);

	if ((e == ERR_OK) != (o != NULL) || (e == ERR_OK) != (faults.count == 0))
		abort();
	if (o != NULL)
		check(o);
	operators_free(&o);
	faults_free(&faults);
	return 0;
}

static void
check(const struct operators *o)
{
	uint32_t approvers = 0;

	for (size_t i = 0; i < operators_count(o); i++) {
		const struct operator_entry *op = operators_at(o, i);

		if (operators_find(o, statement_key_id(op->key)) != op || op->name.size == 0 ||
		    !operator_counts(op, 0))
			abort();
		approvers += op->right[STATEMENT_APPROVE];
	}
	for (unsigned k = 0; k < STATEMENT_KIND_COUNT; k++) {
		const uint32_t threshold = operators_threshold(o, (enum statement_kind)k);

		if (threshold == 0 || (threshold > 1 && k != STATEMENT_APPROVE))
			abort();
	}
	if (operators_threshold(o, STATEMENT_APPROVE) > approvers)
		abort();
}
