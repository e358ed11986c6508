#include "proto/evidence/reference_entry.h"

#include <stdbool.h>
#include <string.h>

#include "proto/encoding.h"
#include "proto/evidence/component.h"
#include "proto/evidence/redacted.h"

#define MODE_DIGITS 4

static const char *parse_sum(struct view line, struct buf *names, struct reference_entry *e);
static const char *parse_words(struct view line, struct buf *names, struct reference_entry *e);
static const char *parse_content(
    struct view word, struct view path, struct buf *names, struct reference_entry *e);
static const char *parse_given(struct view *rest, struct reference_entry *e);
static bool take_number(struct view *rest, const char *name, uint32_t *out);
static bool take_mode(struct view *rest, uint16_t *out);
static struct view take_word(struct view *rest);
static const char *take_sum_name(
    struct buf *names, struct view name, bool escaped, struct view *out);
static const char *take_name(struct buf *names, struct view word, struct view *out);
static const char *check_plain(struct view name);
static bool is_plain(struct view path);
static void write_word(struct buf *to, struct view name);
static int compare_given(uint32_t a, bool a_given, uint32_t b, bool b_given);

const char *
reference_entry_parse(struct view line, struct buf *names, struct reference_entry *out)
{
	const struct view file = VIEW_LITERAL("file "), link = VIEW_LITERAL("link ");
	const char *wrong;

	*out = (struct reference_entry){.kind = REFERENCE_FILE};
	if (line.size > file.size && (memcmp(line.data, file.data, file.size) == 0 ||
					 memcmp(line.data, link.data, link.size) == 0))
		wrong = parse_words(line, names, out);
	else
		wrong = parse_sum(line, names, out);
	if (wrong == NULL && digest_is_zero(&out->digest))
		wrong = "the digest is all zeros, which stands for what could not be read";
	return wrong != NULL ? wrong : reference_path_check(out->path);
}

const char *
reference_path_check(struct view path)
{
	if ((path.size == 0 || path.data[0] != '/') && !redacted_is(path))
		return "expected an absolute path, because that is what is measured; give "
		       "sha256sum absolute paths";
	if (path.data[0] == '/' && !is_plain(path))
		return "nothing is measured under such a path: expected no \"//\", \"/./\" or "
		       "\"/../\" in it and no \"/\" at its end; give sha256sum the name itself "
		       "(realpath)";
	return path.size > COMPONENT_PATH_MAX ? "the path is longer than 4096 bytes" : NULL;
}

void
reference_entry_append(const struct reference_entry *e, struct buf *to)
{
	char hex[DIGEST_HEX_SIZE + 1];
	const size_t begun = to->size;

	digest_to_hex(&e->digest, hex);
	if (e->kind == REFERENCE_FILE && e->given == 0) {
		buf_append_string(to, hex);
		buf_append_string(to, "  ");
		for (size_t i = 0; i < e->path.size; i++) {
			const uint8_t c = e->path.data[i];

			if (c == '\\' || c == '\n' || c == '\r')
				buf_append_byte(to, '\\');
			buf_append_byte(to, c == '\n' ? 'n' : c == '\r' ? 'r' : c);
		}
		/* A name that needs an escape is longer than it was. */
		if (!to->failed && to->size - begun > DIGEST_HEX_SIZE + 2 + e->path.size) {
			buf_append_byte(to, 0);
			if (!to->failed) {
				memmove(
				    to->data + begun + 1, to->data + begun, to->size - begun - 1);
				to->data[begun] = '\\';
			}
		}
	} else {
		buf_append_string(to, e->kind == REFERENCE_LINK ? "link " : "file ");
		if (e->target.size > 0)
			write_word(to, e->target);
		else
			buf_append_string(to, hex);
		buf_append_byte(to, ' ');
		write_word(to, e->path);
		if ((e->given & REFERENCE_UID) != 0)
			buf_append_format(to, " uid=%u", e->uid);
		if ((e->given & REFERENCE_GID) != 0)
			buf_append_format(to, " gid=%u", e->gid);
		if ((e->given & REFERENCE_MODE) != 0)
			buf_append_format(to, " mode=%04o", e->mode);
	}
	buf_append_byte(to, '\n');
}

