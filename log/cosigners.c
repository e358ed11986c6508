#include "log/cosigners.h"

#include <fcntl.h>
#include <string.h>

#include "log/inputfile.h"

static enum outcome load(const char *named, const struct findings *f, struct cosigner **out);

enum outcome
cosigners_load(
    const char *const *named, size_t count, const struct findings *f, struct cosigners *out)
{
	enum outcome o = OUTCOME_GOOD;

	memset(out, 0, sizeof(*out));
	if (count > COSIGNERS_MAX)
		return findings_step(f, "witness", OUTCOME_UNKNOWN,
		    "expected at most %d witnesses, found %zu", COSIGNERS_MAX, count);
	for (size_t i = 0; i < count && o == OUTCOME_GOOD; i++)
		if ((o = load(named[i], f, &out->cosigner[out->count])) == OUTCOME_GOOD)
			out->count++;
	return o;
}

void
cosigners_free(struct cosigners *w)
{
	while (w->count > 0)
		cosigner_free(&w->cosigner[--w->count]);
}

enum err
cosigners_check(
    const struct cosigners *w, struct view bytes, const struct cosigner **by, uint64_t *time_s)
{
	enum err e, result = ERR_UNKNOWN_KEY;
	uint64_t found_s = 0;
	struct note n;

	*by = NULL;
	if ((e = note_parse(bytes, &n)) != ERR_OK)
		return e;
	for (size_t i = 0; i < w->count; i++) {
		e = cosigner_check(w->cosigner[i], &n, &found_s);
		if (e == ERR_UNKNOWN_KEY)
			continue;
		if (e != ERR_OK)
			return e;
		if (*by == NULL || found_s < *time_s) {
			*by = w->cosigner[i];
			*time_s = found_s;
		}
		result = ERR_OK;
	}
	return result;
}

/* A verifier key line has a "+" behind a name, and may well look like a path: it is tried first. */
static enum outcome
load(const char *named, const struct findings *f, struct cosigner **out)
{
	struct buf file = BUF_INIT;
	struct view line;
	enum outcome o = OUTCOME_GOOD;
	enum err e = cosigner_read(view_of_string(named), out);

	if (e == ERR_OK)
		return OUTCOME_GOOD;
	if (inputfile_read(AT_FDCWD, named, NOTE_KEY_LINE_MAX + 1, &file) == ERR_OK) {
		line = buf_view(&file);
		if (line.size > 0 && line.data[line.size - 1] == '\n')
			line.size--;
		e = cosigner_read(line, out);
	}
	if (e != ERR_OK)
		o = findings_step(f, "witness", OUTCOME_UNKNOWN,
		    "%s: expected the verifier key of a witness that cosigns (NAME+HASH+KEY, type "
		    "04), or a file with it: %s",
		    named, err_text(e));
	buf_free(&file);
	return o;
}
