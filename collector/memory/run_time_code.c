#include "collector/memory/run_time_code.h"

#include <stdlib.h>
#include <string.h>

#include "collector/keys/keyed.h"
#include "proto/digest.h"

#define PROGRAM_MAX 960 /* bytes of a detail: of a longer name it is the digest */

static struct view name_of(const struct maps_entry *mapping);
static enum err find(struct run_time_code *c, struct view program, struct view name,
    struct run_time_code_kind **out);
static enum err add_kind(const struct run_time_code_kind *k, struct component_builder *to);
static void append_program(struct buf *to, struct view program);
static uint64_t round_up(uint64_t number);

void
run_time_code_begin(struct run_time_code *c)
{
	for (size_t i = 0; i < c->count; i++)
		c->list[i].bytes_now = c->list[i].mappings_now = 0;
}

enum err
run_time_code_note(struct run_time_code *c, struct view program, const struct maps_entry *mapping)
{
	struct run_time_code_kind *k;
	enum err e = find(c, program, name_of(mapping), &k);

	if (e != ERR_OK)
		return e;
	k->writable = k->writable || mapping->writable;
	k->bytes_now += mapping->end - mapping->start;
	k->mappings_now++;
	if (k->bytes < k->bytes_now)
		k->bytes = k->bytes_now;
	if (k->mappings < k->mappings_now)
		k->mappings = k->mappings_now;
	return ERR_OK;
}

enum err
run_time_code_add(struct run_time_code *c, struct component_builder *to)
{
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < c->count; i++)
		e = add_kind(&c->list[i], to);
	return e;
}

void
run_time_code_free(struct run_time_code *c)
{
	for (size_t i = 0; i < c->count; i++) {
		buf_free(&c->list[i].program);
		buf_free(&c->list[i].name);
	}
	free(c->list);
	memset(c, 0, sizeof(*c));
}

/* A process can give its memory a name, but only in the form "[anon:...]": that says nothing. */
static struct view
name_of(const struct maps_entry *mapping)
{
	if (mapping->path.size == 0 || mapping->path.data[0] != '[' ||
	    memchr(mapping->path.data, ':', mapping->path.size) != NULL)
		return VIEW_LITERAL("[anon]");
	return mapping->path;
}

/* The last one is most likely the one: processes of a program come one behind the other. */
static enum err
find(
    struct run_time_code *c, struct view program, struct view name, struct run_time_code_kind **out)
{
	struct run_time_code_kind *grown;

	for (size_t i = c->count; i-- > 0;) {
		*out = &c->list[i];
		if (view_equal(buf_view(&c->list[i].name), name) &&
		    view_equal(buf_view(&c->list[i].program), program))
			return ERR_OK;
	}
	if (c->count == c->capacity) {
		c->capacity = c->capacity == 0 ? 4 : 2 * c->capacity;
		if ((grown = reallocarray(c->list, c->capacity, sizeof(*grown))) == NULL)
			return ERR_MEMORY;
		c->list = grown;
	}
	*out = &c->list[c->count++];
	**out = (struct run_time_code_kind){.program = BUF_INIT, .name = BUF_INIT};
	buf_append_view(&(*out)->program, program);
	buf_append_view(&(*out)->name, name);
	return (*out)->program.failed ? ERR_MEMORY : buf_status(&(*out)->name);
}

static enum err
add_kind(const struct run_time_code_kind *k, struct component_builder *to)
{
	struct component_file item = {.path = buf_view(&k->name),
	    .size =
		round_up(k->bytes < RUN_TIME_CODE_BYTES_MIN ? RUN_TIME_CODE_BYTES_MIN : k->bytes),
	    .flags = COMPONENT_FILE_ANONYMOUS | (k->writable ? COMPONENT_FILE_WRITABLE : 0U),
	    .detail_count = 2};
	struct buf mappings = BUF_INIT, program = BUF_INIT;
	struct view details[2];
	enum err e;

	buf_append_format(&mappings, "mappings=%llu", (unsigned long long)round_up(k->mappings));
	append_program(&program, buf_view(&k->program));
	details[0] = buf_view(&mappings);
	details[1] = buf_view(&program);
	item.details = details;
	if ((e = buf_status(&mappings)) == ERR_OK && (e = buf_status(&program)) == ERR_OK)
		e = component_add_file(to, &item);
	buf_free(&mappings);
	buf_free(&program);
	return e;
}

static void
append_program(struct buf *to, struct view program)
{
	char hex[DIGEST_HEX_SIZE + 1];
	struct digest digest;

	buf_append_string(to, "program=");
	for (size_t i = 0; i < program.size && to->size <= PROGRAM_MAX; i++)
		keyed_append(to, program.data[i]);
	if (to->size <= PROGRAM_MAX)
		return;
	digest_of(program.data, program.size, &digest);
	digest_to_hex(&digest, hex);
	buf_clear(to);
	buf_append_format(to, "program=sha256:%s", hex);
}

static uint64_t
round_up(uint64_t number)
{
	uint64_t power = 1;

	while (power < number && power <= COMPONENT_FILE_BYTES_MAX / 2)
		power *= 2;
	return power;
}
