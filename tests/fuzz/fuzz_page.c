/*
 * HTML of a page, as the component `web` tells it: any bytes become lines of printable ASCII, each
 * of a fact and a key that stands once, sorted; or are refused for what they are too much of.
 */
#include <stdlib.h>
#include <string.h>

#include "collector/web/page_facts.h"
#include "proto/encoding.h"
#include "proto/evidence/fact_names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_lines(struct view lines);
static struct view key_of(struct view line);
static void check_line(struct view line);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct collector_web page = {.name = "p",
	    .url = "https://shop.test/pay",
	    .seconds = 600,
	    .mebibytes = 1,
	    .scripts = 1};
	struct trouble t = TROUBLE_INIT;
	struct fetched answer = FETCHED_INIT;
	struct buf lines = BUF_INIT;
	struct fetch *fetch;

	if (fetch_prepare(&t) != ERR_OK || fetch_new(&page, &fetch, &t) != ERR_OK)
		abort();
	buf_append_string(&answer.url, page.url);
	buf_append_string(&answer.headers, "content-type: text/html\n");
	buf_append(&answer.content, data, size);
	answer.status = 200;
	if (page_facts_of(&page, fetch, &answer, false, &lines, &t) == ERR_OK)
		check_lines(buf_view(&lines));
	else if (lines.size > 0)
		abort();
	fetched_free(&answer);
	fetch_free(&fetch);
	buf_free(&lines);
	return 0;
}

static void
check_lines(struct view lines)
{
	struct view line, last = {NULL, 0};

	if (lines.size == 0)
		abort(); /* its status is always told */
	while (lines.size > 0) {
		if (line_next(&lines, &line) != ERR_OK)
			abort();
		check_line(line);
		if (last.data != NULL && view_compare(key_of(last), key_of(line)) >= 0)
			abort();
		last = line;
	}
}

/* The fact, the page and what it is about. */
static struct view
key_of(struct view line)
{
	unsigned spaces = 0;

	for (size_t i = 0; i < line.size; i++)
		if (line.data[i] == ' ' && ++spaces == 3)
			return (struct view){line.data, i};
	return line;
}

static void
check_line(struct view line)
{
	const uint8_t *space = memchr(line.data, ' ', line.size);

	if (space == NULL ||
	    fact_name_kind((struct view){line.data, (size_t)(space - line.data)}) != COMPONENT_WEB)
		abort();
	for (size_t i = 0; i < line.size; i++)
		if (line.data[i] < ' ' || line.data[i] > '~')
			abort();
}
