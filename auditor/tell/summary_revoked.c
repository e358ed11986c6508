#include "auditor/tell/summary_revoked.h"

#include <inttypes.h>

#include "proto/utc.h"

/* What a view needs in a format of "%.*s". */
#define SHOWN(v) view_precision(v), (const char *)(v).data

static void show_one(const struct display *d, const char *name, const struct revocation *one);
static void write_one(struct json *j, const struct revocation *one);

void
summary_revoked_show(const struct display *d, const struct revocations *r)
{
	for (size_t i = 0; i < r->count; i++)
		show_one(d, i == 0 ? "revoked" : "", &r->one[i]);
	if (r->others > 0)
		display_field(d, "", "and %" PRIu64 " more, not kept", r->others);
	if (r->unread > 0)
		display_field(d, r->count == 0 ? "revoked" : "",
		    "%" PRIu64 " statement%s of which is not known here what %s: that is in the "
		    "evidence",
		    r->unread, display_plural(r->unread),
		    r->unread == 1 ? "it revokes" : "they revoke");
}

void
summary_revoked_write(struct json *j, const struct revocations *r)
{
	json_open(j, "revoked", '[');
	for (size_t i = 0; i < r->count; i++)
		write_one(j, &r->one[i]);
	json_close(j, '[');
	json_number(j, "revoked_left_out", r->others);
	json_number(j, "revoked_unread", r->unread);
}

/* What and why; since when, until when; by whose word. */
static void
show_one(const struct display *d, const char *name, const struct revocation *one)
{
	char from[UTC_TEXT_SIZE], until[UTC_TEXT_SIZE], hex[DIGEST_HEX_SIZE + 1];
	struct buf subject = BUF_INIT;

	for (size_t i = 0; i < one->member_count; i++)
		buf_append_format(&subject, "%s%.*s %.*s", i > 0 ? ", " : "",
		    SHOWN(one->member[i].name), SHOWN(one->member[i].value));
	display_field(d, name, "%.*s: %.*s", SHOWN(buf_view(&subject)), SHOWN(one->reason));
	display_field(d, "", "  from %s on (entry %" PRIu64 "), until %s",
	    utc_text(one->from_s, from), one->index, utc_text(one->until_s, until));
	if (one->is_ended)
		display_field(
		    d, "", "  which was revoked itself (entry %" PRIu64 ")", one->ended_index);
	digest_to_hex(&one->statement, hex);
	display_field(d, "", "  by statement %s", hex);
	buf_free(&subject);
}

static void
write_one(struct json *j, const struct revocation *one)
{
	struct buf name = BUF_INIT;

	json_open(j, NULL, '{');
	json_open(j, "subject", '{');
	for (size_t i = 0; i < one->member_count; i++) {
		buf_clear(&name);
		buf_append_view(&name, one->member[i].name);
		buf_append_byte(&name, '\0');
		if (buf_status(&name) == ERR_OK)
			json_view(j, (const char *)name.data, one->member[i].value);
		else
			j->text.failed = true;
	}
	json_close(j, '{');
	json_digest(j, "statement", &one->statement);
	json_number(j, "index", one->index);
	json_time(j, "from", one->from_s);
	json_time(j, "until", one->until_s);
	json_view(j, "reason", one->reason);
	if (one->is_ended)
		json_number(j, "ended_index", one->ended_index);
	else
		json_null(j, "ended_index");
	json_close(j, '{');
	buf_free(&name);
}
