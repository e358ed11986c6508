#include "signer/cases/junit.h"

#include <errno.h>
#include <stdio.h>

static void append_text(struct buf *to, struct view text);

void
junit_add(struct junit *j, const char *name, bool passed, struct view words)
{
	struct buf *to = &j->cases;

	j->count++;
	j->failed += !passed;
	buf_append_string(to, "  <testcase classname=\"policy\" name=\"");
	append_text(to, view_of_string(name));
	if (passed) {
		buf_append_string(to, "\"/>\n");
		return;
	}
	buf_append_string(to, "\">\n    <failure message=\"not as expected\">");
	append_text(to, words);
	buf_append_string(to, "</failure>\n  </testcase>\n");
}

bool
junit_write(const struct junit *j, const char *path)
{
	FILE *to;
	bool good;

	if (j->cases.failed) {
		errno = ENOMEM;
		return false;
	}
	if ((to = fopen(path, "we")) == NULL)
		return false;
	fprintf(to,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<testsuite name=\"policy\" tests=\"%zu\" failures=\"%zu\" errors=\"0\">\n",
	    j->count, j->failed);
	(void)fwrite(j->cases.data, 1, j->cases.size, to);
	fputs("</testsuite>\n", to);
	good = ferror(to) == 0;
	return fclose(to) == 0 && good;
}

void
junit_free(struct junit *j)
{
	buf_free(&j->cases);
}

/* Names in YAML, and words about findings, are printable. */
static void
append_text(struct buf *to, struct view text)
{
	for (size_t i = 0; i < text.size; i++)
		switch (text.data[i]) {
		case '&':
			buf_append_string(to, "&amp;");
			break;
		case '<':
			buf_append_string(to, "&lt;");
			break;
		case '>':
			buf_append_string(to, "&gt;");
			break;
		case '"':
			buf_append_string(to, "&quot;");
			break;
		default:
			buf_append_byte(to, text.data[i]);
			break;
		}
}
