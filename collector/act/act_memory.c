#include "collector/act/act_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/store/savefile.h"

#define FORM 1

/* Bytes: some 300 for each fall of 1,024 workloads, some 140 for each number that was used. */
#define SIZE_MAX_BYTES (2U << 20)

#define STANDING_WORD(identifier, word) [identifier] = word,
static const char *const standings[ACT_STANDING_COUNT] = {ACT_STANDING_MAP(STANDING_WORD)};
#undef STANDING_WORD

static enum err take(struct act_memory *m, struct view bytes);
static bool take_falls(struct act_memory *m, json_t *list);
static bool take_fall(struct act_memory *m, json_t *from);
static bool take_act(struct act_fall *f, json_t *from);
static bool take_used(struct act_memory *m, json_t *list);
static bool take_times(struct act_memory *m, json_t *list);
static bool take_digest(json_t *from, const char *name, struct digest *out);
static bool take_number(json_t *value, uint64_t *out);
static json_t *write_all(const struct act_memory *m);
static json_t *write_fall(const struct act_fall *f);
static json_t *hex_of(const struct digest *d);
static bool holds(const struct act_fall *f);

enum err
act_memory_open(struct act_memory *m, const char *directory, struct trouble *t)
{
	struct buf bytes = BUF_INIT;
	enum err e;

	memset(m, 0, sizeof(*m));
	m->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (m->directory < 0)
		return trouble_set(t, ERR_CONFIG, "acts.memory %s: %s", directory, strerror(errno));
	e = savefile_read(m->directory, ACT_MEMORY_NAME, SIZE_MAX_BYTES, &bytes, t);
	if (e == ERR_NOT_FOUND)
		e = ERR_OK;
	else if (e == ERR_OK && (e = take(m, buf_view(&bytes))) != ERR_OK)
		(void)trouble_set(t, e,
		    "%s/%s is not what this program has written: nothing is done about verdicts "
		    "before it is mended or removed; without it grants that are not over can be "
		    "used once more",
		    directory, ACT_MEMORY_NAME);
	buf_free(&bytes);
	if (e != ERR_OK)
		act_memory_close(m);
	return e;
}

void
act_memory_close(struct act_memory *m)
{
	if (m->directory >= 0)
		(void)close(m->directory);
	free(m->fall);
	free(m->used);
	memset(m, 0, sizeof(*m));
	m->directory = -1;
}

static enum err
take(struct act_memory *m, struct view bytes)
{
	json_t *all =
	    json_loadb((const char *)bytes.data, bytes.size, JSON_REJECT_DUPLICATES, NULL);
	const bool good = all != NULL && json_integer_value(json_object_get(all, "form")) == FORM &&
			  take_falls(m, json_object_get(all, "falls")) &&
			  take_used(m, json_object_get(all, "used")) &&
			  take_times(m, json_object_get(all, "times"));

	json_decref(all);
	return good ? ERR_OK : ERR_FORMAT;
}

static bool
take_falls(struct act_memory *m, json_t *list)
{
	bool good = json_is_array(list);

	for (size_t i = 0; good && i < json_array_size(list); i++)
		good = take_fall(m, json_array_get(list, i));
	return good;
}

static bool
take_fall(struct act_memory *m, json_t *from)
{
	const char *name = json_string_value(json_object_get(from, "workload"));
	json_t *acts = json_object_get(from, "acts");
	struct act_fall *f;
	bool good;

	if (name == NULL || bundle_workload_check(view_of_string(name)) != ERR_OK ||
	    act_memory_find(m, name) != NULL || (f = act_memory_begin(m, name)) == NULL)
		return false;
	good = json_is_array(acts) && take_number(json_object_get(from, "turned"), &f->turned_s);
	if (json_string_length(json_object_get(from, "report")) > 0) {
		good = good && take_digest(from, "report", &f->report);
		f->has_report = true;
	}
	for (size_t i = 0; good && i < json_array_size(acts); i++)
		good = take_act(f, json_array_get(acts, i));
	return good;
}

