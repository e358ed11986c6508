/*
 * What a process may write of itself: status of its threads, with a NUL between them, arguments,
 * environment; the first byte says as what the rest is read. Whatever is taken makes a component
 * that a signer takes.
 */
#include <stdlib.h>
#include <string.h>

#include "collector/runtime/environment.h"
#include "collector/runtime/main_processes.h"
#include "collector/runtime/thread_rights.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err add_facts(uint8_t as, struct view text, struct component_builder *to);
static enum err add_rights(struct view text, struct component_builder *to);
static enum err add_arguments(struct view text, struct component_builder *to);
static enum err add_environment(struct view text, struct component_builder *to);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct component_builder *builder;
	struct component *c = NULL;
	struct buf bytes = BUF_INIT;
	size_t count;

	if (size == 0)
		return 0;
	if ((builder = component_builder_new(COMPONENT_RUNTIME)) == NULL)
		abort();
	if (add_facts(data[0], (struct view){data + 1, size - 1}, builder) == ERR_OK &&
	    component_finish(builder, &bytes, &count) == ERR_OK &&
	    (component_decode(buf_view(&bytes), &c) != ERR_OK || c->item_count != count))
		abort();
	component_free(&c);
	component_builder_free(&builder);
	buf_free(&bytes);
	return 0;
}

static enum err
add_facts(uint8_t as, struct view text, struct component_builder *to)
{
	switch (as) {
	case 's':
		return add_rights(text, to);
	case 'a':
		return add_arguments(text, to);
	case 'e':
		return add_environment(text, to);
	default:
		return ERR_FORMAT;
	}
}

static enum err
add_rights(struct view text, struct component_builder *to)
{
	struct thread_rights *rights = thread_rights_new();
	struct thread_view t = {.cwd = VIEW_LITERAL("/"), .root = VIEW_LITERAL("/")};
	enum err e = ERR_OK;

	if (rights == NULL)
		abort();
	do {
		const uint8_t *end = text.size > 0 ? memchr(text.data, '\0', text.size) : NULL;
		const size_t size = end != NULL ? (size_t)(end - text.data) : text.size;

		t.status = (struct view){text.data, size};
		e = thread_rights_note(rights, &t);
		text = end != NULL ? (struct view){end + 1, text.size - size - 1}
				   : (struct view){NULL, 0};
	} while (e == ERR_OK && text.size > 0);
	if (e == ERR_OK)
		e = thread_rights_add(rights, to);
	thread_rights_free(&rights);
	return e;
}

/* The same of two, and of a third one without the first byte. */
static enum err
add_arguments(struct view text, struct component_builder *to)
{
	struct main_processes mains = {.lists = NULL};
	enum err e = ERR_OK;

	for (unsigned i = 0; e == ERR_OK && i < 2; i++)
		e = main_processes_note(&mains, text, i);
	if (e == ERR_OK && text.size > 0)
		e = main_processes_note(&mains, (struct view){text.data + 1, text.size - 1}, 0);
	if (e == ERR_OK)
		e = main_processes_add(&mains, to);
	main_processes_free(&mains);
	return e;
}

/* As that of two processes, of which the second lacks the first byte. */
static enum err
add_environment(struct view text, struct component_builder *to)
{
	static const char *const names[] = {"PATH", "LD_PRELOAD"};
	struct environment environment = {
	    .names = names, .name_count = sizeof(names) / sizeof(names[0])};
	enum err e = environment_note(&environment, text, true);

	if (e == ERR_OK && text.size > 0)
		e = environment_note(
		    &environment, (struct view){text.data + 1, text.size - 1}, false);
	if (e == ERR_OK)
		e = environment_add(&environment, to);
	environment_free(&environment);
	return e;
}
