#include "signer/status/workload_list.h"

#include <string.h>

#include "proto/encoding.h"
#include "proto/evidence/bundle.h"
#include "proto/text.h"
#include "proto/utc.h"
#include "signer/ledger/heads/verdict.h"

static bool read_cursor(const struct workload_table *t, struct view cursor, size_t *at);
static void write_one(struct buf *to, const struct workload *w);
static void write_names(struct buf *to, const struct workload *w);
static void write_time(struct buf *to, const char *key, uint64_t seconds);

enum err
workload_list_write(
    const struct workload_table *t, struct view cursor, bool troubled, struct buf *to)
{
	unsigned looks = 0, told = 0;
	const struct workload *w = NULL;
	size_t at = 0;

	if (cursor.size > 0 && !read_cursor(t, cursor, &at))
		return ERR_NOT_FOUND;
	buf_append_string(to, "{\"workloads\":[");
	while (looks++ < WORKLOAD_LIST_LOOKS && told < WORKLOAD_LIST_TOLD &&
	       (w = workload_next(t, &at)) != NULL) {
		if (!w->has_head || bundle_chain_is_start(workload_name(w)) ||
		    (troubled && verdict_of(w) == VERDICT_AFFIRMING))
			continue;
		buf_append_string(to, told++ > 0 ? "," : "");
		write_one(to, w);
	}
	buf_append_string(to, "],\"next\":");
	if (w != NULL)
		buf_append_format(to, "\"%zu-%zu\"}\n", at, workload_places(t));
	else
		buf_append_string(to, "null}\n");
	return ERR_OK;
}

/* A place, and how many there were when it was given. */
static bool
read_cursor(const struct workload_table *t, struct view cursor, size_t *at)
{
	const uint8_t *dash = memchr(cursor.data, '-', cursor.size);
	const size_t before = dash != NULL ? (size_t)(dash - cursor.data) : 0;
	uint64_t place, places;

	if (dash == NULL || decimal_decode((struct view){cursor.data, before}, &place) != ERR_OK ||
	    decimal_decode((struct view){dash + 1, cursor.size - before - 1}, &places) != ERR_OK ||
	    places != workload_places(t) || place > places)
		return false;
	*at = (size_t)place;
	return true;
}

static void
write_one(struct buf *to, const struct workload *w)
{
	buf_append_byte(to, '{');
	write_names(to, w);
	buf_append_format(to, ",\"verdict\":\"%s\",\"last\":\"%s\"", verdict_name(verdict_of(w)),
	    verdict_name(verdict_reported(w)));
	write_time(to, "since", w->head.verdict.since_s);
	write_time(to, "seen", w->head.time_ms / 1000);
	buf_append_string(to, ",\"finding\":");
	json_append_string(to, verdict_finding(w));
	buf_append_format(to, ",\"index\":%llu}", (unsigned long long)w->head.entry_index);
}

static void
write_names(struct buf *to, const struct workload *w)
{
	buf_append_string(to, "\"collector\":");
	json_append_string(to, workload_collector(w));
	buf_append_string(to, ",\"workload\":");
	json_append_string(to, workload_name(w));
}

static void
write_time(struct buf *to, const char *key, uint64_t seconds)
{
	buf_append_format(to, ",\"%s\":\"", key);
	utc_append(to, seconds);
	buf_append_byte(to, '"');
}