static bool
take_act(struct act_fall *f, json_t *from)
{
	const char *word = json_string_value(json_object_get(from, "act"));
	const char *standing = json_string_value(json_object_get(from, "standing"));
	enum statement_act act;
	unsigned found = 0;

	if (word == NULL || standing == NULL ||
	    (act = statement_act_from_word(view_of_string(word))) == STATEMENT_NO_ACT)
		return false;
	while (found < ACT_STANDING_COUNT && strcmp(standings[found], standing) != 0)
		found++;
	f->act[act].standing = (enum act_standing)found;
	return found < ACT_STANDING_COUNT && take_digest(from, "grant", &f->act[act].granted);
}

static bool
take_used(struct act_memory *m, json_t *list)
{
	const size_t count = json_array_size(list);
	bool good = json_is_array(list) && count <= ACT_USED_MAX;

	if (good && count > 0)
		good = (m->used = calloc(count, sizeof(*m->used))) != NULL;
	for (size_t i = 0; good && i < count; i++) {
		json_t *one = json_array_get(list, i);
		struct act_used *to = &m->used[m->used_count++];

		good = take_digest(one, "key", &to->key) &&
		       take_number(json_object_get(one, "number"), &to->number) &&
		       take_number(json_object_get(one, "until"), &to->until_s);
	}
	return good;
}

static bool
take_times(struct act_memory *m, json_t *list)
{
	bool good = json_is_array(list) && json_array_size(list) <= ACT_TIMES_MAX;

	for (size_t i = 0; good && i < json_array_size(list); i++)
		good = take_number(json_array_get(list, i), &m->time_s[m->time_count++]);
	return good;
}

static bool
take_digest(json_t *from, const char *name, struct digest *out)
{
	const char *hex = json_string_value(json_object_get(from, name));

	return hex != NULL && digest_from_hex(view_of_string(hex), out) == ERR_OK;
}

static bool
take_number(json_t *value, uint64_t *out)
{
	*out = (uint64_t)json_integer_value(value);
	return json_is_integer(value) && json_integer_value(value) >= 0;
}

enum err
act_memory_save(const struct act_memory *m, struct trouble *t)
{
	json_t *all = write_all(m);
	char *text = all != NULL ? json_dumps(all, JSON_INDENT(1)) : NULL;
	enum err e = ERR_MEMORY;

	if (text != NULL)
		e = savefile_write(m->directory, ACT_MEMORY_NAME, view_of_string(text), t);
	free(text);
	json_decref(all);
	return e;
}

static json_t *
write_all(const struct act_memory *m)
{
	json_t *falls = json_array(), *used = json_array(), *times = json_array();

	for (size_t i = 0; i < m->fall_count; i++)
		(void)json_array_append_new(falls, write_fall(&m->fall[i]));
	for (size_t i = 0; i < m->used_count; i++)
		(void)json_array_append_new(used,
		    json_pack("{s:o,s:I,s:I}", "key", hex_of(&m->used[i].key), "number",
			(json_int_t)m->used[i].number, "until", (json_int_t)m->used[i].until_s));
	for (size_t i = 0; i < m->time_count; i++)
		(void)json_array_append_new(times, json_integer((json_int_t)m->time_s[i]));
	/* One that could not be made for want of memory is missing, and must not pass for none. */
	if (json_array_size(falls) != m->fall_count || json_array_size(used) != m->used_count ||
	    json_array_size(times) != m->time_count) {
		json_decref(falls);
		json_decref(used);
		json_decref(times);
		return NULL;
	}
	return json_pack(
	    "{s:i,s:o,s:o,s:o}", "form", FORM, "falls", falls, "used", used, "times", times);
}

static json_t *
write_fall(const struct act_fall *f)
{
	json_t *acts = json_array();
	size_t count = 0;

	for (unsigned i = 0; i < STATEMENT_ACT_COUNT; i++) {
		if (f->act[i].standing == ACT_IDLE)
			continue;
		count++;
		(void)json_array_append_new(
		    acts, json_pack("{s:s,s:s,s:o}", "act",
			      statement_act_word((enum statement_act)i), "standing",
			      standings[f->act[i].standing], "grant", hex_of(&f->act[i].granted)));
	}
	if (json_array_size(acts) != count) {
		json_decref(acts);
		return NULL;
	}
	return json_pack("{s:s,s:I,s:o,s:o}", "workload", f->workload, "turned",
	    (json_int_t)f->turned_s, "report",
	    f->has_report ? hex_of(&f->report) : json_pack("s", ""), "acts", acts);
}

