#include "collector/command_redact.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collector/ground/line.h"
#include "collector/ground/redaction_key.h"
#include "proto/encoding.h"
#include "proto/evidence/component.h"
#include "proto/evidence/redacted.h"
#include "proto/evidence/reference_entry.h"
#include "proto/glob.h"

#define INPUT_SIZE_MAX (128UL * 1024 * 1024) /* bytes: all reference sets of a policy */

static const char *find_task(char *const *names, size_t count, enum component_kind *kind);
static enum err read_input(struct buf *to);
static void hide_values(const struct redaction_key *k, enum component_kind kind, const char *fact,
    struct view text, bool whole, struct buf *to);
static size_t hide_set(const struct redaction_key *k, char *const *patterns, size_t count,
    struct view text, struct buf *to);
static void hide_entry(const struct redaction_key *k, struct reference_entry *e, struct buf *names);
static int fail(const char *text);

int
command_redact(const char *key_path, char *const *names, size_t count, bool whole)
{
	struct trouble t = TROUBLE_INIT;
	struct buf in = BUF_INIT, out = BUF_INIT;
	struct redaction_key k;
	enum component_kind kind = COMPONENT_KIND_COUNT; /* of `set` and `id`, which have none */
	const char *wrong;
	size_t bad = 0;
	enum err e;
	int status = 1;

	if ((wrong = find_task(names, count, &kind)) != NULL) {
		(void)fail(wrong);
		return 2;
	}
	if (redaction_key_load(key_path, &k, &t) != ERR_OK)
		return fail(t.text);
	if (strcmp(names[0], "id") == 0) {
		buf_append_format(&out, "%s\n", k.id);
		e = ERR_OK;
	} else if ((e = read_input(&in)) == ERR_OK) {
		if (strcmp(names[0], "set") == 0)
			bad = hide_set(&k, names + 1, count - 1, buf_view(&in), &out);
		else
			hide_values(&k, kind, names[1], buf_view(&in), whole, &out);
	}
	redaction_key_end(&k);
	if (e != ERR_OK)
		(void)fail(err_text(e));
	else if (bad > 0)
		(void)fprintf(stderr,
		    "hallmark-collector: line %zu of stdin is no line of a reference set with "
		    "an absolute path\n",
		    bad);
	else if (buf_status(&out) != ERR_OK || fwrite(out.data, 1, out.size, stdout) != out.size ||
		 fflush(stdout) != 0)
		(void)fail(strerror(errno));
	else
		status = 0;
	OPENSSL_cleanse(in.data, in.capacity);
	buf_free(&in);
	buf_free(&out);
	return status;
}

/* What is wrong with the names, or NULL. */
static const char *
find_task(char *const *names, size_t count, enum component_kind *kind)
{
	if (strcmp(names[0], "id") == 0)
		return count == 1 ? NULL : "expected nothing behind id";
	if (strcmp(names[0], "set") != 0)
		return count == 2 &&
			       component_kind_from_name(view_of_string(names[0]), kind) == ERR_OK &&
			       component_kind_shape(*kind) == COMPONENT_SHAPE_FACT
			   ? NULL
			   : "expected id, a kind of facts and a fact's name, or set and patterns";
	for (size_t i = 1; i < count; i++)
		if (glob_check(view_of_string(names[i])) != ERR_OK)
			return "expected \"\\\" in a pattern only before \"*\", \"?\" and \"\\\"";
	return count > 1 ? NULL : "expected patterns of paths behind set";
}

static enum err
read_input(struct buf *to)
{
	const size_t step = 65536;
	ssize_t got = 1;
	uint8_t *p;

	while (got > 0) {
		if (to->size > INPUT_SIZE_MAX)
			return ERR_FORMAT_SIZE;
		if ((p = buf_reserve(to, step)) == NULL)
			return ERR_MEMORY;
		got = read(STDIN_FILENO, p, step);
		if (got > 0)
			to->size += (size_t)got;
	}
	return got == 0 ? ERR_OK : ERR_IO;
}

static void
hide_values(const struct redaction_key *k, enum component_kind kind, const char *fact,
    struct view text, bool whole, struct buf *to)
{
	struct view value = text;

	while (text.size > 0 || whole) {
		if (!whole)
			value = line_take(&text);
		redaction_key_append(k, component_kind_name(kind), view_of_string(fact), value, to);
		buf_append_byte(to, '\n');
		if (whole)
			return;
	}
}

/* The number of the first bad line, or 0. */
static size_t
hide_set(const struct redaction_key *k, char *const *patterns, size_t count, struct view text,
    struct buf *to)
{
	struct reference_entry e;
	struct buf names = BUF_INIT;
	size_t number = 0;
	bool good = true;

	while (good && text.size > 0) {
		const struct view line = line_take(&text);
		bool hidden = false;

		number++;
		buf_clear(&names);
		/* Of a line, or of what it is hidden as: names do not move then. */
		good = buf_reserve(&names, line.size + REDACTED_SIZE) != NULL &&
		       reference_entry_parse(line, &names, &e) == NULL && e.path.data[0] == '/';
		for (size_t i = 0; good && i < count; i++)
			hidden =
			    hidden || glob_match(view_of_string(patterns[i]), e.path, GLOB_TEXT);
		if (good && hidden) {
			hide_entry(k, &e, &names);
			reference_entry_append(&e, to);
		} else {
			buf_append_view(to, line);
			buf_append_byte(to, '\n');
		}
	}
	buf_free(&names);
	return good ? 0 : number;
}

/* A link by the digest of its target's text, as a collector hides it. */
static void
hide_entry(const struct redaction_key *k, struct reference_entry *e, struct buf *names)
{
	const size_t begun = names->size;
	struct digest mac;

	redaction_key_mac(k, "content", e->path, (struct view){e->digest.bytes, DIGEST_SIZE}, &mac);
	redaction_key_append(k, "path", (struct view){NULL, 0}, e->path, names);
	e->digest = mac;
	e->target = (struct view){NULL, 0};
	e->path = (struct view){names->data + begun, names->size - begun};
}

static int
fail(const char *text)
{
	(void)fprintf(stderr, "hallmark-collector: %s\n", text);
	return 1;
}
