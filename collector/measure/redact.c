#include "collector/measure/redact.h"

#include <stdlib.h>
#include <string.h>

#include "collector/ground/values.h"
#include "collector/keys/keyed.h"
#include "proto/glob.h"

static component_screen_fact screen_fact;
static component_screen_file screen_file;
static bool hides_value(const struct redact *r, const struct component_fact *f, struct view name,
    size_t first, size_t index);
static struct view stands_for(struct view name);
static bool rule_hides(
    const struct collector_redact *rule, const struct component_fact *f, size_t index);
static bool hides_path(const struct redact *r, struct view path);
static bool hides_file(const struct redact *r, const struct component_file *f);
static bool has_paths(const struct redact *r);
static void append_unescaped(struct view text, struct buf *to);
static unsigned digit_of(uint8_t character);
static struct view name_of(
    enum component_kind kind, const struct component_fact *f, size_t *first_value);
static void append_detail(
    const struct redact *r, struct view path, struct view detail, bool hidden, struct values *to);
static bool matches(const char *pattern, struct view text);

void
redact_begin(const struct redact *r, struct component_builder *to)
{
	component_builder_screen(to, screen_fact, screen_file, r);
}

struct view
redact_shown(const struct redact *r, struct view path, struct buf *room)
{
	if (!hides_path(r, path))
		return path;
	redaction_key_append(r->key, "path", (struct view){NULL, 0}, path, room);
	return buf_status(room) == ERR_OK ? buf_view(room) : VIEW_LITERAL("(hidden)");
}

enum err
redact_note(const struct redact *r, struct component_builder *to)
{
	struct values notes = VALUES_INIT;
	struct view *views;
	enum err e;

	if (r->key == NULL)
		return ERR_OK;
	buf_append_format(&notes.text, "key=%s", r->key->id);
	values_end(&notes);
	for (size_t i = 0; i < r->workload->redact_count; i++) {
		const struct collector_redact *rule = &r->workload->redact[i];

		if (rule->kind != r->kind)
			continue;
		buf_append_format(&notes.text, "%s %s", rule->path != NULL ? "path" : "fact",
		    rule->path != NULL ? rule->path : rule->fact);
		if (rule->value != NULL)
			buf_append_format(&notes.text, " value %s", rule->value);
		if (rule->after != NULL)
			buf_append_format(&notes.text, " after %s", rule->after);
		values_end(&notes);
	}
	views = values_views(&notes);
	e = views == NULL ? ERR_MEMORY
	    : notes.count == 1
		? ERR_OK
		: component_add_made(
		      to, &(struct component_fact){VIEW_LITERAL("redacted"), notes.count, views});
	free(views);
	values_free(&notes);
	return e;
}

static enum err
screen_fact(const void *context, const struct component_fact *f, struct component_builder *to)
{
	const struct redact *r = context;
	struct component_fact other = *f;
	struct values values = VALUES_INIT;
	size_t first, changed = 0;
	const struct view name = name_of(r->kind, f, &first);
	struct view *views;
	enum err e;

	for (size_t i = 0; i < f->value_count; i++)
		changed += redacted_is_alike(f->values[i]) || hides_value(r, f, name, first, i);
	if (changed == 0)
		return component_add_fact(to, f);
	for (size_t i = 0; i < f->value_count; i++) {
		if (hides_value(r, f, name, first, i))
			redaction_key_append(
			    r->key, component_kind_name(r->kind), name, f->values[i], &values.text);
		else
			redacted_append_honest(&values.text, f->values[i]);
		values_end(&values);
	}
	other.values = views = values_views(&values);
	e = views != NULL ? component_add_fact(to, &other) : ERR_MEMORY;
	free(views);
	values_free(&values);
	return e;
}

static enum err
screen_file(const void *context, const struct component_file *f, struct component_builder *to)
{
	const struct redact *r = context;
	const bool hidden = hides_file(r, f);
	struct component_file other = *f;
	struct values texts = VALUES_INIT;
	struct view *views;
	enum err e;

	if (!hidden && !redacted_is_alike(f->path) && f->detail_count == 0)
		return component_add_file(to, f);
	if (hidden) {
		redaction_key_append(r->key, "path", (struct view){NULL, 0}, f->path, &texts.text);
		other.size = 0;
		if (!digest_is_zero(&f->digest))
			redaction_key_mac(r->key, "content", f->path,
			    (struct view){f->digest.bytes, DIGEST_SIZE}, &other.digest);
	} else {
		redacted_append_honest(&texts.text, f->path);
	}
	values_end(&texts);
	for (size_t i = 0; i < f->detail_count; i++)
		append_detail(r, f->path, f->details[i], hidden, &texts);
	if ((views = values_views(&texts)) != NULL) {
		other.path = views[0];
		other.details = views + 1;
	}
	e = views != NULL ? component_add_file(to, &other) : ERR_MEMORY;
	free(views);
	values_free(&texts);
	return e;
}

