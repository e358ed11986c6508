#include "journal/backlog.h"

#include <string.h>

#include "journal/sink.h"

void
backlog_send(struct backlog *b)
{
	while (b->used > 0) {
		const size_t to_end = BACKLOG_SIZE - b->first;
		const size_t size = b->used < to_end ? b->used : to_end;
		const ssize_t sent = sink_send((struct view){b->ring + b->first, size});

		if (sent == 0)
			return;
		if (sent < 0) {
			b->used = 0;
			return;
		}
		b->first = (b->first + (size_t)sent) % BACKLOG_SIZE;
		b->used -= (size_t)sent;
	}
}

bool
backlog_add(struct backlog *b, struct view line, bool alarm)
{
	const size_t size_max = alarm ? BACKLOG_SIZE : BACKLOG_SIZE - BACKLOG_ALARMS;
	size_t at, to_end;
	ssize_t sent;

	if (b->used > size_max || line.size > size_max - b->used)
		return false;
	sent = b->used == 0 ? sink_send(line) : 0;
	if (sent < 0)
		return true; /* nobody reads it: there is nothing to make up for */
	line = (struct view){line.data + sent, line.size - (size_t)sent};
	at = (b->first + b->used) % BACKLOG_SIZE;
	to_end = BACKLOG_SIZE - at;
	if (line.size > to_end) {
		memcpy(b->ring + at, line.data, to_end);
		memcpy(b->ring, line.data + to_end, line.size - to_end);
	} else if (line.size > 0) {
		memcpy(b->ring + at, line.data, line.size);
	}
	b->used += line.size;
	return true;
}
