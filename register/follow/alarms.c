#include "register/follow/alarms.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "log/inputfile.h"
#include "proto/encoding.h"
#include "register/follow/state_file.h"

#define STANDING     "alarms"
#define ACKNOWLEDGED "alarms.acknowledged"

#define FILE_SIZE_MAX (16UL * 1024 * 1024) /* bytes: acknowledged for years */

static enum err load(
    int dir, const char *name, struct alarm **list, size_t *count, size_t *capacity);
static enum err parse_line(struct view line, struct alarm *out);
static bool next_word(struct view *rest, struct view *word);
static enum err add(struct alarm **list, size_t *count, size_t *capacity, const struct alarm *one);
static void drop_all(struct alarm **list, size_t *count, size_t *capacity);
static bool has(
    const struct alarm *list, size_t count, enum followed_alarm_kind kind, uint64_t index);
static enum err store(struct alarms *a, const struct alarm *one);

enum err
alarms_open(struct alarms *a, int dir)
{
	enum err e;

	*a = (struct alarms){.dir = dir};
	e = load(dir, STANDING, &a->alarm, &a->count, &a->capacity);
	return e != ERR_OK ? e
			   : load(dir, ACKNOWLEDGED, &a->acknowledged, &a->acknowledged_count,
				 &a->acknowledged_capacity);
}

void
alarms_free(struct alarms *a)
{
	drop_all(&a->alarm, &a->count, &a->capacity);
	drop_all(&a->acknowledged, &a->acknowledged_count, &a->acknowledged_capacity);
}

bool
alarms_raise(
    struct alarms *a, enum followed_alarm_kind kind, uint64_t index, const char *words, enum err *e)
{
	struct alarm one = {
	    .kind = kind, .index = index, .raised_s = (uint64_t)time(NULL), .words = NULL};
	size_t of_kind = 0;

	*e = ERR_OK;
	if (has(a->alarm, a->count, kind, index) ||
	    (index != FOLLOWED_NO_ENTRY &&
		has(a->acknowledged, a->acknowledged_count, kind, index)))
		return false;
	for (size_t i = 0; i < a->count; i++)
		of_kind += a->alarm[i].kind == kind;
	if (of_kind >= ALARMS_OF_KIND_MAX) {
		a->more[kind]++;
		return false;
	}
	if ((one.words = strdup(words)) == NULL ||
	    add(&a->alarm, &a->count, &a->capacity, &one) != ERR_OK)
		abort(); /* an alarm would be lost */
	*e = store(a, &one);
	return true;
}

bool
alarms_stands(const struct alarms *a, enum followed_alarm_kind kind)
{
	for (size_t i = 0; i < a->count; i++)
		if (a->alarm[i].kind == kind)
			return true;
	return false;
}

bool
alarms_were_acknowledged(struct alarms *a)
{
	struct alarms again;
	struct stat st;

	if (a->count == 0 || fstatat(a->dir, STANDING, &st, 0) == 0 || errno != ENOENT)
		return false;
	if (alarms_open(&again, a->dir) != ERR_OK) {
		alarms_free(&again);
		return false; /* what cannot be read removes nothing */
	}
	alarms_free(a);
	*a = again; /* moved */
	return true;
}

