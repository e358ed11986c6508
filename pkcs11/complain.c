#include "pkcs11/complain.h"

#include <openssl/err.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "proto/text.h"

#define LINE_MAX_SIZE 1024

static bool as_log;

static void print_line(const char *text, const char *reason);

void
complain_as_log(void)
{
	as_log = true;
}

void
complain(const char *format, ...)
{
	char text[LINE_MAX_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	print_line(text, NULL);
}

void
complain_crypto(const char *format, ...)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;
	char text[LINE_MAX_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	print_line(text, reason != NULL ? reason : "no reason given");
	ERR_clear_error();
}

void
complain_from_signal(const char *text)
{
	const char *begin = as_log ? "level=warning event=key-process text=\"" : "hallmark-hsm: ";
	const char *end = as_log ? "\"\n" : "\n";
	const struct iovec parts[] = {{(void *)begin, strlen(begin)}, {(void *)text, strlen(text)},
	    {(void *)end, strlen(end)}};

	if (writev(STDERR_FILENO, parts, 3) < 0)
		return; /* there is nobody to tell */
}

static void
print_line(const char *text, const char *reason)
{
	struct buf line = BUF_INIT;

	text_append_printable(&line, view_of_string(text), LINE_MAX_SIZE);
	if (reason != NULL) {
		buf_append_string(&line, ": ");
		text_append_printable(&line, view_of_string(reason), LINE_MAX_SIZE);
	}
	if (as_log) {
		struct buf quoted = BUF_INIT;

		json_append_string(&quoted, buf_view(&line));
		fprintf(stderr, "level=warning event=key-process text=%.*s\n", (int)quoted.size,
		    (const char *)quoted.data);
		buf_free(&quoted);
	} else {
		fprintf(stderr, "hallmark-hsm: %.*s\n", (int)line.size, (const char *)line.data);
	}
	buf_free(&line);
}