int
reference_entry_compare(const struct reference_entry *a, const struct reference_entry *b)
{
	int order = view_compare(a->path, b->path);

	if (order == 0)
		order = (int)a->kind - (int)b->kind;
	if (order == 0)
		order = digest_compare(&a->digest, &b->digest);
	if (order == 0)
		order = compare_given(
		    a->uid, a->given & REFERENCE_UID, b->uid, b->given & REFERENCE_UID);
	if (order == 0)
		order = compare_given(
		    a->gid, a->given & REFERENCE_GID, b->gid, b->given & REFERENCE_GID);
	if (order == 0)
		order = compare_given(
		    a->mode, a->given & REFERENCE_MODE, b->mode, b->given & REFERENCE_MODE);
	return order;
}

static const char *
parse_sum(struct view line, struct buf *names, struct reference_entry *e)
{
	const bool escaped = line.size > 0 && line.data[0] == '\\';

	if (escaped)
		line = (struct view){line.data + 1, line.size - 1};
	if (line.size < DIGEST_HEX_SIZE + 2 ||
	    digest_from_hex((struct view){line.data, DIGEST_HEX_SIZE}, &e->digest) != ERR_OK ||
	    line.data[DIGEST_HEX_SIZE] != ' ' ||
	    (line.data[DIGEST_HEX_SIZE + 1] != ' ' && line.data[DIGEST_HEX_SIZE + 1] != '*'))
		return "expected a line of sha256sum: 64 lower-case hex digits, two spaces, a "
		       "path; "
		       "or \"file\" or \"link\", content and path";
	line = (struct view){line.data + DIGEST_HEX_SIZE + 2, line.size - DIGEST_HEX_SIZE - 2};
	return take_sum_name(names, line, escaped, &e->path);
}

static const char *
parse_words(struct view line, struct buf *names, struct reference_entry *e)
{
	struct view content, path;
	const char *wrong;

	e->kind = take_word(&line).data[0] == 'l' ? REFERENCE_LINK : REFERENCE_FILE;
	content = take_word(&line);
	path = take_word(&line);
	if (content.size == 0 || path.size == 0)
		return "expected content and path behind \"file\" or \"link\", with one space "
		       "between";
	if ((wrong = take_name(names, path, &e->path)) == NULL &&
	    (wrong = parse_content(content, e->path, names, e)) == NULL)
		wrong = parse_given(&line, e);
	return wrong;
}

/* What is hidden has a digest in either. */
static const char *
parse_content(struct view word, struct view path, struct buf *names, struct reference_entry *e)
{
	const char *wrong;

	if (e->kind == REFERENCE_FILE || redacted_is(path))
		return digest_from_hex(word, &e->digest) == ERR_OK
			   ? NULL
			   : "expected a SHA-256 in 64 lower-case hex digits";
	if ((wrong = take_name(names, word, &e->target)) != NULL)
		return wrong;
	if (e->target.size > REFERENCE_TARGET_MAX)
		return "the target is longer than 4096 bytes";
	digest_of(e->target.data, e->target.size, &e->digest);
	return NULL;
}

static const char *
parse_given(struct view *rest, struct reference_entry *e)
{
	if (take_number(rest, "uid=", &e->uid))
		e->given |= REFERENCE_UID;
	if (take_number(rest, "gid=", &e->gid))
		e->given |= REFERENCE_GID;
	if (e->kind == REFERENCE_FILE && take_mode(rest, &e->mode))
		e->given |= REFERENCE_MODE;
	return rest->data == NULL
		   ? NULL
		   : "expected nothing behind the path but uid= and gid= in decimal and, "
		     "of a file, mode= in four octal digits, in this order";
}

/* Nothing is taken where there is no such word. */
static bool
take_number(struct view *rest, const char *name, uint32_t *out)
{
	const size_t size = strlen(name);
	struct view after = *rest, word = take_word(&after);
	uint64_t number;

	if (word.size <= size || memcmp(word.data, name, size) != 0 ||
	    decimal_decode((struct view){word.data + size, word.size - size}, &number) != ERR_OK ||
	    number > UINT32_MAX)
		return false;
	*out = (uint32_t)number;
	*rest = after;
	return true;
}

static bool
take_mode(struct view *rest, uint16_t *out)
{
	const struct view name = VIEW_LITERAL("mode=");
	struct view after = *rest, word = take_word(&after);
	unsigned mode = 0;

	if (word.size != name.size + MODE_DIGITS || memcmp(word.data, name.data, name.size) != 0)
		return false;
	for (size_t i = name.size; i < word.size; i++) {
		if (word.data[i] < '0' || word.data[i] > '7')
			return false;
		mode = mode << 3 | (unsigned)(word.data[i] - '0');
	}
	*out = (uint16_t)mode;
	*rest = after;
	return true;
}