enum err
alarms_acknowledge(int dir, size_t *count)
{
	struct buf text = BUF_INIT;
	enum err e;

	*count = 0;
	if (flock(dir, LOCK_EX) != 0)
		return ERR_IO;
	e = inputfile_read(dir, STANDING, FILE_SIZE_MAX, &text);
	if (e == ERR_OK)
		e = state_file_append(dir, ACKNOWLEDGED, buf_view(&text));
	if (e == ERR_OK && (unlinkat(dir, STANDING, 0) != 0 || fsync(dir) != 0))
		e = ERR_IO;
	(void)flock(dir, LOCK_UN);
	for (size_t i = 0; e == ERR_OK && i < text.size; i++)
		*count += text.data[i] == '\n';
	buf_free(&text);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err
load(int dir, const char *name, struct alarm **list, size_t *count, size_t *capacity)
{
	struct buf text = BUF_INIT;
	struct view rest, line;
	struct alarm one;
	enum err e = inputfile_read(dir, name, FILE_SIZE_MAX, &text);

	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	rest = buf_view(&text);
	while (e == ERR_OK && rest.size > 0) {
		/* What a crash has cut off was not told to be durable. */
		if (line_next(&rest, &line) != ERR_OK)
			break;
		if ((e = parse_line(line, &one)) == ERR_OK)
			e = add(list, count, capacity, &one);
	}
	buf_free(&text);
	return e;
}

/* Of a damaged one is not known what it was: that it was an alarm is. */
static enum err
parse_line(struct view line, struct alarm *out)
{
	const struct view whole = line;
	struct view time, kind, index;
	unsigned k = 0;

	*out = (struct alarm){.index = FOLLOWED_NO_ENTRY};
	if (!next_word(&line, &time) || !next_word(&line, &kind) || !next_word(&line, &index) ||
	    decimal_decode(time, &out->raised_s) != ERR_OK ||
	    (!view_equal(index, VIEW_LITERAL("-")) && decimal_decode(index, &out->index) != ERR_OK))
		k = FOLLOWED_ALARM_COUNT;
	while (k < FOLLOWED_ALARM_COUNT &&
	       !view_equal(kind, view_of_string(followed_alarm_name((enum followed_alarm_kind)k))))
		k++;
	if (k == FOLLOWED_ALARM_COUNT) {
		out->index = FOLLOWED_NO_ENTRY;
		out->kind = FOLLOWED_UNREADABLE;
		line = whole;
	} else {
		out->kind = (enum followed_alarm_kind)k;
	}
	out->words = view_to_string(line);
	return out->words != NULL ? ERR_OK : ERR_MEMORY;
}

/* Behind it is one space. */
static bool
next_word(struct view *rest, struct view *word)
{
	const uint8_t *end = rest->size > 0 ? memchr(rest->data, ' ', rest->size) : NULL;

	if (end == NULL)
		return false;
	*word = (struct view){rest->data, (size_t)(end - rest->data)};
	*rest = (struct view){end + 1, rest->size - word->size - 1};
	return true;
}

static enum err
add(struct alarm **list, size_t *count, size_t *capacity, const struct alarm *one)
{
	if (*count == *capacity) {
		const size_t more = *capacity == 0 ? 16 : 2 * *capacity;
		struct alarm *grown = reallocarray(*list, more, sizeof(*grown));

		if (grown == NULL) {
			free(one->words);
			return ERR_MEMORY;
		}
		*list = grown;
		*capacity = more;
	}
	(*list)[(*count)++] = *one;
	return ERR_OK;
}

static void
drop_all(struct alarm **list, size_t *count, size_t *capacity)
{
	for (size_t i = 0; i < *count; i++)
		free((*list)[i].words);
	free(*list);
	*list = NULL;
	*count = *capacity = 0;
}

static bool
has(const struct alarm *list, size_t count, enum followed_alarm_kind kind, uint64_t index)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].kind == kind && list[i].index == index)
			return true;
	return false;
}

static enum err
store(struct alarms *a, const struct alarm *one)
{
	struct buf line = BUF_INIT;
	enum err e;

	buf_append_format(&line, "%" PRIu64 " %s ", one->raised_s, followed_alarm_name(one->kind));
	if (one->index == FOLLOWED_NO_ENTRY)
		buf_append_byte(&line, '-');
	else
		buf_append_decimal(&line, one->index);
	buf_append_format(&line, " %s\n", one->words);
	e = buf_status(&line);
	/* Nobody moves the file away meanwhile. */
	if (e == ERR_OK && flock(a->dir, LOCK_EX) != 0)
		e = ERR_IO;
	if (e == ERR_OK) {
		e = state_file_append(a->dir, STANDING, buf_view(&line));
		(void)flock(a->dir, LOCK_UN);
	}
	buf_free(&line);
	return e;
}
