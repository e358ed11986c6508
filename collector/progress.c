#include "collector/progress.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "proto/bytes.h"

#define WIDTH_USUAL 80  /* of a terminal that does not say */
#define WIDTH_MOST  500 /* of one that says what none has */

#define CLEAR_TO_END "\033[K" /* ECMA-48, 8.3.41: the rest of the line */

struct progress
progress_on_terminal(void)
{
	struct winsize size;

	if (isatty(STDERR_FILENO) != 1)
		return (struct progress){0, false};
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 2)
		return (struct progress){WIDTH_USUAL - 1, false};
	return (struct progress){(size.ws_col < WIDTH_MOST ? size.ws_col : WIDTH_MOST) - 1U, false};
}

/* The cursor stays in front of it, so that a line of the log does not stand behind it. */
void
progress_show(struct progress *p, const struct measurer *m, const struct collector_config *config)
{
	struct buf line = BUF_INIT;
	struct measurer_progress at;

	for (size_t i = 0; p->width > 0 && i < config->workload_count; i++)
		if (measurer_has_told(m, i, &at))
			buf_append_format(&line, "%s%s: %llu file%s, %llu MiB read",
			    line.size > 0 ? "; " : "", config->workloads[i].name,
			    (unsigned long long)at.files, at.files == 1 ? "" : "s",
			    (unsigned long long)at.bytes >> 20);
	if (line.size > 0 && buf_status(&line) == ERR_OK) {
		p->shown = true;
		(void)fprintf(stderr, "%.*s" CLEAR_TO_END "\r",
		    (int)(line.size < p->width ? line.size : p->width), (const char *)line.data);
	}
	buf_free(&line);
}

void
progress_clear(struct progress *p)
{
	if (p->shown)
		(void)fputs(CLEAR_TO_END, stderr);
	p->shown = false;
}
