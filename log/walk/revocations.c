#include "log/walk/revocations.h"

#include <stdlib.h>

static void end(struct revocations *r, const struct digest *statement, uint64_t index);
static enum err add(
    struct revocations *r, const struct notice *n, uint64_t index, const struct statement *said);
static enum err copy_words(struct revocation *to, const struct statement *said);
static struct view next_word(const struct buf *words, size_t *at, size_t size);

void
revocations_free(struct revocations *r)
{
	for (size_t i = 0; i < r->count; i++)
		buf_free(&r->one[i].words);
	free(r->one);
	*r = (struct revocations){.count = 0};
}

enum err
revocations_take(
    struct revocations *r, const struct notice *n, uint64_t index, const struct statement *said)
{
	struct digest statement;

	if (said == NULL) {
		r->unread++;
		return ERR_OK;
	}
	if (statement_value_digest(said, "statement", &statement) == ERR_OK) {
		end(r, &statement, index);
		return ERR_OK;
	}
	if (r->count == REVOCATIONS_MAX) {
		r->others++;
		return ERR_OK;
	}
	return add(r, n, index, said);
}

static void
end(struct revocations *r, const struct digest *statement, uint64_t index)
{
	for (size_t i = 0; i < r->count; i++) {
		if (r->one[i].is_ended || !digest_equal(&r->one[i].statement, statement))
			continue;
		r->one[i].is_ended = true;
		r->one[i].ended_index = index;
	}
}

static enum err
add(struct revocations *r, const struct notice *n, uint64_t index, const struct statement *said)
{
	struct revocation *more = reallocarray(r->one, r->count + 1, sizeof(*more));
	struct revocation *one;
	enum err e;

	if (more == NULL)
		return ERR_MEMORY;
	r->one = more;
	one = &r->one[r->count];
	*one = (struct revocation){.statement = n->sha256,
	    .index = index,
	    .from_s = n->issued_s,
	    .until_s = said->not_after_s,
	    .words = BUF_INIT};
	if ((e = copy_words(one, said)) == ERR_OK)
		r->count++;
	else
		buf_free(&one->words);
	return e;
}

/* Views are made when all stands there. */
static enum err
copy_words(struct revocation *to, const struct statement *said)
{
	size_t at = 0;
	enum err e;

	for (size_t i = 0; i < said->member_count; i++) {
		buf_append_view(&to->words, said->member[i].name);
		buf_append_view(&to->words, said->member[i].value);
	}
	buf_append_view(&to->words, said->reason);
	if ((e = buf_status(&to->words)) != ERR_OK)
		return e;
	to->member_count = said->member_count;
	for (size_t i = 0; i < said->member_count; i++) {
		to->member[i].name = next_word(&to->words, &at, said->member[i].name.size);
		to->member[i].value = next_word(&to->words, &at, said->member[i].value.size);
	}
	to->reason = next_word(&to->words, &at, said->reason.size);
	return ERR_OK;
}

static struct view
next_word(const struct buf *words, size_t *at, size_t size)
{
	const struct view word = {words->data + *at, size};

	*at += size;
	return word;
}
