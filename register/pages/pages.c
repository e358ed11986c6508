#include "register/pages/pages.h"

#include <stdio.h>

#include "proto/digest.h"
#include "proto/encoding.h"

#define TAG_BYTES 16 /* of the digest: nobody chooses contents against it */

static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

static void answer_index(void *pages, const struct request *r, struct response *out);
static void answer_file(void *pages, const struct request *r, struct response *out);
static void give(
    const struct pages *p, enum page_file_number n, const struct request *r, struct response *out);

enum err
pages_begin(struct pages *p, struct route routes[PAGES_ROUTES])
{
	struct buf hex = BUF_INIT;
	enum err e = ERR_OK;

	for (unsigned n = 0; n < PAGE_FILES && e == ERR_OK; n++) {
		const struct view content = page_file_content((enum page_file_number)n);
		struct digest d;

		digest_of(content.data, content.size, &d);
		buf_clear(&hex);
		hex_append(&hex, (struct view){d.bytes, TAG_BYTES});
		e = buf_status(&hex);
		if (e == ERR_OK)
			(void)snprintf(p->tag + PAGES_TAG_SIZE * n, PAGES_TAG_SIZE, "\"%.*s\"",
			    (int)hex.size, (const char *)hex.data);
	}
	buf_free(&hex);
	routes[0] = (struct route){
	    .pattern = "/", .methods = ROUTE_GET, .handler = answer_index, .context = p};
	routes[1] = (struct route){
	    .pattern = "/web/{}", .methods = ROUTE_GET, .handler = answer_file, .context = p};
	return e;
}

static void
answer_index(void *pages, const struct request *r, struct response *out)
{
	give(pages, PAGE_FILE_INDEX, r, out);
}

static void
answer_file(void *pages, const struct request *r, struct response *out)
{
	const enum page_file_number n = page_file_find(r->parameter[0]);

	if (n == PAGE_FILES)
		response_refuse(out, 404, "the page has no such file");
	else
		give(pages, n, r, out);
}

static void
give(const struct pages *p, enum page_file_number n, const struct request *r, struct response *out)
{
	const struct view tag = view_of_string(p->tag + PAGES_TAG_SIZE * (unsigned)n);

	out->type = page_file(n)->type;
	response_field(out, "Content-Security-Policy", view_of_string(policy));
	response_field(out, "Referrer-Policy", VIEW_LITERAL("no-referrer"));
	response_field(out, "Cross-Origin-Opener-Policy", VIEW_LITERAL("same-origin"));
	response_field(out, "Cross-Origin-Resource-Policy", VIEW_LITERAL("same-origin"));
	response_field(out, "ETag", tag);
	response_cache(out, "no-cache");
	if (view_equal(request_head_field(r->head, "if-none-match"), tag))
		out->status = 304;
	else
		buf_append_view(&out->body, page_file_content(n));
}
