#include "collector/processes/measuring.h"

#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <unistd.h>

#include "collector/measure/filehash.h"
#include "collector/measure/measure.h"
#include "collector/processes/exchange.h"
#include "collector/processes/filter.h"

struct measuring {
	int channel;
	const struct collector_config *config;
	struct filehash *hash;
	struct buf frame; /* the one that is being said */
};

static enum err begin(struct measuring *m, struct trouble *t);
static bool read_request(int channel, uint32_t *workload);
static enum err answer(struct measuring *m, const struct collector_workload *w);
static measure_sink send_component;
static measure_sink send_segment;
static measure_missing send_missing;
static enum err send_words(struct measuring *m, struct exchange_frame *f, const struct trouble *t);
static enum err send_frame(struct measuring *m, const struct exchange_frame *f);
static enum err write_all(int channel, struct view bytes);

int
measuring_serve(int channel, const struct collector_config *config)
{
	struct measuring m = {.channel = channel, .config = config, .frame = BUF_INIT};
	struct exchange_frame none = {.type = EXCHANGE_TROUBLE};
	struct trouble t = TROUBLE_INIT;
	uint32_t workload;
	enum err e;

	if ((none.code = begin(&m, &t)) != ERR_OK) {
		(void)send_words(&m, &none, &t);
		return 1;
	}
	while (read_request(channel, &workload)) {
		if (workload >= config->workload_count)
			return 1;
		/* The seam for what one workload may take: a process of its own for each. */
		e = answer(&m, &config->workloads[workload]);
		buf_free(&m.frame);
		(void)malloc_trim(0);
		if (e != ERR_OK)
			break;
	}
	return 0;
}

static enum err
begin(struct measuring *m, struct trouble *t)
{
	struct exchange_frame hello = {.type = EXCHANGE_HELLO};
	enum err e = filter_enter(FILTER_MEASURING, t);

	if (e == ERR_OK && (m->hash = filehash_new()) == NULL)
		e = ERR_MEMORY;
	if (e != ERR_OK)
		return e;
	hello.configuration = m->config->source;
	hello.workloads = (uint32_t)m->config->workload_count;
	return send_frame(m, &hello);
}

static bool
read_request(int channel, uint32_t *workload)
{
	uint8_t request[EXCHANGE_REQUEST_SIZE];
	size_t size = 0;
	ssize_t got;

	while (size < sizeof(request)) {
		got = read(channel, request + size, sizeof(request) - size);
		if (got == 0 || (got < 0 && errno != EINTR))
			return false;
		size += got > 0 ? (size_t)got : 0;
	}
	*workload = be32_get(request);
	return true;
}

/* ERR_CLOSED: nobody hears it. */
static enum err
answer(struct measuring *m, const struct collector_workload *w)
{
	const struct measure_output output = {send_component, send_segment, send_missing, m};
	struct exchange_frame last = {.type = EXCHANGE_MEASURED};
	struct trouble t = TROUBLE_INIT;
	struct measurement found;

	if ((last.code = measure_workload(w, m->hash, &output, &found, &t)) != ERR_OK) {
		last.type = EXCHANGE_TROUBLE;
		return send_words(m, &last, &t);
	}
	last.pid = (uint32_t)found.pid;
	last.time_ms = found.time_ms;
	memcpy(last.boot_id, found.boot_id, BOOT_ID_SIZE);
	for (unsigned kind = 0; kind < COMPONENT_KIND_COUNT; kind++) {
		last.measured[kind].present = found.component[kind].present;
		last.measured[kind].count = found.component[kind].count;
	}
	return send_frame(m, &last);
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
