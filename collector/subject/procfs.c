#include "collector/subject/procfs.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "collector/ground/small_file.h"
#include "proto/encoding.h"

#define STAT_SIZE_MAX 4096 /* bytes: 52 numbers and a name */

static bool field_number(struct view word, uint64_t *out);

enum err
procfs_read_link(int dir, const char *name, struct buf *to)
{
	uint8_t *p = buf_reserve(to, PATH_MAX + 1);
	ssize_t size;

	if (p == NULL)
		return ERR_MEMORY;
	if ((size = readlinkat(dir, name, (char *)p, PATH_MAX + 1)) < 0) {
		if (errno == ENAMETOOLONG)
			return ERR_FORMAT_SIZE;
		return errno == ENOENT || errno == ESRCH ? ERR_NOT_FOUND : ERR_IO;
	}
	if (size >= PATH_MAX)
		return ERR_FORMAT_SIZE;
	to->size += (size_t)size;
	return ERR_OK;
}

struct view
procfs_trim(struct view text)
{
	while (text.size > 0 && text.data[text.size - 1] == '\n')
		text.size--;
	return text;
}

bool
procfs_next_word(struct view *rest, struct view *word)
{
	size_t begin = 0, end;

	while (begin < rest->size && (rest->data[begin] == ' ' || rest->data[begin] == '\t'))
		begin++;
	end = begin;
	while (end < rest->size && rest->data[end] != ' ' && rest->data[end] != '\t')
		end++;
	if (begin == end)
		return false;
	*word = (struct view){rest->data + begin, end - begin};
	*rest = (struct view){rest->data + end, rest->size - end};
	return true;
}

bool
procfs_next_string(struct view *rest, struct view *string)
{
	const uint8_t *end;

	if (rest->size == 0)
		return false;
	end = memchr(rest->data, '\0', rest->size);
	string->data = rest->data;
	string->size = end != NULL ? (size_t)(end - rest->data) : rest->size;
	rest->data += string->size;
	rest->size -= string->size;
	if (end != NULL)
		*rest = (struct view){rest->data + 1, rest->size - 1};
	return true;
}

enum err
procfs_stat_parse(struct view text, struct procfs_stat *out)
{
	const uint8_t *close_mark = NULL;
	uint64_t pid, parent = 0;
	struct view rest = text, word;
	unsigned field;
	bool good = true;

	memset(out, 0, sizeof(*out));
	if (text.size > 0)
		close_mark = memrchr(text.data, ')', text.size);
	if (close_mark == NULL)
		return ERR_FORMAT;
	if (!procfs_next_word(&rest, &word) || !field_number(word, &pid) || pid > INT_MAX)
		return ERR_FORMAT;
	out->pid = (pid_t)pid;
	rest = procfs_trim(
	    (struct view){close_mark + 1, text.size - (size_t)(close_mark + 1 - text.data)});
	for (field = 3; field <= 28 && procfs_next_word(&rest, &word); field++) {
		if (field == 4)
			good = field_number(word, &parent) && parent <= INT_MAX;
		else if (field == 22)
			good = field_number(word, &out->start_ticks);
		else if (field == 26)
			good = field_number(word, &out->start_code);
		else if (field == 28)
			good = field_number(word, &out->start_stack);
		if (!good)
			return ERR_FORMAT;
	}
	out->parent = (pid_t)parent;
	return field == 29 ? ERR_OK : ERR_FORMAT;
}

enum err
procfs_read_stat(int dir, struct procfs_stat *out)
{
	struct buf text = BUF_INIT;
	enum err e = small_file_read_made(dir, "stat", STAT_SIZE_MAX, &text);

	if (e == ERR_OK)
		e = procfs_stat_parse(buf_view(&text), out);
	buf_free(&text);
	return e;
}

bool
procfs_status_field(struct view status, const char *key, struct view *value)
{
	const size_t key_size = strlen(key);
	struct view line;

	while (line_next(&status, &line) == ERR_OK) {
		if (line.size <= key_size || memcmp(line.data, key, key_size) != 0 ||
		    line.data[key_size] != ':')
			continue;
		line = (struct view){line.data + key_size + 1, line.size - key_size - 1};
		while (line.size > 0 && strchr(" \t", line.data[0]) != NULL)
			line = (struct view){line.data + 1, line.size - 1};
		while (line.size > 0 && strchr(" \t", line.data[line.size - 1]) != NULL)
			line.size--;
		*value = line;
		return true;
	}
	return false;
}

static bool
field_number(struct view word, uint64_t *out)
{
	return decimal_decode(word, out) == ERR_OK;
}
