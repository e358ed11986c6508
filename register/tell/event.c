#include "register/tell/event.h"

#include <inttypes.h>
#include <string.h>

#include "proto/json/json_write.h"

#define FIXED_SIZE   512 /* bytes of keys, punctuation, numbers and digests */
#define FINDING_SIZE 64  /* of a finding's keys and punctuation */

static void write_cause(struct json_writer *w, const struct event *e);
static void write_workload(struct json_writer *w, const struct event *e);
static void write_member(struct json_writer *w, const char *key, struct view value);
static void write_tier(struct json_writer *w, const char *key, const char *tier);
static void write_findings(struct json_writer *w, const struct report *r);
static size_t size_of(const struct event *e);
static size_t listed(const struct report *r);

const char *
event_kind_name(enum event_kind kind)
{
#define EVENT_KIND_NAME(identifier, name) [identifier] = (name),
	static const char *const names[] = {EVENT_KIND_MAP(EVENT_KIND_NAME)};
#undef EVENT_KIND_NAME

	return (unsigned)kind < EVENT_KINDS ? names[kind] : "unknown";
}

enum event_kind
event_kind_from_name(struct view name)
{
	for (unsigned i = 0; i < EVENT_KINDS; i++)
		if (view_equal(name, view_of_string(event_kind_name((enum event_kind)i))))
			return (enum event_kind)i;
	return EVENT_KINDS;
}

enum err
event_write_id(const struct event *e, struct buf *to)
{
	buf_append_format(to, "%s-", e->log);
	if (e->index != FOLLOWED_NO_ENTRY)
		buf_append_format(to, "%" PRIu64 "-", e->index);
	buf_append_string(to, event_kind_name(e->kind));
	if (e->part > 0)
		buf_append_format(to, "-%u", e->part);
	if (e->kind == EVENT_ALARM)
		buf_append_format(to, "-%s", followed_alarm_name(e->alarm));
	if (e->kind == EVENT_ALARM || e->kind == EVENT_ACKNOWLEDGED)
		buf_append_format(to, "-%" PRIu64, e->epoch);
	return buf_status(to);
}

enum err
event_write(const struct event *e, struct buf *to)
{
	struct json_writer w;
	struct buf id = BUF_INIT;
	enum err error = event_write_id(e, &id);

	if (error == ERR_OK && (error = json_write_begin(&w, to, size_of(e))) == ERR_OK) {
		json_write_text(&w, "{\"id\":");
		json_write_string(&w, buf_view(&id));
		write_member(&w, "event", view_of_string(event_kind_name(e->kind)));
		write_member(&w, "log", view_of_string(e->log));
		if (e->index != FOLLOWED_NO_ENTRY) {
			json_write_text(&w, ",\"index\":");
			json_write_number(&w, e->index);
		}
		if (e->time_s != 0) {
			json_write_text(&w, ",\"time\":");
			json_write_number(&w, e->time_s);
		}
		write_cause(&w, e);
		json_write_text(&w, "}");
		(void)json_write_end(&w);
	}
	buf_free(&id);
	return error;
}

static void
write_cause(struct json_writer *w, const struct event *e)
{
	switch (e->kind) {
	case EVENT_VERDICT:
		write_workload(w, e);
		write_tier(w, "before", e->before);
		write_tier(w, "after", e->after);
		write_findings(w, e->report);
		break;
	case EVENT_SILENT:
		write_workload(w, e);
		json_write_text(w, ",\"due\":");
		json_write_number(w, e->due_s);
		write_tier(w, "before", e->before);
		break;
	case EVENT_BACK:
		write_workload(w, e);
		write_tier(w, "after", e->after);
		break;
	case EVENT_ALARM:
		write_member(w, "alarm", view_of_string(followed_alarm_name(e->alarm)));
		write_member(w, "words", e->words);
		break;
	case EVENT_POLICY:
		json_write_text(w, ",\"sha256\":");
		json_write_digest(w, e->to);
		break;
	case EVENT_KEY:
		json_write_text(w, ",\"from\":");
		json_write_digest(w, e->from);
		json_write_text(w, ",\"to\":");
		json_write_digest(w, e->to);
		break;
	case EVENT_ACKNOWLEDGED:
	case EVENT_KINDS:
		break;
	}
}

static void
write_workload(struct json_writer *w, const struct event *e)
{
	write_member(w, "collector", e->collector);
	write_member(w, "workload", e->workload);
}

/* `key` is one of ours. */
static void
write_member(struct json_writer *w, const char *key, struct view value)
{
	json_write_text(w, ",\"");
	json_write_text(w, key);
	json_write_text(w, "\":");
	json_write_string(w, value);
}

static void
write_tier(struct json_writer *w, const char *key, const char *tier)
{
	if (tier != NULL)
		write_member(w, key, view_of_string(tier));
}

static void
write_findings(struct json_writer *w, const struct report *r)
{
	write_member(w, "policy", r->policy_id);
	json_write_text(w, ",\"finding-count\":");
	json_write_number(w, r->finding_total);
	json_write_text(w, ",\"findings\":[");
	for (size_t i = 0; i < listed(r); i++) {
		const struct report_finding *f = &r->finding[i];

		json_write_text(w, i > 0 ? ",{\"kind\":" : "{\"kind\":");
		json_write_string(w, f->kind);
		write_member(w, "code", f->code);
		write_member(w, "subject", f->subject);
		json_write_text(w, "}");
	}
	json_write_text(w, "]");
}

static size_t
size_of(const struct event *e)
{
	size_t size = FIXED_SIZE + JSON_STRING_SIZE_MAX(EVENT_ID_MAX) +
		      JSON_STRING_SIZE_MAX(strlen(e->log)) +
		      JSON_STRING_SIZE_MAX(e->collector.size) +
		      JSON_STRING_SIZE_MAX(e->workload.size) + JSON_STRING_SIZE_MAX(e->words.size);

	if (e->report == NULL)
		return size;
	size += JSON_STRING_SIZE_MAX(e->report->policy_id.size);
	for (size_t i = 0; i < listed(e->report); i++) {
		const struct report_finding *f = &e->report->finding[i];

		size += FINDING_SIZE + JSON_STRING_SIZE_MAX(f->kind.size) +
			JSON_STRING_SIZE_MAX(f->code.size) + JSON_STRING_SIZE_MAX(f->subject.size);
	}
	return size;
}

static size_t
listed(const struct report *r)
{
	return r->finding_count < EVENT_FINDINGS_MAX ? r->finding_count : EVENT_FINDINGS_MAX;
}
