#include "collector/measure/measure_web.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "collector/ground/values.h"
#include "collector/measure/web_answer.h"
#include "proto/encoding.h"
#include "proto/evidence/fact_names.h"

#define WAIT_MORE_S 5 /* than all pages may take */

/* How many kinds of facts there are, at most. */
#define FACTS_MAX 16

static int answers = -1;

static enum err read_answer(
    struct measure_context *m, struct web_answer *answer, struct buf *lines);
static enum err reason_of(uint32_t code);
static enum err read_all(uint64_t until_ms, uint8_t *to, size_t size);
static enum err add_facts(
    struct measure_context *m, struct view lines, struct component_builder *to);
static enum err take_line(struct view line, struct values values[FACTS_MAX]);
static uint64_t clock_ms(void);

void
measure_web_begin(int channel)
{
	answers = channel;
}

enum err
measure_web(struct measure_context *m, struct component_builder *to)
{
	struct web_answer *answer = calloc(1, sizeof(*answer));
	struct buf lines = BUF_INIT;
	enum err e = ERR_MEMORY;

	if (answer != NULL && (e = read_answer(m, answer, &lines)) == ERR_OK)
		e = add_facts(m, buf_view(&lines), to);
	buf_free(&lines);
	free(answer);
	return e;
}

static enum err
read_answer(struct measure_context *m, struct web_answer *answer, struct buf *lines)
{
	uint64_t until_ms = clock_ms() + WAIT_MORE_S * 1000;
	enum err e;

	if (answers < 0)
		return trouble_set(m->trouble, ERR_UNSUPPORTED,
		    "nobody fetches pages: hallmark-web has ended, or the configuration had no "
		    "pages when hallmark-collector was started; start it again");
	for (size_t i = 0; i < m->workload->web_count; i++)
		until_ms += (uint64_t)m->workload->web[i].seconds * 1000;
	if ((e = read_all(until_ms, (uint8_t *)answer, sizeof(*answer))) == ERR_OK) {
		if (answer->size > WEB_ANSWER_MAX ||
		    memchr(answer->why.text, '\0', sizeof(answer->why.text)) == NULL)
			return trouble_set(
			    m->trouble, ERR_FORMAT, "what fetches pages said nonsense");
		if (answer->code != 0) {
			*m->trouble = answer->why;
			return reason_of(answer->code);
		}
		e = buf_reserve(lines, answer->size) != NULL ? ERR_OK : ERR_MEMORY;
		if (e == ERR_OK)
			e = read_all(until_ms, lines->data, answer->size);
		lines->size = answer->size;
	}
	if (e == ERR_TRUNCATED)
		return trouble_set(
		    m->trouble, e, "what fetches its pages ended before it was done");
	if (e == ERR_TIMEOUT_IDLE)
		return trouble_set(m->trouble, e, "its pages took longer than they may");
	return e;
}

/* Some are about what is measured here, and not about what is fetched elsewhere. */
static enum err
reason_of(uint32_t code)
{
	const enum err said = code <= UINT16_MAX ? err_from_number((uint16_t)code) : ERR_IO;

	switch (said) {
	case ERR_OK:
	case ERR_BUDGET:
	case ERR_CHANGED:
	case ERR_CLOSED:
	case ERR_MEMORY:
		return ERR_IO;
	default:
		return said;
	}
}

static enum err
read_all(uint64_t until_ms, uint8_t *to, size_t size)
{
	while (size > 0) {
		const uint64_t now_ms = clock_ms();
		struct pollfd fd = {.fd = answers, .events = POLLIN};
		ssize_t got;

		if (now_ms >= until_ms)
			return ERR_TIMEOUT_IDLE;
		if (poll(&fd, 1, (int)(until_ms - now_ms)) < 0 && errno != EINTR)
			return ERR_IO;
		if (fd.revents == 0)
			continue;
		got = read(answers, to, size);
		if (got == 0 || (got < 0 && errno != EINTR))
			return ERR_TRUNCATED;
		if (got > 0) {
			to += got;
			size -= (size_t)got;
		}
	}
	return ERR_OK;
}

/* All kinds of facts, also those of which no page has any: they are empty then. */
static enum err
add_facts(struct measure_context *m, struct view lines, struct component_builder *to)
{
	struct values values[FACTS_MAX];
	const char *name;
	struct view line;
	enum err e = ERR_OK;

	for (size_t i = 0; i < FACTS_MAX; i++)
		values[i] = VALUES_INIT;
	while (e == ERR_OK && lines.size > 0)
		if ((e = line_next(&lines, &line)) == ERR_OK)
			e = take_line(line, values);
	if (e != ERR_OK && e != ERR_MEMORY)
		e = trouble_set(m->trouble, ERR_FORMAT, "what fetches pages said nonsense");
	for (size_t i = 0; e == ERR_OK && (name = fact_name_at(COMPONENT_WEB, i)) != NULL; i++)
		e = values_finish(&values[i], VALUES_DISTINCT, name, to);
	for (size_t i = 0; i < FACTS_MAX; i++)
		values_free(&values[i]);
	return e;
}

static enum err
take_line(struct view line, struct values values[FACTS_MAX])
{
	const uint8_t *space = line.size > 0 ? memchr(line.data, ' ', line.size) : NULL;
	const char *name;

	if (space == NULL)
		return ERR_FORMAT;
	for (size_t i = 0; (name = fact_name_at(COMPONENT_WEB, i)) != NULL; i++) {
		const struct view fact = {line.data, (size_t)(space - line.data)};

		if (!view_equal(fact, view_of_string(name)))
			continue;
		values_add(&values[i], (struct view){space + 1, line.size - fact.size - 1});
		return ERR_OK;
	}
	return ERR_FORMAT;
}

static uint64_t
clock_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
