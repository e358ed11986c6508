#include "signer/status/status_feeds.h"

#include <string.h>

#include "proto/encoding.h"
#include "proto/span.h"
#include "proto/text.h"

/* Digits of a digest that a line has room for. */
#define DIGEST_SHOWN 12

enum state { STATE_GOOD, STATE_MISSING, STATE_REFUSED, STATE_OLD, STATES };

/* The sentence's end where a feed needs somebody. */
static const struct {
	const char *name, *words;
} states[STATES] = {
    {"good", NULL},
    {"missing", "none is in force, and what it would tell of is not looked for; the log's line "
		"feed-refused says why, or its file is not there"},
    {"refused", "what lies there is no feed, and the one before stays in force; the log's line "
		"feed-refused names the fault"},
    {"old", "its file is not there, or older than max_age_s of the policy; bring a newer one"},
};

static void print_number(json_t *number, FILE *to);

void
status_feeds_write(const struct service *s, uint64_t now_s, struct buf *to)
{
	static const struct feed_seen never = {.written_s = 0};
	uint64_t oldest_s = UINT64_MAX;
	size_t count[STATES] = {0};

	buf_append_string(to, ",\"feeds\":[");
	for (size_t i = 0; i < policy_feed_count(s->policy); i++) {
		uint32_t max_age_s;
		const struct view name = policy_feed_at(s->policy, i, &max_age_s);
		const struct feed_in_force *standing =
		    standing_feed(s->chronicle.notices.standing, name);
		const struct feed_seen *seen = &never;
		uint64_t written_s;
		enum state state;

		for (size_t k = 0; k < s->feed_count; k++)
			if (view_equal(view_of_string(s->feeds[k].name), name))
				seen = &s->feeds[k];
		written_s = seen->written_s;
		if (standing != NULL && standing->written_s > written_s)
			written_s = standing->written_s; /* nobody has looked at its file yet */
		state = standing == NULL                                 ? STATE_MISSING
			: seen->refused                                  ? STATE_REFUSED
			: max_age_s > 0 && written_s + max_age_s < now_s ? STATE_OLD
									 : STATE_GOOD;
		count[state]++;
		if (written_s != 0 && written_s < oldest_s)
			oldest_s = written_s < now_s ? written_s : now_s;
		buf_append_string(to, i > 0 ? ",{\"name\":" : "{\"name\":");
		json_append_string(to, name);
		buf_append_string(to, standing != NULL ? ",\"sha256\":\"" : ",\"sha256\":null");
		if (standing != NULL) {
			hex_append(to, (struct view){standing->digest.bytes, DIGEST_SIZE});
			buf_append_byte(to, '"');
		}
		if (standing != NULL && standing->feed != NULL)
			buf_append_format(to, ",\"advisories\":%zu",
			    advisories_count(standing->feed->advisories));
		else
			buf_append_string(to, ",\"advisories\":null");
		if (written_s == 0)
			buf_append_string(to, ",\"age_s\":null");
		else
			buf_append_format(to, ",\"age_s\":%llu",
			    (unsigned long long)(written_s < now_s ? now_s - written_s : 0));
		buf_append_format(
		    to, ",\"max_age_s\":%u,\"state\":\"%s\"}", max_age_s, states[state].name);
	}
	buf_append_format(to, "],\"feeds_missing\":%zu,\"feeds_refused\":%zu,\"feeds_old\":%zu",
	    count[STATE_MISSING], count[STATE_REFUSED], count[STATE_OLD]);
	if (oldest_s == UINT64_MAX)
		buf_append_string(to, ",\"feeds_age_s\":null");
	else
		buf_append_format(
		    to, ",\"feeds_age_s\":%llu", (unsigned long long)(now_s - oldest_s));
}

void
status_feeds_numbers(json_t *feeds, FILE *to)
{
	json_t *one;
	size_t i;

	if (json_array_size(feeds) == 0)
		return;
	fprintf(to, "\n%-28s %14s %10s %10s %10s %s\n", "feeds", "sha256", "advisories", "age (s)",
	    "at most", "state");
	json_array_foreach(feeds, i, one)
	{
		const char *digest = json_string_value(json_object_get(one, "sha256"));

		fprintf(to, "  %-26s %*.*s%s", json_string_value(json_object_get(one, "name")),
		    digest != NULL ? DIGEST_SHOWN : DIGEST_SHOWN + 2, DIGEST_SHOWN,
		    digest != NULL ? digest : "-", digest != NULL ? ".." : "");
		print_number(json_object_get(one, "advisories"), to);
		print_number(json_object_get(one, "age_s"), to);
		print_number(json_object_get(one, "max_age_s"), to);
		fprintf(to, " %s\n", json_string_value(json_object_get(one, "state")));
	}
}

bool
status_feeds_say(json_t *feeds, FILE *to)
{
	bool good = true;
	char span[SPAN_SIZE];
	json_t *one;
	size_t i;

	json_array_foreach(feeds, i, one)
	{
		const char *name = json_string_value(json_object_get(one, "name"));
		const char *state = json_string_value(json_object_get(one, "state"));
		const char *digest = json_string_value(json_object_get(one, "sha256"));
		json_t *age = json_object_get(one, "age_s");

		if (name == NULL || state == NULL)
			continue;
		fprintf(to, "Feed %s", name);
		if (digest != NULL)
			fprintf(to, " (%.*s..)", DIGEST_SHOWN, digest);
		if (json_is_integer(age))
			fprintf(to, ", written %s ago",
			    span_text((uint64_t)json_integer_value(age), span));
		for (size_t s = STATE_GOOD + 1; s < STATES; s++)
			if (strcmp(state, states[s].name) == 0) {
				fprintf(to, ": %s", states[s].words);
				good = false;
			}
		fputs(".\n", to);
	}
	return good;
}

static void
print_number(json_t *number, FILE *to)
{
	if (json_is_integer(number))
		fprintf(to, " %10" JSON_INTEGER_FORMAT, json_integer_value(number));
	else
		fprintf(to, " %10s", "-");
}