/* Up to the next space, which is taken too. Behind the last one `rest` has no data. */
static struct view
take_word(struct view *rest)
{
	const uint8_t *space = rest->size > 0 ? memchr(rest->data, ' ', rest->size) : NULL;
	const struct view word = {
	    rest->data, space != NULL ? (size_t)(space - rest->data) : rest->size};

	if (space != NULL)
		*rest = (struct view){space + 1, rest->size - word.size - 1};
	else
		*rest = (struct view){NULL, 0};
	return word;
}

/* The name as it is in the file system; appended where it is escaped: there is room. */
static const char *
take_sum_name(struct buf *names, struct view name, bool escaped, struct view *out)
{
	const size_t begun = names->size;
	bool needed = false;

	*out = name;
	if (!escaped)
		return name.size > 0 && memchr(name.data, '\\', name.size) != NULL
			   ? "a backslash stands in a name without one before the digest"
			   : check_plain(name);
	for (size_t i = 0; i < name.size; i++) {
		uint8_t c = name.data[i];

		if (c == '\\') {
			needed = true;
			i++;
			c = i < name.size ? name.data[i] : 0;
			if (c == 'n')
				c = '\n';
			else if (c == 'r')
				c = '\r';
			else if (c != '\\')
				return "a backslash must stand before another, \"n\" or \"r\"";
		}
		buf_append_byte(names, c);
	}
	*out = (struct view){names->data + begun, names->size - begun};
	if (!needed)
		return "a backslash stands before the digest, but nothing in the name needs it";
	return check_plain(name);
}

/* The same of a word, which has no space. */
static const char *
take_name(struct buf *names, struct view word, struct view *out)
{
	static const char escapes[] = "\\nrs", meant[] = "\\\n\r ";
	const size_t begun = names->size;

	*out = word;
	if (word.size == 0 || memchr(word.data, '\\', word.size) == NULL)
		return check_plain(word);
	for (size_t i = 0; i < word.size; i++) {
		uint8_t c = word.data[i];

		if (c == '\\') {
			const char *escape = ++i < word.size && word.data[i] != 0
						 ? strchr(escapes, word.data[i])
						 : NULL;

			if (escape == NULL)
				return "a backslash must stand before another, \"n\", \"r\" or "
				       "\"s\"";
			c = (uint8_t)meant[escape - escapes];
		}
		buf_append_byte(names, c);
	}
	*out = (struct view){names->data + begun, names->size - begun};
	return check_plain(word);
}

/* Bytes that stand for themselves nowhere. */
static const char *
check_plain(struct view name)
{
	if (name.size > 0 && memchr(name.data, 0, name.size) != NULL)
		return "a path cannot hold a zero byte";
	if (name.size > 0 && memchr(name.data, '\r', name.size) != NULL)
		return "a carriage return stands here as it is; save the file with Unix line ends";
	return NULL;
}

/* Names between slashes, none of them empty, "." or "..", as the kernel gives paths. */
static bool
is_plain(struct view path)
{
	for (size_t at = 0; at < path.size;) {
		const struct view name = {path.data + at + 1, path.size - at - 1};
		const uint8_t *slash = name.size > 0 ? memchr(name.data, '/', name.size) : NULL;
		const size_t size = slash != NULL ? (size_t)(slash - name.data) : name.size;

		if (size == 0 || (size <= 2 && memcmp(name.data, "..", size) == 0))
			return false;
		at += size + 1;
	}
	return true;
}

static void
write_word(struct buf *to, struct view name)
{
	for (size_t i = 0; i < name.size; i++) {
		const uint8_t c = name.data[i];

		if (c == '\\' || c == '\n' || c == '\r' || c == ' ')
			buf_append_byte(to, '\\');
		buf_append_byte(to, c == '\n' ? 'n' : c == '\r' ? 'r' : c == ' ' ? 's' : c);
	}
}

static int
compare_given(uint32_t a, bool a_given, uint32_t b, bool b_given)
{
	if (a_given != b_given)
		return a_given ? 1 : -1;
	return a < b ? -1 : a > b;
}
