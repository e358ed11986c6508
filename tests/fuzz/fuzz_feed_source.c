/*
 * Others' advisories: taken whole or not at all, and what is made of them is a feed that is read
 * again. A zip's unpacking is bounded by itself; lists of packages are text.
 */
#include <stdlib.h>

#include "policy/feeds/import/feed_source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_again(struct feed_draft *draft);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view content = {data, size};
	struct source_packages *packages = source_packages_new();
	struct feed_options options = {.releases = {3, {"bookworm", "Debian:12", "Alpine:v3.19"}}};
	struct feed_draft *draft = feed_draft_new();
	struct left_out left_out = {.count = 0};
	struct faults faults = FAULTS_INIT;
	const enum err listed =
	    source_packages_parse(packages, "fuzz", content, &faults, &left_out);
	enum err e;

	if ((listed == ERR_OK) != (faults.count == 0))
		abort();
	faults_free(&faults);
	faults = FAULTS_INIT;
	source_packages_sort(packages);
	options.packages = size % 2 != 0 ? packages : NULL;
	e = feed_source_parse("fuzz", content, &options, &faults, draft);
	if ((e == ERR_OK) != (faults.count == 0))
		abort();
	if (e == ERR_OK)
		read_again(draft);
	faults_free(&faults);
	left_out_free(&left_out);
	feed_draft_free(&draft);
	source_packages_free(&packages);
	return 0;
}

static void
read_again(struct feed_draft *draft)
{
	struct faults faults = FAULTS_INIT;
	struct buf text = BUF_INIT;
	struct advisories *a = NULL;
	size_t count;

	if (feed_draft_write(draft, "fuzz", &faults, &text, &count) == ERR_OK &&
	    (advisories_parse("fuzz", buf_view(&text), &faults, &a) != ERR_OK ||
		advisories_count(a) != count + 1)) /* and what it was made of */
		abort();
	advisories_free(&a);
	buf_free(&text);
	faults_free(&faults);
}
