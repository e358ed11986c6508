#include "collector/tokens/shelf.h"

#include <stdlib.h>
#include <string.h>

#include "collector/tokens/token_file.h"
#include "collector/tokens/token_peek.h"

static enum err write_files(struct shelf *s, size_t workload, struct trouble *t);
static enum err remove_files(struct shelf *s, struct trouble *t);
static size_t find_workload(const struct collector_config *config, const char *name);
static void keep_token(struct shelf_place *place, struct view jws, uint64_t now_s);
static void clear(struct shelf_place *place);
static void drop_token(struct shelf_place *place, size_t index);

enum err
shelf_begin(struct shelf *s, const struct collector_config *config, struct trouble *t)
{
	*s = (struct shelf){.config = config};
	if ((s->place = calloc(config->workload_count + 1, sizeof(*s->place))) == NULL)
		return ERR_MEMORY;
	return remove_files(s, t);
}

void
shelf_end(struct shelf *s)
{
	struct trouble t = TROUBLE_INIT;

	if (s->place == NULL)
		return;
	(void)remove_files(s, &t); /* nobody is left to be told */
	for (size_t i = 0; i < s->config->workload_count; i++)
		clear(&s->place[i]);
	free(s->place);
	s->place = NULL;
}

enum err
shelf_move(struct shelf *s, const struct collector_config *config, struct trouble *t)
{
	struct shelf_place *fresh = calloc(config->workload_count + 1, sizeof(*fresh));
	enum err e, result;

	if (fresh == NULL)
		return ERR_MEMORY;
	result = remove_files(s, t);
	for (size_t i = 0; i < s->config->workload_count; i++) {
		const size_t to = find_workload(config, s->config->workloads[i].name);

		if (to < config->workload_count && config->workloads[to].token != NULL)
			fresh[to] = s->place[i]; /* moved */
		else
			clear(&s->place[i]);
	}
	free(s->place);
	s->place = fresh;
	s->config = config;
	for (size_t i = 0; i < config->workload_count; i++)
		if ((e = write_files(s, i, t)) != ERR_OK)
			result = e;
	return result;
}

enum err
shelf_put(struct shelf *s, const char *workload, const struct view *jws, size_t count,
    uint64_t now_s, struct trouble *t)
{
	const size_t index = find_workload(s->config, workload);

	if (index == s->config->workload_count || s->config->workloads[index].token == NULL)
		return ERR_OK;
	clear(&s->place[index]);
	for (size_t i = 0; i < count && i < MESSAGE_TOKENS_MAX; i++)
		keep_token(&s->place[index], jws[i], now_s);
	return write_files(s, index, t);
}

enum err
shelf_expire(struct shelf *s, uint64_t now_s, uint64_t *next_s, struct trouble *t)
{
	enum err e, result = ERR_OK;

	*next_s = UINT64_MAX;
	for (size_t i = 0; i < s->config->workload_count; i++) {
		struct shelf_place *place = &s->place[i];
		const size_t before = place->count;

		for (size_t j = place->count; j-- > 0;)
			if (place->token[j].expires_s <= now_s)
				drop_token(place, j);
			else if (place->token[j].expires_s < *next_s)
				*next_s = place->token[j].expires_s;
		if (place->count != before && (e = write_files(s, i, t)) != ERR_OK)
			result = e;
	}
	return result;
}

const struct shelf_token *
shelf_find(const struct shelf *s, size_t workload, struct view audience)
{
	const struct shelf_place *place = &s->place[workload];

	for (size_t i = 0; i < place->count; i++)
		if (audience.size == 0 ||
		    view_equal(view_of_string(place->token[i].audience), audience))
			return &place->token[i];
	return NULL;
}

/* What is on the shelf, and nothing else. */
static enum err
write_files(struct shelf *s, size_t workload, struct trouble *t)
{
	const struct collector_workload *w = &s->config->workloads[workload];
	enum err e, result = ERR_OK;

	for (size_t i = 0; w->token != NULL && i < w->token->file_count; i++) {
		const struct collector_token_file *file = &w->token->files[i];
		const struct view audience = file->audience != NULL ? view_of_string(file->audience)
								    : (struct view){NULL, 0};
		const struct shelf_token *token = shelf_find(s, workload, audience);

		if (token != NULL)
			e = token_file_write(file, w->host_root, view_of_string(token->jws), t);
		else
			e = token_file_remove(file, t);
		s->files += token != NULL && e == ERR_OK;
		s->failures += e != ERR_OK;
		if (e != ERR_OK)
			result = e;
		/* An older one that could not be replaced is worse than none. */
		if (e != ERR_OK && token != NULL) {
			struct trouble unsaid = TROUBLE_INIT;

			if (token_file_remove(file, &unsaid) != ERR_OK)
				s->failures++;
		}
	}
	return result;
}

static enum err
remove_files(struct shelf *s, struct trouble *t)
{
	enum err e, result = ERR_OK;

	for (size_t i = 0; i < s->config->workload_count; i++) {
		const struct collector_token *token = s->config->workloads[i].token;

		for (size_t j = 0; token != NULL && j < token->file_count; j++)
			if ((e = token_file_remove(&token->files[j], t)) != ERR_OK)
				result = e;
	}
	return result;
}

/* Its number; the count of all where there is none. */
static size_t
find_workload(const struct collector_config *config, const char *name)
{
	size_t i = 0;

	while (i < config->workload_count && strcmp(config->workloads[i].name, name) != 0)
		i++;
	return i;
}

static void
keep_token(struct shelf_place *place, struct view jws, uint64_t now_s)
{
	struct shelf_token *to = &place->token[place->count];
	struct token_peek peek = {.audience = {NULL, 0}};

	if (token_peek(jws, &peek) == ERR_OK && peek.expires_s > now_s) {
		to->audience = view_to_string(peek.audience);
		to->jws = view_to_string(jws);
		to->expires_s = peek.expires_s;
		place->count++;
		if (to->audience == NULL || to->jws == NULL)
			drop_token(place, place->count - 1);
	}
	token_peek_free(&peek);
}

static void
clear(struct shelf_place *place)
{
	while (place->count > 0)
		drop_token(place, place->count - 1);
}

static void
drop_token(struct shelf_place *place, size_t index)
{
	struct shelf_token *t = &place->token[index];

	free(t->audience);
	free(t->jws);
	place->count--;
	memmove(t, t + 1, (place->count - index) * sizeof(*t));
	place->token[place->count] = (struct shelf_token){NULL, NULL, 0};
}
