/*
 * An answer, as a handler makes it, and as bytes of HTTP/1.1.
 *
 * What is common to all is added here: Date, Content-Length, Connection; Cache-Control: no-store
 * where the handler says nothing else, so that nobody keeps what was not meant to be kept; and
 * X-Content-Type-Options.
 */
#ifndef HALLMARK_REGISTER_FRONT_RESPONSE_H
#define HALLMARK_REGISTER_FRONT_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/bytes.h"

/* Begun by response_begin, to be freed. */
struct response {
	unsigned status;   /* 200, 404, ... of those that response_reason knows */
	const char *type;  /* Content-Type; NULL: none. Of the program itself */
	struct buf fields; /* whole lines: response_field */
	struct buf body;
	bool cached; /* the handler has said Cache-Control */
	/*
	 * Instead of all that, on the loop alone: lines made before, from the status line on, with
	 * Content-Length and Cache-Control, and the body to them. Borrowed until the handler has
	 * returned and the answer was put away.
	 */
	struct view ready_head, ready_body;
};

/* Text for people: "text/plain; charset=utf-8". */
extern const char response_text[];
extern const char response_json[];

void response_begin(struct response *r, unsigned status, const char *type);
void response_free(struct response *r);

/*
 * Adds a field. Bytes of the value that may not stand in one (control characters, and all from 0x80
 * on) become "?": names from outside come here.
 */
void response_field(struct response *r, const char *name, struct view value);

/* Cache-Control, in place of no-store. */
void response_cache(struct response *r, const char *directives);

/* Instead of what was there: an error as one line of text: "404 not found: <words>". */
void response_refuse(struct response *r, unsigned status, const char *words);

/* "Not Found". */
const char *response_reason(unsigned status);

/* How it is sent. */
struct response_terms {
	struct view date; /* "Date: ...\r\n" */
	bool head;        /* the request was HEAD: all but the body */
	bool close;       /* the connection ends with it */
	bool old;         /* the request was HTTP/1.0 */
	bool endless;     /* a stream: its body has no length, and ends with the connection */
};

/* Appends it. */
void response_write(const struct response *r, const struct response_terms *terms, struct buf *to);

/* The head's first lines of an answer with this body, for ready_head. */
void response_prepare(const struct response *r, struct buf *head);

#endif
