#include "signer/policies/told.h"

#include <errno.h>
#include <unistd.h>

#include "log/evidence_reader.h"
#include "proto/text.h"

static void name_member(struct buf *to, const char *name);

struct policy *
told_policy(const char *path)
{
	struct faults faults = FAULTS_INIT;
	struct policy *policy;

	if (policy_load(path, &faults, &policy) != ERR_OK)
		policy = NULL;
	faults_print(&faults, stderr);
	faults_free(&faults);
	return policy;
}

enum err
told_fetch(void *context, enum pack_kind kind, const struct digest *digest, struct buf *to)
{
	return evidence_reader_get(context, kind, digest, to);
}

bool
told_write(int fd, struct view content)
{
	while (content.size > 0) {
		const ssize_t wrote = write(fd, content.data, content.size);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return false;
		content = (struct view){content.data + wrote, content.size - (size_t)wrote};
	}
	return true;
}

bool
told_failure(const char *what, const char *why)
{
	struct buf words = BUF_INIT;

	/* Names from outside stand in both. */
	text_append_printable(&words, view_of_string(what), SIZE_MAX);
	buf_append_string(&words, ": ");
	text_append_printable(&words, view_of_string(why), SIZE_MAX);
	fprintf(stderr, "hallmark-signer: %.*s\n", view_precision(buf_view(&words)),
	    (const char *)words.data);
	buf_free(&words);
	return false;
}

void
told_text(struct buf *to, const char *name, struct view value)
{
	name_member(to, name);
	json_append_string(to, value);
}

void
told_number(struct buf *to, const char *name, uint64_t value)
{
	name_member(to, name);
	buf_append_decimal(to, value);
}

void
told_clause_name(struct buf *to, const struct clause *c)
{
	told_text(to, "part",
	    view_of_string(c->part == COMPONENT_KIND_COUNT ? "" : component_kind_name(c->part)));
	if (c->start)
		told_text(to, "phase", view_of_string("start"));
	told_text(to, "name", view_of_string(c->name));
	told_text(to, "subject", c->subject);
}

void
told_clause_words(struct buf *to, const char *name, const struct clause *c)
{
	if (c != NULL) {
		told_text(to, name, buf_view(&c->says));
	} else {
		name_member(to, name);
		buf_append_string(to, "null");
	}
}

bool
told_print(struct buf *text, FILE *to)
{
	const bool good = buf_status(text) == ERR_OK;

	if (good)
		(void)fwrite(text->data, 1, text->size, to);
	buf_free(text);
	return good || told_failure("policy", err_text(ERR_MEMORY));
}

/* At the beginning of an object no comma. */
static void
name_member(struct buf *to, const char *name)
{
	if (to->size > 0 && to->data[to->size - 1] != '{')
		buf_append_byte(to, ',');
	json_append_string(to, view_of_string(name));
	buf_append_byte(to, ':');
}
