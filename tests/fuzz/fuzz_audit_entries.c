/*
 * An entry bundle as fsck --reports and show read it: every entry goes into the chains, and every
 * report is shown. A good chain stays good when it is read again from its beginning.
 */
#include <stdlib.h>

#include "auditor/show.h"
#include "log/chains.h"
#include "proto/tlog/tile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static FILE *nowhere;

static void
show(struct view entry)
{
	const struct display d = {.to = nowhere, .margin = ""};
	struct report_document document = REPORT_DOCUMENT_INIT;

	if (report_parse(entry, &document) == ERR_OK)
		show_report(&document.report, &d);
	report_document_free(&document);
}

/* Entries before the first that is not good. */
static unsigned
read_chain(struct view rest, unsigned max)
{
	struct chains *c = chains_new("hallmark.test/made", NULL);
	struct view entry;
	const char *what;
	unsigned good = 0;

	if (c == NULL)
		abort();
	while (good < max && tile_entry_next(&rest, &entry) == ERR_OK &&
	       chains_check(c, entry, &what) == OUTCOME_GOOD)
		good++;
	if (chains_workloads(c) > good + 1)
		abort();
	chains_free(&c);
	return good;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view bytes = {data, size};
	struct view rest = bytes, entry;
	unsigned good;

	if (nowhere == NULL)
		nowhere = fopen("/dev/null", "we");
	good = read_chain(bytes, TILE_WIDTH);
	if (read_chain(bytes, good) != good)
		abort();
	while (tile_entry_next(&rest, &entry) == ERR_OK)
		show(entry);
	return 0;
}