static json_t *
hex_of(const struct digest *d)
{
	char hex[DIGEST_HEX_SIZE + 1];

	digest_to_hex(d, hex);
	return json_pack("s", hex);
}

struct act_fall *
act_memory_find(const struct act_memory *m, const char *workload)
{
	for (size_t i = 0; i < m->fall_count; i++)
		if (strcmp(m->fall[i].workload, workload) == 0)
			return &m->fall[i];
	return NULL;
}

struct act_fall *
act_memory_begin(struct act_memory *m, const char *workload)
{
	struct act_fall *f = act_memory_find(m, workload), *grown;

	if (f != NULL)
		return f;
	if ((grown = reallocarray(m->fall, m->fall_count + 1, sizeof(*grown))) == NULL)
		return NULL;
	m->fall = grown;
	f = &grown[m->fall_count++];
	memset(f, 0, sizeof(*f));
	memcpy(f->workload, workload, strlen(workload) + 1);
	return f;
}

void
act_memory_tidy(struct act_memory *m)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->fall_count; i++)
		if (m->fall[i].has_report || m->fall[i].turned_s != 0 || holds(&m->fall[i]))
			m->fall[kept++] = m->fall[i];
	m->fall_count = kept;
}

static bool
holds(const struct act_fall *f)
{
	for (unsigned i = 0; i < STATEMENT_ACT_COUNT; i++)
		if (f->act[i].standing == ACT_BEGUN || f->act[i].standing == ACT_HELD ||
		    f->act[i].standing == ACT_ENDING)
			return true;
	return false;
}

void
act_memory_forget_others(struct act_memory *m, const struct collector_config *config)
{
	for (size_t i = 0; i < m->fall_count; i++) {
		bool is_there = false;

		for (size_t k = 0; k < config->workload_count; k++)
			is_there =
			    is_there || strcmp(config->workloads[k].name, m->fall[i].workload) == 0;
		if (!is_there)
			m->fall[i].turned_s = 0;
	}
}

void
act_fall_add(struct act_fall *f, const struct digest *report)
{
	if (!f->has_report) {
		f->has_report = true;
		f->report = *report;
	} else if (!act_fall_has(f, report)) {
		f->recent[f->recent_count++ % ACT_RECENT_MAX] = *report;
	}
}

bool
act_fall_has(const struct act_fall *f, const struct digest *report)
{
	const size_t there = f->recent_count < ACT_RECENT_MAX ? f->recent_count : ACT_RECENT_MAX;

	if (!f->has_report)
		return false;
	for (size_t i = 0; i < there; i++)
		if (digest_equal(&f->recent[i], report))
			return true;
	return digest_equal(&f->report, report);
}

bool
act_memory_has_used(const struct act_memory *m, const struct digest *key, uint64_t number)
{
	for (size_t i = 0; i < m->used_count; i++)
		if (m->used[i].number == number && digest_equal(&m->used[i].key, key))
			return true;
	return false;
}

enum err
act_memory_use(struct act_memory *m, const struct grant *g, uint64_t now_s)
{
	struct act_used *grown;
	size_t kept = 0;

	for (size_t i = 0; i < m->used_count; i++)
		if (m->used[i].until_s > now_s)
			m->used[kept++] = m->used[i];
	m->used_count = kept;
	if (m->used_count == ACT_USED_MAX)
		return ERR_NO_ROOM;
	if ((grown = reallocarray(m->used, m->used_count + 1, sizeof(*grown))) == NULL)
		return ERR_MEMORY;
	m->used = grown;
	grown[m->used_count++] = (struct act_used){g->key, g->number, g->not_after_s};
	if (m->time_count == ACT_TIMES_MAX)
		memmove(m->time_s, m->time_s + 1, --m->time_count * sizeof(m->time_s[0]));
	m->time_s[m->time_count++] = now_s;
	return ERR_OK;
}

size_t
act_memory_count_since(const struct act_memory *m, uint64_t now_s, uint64_t interval_s)
{
	size_t count = 0;

	for (size_t i = 0; i < m->time_count; i++)
		count += m->time_s[i] + interval_s > now_s;
	return count;
}
