#include "register/decide/wall.h"

static int64_t apart(int64_t a, int64_t b);

bool
wall_look(struct wall *w, int64_t wall_ms, uint64_t boot_ms, uint64_t newest_s)
{
	const int64_t offset_ms = wall_ms - (int64_t)boot_ms, now_s = wall_ms / 1000;
	const bool told =
	    w->begun && newest_s != w->newest_s && apart((int64_t)newest_s, now_s) <= WALL_APART_S;
	const int64_t drift_ms =
	    WALL_DRIFT_MS + (int64_t)((boot_ms - w->agreed_ms) / WALL_DRIFT_PART);

	if (!w->begun || told) {
		w->begun = true;
		w->jumped = false;
		w->offset_ms = offset_ms;
		w->agreed_ms = boot_ms;
	} else {
		w->jumped = apart(offset_ms, w->offset_ms) > drift_ms;
	}
	w->newest_s = newest_s;
	return !w->jumped && (int64_t)newest_s <= now_s + WALL_APART_S;
}

static int64_t
apart(int64_t a, int64_t b)
{
	return a > b ? a - b : b - a;
}
