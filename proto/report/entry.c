#include "proto/report/entry.h"

#include <string.h>

#include "proto/text.h"
#include "proto/tlog/checkpoint.h"

static bool begins_with(struct view entry, const char *text);

enum entry_kind
entry_kind(struct view entry)
{
	if (begins_with(entry, "{\"eat_profile\":\"tag:github.com,2026:hallmark/absence#1\""))
		return ENTRY_ABSENCE;
	if (begins_with(entry, "{\"eat_profile\":\""))
		return ENTRY_REPORT;
	if (begins_with(entry, "{\"hallmark.notice\":\""))
		return ENTRY_NOTICE;
	return begins_with(entry, "{\"") ? ENTRY_UNKNOWN : ENTRY_NONE;
}

void
entry_place_write(struct json_writer *w, const struct entry_place *place)
{
	json_write_text(w, "{\"index\":");
	json_write_number(w, place->index);
	json_write_text(w, ",\"leaf\":");
	json_write_digest(w, &place->leaf);
	json_write_text(w, "}");
}

bool
entry_place_read(struct json_reader *r, struct entry_place *out)
{
	return json_read_text(r, "{\"index\":") && json_read_number(r, &out->index) &&
	       json_read_text(r, ",\"leaf\":") && json_read_digest(r, &out->leaf) &&
	       json_read_text(r, "}");
}

bool
entry_head_is_good(uint64_t issued_s, struct view issuer)
{
	return issued_s > 0 && issued_s <= ENTRY_TIME_S_MAX &&
	       checkpoint_origin_check(issuer) == ERR_OK;
}

bool
entry_string_is_good(struct view v, size_t least, size_t most)
{
	return v.size >= least && v.size <= most && text_is_printable(v, true);
}

bool
entry_word_is_good(struct view v, size_t most)
{
	for (size_t i = 0; i < v.size; i++) {
		const uint8_t c = v.data[i];

		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-')
			return false;
	}
	return v.size > 0 && v.size <= most;
}

static bool
begins_with(struct view entry, const char *text)
{
	const size_t size = strlen(text);

	return entry.size >= size && memcmp(entry.data, text, size) == 0;
}
