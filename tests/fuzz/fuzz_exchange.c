/*
 * What the collector's measuring process says: the input is a stream of frames. What is found has
 * one spelling, keeps to the limits, and before its last byte nothing is found.
 */
#include <stdlib.h>
#include <string.h>

#include "collector/processes/exchange.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_limits(const struct exchange_frame *f);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view rest = {data, size};
	struct exchange_frame f, early;
	struct buf again = BUF_INIT;
	size_t used, none;
	enum err e;

	while ((e = exchange_next(rest, &f, &used)) == ERR_OK && used > 0) {
		if (used > rest.size)
			abort();
		check_limits(&f);
		buf_clear(&again);
		exchange_write(&again, &f);
		buf_append_view(&again, f.bytes);
		if (!view_equal(buf_view(&again), (struct view){rest.data, used}))
			abort();
		if (exchange_next((struct view){rest.data, used - 1}, &early, &none) != ERR_OK ||
		    none != 0)
			abort();
		rest = (struct view){rest.data + used, rest.size - used};
	}
	if (used != 0 || (e != ERR_OK && e != ERR_FORMAT))
		abort();
	buf_free(&again);
	return 0;
}

static void
check_limits(const struct exchange_frame *f)
{
	const bool has_words = f->type == EXCHANGE_MISSING || f->type == EXCHANGE_TROUBLE;
	const bool has_bytes = f->type == EXCHANGE_SEGMENT || f->type == EXCHANGE_COMPONENT;

	if (f->kind >= COMPONENT_KIND_COUNT || (f->code != ERR_OK) != has_words ||
	    (f->bytes.size > 0) != has_bytes || f->bytes.size > COMPONENT_SIZE_MAX ||
	    f->words.size >= TROUBLE_TEXT_SIZE || (f->words.size > 0 && !has_words))
		abort();
	if (f->words.size > 0 && memchr(f->words.data, 0, f->words.size) != NULL)
		abort();
	if (f->type == EXCHANGE_MEASURED && (f->pid == 0 || f->time_ms > BUNDLE_TIME_MS_MAX))
		abort();
	if (f->files > EXCHANGE_PROGRESS_MAX || f->read_bytes > EXCHANGE_PROGRESS_MAX ||
	    (f->type != EXCHANGE_PROGRESS && (f->files > 0 || f->read_bytes > 0)))
		abort();
	for (unsigned kind = 0; kind < COMPONENT_KIND_COUNT; kind++)
		if (f->measured[kind].count > COMPONENT_ITEMS_MAX ||
		    (f->measured[kind].count > 0 && !f->measured[kind].present))
			abort();
}
