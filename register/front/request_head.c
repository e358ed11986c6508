#include "register/front/request_head.h"

#include <http_parser.h>
#include <string.h>
#include <strings.h>

#include "proto/encoding.h"

struct parsing {
	struct request_head *head;
	bool crowded;
};

/* What fields say of themselves, counted. */
struct said {
	struct view host, length, coding, expect;
	unsigned hosts, lengths, codings, expects;
};

static int on_target(http_parser *p, const char *data, size_t size);
static int on_name(http_parser *p, const char *data, size_t size);
static int on_value(http_parser *p, const char *data, size_t size);
static int on_head(http_parser *p);
static unsigned refusal(const http_parser *p, const struct request_head *h, bool crowded);
static void listen_to(const struct request_head *h, struct said *said);
static unsigned check_said(struct request_head *h, const struct said *said);
static bool is_host(struct view v);
static bool version_is_known(struct view bytes, bool *formed);
static bool named(struct view v, const char *name);
static struct view trimmed(struct view v);

unsigned
request_head_parse(struct view bytes, struct request_head *out)
{
	static const http_parser_settings settings = {.on_url = on_target,
	    .on_header_field = on_name,
	    .on_header_value = on_value,
	    .on_headers_complete = on_head};
	struct parsing parsing = {out, false};
	const uint8_t *space;
	struct said said;
	http_parser p;
	bool formed;
	size_t read;

	memset(out, 0, offsetof(struct request_head, field));
	if (bytes.size > 2 && bytes.data[0] == '\r')
		bytes = (struct view){bytes.data + 2, bytes.size - 2};
	if ((space = memchr(bytes.data, ' ', bytes.size)) == NULL)
		return 400;
	out->method = (struct view){bytes.data, (size_t)(space - bytes.data)};
	if (!version_is_known(bytes, &formed))
		return formed ? 505 : 400;
	http_parser_init(&p, HTTP_REQUEST);
	p.data = &parsing;
	read = http_parser_execute(&p, &settings, (const char *)bytes.data, bytes.size);
	listen_to(out, &said);
	out->minor = p.http_minor;
	if (said.codings >
	    0) /* first: what the library says of it is about a body that none reads */
		return said.lengths > 0 || out->minor == 0 ? 400
		       : named(said.coding, "chunked")     ? 411
							   : 501;
	if (HTTP_PARSER_ERRNO(&p) != HPE_OK || read != bytes.size)
		return refusal(&p, out, parsing.crowded);
	return check_said(out, &said);
}

struct view
request_head_field(const struct request_head *h, const char *name)
{
	for (size_t i = 0; i < h->fields; i++)
		if (named(h->field[i].name, name))
			return h->field[i].value;
	return (struct view){NULL, 0};
}

static int
on_target(http_parser *p, const char *data, size_t size)
{
	const struct parsing *parsing = p->data;

	parsing->head->target = (struct view){(const uint8_t *)data, size};
	return 0;
}

static int
on_name(http_parser *p, const char *data, size_t size)
{
	struct parsing *parsing = p->data;
	struct request_head *h = parsing->head;

	if (h->fields == REQUEST_FIELDS_MAX) {
		parsing->crowded = true;
		return 1;
	}
	h->field[h->fields++] = (struct request_field){{(const uint8_t *)data, size}, {NULL, 0}};
	return 0;
}

static int
on_value(http_parser *p, const char *data, size_t size)
{
	const struct parsing *parsing = p->data;
	struct request_head *h = parsing->head;

	if (h->fields > 0)
		h->field[h->fields - 1].value = trimmed((struct view){(const uint8_t *)data, size});
	return 0;
}

/* No body is read here. */
static int
on_head(http_parser *p)
{
	const struct parsing *parsing = p->data;

	parsing->head->keep = http_should_keep_alive(p) != 0;
	return 1;
}

static unsigned
refusal(const http_parser *p, const struct request_head *h, bool crowded)
{
	if (crowded)
		return 431;
	return HTTP_PARSER_ERRNO(p) == HPE_INVALID_METHOD && h->fields == 0 ? 501 : 400;
}

static void
listen_to(const struct request_head *h, struct said *said)
{
	const struct {
		const char *name;
		struct view *value;
		unsigned *count;
	} heard[] = {{"host", &said->host, &said->hosts},
	    {"content-length", &said->length, &said->lengths},
	    {"transfer-encoding", &said->coding, &said->codings},
	    {"expect", &said->expect, &said->expects}};

	memset(said, 0, sizeof(*said));
	for (size_t i = 0; i < h->fields; i++) {
		for (size_t k = 0; k < sizeof(heard) / sizeof(heard[0]); k++) {
			if (!named(h->field[i].name, heard[k].name))
				continue;
			*heard[k].value = h->field[i].value;
			++*heard[k].count;
		}
	}
}

static unsigned
check_said(struct request_head *h, const struct said *said)
{
	if (said->hosts > 1 || (said->hosts == 0 && h->minor > 0) ||
	    (said->hosts == 1 && !is_host(said->host)))
		return 400;
	if (said->lengths > 1 ||
	    (said->lengths == 1 && decimal_decode(said->length, &h->length) != ERR_OK))
		return 400;
	if (said->expects == 0)
		return 0;
	h->expects = said->expects == 1 && h->minor > 0 && named(said->expect, "100-continue");
	return h->expects ? 0 : 417;
}

/* A name or an address, and a port; also nothing, where a target has no authority (RFC 9112, 3.2).
 */
static bool
is_host(struct view v)
{
	for (size_t i = 0; i < v.size; i++) {
		const uint8_t c = v.data[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    (c == '\0' || strchr("-._~:[]%", c) == NULL))
			return false;
	}
	return true;
}

/* The first line's end: " HTTP/1.1". */
static bool
version_is_known(struct view bytes, bool *formed)
{
	const uint8_t *end = memchr(bytes.data, '\r', bytes.size);
	const char *v = (const char *)end - 9;

	*formed = end != NULL && end - bytes.data > 9 && memcmp(v, " HTTP/", 6) == 0 &&
		  v[6] >= '0' && v[6] <= '9' && v[7] == '.' && v[8] >= '0' && v[8] <= '9';
	return *formed && v[6] == '1' && (v[8] == '0' || v[8] == '1');
}

static bool
named(struct view v, const char *name)
{
	return v.size == strlen(name) && strncasecmp((const char *)v.data, name, v.size) == 0;
}

static struct view
trimmed(struct view v)
{
	while (v.size > 0 && (v.data[v.size - 1] == ' ' || v.data[v.size - 1] == '\t'))
		v.size--;
	while (v.size > 0 && (v.data[0] == ' ' || v.data[0] == '\t'))
		v = (struct view){v.data + 1, v.size - 1};
	return v;
}
