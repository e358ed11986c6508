#include "collector/processes/measuring.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "collector/files/filehash.h"
#include "collector/machine/listeners.h"
#include "collector/measure/measure.h"
#include "collector/measure/measure_web.h"
#include "collector/processes/exchange.h"
#include "collector/processes/rights.h"
#include "collector/watch/lay.h"

/* It says one frame after the other. */
struct measuring {
	int channel;
	struct filehash *hash;
	struct buf frame; /* the one that is being said */
	bool has_files;   /* that component was said */
};

static enum err begin(struct measuring *m, const struct collector_budgets *budgets,
    const struct filter_made *filter, struct known_files *known, struct trouble *t);
static enum err answer(struct measuring *m, const struct collector_workload *w);
static uint64_t spent_us(void);
static enum err say_trouble(struct measuring *m, enum err e, const struct trouble *t);
static allowance_told send_progress;
static measure_sink send_component;
static measure_sink send_segment;
static measure_missing send_missing;
static enum err send_words(struct measuring *m, struct exchange_frame *f, const struct trouble *t);
static enum err send_frame(struct measuring *m, const struct exchange_frame *f);
static enum err write_all(int channel, struct view bytes);

int
measuring_run(int channel, const struct measuring_given *given, const struct collector_workload *w,
    struct filehash *hash, struct known_files *known)
{
	struct measuring m = {.channel = channel, .hash = hash, .frame = BUF_INIT};
	struct trouble t = TROUBLE_INIT;
	enum err e;

	/* So that there is room at least for why there is none. */
	(void)buf_reserve(&m.frame, EXCHANGE_HEADER_SIZE + EXCHANGE_WORDS_MAX);
	if (given->watches)
		watch_begin(given->instance);
	listeners_begin(given->listeners);
	measure_web_begin(given->pages);
	if (given->tells)
		filehash_tell(hash, send_progress, &m);
	e = begin(&m, &w->budgets, given->filter, known, &t);
	e = e == ERR_OK ? answer(&m, w) : say_trouble(&m, e, &t);
	if (e == ERR_OK && known != NULL) {
		known_files_end(known);
		if (m.has_files)
			growing_end(known_files_growing(known));
	}
	buf_free(&m.frame);
	return e == ERR_OK ? 0 : 1;
}

static enum err
begin(struct measuring *m, const struct collector_budgets *budgets,
    const struct filter_made *filter, struct known_files *known, struct trouble *t)
{
	enum err e;

	filehash_limit(m->hash, (uint64_t)budgets->mebibytes_read << 20);
	filehash_rate(m->hash, (uint64_t)budgets->mebibytes_per_s << 20);
	if ((e = rights_measure_within(budgets->memory_mebibytes, filter, t)) == ERR_OK &&
	    known != NULL) {
		known_files_begin(known, budgets->reread_percent);
		growing_begin(known_files_growing(known));
		filehash_know(m->hash, known);
	}
	return e;
}

/* ERR_CLOSED: nobody hears it. */
static enum err
answer(struct measuring *m, const struct collector_workload *w)
{
	const struct measure_output output = {send_component, send_segment, send_missing, m};
	struct exchange_frame last = {.type = EXCHANGE_MEASURED};
	struct trouble t = TROUBLE_INIT;
	struct measurement found;
	enum err e;

	if ((e = measure_workload(w, m->hash, &output, &found, &t)) != ERR_OK)
		return say_trouble(m, e, &t);
	m->has_files = found.component[COMPONENT_FILES].present;
	last.pid = (uint32_t)found.pid;
	last.time_ms = found.time_ms;
	memcpy(last.boot_id, found.boot_id, BOOT_ID_SIZE);
	last.watches = watch_laid();
	last.unwatched = watch_lacking();
	last.content = *filehash_counted(m->hash);
	last.spent_us = spent_us();
	for (unsigned kind = 0; kind < COMPONENT_KIND_COUNT; kind++) {
		last.measured[kind].present = found.component[kind].present;
		last.measured[kind].count = found.component[kind].count;
	}
	return send_frame(m, &last);
}

/* Processor time, of this process alone. */
static uint64_t
spent_us(void)
{
	struct rusage own;

	if (getrusage(RUSAGE_SELF, &own) != 0)
		return 0;
	return (uint64_t)(own.ru_utime.tv_sec + own.ru_stime.tv_sec) * 1000000 +
	       (uint64_t)(own.ru_utime.tv_usec + own.ru_stime.tv_usec);
}

static enum err
say_trouble(struct measuring *m, enum err e, const struct trouble *t)
{
	struct exchange_frame f = {.type = EXCHANGE_TROUBLE, .code = e};

	return send_words(m, &f, t);
}

/* If it is not heard, what follows is not either. */
static void
send_progress(void *context, uint64_t files, uint64_t bytes)
{
	const struct exchange_frame f = {
	    .type = EXCHANGE_PROGRESS, .files = files, .read_bytes = bytes};

	(void)send_frame(context, &f);
}

static enum err
send_component(void *context, enum component_kind kind, struct view bytes,
    const struct digest *digest, struct trouble *t)
{
	const struct exchange_frame f = {EXCHANGE_COMPONENT, .kind = kind, .bytes = bytes};

	(void)digest; /* whoever keeps it makes its own */
	(void)t;
	return send_frame(context, &f);
}

static enum err
send_segment(void *context, enum component_kind kind, struct view bytes,
    const struct digest *digest, struct trouble *t)
{
	const struct exchange_frame f = {EXCHANGE_SEGMENT, .kind = kind, .bytes = bytes};

	(void)digest;
	(void)t;
	return send_frame(context, &f);
}

/* If it is not heard, neither is what follows. */
static void
send_missing(void *context, enum component_kind kind, enum err e, const struct trouble *t)
{
	struct exchange_frame f = {EXCHANGE_MISSING, .kind = kind, .code = e};

	(void)send_words(context, &f, t);
}

static enum err
send_words(struct measuring *m, struct exchange_frame *f, const struct trouble *t)
{
	f->words = view_of_string(t->text);
	return send_frame(m, f);
}

static enum err
send_frame(struct measuring *m, const struct exchange_frame *f)
{
	enum err e;

	buf_clear(&m->frame);
	exchange_write(&m->frame, f);
	if ((e = buf_status(&m->frame)) == ERR_OK)
		e = write_all(m->channel, buf_view(&m->frame));
	return e == ERR_OK ? write_all(m->channel, f->bytes) : e;
}

static enum err
write_all(int channel, struct view bytes)
{
	ssize_t put;

	while (bytes.size > 0) {
		put = write(channel, bytes.data, bytes.size);
		if (put < 0 && errno != EINTR)
			return ERR_CLOSED;
		if (put > 0)
			bytes = (struct view){bytes.data + put, bytes.size - (size_t)put};
	}
	return ERR_OK;
}
