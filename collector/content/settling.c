#include "collector/content/settling.h"

#include <fcntl.h>

#include "collector/ground/small_file.h"
#include "proto/encoding.h"

#define STEP_MS 1000 /* clocks that are disciplined drift by less within a round */

static bool read_centisecs(const char *path, int64_t *out);
static int64_t look_at_clock(struct settling *w);
static int64_t clock_ms(clockid_t clock);

void
settling_begin(struct settling *w)
{
	int64_t expire, look;

	w->wait_s = SETTLING_LEAST_S;
	w->never = !read_centisecs("/proc/sys/vm/dirty_expire_centisecs", &expire) ||
		   !read_centisecs("/proc/sys/vm/dirty_writeback_centisecs", &look) || look == 0;
	if (!w->never && 2 * expire > w->wait_s * 100)
		w->wait_s = (2 * expire + 99) / 100;
	if (!w->never && 2 * look > w->wait_s * 100)
		w->wait_s = (2 * look + 99) / 100;
	(void)look_at_clock(w);
}

bool
settling_is_over(struct settling *w, const struct statx *s, const struct timespec *began)
{
	const int64_t now_ms = look_at_clock(w);

	return !w->never && now_ms >= w->from_ms &&
	       s->stx_ctime.tv_sec <= began->tv_sec - w->wait_s;
}

/* What does not fit into an int the kernel does not take. */
static bool
read_centisecs(const char *path, int64_t *out)
{
	struct buf text = BUF_INIT;
	uint64_t value = 0;
	bool told = small_file_read(AT_FDCWD, path, 64, &text) == ERR_OK && text.size > 0;

	if (told && text.data[text.size - 1] == '\n')
		text.size--;
	told = told && decimal_decode(buf_view(&text), &value) == ERR_OK && value <= INT32_MAX;
	*out = (int64_t)value;
	buf_free(&text);
	return told;
}

/* By the clock that only goes on, what time it is. */
static int64_t
look_at_clock(struct settling *w)
{
	const int64_t now_ms = clock_ms(CLOCK_MONOTONIC);
	const int64_t ahead_ms = clock_ms(CLOCK_REALTIME) - now_ms;

	if (w->has_clock && ahead_ms - w->ahead_ms > STEP_MS)
		w->from_ms = now_ms + w->wait_s * 1000;
	w->ahead_ms = ahead_ms;
	w->has_clock = true;
	return now_ms;
}

static int64_t
clock_ms(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
