#include "collector/web/fetching.h"

#include <errno.h>
#include <unistd.h>

#include "collector/measure/web_answer.h"
#include "collector/processes/rights.h"
#include "collector/web/page_facts.h"

#define END_S 5 /* beyond what pages may take, for what is no waiting */

static void say(int channel, enum err e, const struct trouble *t, struct view lines)
    __attribute__((noreturn));
static bool write_all(int channel, struct view bytes);

void
fetching_run(int channel, const struct collector_workload *w)
{
	struct trouble t = TROUBLE_INIT;
	struct buf lines = BUF_INIT;
	unsigned seconds = END_S;
	enum err e;

	for (size_t i = 0; i < w->web_count; i++)
		seconds += w->web[i].seconds;
	(void)alarm(seconds); /* whoever waits has given up then */
	if ((e = rights_fetch(w, &t)) != ERR_OK)
		say(channel, e, &t, (struct view){NULL, 0});
	for (size_t i = 0; e == ERR_OK && i < w->web_count; i++)
		e = page_facts_append(&w->web[i], &lines, &t);
	if (e == ERR_OK && lines.size > WEB_ANSWER_MAX)
		e = trouble_set(&t, ERR_FORMAT_SIZE,
		    "what is to be told of the pages is more than %d MiB", WEB_ANSWER_MAX >> 20);
	say(channel, e, &t, buf_view(&lines));
}

static void
say(int channel, enum err e, const struct trouble *t, struct view lines)
{
	const struct web_answer answer = {
	    .code = e, .why = *t, .size = e == ERR_OK ? (uint32_t)lines.size : 0};

	if (write_all(channel, (struct view){(const uint8_t *)&answer, sizeof(answer)}) &&
	    e == ERR_OK)
		(void)write_all(channel, lines);
	_exit(0);
}

static bool
write_all(int channel, struct view bytes)
{
	while (bytes.size > 0) {
		const ssize_t put = write(channel, bytes.data, bytes.size);

		if (put < 0 && errno != EINTR)
			return false;
		if (put > 0)
			bytes = (struct view){bytes.data + put, bytes.size - (size_t)put};
	}
	return true;
}
