#include "signer/chronicle/token_log.h"

#include <stdlib.h>

static size_t find(const struct token_log *t, const struct digest *name);
static bool has_room(const struct token_log *t, uint64_t iat_s);

enum err
token_log_note(struct token_log *t, const struct notice_row *row)
{
	struct token_log_record *grown;
	const size_t at = find(t, &row->subject);

	if (at == t->count) {
		grown = reallocarray(t->record, t->count + 1, sizeof(*grown));
		if (grown == NULL)
			return ERR_MEMORY;
		t->record = grown;
		t->record[t->count++] = (struct token_log_record){row->subject, 0};
	}
	if (row->from_s > t->record[at].number)
		t->record[at].number = row->from_s;
	t->newest = at;
	t->noted_s[t->next] = row->issued_s;
	t->next = (t->next + 1) % TOKEN_LOG_NOTICES;
	return ERR_OK;
}

void
token_log_free(struct token_log *t)
{
	free(t->record);
	*t = (struct token_log){.record = NULL};
}

/* Asked at each turn of the loop, so not among all records. */
bool
token_log_lacks(const struct token_log *t, const struct token_seen *told)
{
	const struct token_log_record *newest = t->count > 0 ? &t->record[t->newest] : NULL;
	const size_t changes = told->change_count;

	return newest == NULL || !digest_equal(&newest->name, &told->record) ||
	       (changes > 0 && told->change[changes - 1].number > newest->number);
}

bool
token_log_is_due(const struct token_log *t, const struct token_seen *told, uint64_t iat_s)
{
	return token_log_lacks(t, told) && has_room(t, iat_s);
}

void
token_log_new(const struct token_log *t, const struct token_seen *told, struct token_seen *out)
{
	const size_t at = find(t, &told->record);

	*out = *told;
	out->change_count = 0;
	for (size_t i = 0; i < told->change_count; i++)
		if (at == t->count || told->change[i].number > t->record[at].number)
			out->change[out->change_count++] = told->change[i];
}

/* `count` where it is none of them. */
static size_t
find(const struct token_log *t, const struct digest *name)
{
	size_t i = 0;

	while (i < t->count && !digest_equal(&t->record[i].name, name))
		i++;
	return i;
}

/* Those that a clock statement has set the log back behind are not of this hour. */
static bool
has_room(const struct token_log *t, uint64_t iat_s)
{
	unsigned within = 0;

	for (unsigned i = 0; i < TOKEN_LOG_NOTICES; i++)
		within += t->noted_s[i] != 0 && t->noted_s[i] <= iat_s &&
			  iat_s - t->noted_s[i] < TOKEN_LOG_HOUR_S;
	return within < TOKEN_LOG_NOTICES;
}
