#include "auditor/pack/assessor_page.h"

#include "proto/digest.h"
#include "proto/encoding.h"
#include "proto/text.h"

#define CELL_SIZE_MAX 8192 /* bytes: as in CSV, whose cells are whole */

static const char style[] =
    "body{font:15px/1.5 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem;"
    "color:#1b1f24;background:#fff}"
    "h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.2rem}"
    "table{border-collapse:collapse;width:100%;font-size:.85rem}"
    "th,td{text-align:left;vertical-align:top;padding:.3rem .5rem;border-bottom:1px solid #ccd3da;"
    "overflow-wrap:anywhere}"
    "th{border-bottom:2px solid #57606a}"
    "@media print{body{margin:0;max-width:none;font-size:10pt}tr{break-inside:avoid}"
    "thead{display:table-header-group}}";

static void escape(struct buf *to, struct view text);

void
assessor_page_begin(struct buf *to, const char *title)
{
	struct digest sum;

	digest_of(style, sizeof(style) - 1, &sum);
	buf_append_string(to,
	    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
	    "'sha256-");
	base64_append(to, (struct view){sum.bytes, DIGEST_SIZE});
	buf_append_string(to, "'; base-uri 'none'; form-action 'none'\">\n"
			      "<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
	escape(to, view_of_string(title));
	buf_append_format(to, "</title>\n<style>%s</style></head><body>\n<h1>", style);
	escape(to, view_of_string(title));
	buf_append_string(to, "</h1>\n");
}

void
assessor_page_end(struct buf *to)
{
	buf_append_string(to, "</body></html>\n");
}

void
assessor_page_heading(struct buf *to, const char *heading)
{
	buf_append_string(to, "<h2>");
	escape(to, view_of_string(heading));
	buf_append_string(to, "</h2>\n");
}

void
assessor_page_text(struct buf *to, struct view text)
{
	buf_append_string(to, "<p>");
	escape(to, text);
	buf_append_string(to, "</p>\n");
}

void
assessor_page_table(struct buf *to, const char *const *heads)
{
	buf_append_string(to, "<table><thead><tr>");
	for (; *heads != NULL; heads++) {
		buf_append_string(to, "<th scope=\"col\">");
		escape(to, view_of_string(*heads));
		buf_append_string(to, "</th>");
	}
	buf_append_string(to, "</tr></thead><tbody>\n");
}

void
assessor_page_row(struct buf *to, const struct view *cells, size_t count)
{
	buf_append_string(to, "<tr>");
	for (size_t i = 0; i < count; i++) {
		buf_append_string(to, "<td>");
		escape(to, cells[i]);
		buf_append_string(to, "</td>");
	}
	buf_append_string(to, "</tr>\n");
}

void
assessor_page_table_end(struct buf *to)
{
	buf_append_string(to, "</tbody></table>\n");
}

static void
escape(struct buf *to, struct view text)
{
	struct buf shown = BUF_INIT;

	text_append_printable(&shown, text, CELL_SIZE_MAX);
	for (size_t i = 0; i < shown.size; i++)
		switch (shown.data[i]) {
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
			buf_append_byte(to, shown.data[i]);
		}
	to->failed = to->failed || shown.failed;
	buf_free(&shown);
}
