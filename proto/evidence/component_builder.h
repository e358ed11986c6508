/*
 * What a component's builder holds, for the three files that make it: component_builder.c gathers,
 * component_sort.c sorts, component_finish.c writes. Nobody else includes this.
 */
#ifndef HALLMARK_PROTO_EVIDENCE_COMPONENT_BUILDER_H
#define HALLMARK_PROTO_EVIDENCE_COMPONENT_BUILDER_H

#include "proto/evidence/component.h"

/* An encoded item; the key (path or name) is a range of it. */
struct component_entry {
	const uint8_t *bytes; /* in a chunk of the builder */
	uint32_t size;
	uint32_t key_offset;
	uint32_t key_size;
	uint64_t word; /* of the key, while they are sorted */
};

/* Where items stand, one behind the other. It does not move. */
struct component_chunk {
	struct component_chunk *before; /* NULL: it is the first */
	size_t size, capacity;
	uint8_t bytes[];
};

struct component_builder {
	enum component_kind kind;
	struct buf made; /* encoded; empty: nothing was set */
	size_t made_count;
	size_t made_last, made_last_size;   /* of the name of the last one: where it is in `made` */
	component_screen_fact *screen_fact; /* NULL: all is kept as it comes */
	component_screen_file *screen_file;
	const void *screen_context;
	struct component_chunk *last; /* NULL: there is none */
	size_t size;                  /* bytes of all items */
	struct component_entry *entries;
	size_t count;
	size_t capacity;
	size_t value_count; /* values of all facts, or details of all files */
};

/* The items in order and without equal ones from now on. ERR_MSG_DUPLICATE of facts. */
enum err component_builder_sort(struct component_builder *b) MUST_USE;

struct view component_entry_key(const struct component_entry *e);

#endif
