#include "collector/measure/listing.h"

#include "proto/encoding.h"
#include "proto/evidence/component_listing.h"
#include "proto/text.h"
#include "proto/utc.h"

static void digest_hex(const struct digest *d, struct buf *to);

void
listing_text(const struct listing *l, struct buf *to)
{
	const struct measurement *m = l->measurement;
	char time[UTC_TEXT_SIZE];

	buf_append_format(to, "workload %s\nprocess  %d\nmeasured ", l->workload, (int)m->pid);
	buf_append_string(to, utc_text_ms(m->time_ms, time));
	buf_append_string(to, "\nboot     ");
	hex_append(to, (struct view){m->boot_id, BOOT_ID_SIZE});
	buf_append_byte(to, '\n');
	for (unsigned kind = 0; kind < COMPONENT_KIND_COUNT; kind++) {
		const struct bundle_component *b = &m->component[kind];

		if (l->component[kind] == NULL)
			continue;
		buf_append_format(to, "\n%s: %llu item%s, %llu bytes, sha256 ",
		    component_kind_name((enum component_kind)kind), (unsigned long long)b->count,
		    b->count == 1 ? "" : "s", (unsigned long long)b->size);
		digest_hex(&b->digest, to);
		buf_append_byte(to, '\n');
		component_listing_text(l->component[kind], to);
	}
}

void
listing_json(const struct listing *l, struct buf *to)
{
	const struct measurement *m = l->measurement;
	char time[UTC_TEXT_SIZE];
	bool first = true;

	buf_append_string(to, "{\"workload\":");
	json_append_string(to, view_of_string(l->workload));
	buf_append_format(to, ",\"pid\":%d,\"time\":\"%s\",\"boot\":\"", (int)m->pid,
	    utc_text_ms(m->time_ms, time));
	hex_append(to, (struct view){m->boot_id, BOOT_ID_SIZE});
	buf_append_string(to, "\",\"components\":{");
	for (unsigned kind = 0; kind < COMPONENT_KIND_COUNT; kind++) {
		const struct component *c = l->component[kind];

		if (c == NULL)
			continue;
		buf_append_format(to, "%s\"%s\":{\"sha256\":\"", first ? "" : ",",
		    component_kind_name((enum component_kind)kind));
		digest_hex(&m->component[kind].digest, to);
		buf_append_format(to, "\",\"count\":%llu,\"size\":%llu,",
		    (unsigned long long)m->component[kind].count,
		    (unsigned long long)m->component[kind].size);
		component_listing_json(c, to);
		buf_append_byte(to, '}');
		first = false;
	}
	buf_append_string(to, "}}\n");
}

static void
digest_hex(const struct digest *d, struct buf *to)
{
	char hex[DIGEST_HEX_SIZE + 1];

	digest_to_hex(d, hex);
	buf_append_string(to, hex);
}
