#include "register/alert/alert.h"

#include <string.h>

#include "proto/text.h"
#include "register/alert/peer.h"

#define DIGEST_SHOWN 12 /* characters, of a digest in a sentence */
#define NAME_SHOWN   128

static void append_short(struct buf *to, const struct digest *d);
static void append_who(struct buf *to, const struct alert *a);
static void append_usual(struct buf *to, const struct alert *a);

static const char *const kind_names[ALERT_KINDS] = {
#define NAME(identifier, name) name,
    ALERT_KIND_MAP(NAME)};
static const char *const end_names[ALERT_ENDS] = {ALERT_END_MAP(NAME)};
#undef NAME

const char *
alert_kind_name(enum alert_kind k)
{
	return kind_names[k];
}

const char *
alert_end_name(enum alert_end e)
{
	return end_names[e];
}

bool
alert_is_about_component(enum alert_kind k)
{
	return k <= ALERT_STRAGGLER;
}

void
alert_id(const struct alert *a, char id[ALERT_ID_SIZE + 1])
{
	char hex[DIGEST_HEX_SIZE + 1];
	uint8_t numbers[2 + 8] = {(uint8_t)a->kind, (uint8_t)a->component};
	const struct view name =
	    a->group != NULL ? peer_group_name(a->group) : (struct view){NULL, 0};
	const struct view parts[] = {VIEW_LITERAL("hallmark alert v1\n"),
	    {numbers, sizeof(numbers)}, {a->subject.bytes, DIGEST_SIZE}, name};
	struct digest d;

	be64_put(numbers + 2, a->first_entry);
	digest_of_parts(parts, sizeof(parts) / sizeof(parts[0]), &d);
	digest_to_hex(&d, hex);
	memcpy(id, hex, ALERT_ID_SIZE);
	id[ALERT_ID_SIZE] = '\0';
}

void
alert_words(const struct alert *a, struct buf *to)
{
	if (alert_is_about_component(a->kind)) {
		buf_append_string(to, component_kind_name(a->component));
		buf_append_byte(to, ' ');
		append_short(to, &a->subject);
		buf_append_string(to, " of ");
	}
	append_who(to, a);
	switch (a->kind) {
	case ALERT_FIRST_SEEN:
		buf_append_string(to, ": seen nowhere before, and no maintenance or change of "
				      "policy that permits it explains it; ");
		append_usual(to, a);
		break;
	case ALERT_RARE:
		buf_append_string(to, ": for more than a day hardly anybody else has it; ");
		append_usual(to, a);
		break;
	case ALERT_OLD_BACK:
		buf_append_string(to, ": it had gone everywhere, and is back; ");
		append_usual(to, a);
		break;
	case ALERT_AGAINST_WAVE:
		buf_append_string(to, ": an older one again, while others go the other way; ");
		append_usual(to, a);
		break;
	case ALERT_STRAGGLER:
		buf_append_string(to, ": left behind for more than a week; ");
		append_usual(to, a);
		break;
	case ALERT_CLONE:
		buf_append_string(to, ": under several identities on one boot of one machine");
		break;
	case ALERT_RESTARTS:
		buf_append_string(to, ": three boots within a day");
		break;
	case ALERT_FLAPPING:
		buf_append_string(to, ": changed four times within a day");
		break;
	case ALERT_KINDS:
		break;
	}
}

static void
append_short(struct buf *to, const struct digest *d)
{
	char hex[DIGEST_HEX_SIZE + 1];

	digest_to_hex(d, hex);
	buf_append(to, hex, DIGEST_SHOWN);
}

/* "app on host", and how many more. */
static void
append_who(struct buf *to, const struct alert *a)
{
	text_append_printable(to, peer_workload(a->place[0]), NAME_SHOWN);
	buf_append_string(to, " on ");
	text_append_printable(to, peer_collector(a->place[0]), NAME_SHOWN);
	if (a->place_count > 1)
		buf_append_format(to, " and %zu more", a->place_count - 1);
}

static void
append_usual(struct buf *to, const struct alert *a)
{
	buf_append_format(to, "%u of %u of ", a->usual_holders, a->peers);
	text_append_printable(to, peer_group_name(a->group), NAME_SHOWN);
	buf_append_string(to, " have ");
	append_short(to, &a->usual);
}
