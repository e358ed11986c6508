/*
 * What a component's builder holds, for the two files that make it: component_builder.c gathers,
 * component_finish.c writes. Nobody else includes this.
 */
#ifndef HALLMARK_PROTO_EVIDENCE_COMPONENT_BUILDER_H
#define HALLMARK_PROTO_EVIDENCE_COMPONENT_BUILDER_H

#include "proto/evidence/component.h"

/* An encoded item in `bytes`; the key (path or name) is a range of it. */
struct component_entry {
	size_t offset;
	uint32_t size;
	uint32_t key_offset; /* from `offset` */
	uint32_t key_size;
};

struct component_builder {
	enum component_kind kind;
	struct buf made; /* encoded; empty: nothing was set */
	size_t made_count;
	size_t made_last, made_last_size;   /* of the name of the last one: where it is in `made` */
	component_screen_fact *screen_fact; /* NULL: all is kept as it comes */
	component_screen_file *screen_file;
	const void *screen_context;
	struct buf bytes;
	struct component_entry *entries;
	size_t count;
	size_t capacity;
	size_t value_count; /* values of all facts, or details of all files */
};

/* The items in order and without equal ones. */
struct component_sorted {
	struct component_entry *entries;
	size_t count;
	size_t size; /* bytes of all */
};

/* ERR_MSG_DUPLICATE, ERR_MEMORY. The caller frees out->entries, on an error too. */
enum err component_builder_sort(struct component_builder *b, struct component_sorted *out) MUST_USE;

struct view component_entry_key(const struct component_entry *e, const uint8_t *bytes);

#endif
