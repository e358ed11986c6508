#include "collector/memory/code.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/ground/interrupt.h"

/* Elsewhere a breakpoint is told as any other change. */
#if defined(__x86_64__) || defined(__i386__)
#define HAS_BREAKPOINT true
#define BREAKPOINT     0xcc /* int3 */
#else
#define HAS_BREAKPOINT false
#define BREAKPOINT     0
#endif

/* Bytes that were read of both, at most CODE_RANGE_MAX. */
struct piece {
	const uint8_t *memory, *file; /* NULL: could not be read */
	uint64_t offset, size;
};

static enum err compare_piece(
    const struct code *c, const struct piece *p, bool is_exact, code_visit *visit, void *context);
static enum code_state page_state(const struct piece *p, uint64_t at, uint64_t size);
static enum err tell(const struct piece *p, uint64_t at, uint64_t end, enum code_state state,
    code_visit *visit, void *context);
static const uint8_t *read_memory(struct code *c, uint64_t address, size_t size);
static const uint8_t *read_source(
    struct code *c, const struct code_source *source, uint64_t offset, size_t size);
static size_t read_all(int fd, uint8_t *to, size_t size, uint64_t offset, bool *failed);

enum err
code_open(int dir, struct code *out)
{
	memset(out, 0, sizeof(*out));
	out->page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	out->memory = openat(dir, "mem", O_RDONLY | O_CLOEXEC);
	if ((out->bytes = malloc((size_t)2 * CODE_RANGE_MAX)) != NULL)
		return ERR_OK;
	code_close(out);
	return ERR_MEMORY;
}

void
code_close(struct code *c)
{
	if (c->page_size != 0 && c->memory >= 0)
		(void)close(c->memory);
	free(c->bytes);
	memset(c, 0, sizeof(*c));
}

enum err
code_compare(struct code *c, const struct maps_entry *mapping, const struct code_source *source,
    uint64_t start, uint64_t end, bool is_exact, code_visit *visit, void *context)
{
	enum err e = ERR_OK;

	while (e == ERR_OK && start < end) {
		const size_t size =
		    end - start < CODE_RANGE_MAX ? (size_t)(end - start) : CODE_RANGE_MAX;
		struct piece p = {
		    .offset = mapping->offset + (start - mapping->start), .size = size};

		if (interrupt_stop())
			return ERR_CLOSED;
		p.memory = read_memory(c, start, size);
		p.file = read_source(c, source, p.offset, size);
		e = compare_piece(c, &p, is_exact, visit, context);
		start += size;
	}
	return e;
}

static enum err
compare_piece(
    const struct code *c, const struct piece *p, bool is_exact, code_visit *visit, void *context)
{
	enum code_state state = CODE_UNKNOWN, next;
	uint64_t begun = 0;
	enum err e = ERR_OK;

	if (p->memory == NULL || p->file == NULL)
		return tell(p, 0, p->size, CODE_UNKNOWN, visit, context);
	for (uint64_t at = 0; e == ERR_OK && at < p->size; at += c->page_size) {
		next = page_state(p, at, c->page_size);
		if (at > 0 && next != state) {
			if (is_exact || state != CODE_RESTORED)
				e = tell(p, begun, at, state, visit, context);
			begun = at;
		}
		state = next;
	}
	if (e == ERR_OK && (is_exact || state != CODE_RESTORED))
		e = tell(p, begun, p->size, state, visit, context);
	return e;
}

static enum code_state
page_state(const struct piece *p, uint64_t at, uint64_t size)
{
	bool only_breakpoints = HAS_BREAKPOINT;

	if (memcmp(p->memory + at, p->file + at, (size_t)size) == 0)
		return CODE_RESTORED;
	for (uint64_t i = at; only_breakpoints && i < at + size; i++)
		only_breakpoints = p->memory[i] == p->file[i] || p->memory[i] == BREAKPOINT;
	return only_breakpoints ? CODE_BREAKPOINTS : CODE_CHANGED;
}

static enum err
tell(const struct piece *p, uint64_t at, uint64_t end, enum code_state state, code_visit *visit,
    void *context)
{
	struct code_range range = {.offset = p->offset + at, .size = end - at, .state = state};

	if (p->memory != NULL)
		digest_of(p->memory + at, (size_t)range.size, &range.memory);
	if (p->file != NULL)
		digest_of(p->file + at, (size_t)range.size, &range.file);
	return visit(context, &range);
}

static const uint8_t *
read_memory(struct code *c, uint64_t address, size_t size)
{
	bool failed = c->memory < 0;
	size_t got = 0;

	if (!failed)
		got = read_all(c->memory, c->bytes, size, address, &failed);
	c->read += got;
	return !failed && got == size ? c->bytes : NULL;
}

static const uint8_t *
read_source(struct code *c, const struct code_source *source, uint64_t offset, size_t size)
{
	uint8_t *to = c->bytes + CODE_RANGE_MAX;
	bool failed = false;
	size_t got = 0;

	if (source->fd >= 0) {
		got = read_all(source->fd, to, size, offset, &failed);
		c->read += got;
	} else if (source->bytes.size > 0 && offset < source->bytes.size) {
		got = source->bytes.size - (size_t)offset < size
			  ? source->bytes.size - (size_t)offset
			  : size;
		memcpy(to, source->bytes.data + offset, got);
	} else if (source->bytes.size == 0) {
		failed = true;
	}
	memset(to + got, 0, size - got);
	return failed ? NULL : to;
}

static size_t
read_all(int fd, uint8_t *to, size_t size, uint64_t offset, bool *failed)
{
	size_t done = 0;
	ssize_t got;

	while (done < size) {
		got = pread(fd, to + done, size - done, (off_t)(offset + done));
		if (got < 0 && errno == EINTR)
			continue;
		*failed = got < 0;
		if (got <= 0)
			break;
		done += (size_t)got;
	}
	return done;
}
