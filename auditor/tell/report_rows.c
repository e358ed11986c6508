#include "auditor/tell/report_rows.h"

#include <inttypes.h>
#include <stdlib.h>

#include "auditor/tell/wrapped.h"
#include "proto/encoding.h"
#include "proto/text.h"
#include "proto/utc.h"

/* Writes the value; nothing where the report has none. */
typedef void row_write(const struct report *r, struct buf *to);
typedef void list_write(const struct report *r, bool json, struct text_list *to);

static row_write write_workload, write_collector, write_log, write_verifier, write_measured,
    write_issued, write_status, write_policy, write_boot, write_offline, write_leaving,
    write_program, write_configuration, write_signed;
static list_write list_references, list_accepted, list_not_checked;
static void add_text(struct view text, bool json, struct text_list *to);
static void append_hex(const struct digest *d, struct buf *to);

static const struct {
	const char *name;
	row_write *write;
} rows[] = {
    {"workload", write_workload},
    {"collector", write_collector},
    {"log", write_log},
    {"verifier", write_verifier},
    {"measured", write_measured},
    {"issued", write_issued},
    {"status", write_status},
    {"policy", write_policy},
    {"boot", write_boot},
    {"offline", write_offline},
    {"leaving", write_leaving},
    {"program", write_program},
    {"configuration", write_configuration},
    {"signed", write_signed},
};

void
report_rows_show(
    const struct report *const report[DIFFERENCE_SIDES], const struct display *d, struct json *json)
{
	struct buf text[DIFFERENCE_SIDES] = {BUF_INIT, BUF_INIT};

	if (json != NULL)
		json_open(json, "values", '{');
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (unsigned s = 0; s < DIFFERENCE_SIDES; s++) {
			buf_clear(&text[s]);
			rows[i].write(report[s], &text[s]);
			if (text[s].size == 0)
				buf_append_byte(&text[s], '-');
			if (buf_status(&text[s]) != ERR_OK)
				abort();
		}
		if (view_equal(buf_view(&text[DIFFERENCE_A]), buf_view(&text[DIFFERENCE_B])))
			continue;
		if (json != NULL) {
			json_open(json, rows[i].name, '{');
			json_view(json, "a", buf_view(&text[DIFFERENCE_A]));
			json_view(json, "b", buf_view(&text[DIFFERENCE_B]));
			json_close(json, '{');
			continue;
		}
		display_line(d, "%s", rows[i].name);
		wrapped_view(d, "  - ", buf_view(&text[DIFFERENCE_A]));
		wrapped_view(d, "  + ", buf_view(&text[DIFFERENCE_B]));
	}
	if (json != NULL)
		json_close(json, '{');
	buf_free(&text[DIFFERENCE_A]);
	buf_free(&text[DIFFERENCE_B]);
}

enum err
report_lists_show(const struct report *const report[DIFFERENCE_SIDES], bool full,
    const struct display *d, struct json *json, report_list_show *show)
{
	static const struct {
		const char *name;
		list_write *write;
	} lists[] = {{"references", list_references}, {"accepted", list_accepted},
	    {"not_checked", list_not_checked}};
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct text_list list[DIFFERENCE_SIDES] = {{.words = BUF_INIT}};

		for (unsigned s = 0; s < DIFFERENCE_SIDES; s++)
			lists[i].write(report[s], json != NULL, &list[s]);
		e = show(lists[i].name, &list[DIFFERENCE_A], &list[DIFFERENCE_B], full, d, json);
		for (unsigned s = 0; s < DIFFERENCE_SIDES; s++)
			text_list_free(&list[s]);
	}
	return e;
}

static void
write_workload(const struct report *r, struct buf *to)
{
	buf_append_view(to, r->bundle.workload);
}

static void
write_collector(const struct report *r, struct buf *to)
{
	buf_append_view(to, r->collector);
}

static void
write_log(const struct report *r, struct buf *to)
{
	buf_append_view(to, r->issuer);
}

static void
write_verifier(const struct report *r, struct buf *to)
{
	buf_append_view(to, r->build);
}

static void
write_measured(const struct report *r, struct buf *to)
{
	utc_append(to, r->bundle.time_ms / 1000);
}

static void
write_issued(const struct report *r, struct buf *to)
{
	utc_append(to, r->issued_s);
}

static void
write_status(const struct report *r, struct buf *to)
{
	buf_append_string(to, report_status_name(r->status));
	for (unsigned i = 0; i < REPORT_CLAIM_COUNT; i++)
		if (r->claim[i] != 0)
			buf_append_format(
			    to, ", %s %d", report_claim_name((enum report_claim)i), r->claim[i]);
}

static void
write_policy(const struct report *r, struct buf *to)
{
	buf_append_view(to, r->policy_id);
}

static void
write_boot(const struct report *r, struct buf *to)
{
	hex_append(to, (struct view){r->bundle.boot_id, BOOT_ID_SIZE});
}

static void
write_offline(const struct report *r, struct buf *to)
{
	if (r->bundle.offline)
		buf_append_string(to, "gathered offline");
}

static void
write_leaving(const struct report *r, struct buf *to)
{
	const struct bundle_extensions *x = &r->bundle.extensions;

	if (x->leaving == BUNDLE_STAYING)
		return;
	buf_append_string(to, bundle_leaving_word(x->leaving));
	if (x->moved_to.size > 0) {
		buf_append_string(to, " to ");
		buf_append_view(to, x->moved_to);
	}
}

static void
write_program(const struct report *r, struct buf *to)
{
	if (r->bundle.extensions.has_program)
		append_hex(&r->bundle.extensions.program, to);
}

static void
write_configuration(const struct report *r, struct buf *to)
{
	if (r->bundle.extensions.has_configuration)
		append_hex(&r->bundle.extensions.configuration, to);
}

static void
write_signed(const struct report *r, struct buf *to)
{
	if (r->last_signed_s != 0)
		utc_append(to, r->last_signed_s);
}

static void
list_references(const struct report *r, bool json, struct text_list *to)
{
	for (size_t i = 0; i < r->reference_count; i++) {
		char hex[DIGEST_HEX_SIZE + 1];

		digest_to_hex(&r->reference[i], hex);
		add_text(view_of_string(hex), json, to);
	}
}

static void
list_accepted(const struct report *r, bool json, struct text_list *to)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < r->accepted_count; i++) {
		buf_clear(&text);
		buf_append_view(&text, r->accepted[i].kind);
		buf_append_byte(&text, ' ');
		buf_append_view(&text, r->accepted[i].code);
		add_text(buf_view(&text), json, to);
	}
	to->words.failed = to->words.failed || text.failed;
	buf_free(&text);
}

static void
list_not_checked(const struct report *r, bool json, struct text_list *to)
{
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++)
		if (r->not_checked[k])
			add_text(
			    view_of_string(component_kind_name((enum component_kind)k)), json, to);
}

static void
add_text(struct view text, bool json, struct text_list *to)
{
	if (json)
		json_append_string(&to->words, text);
	else
		buf_append_view(&to->words, text);
	text_list_end(to);
}

static void
append_hex(const struct digest *d, struct buf *to)
{
	char hex[DIGEST_HEX_SIZE + 1];

	digest_to_hex(d, hex);
	buf_append_string(to, hex);
}
