#include "signer/policies/formatting.h"

#include <string.h>

#include "config/yaml.h"
#include "config/yaml_check.h"
#include "config/yaml_tree.h"
#include "signer/policies/file_replace.h"
#include "signer/policies/told.h"
#include "signer/policies/yaml_comments.h"
#include "signer/policies/yaml_spelling.h"

#define TIMES_MAX 4 /* that it is spelled: twice is enough but for the oddest comments */

/* A text, and what is in it. */
struct spelled {
	struct yaml_tree *tree;
	struct yaml_node *top;
	struct yaml_comments comments;
};

static struct view without_mark(struct view text);
static bool read_text(const char *path, struct view text, struct spelled *out);
static void free_text(struct spelled *s);
static bool spell(const char *path, struct view text, struct buf *to);
static bool spell_once(const char *path, struct view text, struct buf *to);
static bool is_same(const struct spelled *a, const struct spelled *b);

int
formatting_run(const char *path, bool check, FILE *to)
{
	struct buf text = BUF_INIT, anew = BUF_INIT;
	struct faults faults = FAULTS_INIT;
	int result = FORMATTING_EXIT_UNKNOWN;

	if (yaml_read_file(path, 0, NULL, path, YAML_FILE_SIZE_MAX, &faults, &text) != ERR_OK) {
		faults_print(&faults, stderr);
	} else if (spell(path, without_mark(buf_view(&text)), &anew)) {
		if (view_equal(buf_view(&text), buf_view(&anew))) {
			result = 0;
		} else if (check) {
			fprintf(to, "%s is spelled otherwise\n", path);
			result = FORMATTING_EXIT_OTHER;
		} else if (file_replace(path, buf_view(&anew))) {
			fprintf(to, "%s is spelled anew: another policy, by its id\n", path);
			result = 0;
		}
	}
	faults_free(&faults);
	buf_free(&text);
	buf_free(&anew);
	return result;
}

/* U+FEFF, as editors put it at the beginning. */
static struct view
without_mark(struct view text)
{
	static const struct view mark = VIEW_LITERAL("\xef\xbb\xbf");

	if (text.size < mark.size || memcmp(text.data, mark.data, mark.size) != 0)
		return text;
	return (struct view){text.data + mark.size, text.size - mark.size};
}

/* A comment that has moved may make room for another line: until nothing changes any more. */
static bool
spell(const char *path, struct view text, struct buf *to)
{
	struct buf before = BUF_INIT;
	bool good = spell_once(path, text, to);

	for (size_t i = 0; good && i < TIMES_MAX && !view_equal(buf_view(&before), buf_view(to));
	     i++) {
		buf_clear(&before);
		buf_append_view(&before, buf_view(to));
		buf_clear(to);
		good = spell_once(path, buf_view(&before), to);
	}
	buf_free(&before);
	return good;
}

/* It is read again: whatever would have changed it is found before anything is written. */
static bool
spell_once(const char *path, struct view text, struct buf *to)
{
	struct spelled old = {.tree = NULL}, new = {.tree = NULL};
	bool good = read_text(path, text, &old);

	if (good) {
		yaml_spelling_write(old.top, &old.comments, to);
		good = buf_status(to) == ERR_OK && read_text(path, buf_view(to), &new) &&
		       is_same(&old, &new);
		if (!good)
			(void)told_failure(path, "has no such spelling that means the same; it "
						 "stays as it is");
	}
	free_text(&old);
	free_text(&new);
	return good;
}

static bool
read_text(const char *path, struct view text, struct spelled *out)
{
	struct faults faults = FAULTS_INIT;
	bool sound = false;

	out->tree = yaml_tree_new();
	out->top = yaml_read(out->tree, path, text, &faults, &sound);
	if (faults.count == 0 && sound && !yaml_comments_find(text, &out->comments))
		faults_add(&faults, path, 0,
		    "a text with | or > has no spelling on one line: put it in quotes");
	sound = sound && faults.count == 0;
	faults_print(&faults, stderr);
	faults_free(&faults);
	return sound;
}

static void
free_text(struct spelled *s)
{
	yaml_comments_free(&s->comments);
	yaml_tree_free(&s->tree);
}

static bool
is_same(const struct spelled *a, const struct spelled *b)
{
	if (a->comments.count != b->comments.count)
		return false;
	for (size_t i = 0; i < a->comments.count; i++)
		if (!view_equal(a->comments.comment[i].text, b->comments.comment[i].text))
			return false;
	return yaml_node_is_same(a->top, b->top);
}
