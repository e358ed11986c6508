#include "register/front/response.h"

#include <string.h>

const char response_text[] = "text/plain; charset=utf-8";
const char response_json[] = "application/json";

static void append_lines(const struct response *r, bool endless, struct buf *to);

void
response_begin(struct response *r, unsigned status, const char *type)
{
	*r =
	    (struct response){.status = status, .type = type, .fields = BUF_INIT, .body = BUF_INIT};
}

void
response_free(struct response *r)
{
	buf_free(&r->fields);
	buf_free(&r->body);
}

void
response_field(struct response *r, const char *name, struct view value)
{
	buf_append_string(&r->fields, name);
	buf_append_string(&r->fields, ": ");
	for (size_t i = 0; i < value.size; i++) {
		const uint8_t c = value.data[i];

		buf_append_byte(&r->fields, c >= 0x20 && c < 0x7f ? c : '?');
	}
	buf_append_string(&r->fields, "\r\n");
}

void
response_cache(struct response *r, const char *directives)
{
	response_field(r, "Cache-Control", view_of_string(directives));
	r->cached = true;
}

void
response_refuse(struct response *r, unsigned status, const char *words)
{
	r->status = status;
	r->type = response_text;
	r->cached = false;
	r->ready_head = r->ready_body = (struct view){NULL, 0};
	buf_clear(&r->fields);
	buf_clear(&r->body);
	buf_append_format(&r->body, "%u %s: %s\n", status, response_reason(status), words);
}

const char *
response_reason(unsigned status)
{
	static const struct {
		unsigned status;
		const char *reason;
	} reasons[] = {{200, "OK"}, {201, "Created"}, {202, "Accepted"}, {204, "No Content"},
	    {206, "Partial Content"}, {302, "Found"}, {304, "Not Modified"}, {400, "Bad Request"},
	    {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"},
	    {405, "Method Not Allowed"}, {406, "Not Acceptable"}, {408, "Request Timeout"},
	    {409, "Conflict"}, {410, "Gone"}, {411, "Length Required"},
	    {412, "Precondition Failed"}, {413, "Content Too Large"}, {414, "URI Too Long"},
	    {415, "Unsupported Media Type"}, {417, "Expectation Failed"},
	    {422, "Unprocessable Content"}, {429, "Too Many Requests"},
	    {431, "Request Header Fields Too Large"}, {500, "Internal Server Error"},
	    {501, "Not Implemented"}, {503, "Service Unavailable"}, {504, "Gateway Timeout"},
	    {505, "HTTP Version Not Supported"}};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Unknown";
}

void
response_write(const struct response *r, const struct response_terms *terms, struct buf *to)
{
	const struct view body = r->ready_head.size > 0 ? r->ready_body : buf_view(&r->body);

	if (r->ready_head.size > 0)
		buf_append_view(to, r->ready_head);
	else
		append_lines(r, terms->endless, to);
	buf_append_view(to, terms->date);
	if (terms->close)
		buf_append_string(to, "Connection: close\r\n");
	else if (terms->old)
		buf_append_string(to, "Connection: keep-alive\r\n");
	buf_append_string(to, "\r\n");
	if (!terms->head)
		buf_append_view(to, body);
}

void
response_prepare(const struct response *r, struct buf *head)
{
	append_lines(r, false, head);
}

static void
append_lines(const struct response *r, bool endless, struct buf *to)
{
	buf_append_format(to, "HTTP/1.1 %u %s\r\n", r->status, response_reason(r->status));
	if (r->type != NULL)
		buf_append_format(to, "Content-Type: %s\r\n", r->type);
	if (!endless && r->status != 204 && r->status != 304)
		buf_append_format(to, "Content-Length: %zu\r\n", r->body.size);
	buf_append_view(to, buf_view(&r->fields));
	if (!r->cached)
		buf_append_string(to, "Cache-Control: no-store\r\n");
	buf_append_string(to, "X-Content-Type-Options: nosniff\r\n");
}
