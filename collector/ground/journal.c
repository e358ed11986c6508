#include "collector/ground/journal.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proto/text.h"

static const char *const level_names[] = {
    [JOURNAL_INFO] = "info", [JOURNAL_WARNING] = "warning", [JOURNAL_ERROR] = "error"};

void
journal_begin(struct journal *j, enum journal_level level, const char *event)
{
	struct timespec now;
	struct tm date;
	char text[32];

	j->line = BUF_INIT;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (gmtime_r(&now.tv_sec, &date) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &date) == 0)
		text[0] = '\0';
	buf_append_format(&j->line, "time=%s.%03ldZ level=%s event=%s", text, now.tv_nsec / 1000000,
	    level_names[level], event);
}

void
journal_view(struct journal *j, const char *key, struct view value)
{
	struct buf text = BUF_INIT;
	bool plain = value.size > 0;

	text_append_printable(&text, value, JOURNAL_VALUE_MAX);
	for (size_t i = 0; i < text.size; i++)
		if (strchr(" \"=", text.data[i]) != NULL)
			plain = false;
	buf_append_format(&j->line, " %s=%s", key, plain ? "" : "\"");
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] == '"')
			buf_append_string(&j->line, "\\x22");
		else
			buf_append_byte(&j->line, text.data[i]);
	}
	if (!plain)
		buf_append_byte(&j->line, '"');
	buf_free(&text);
}

void
journal_string(struct journal *j, const char *key, const char *value)
{
	journal_view(j, key, view_of_string(value));
}

void
journal_number(struct journal *j, const char *key, uint64_t value)
{
	buf_append_format(&j->line, " %s=%llu", key, (unsigned long long)value);
}

void
journal_digest(struct journal *j, const char *key, const struct digest *value)
{
	char hex[DIGEST_HEX_SIZE + 1];

	digest_to_hex(value, hex);
	buf_append_format(&j->line, " %s=%s", key, hex);
}

void
journal_error(struct journal *j, enum err e, const struct trouble *t)
{
	journal_string(j, "error", err_name(e));
	journal_string(j, "text", t != NULL && t->text[0] != '\0' ? t->text : err_text(e));
}

void
journal_end(struct journal *j)
{
	buf_append_byte(&j->line, '\n');
	/* A line that cannot be written has nowhere to be reported. */
	if (buf_status(&j->line) == ERR_OK &&
	    write(STDERR_FILENO, j->line.data, j->line.size) < 0) {
	}
	buf_free(&j->line);
}