static bool
hides_value(const struct redact *r, const struct component_fact *f, struct view name, size_t first,
    size_t index)
{
	const struct view whole = stands_for(name);
	bool hides = false;

	for (size_t i = 0;
	     r->key != NULL && index >= first && !hides && i < r->workload->redact_count; i++) {
		const struct collector_redact *rule = &r->workload->redact[i];

		if (rule->kind != r->kind || rule->fact == NULL)
			continue;
		hides = (whole.size > 0 && matches(rule->fact, whole)) ||
			(matches(rule->fact, name) && rule_hides(rule, f, index));
	}
	return hides;
}

/*
 * Of a digest of all that a fact would have, that fact: with it could be guessed whatever of it is
 * to be hidden, also by a rule that names both. Else empty.
 */
static struct view
stands_for(struct view name)
{
	static const struct view facts[] = {
	    VIEW_LITERAL("arguments"), VIEW_LITERAL("environment_names")};
	static const struct view suffix = VIEW_LITERAL("_digest");

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		if (name.size == facts[i].size + suffix.size &&
		    memcmp(name.data, facts[i].data, facts[i].size) == 0 &&
		    memcmp(name.data + facts[i].size, suffix.data, suffix.size) == 0)
			return facts[i];
	return (struct view){NULL, 0};
}

static bool
rule_hides(const struct collector_redact *rule, const struct component_fact *f, size_t index)
{
	if (rule->after != NULL)
		return index > 0 && matches(rule->after, f->values[index - 1]);
	return rule->value == NULL || matches(rule->value, f->values[index]);
}

static bool
hides_path(const struct redact *r, struct view path)
{
	for (size_t i = 0; r->key != NULL && i < r->workload->redact_count; i++) {
		const struct collector_redact *rule = &r->workload->redact[i];

		if (rule->kind == r->kind && rule->path != NULL && matches(rule->path, path))
			return true;
	}
	return false;
}

/*
 * Also one that a link leads to, whoever has made the link. Of too long a path only a digest is
 * told, which may be one that is to be hidden.
 */
static bool
hides_file(const struct redact *r, const struct component_file *f)
{
	static const struct view name = VIEW_LITERAL("target=");
	struct buf target = BUF_INIT;
	bool hides = hides_path(r, f->path);

	for (size_t i = 0; !hides && i < f->detail_count; i++) {
		const struct view d = f->details[i];

		if (d.size <= name.size || memcmp(d.data, name.data, name.size) != 0)
			continue;
		append_unescaped((struct view){d.data + name.size, d.size - name.size}, &target);
		hides = target.failed || hides_path(r, buf_view(&target)) ||
			(target.data[0] != '/' && has_paths(r));
	}
	buf_free(&target);
	return hides;
}

static bool
has_paths(const struct redact *r)
{
	for (size_t i = 0; r->key != NULL && i < r->workload->redact_count; i++)
		if (r->workload->redact[i].kind == r->kind && r->workload->redact[i].path != NULL)
			return true;
	return false;
}

/* What file_details_append_path has made. */
static void
append_unescaped(struct view text, struct buf *to)
{
	uint8_t byte;

	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] == '%' && text.size - i > 2) {
			byte =
			    (uint8_t)(digit_of(text.data[i + 1]) << 4 | digit_of(text.data[i + 2]));
			i += 2;
		} else {
			byte = text.data[i];
		}
		buf_append_byte(to, byte);
	}
}

/* Of "0123456789ABCDEF". */
static unsigned
digit_of(uint8_t character)
{
	return character <= '9' ? character - (unsigned)'0' : character - (unsigned)'A' + 10U;
}

/*
 * The fact's name, or, of a key of a configuration that has not room in one, what is in its first
 * value; then only those behind it are values.
 */
static struct view
name_of(enum component_kind kind, const struct component_fact *f, size_t *first_value)
{
	struct view whole;

	*first_value = 0;
	if (kind != COMPONENT_CONFIG || f->value_count == 0 || !keyed_is_short_for(f, &whole))
		return f->name;
	*first_value = 1;
	return whole;
}

/* What stands behind its name, if it has one. */
static void
append_detail(
    const struct redact *r, struct view path, struct view detail, bool hidden, struct values *to)
{
	const uint8_t *equals = memchr(detail.data, '=', detail.size);
	const size_t name = equals != NULL ? (size_t)(equals + 1 - detail.data) : 0;

	buf_append(&to->text, detail.data, name);
	if (hidden)
		redaction_key_append(r->key, "detail", path, detail, &to->text);
	else
		redacted_append_honest(
		    &to->text, (struct view){detail.data + name, detail.size - name});
	values_end(to);
}

static bool
matches(const char *pattern, struct view text)
{
	return glob_match(view_of_string(pattern), text, GLOB_TEXT);
}
