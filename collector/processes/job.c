#include "collector/processes/job.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "collector/processes/exchange.h"
#include "proto/evidence/component.h"

#define READ_SIZE (64 * 1024) /* bytes: what such a socket hands out at once */

static enum err take_frames(struct job *j, const struct collector_workload *w);
static enum err take_frame(
    struct job *j, const struct collector_workload *w, const struct exchange_frame *f);
static enum err take_bytes(
    struct job *j, const struct collector_workload *w, const struct exchange_frame *f);
static enum err take_end(struct job *j, const struct exchange_frame *f);
static struct trouble words_of(const struct exchange_frame *f);

bool
job_is_under_way(const struct job *j)
{
	return j->state == JOB_ORDERED || j->state == JOB_ANSWERS || j->state == JOB_ENDED;
}

enum err
job_hear(struct job *j, const struct collector_workload *w)
{
	uint8_t *room = buf_reserve(&j->in, READ_SIZE);
	ssize_t got;

	if (room == NULL)
		return ERR_MEMORY;
	if ((got = read(j->channel, room, READ_SIZE)) > 0) {
		j->in.size += (size_t)got;
		return take_frames(j, w);
	}
	if (got < 0 && errno == EINTR)
		return ERR_OK;
	j->state = JOB_ENDED;
	j->left_ms = JOB_END_WAIT_MS;
	return ERR_OK;
}

void
job_answered(struct job *j, enum err verdict)
{
	j->verdict = verdict;
	j->state = JOB_ANSWERED;
	if (j->channel >= 0)
		(void)close(j->channel);
	j->channel = -1;
	buf_free(&j->in);
}

void
job_fail(struct job *j, enum err verdict, const char *text)
{
	(void)trouble_set(&j->why, verdict, "%s", text);
	job_answered(j, verdict);
}

void
job_close(struct job *j)
{
	if (j->channel >= 0)
		(void)close(j->channel);
	j->channel = -1;
	buf_free(&j->in);
	j->bytes = 0;
}

static enum err
take_frames(struct job *j, const struct collector_workload *w)
{
	struct exchange_frame f;
	size_t used = 1;
	enum err e = ERR_OK;

	while (e == ERR_OK && used > 0 && j->state == JOB_ANSWERS)
		if ((e = exchange_next(buf_view(&j->in), &f, &used)) == ERR_OK && used > 0 &&
		    (e = take_frame(j, w, &f)) == ERR_OK && j->state == JOB_ANSWERS)
			buf_consume(&j->in, used);
	return e;
}

static enum err
take_frame(struct job *j, const struct collector_workload *w, const struct exchange_frame *f)
{
	struct trouble told;

	switch (f->type) {
	case EXCHANGE_SEGMENT:
	case EXCHANGE_COMPONENT:
		return take_bytes(j, w, f);
	case EXCHANGE_MISSING:
		if (!w->measure[f->kind] || ++j->kinds > JOB_KINDS_MAX)
			return ERR_FORMAT;
		told = words_of(f);
		j->to.missing(j->to.context, f->kind, f->code, &told);
		return ERR_OK;
	case EXCHANGE_MEASURED:
		return take_end(j, f);
	case EXCHANGE_PROGRESS:
		if (++j->told > JOB_PROGRESS_MAX)
			return ERR_FORMAT;
		j->files = f->files;
		j->read_bytes = f->read_bytes;
		return ERR_OK;
	case EXCHANGE_TROUBLE:
		break;
	}
	j->why = words_of(f);
	job_answered(j, f->code);
	return ERR_OK;
}

static enum err
take_bytes(struct job *j, const struct collector_workload *w, const struct exchange_frame *f)
{
	struct bundle_component *newest = &j->newest[f->kind];
	const bool is_segment = f->type == EXCHANGE_SEGMENT;
	enum component_kind kind;
	enum component_form form;
	struct digest digest;

	j->bytes += f->bytes.size;
	if (!w->measure[f->kind] || j->bytes > JOB_BYTES_MAX ||
	    component_form_of(f->bytes, &kind, &form) != ERR_OK || kind != f->kind ||
	    is_segment != (form == COMPONENT_FORM_SEGMENT))
		return ERR_FORMAT;
	digest_of(f->bytes.data, f->bytes.size, &digest);
	if (is_segment)
		return j->to.segment_sink(j->to.context, kind, f->bytes, &digest, &j->why);
	if (++j->kinds > JOB_KINDS_MAX)
		return ERR_FORMAT;
	newest->present = true;
	newest->digest = digest;
	newest->size = f->bytes.size;
	return j->to.sink(j->to.context, kind, f->bytes, &digest, &j->why);
}

static enum err
take_end(struct job *j, const struct exchange_frame *f)
{
	struct measurement *out = &j->measured;

	out->pid = (pid_t)f->pid;
	out->time_ms = f->time_ms;
	memcpy(out->boot_id, f->boot_id, BOOT_ID_SIZE);
	out->watches = f->watches;
	out->unwatched = f->unwatched;
	out->content = f->content;
	out->spent_us = f->spent_us;
	for (unsigned kind = 0; kind < COMPONENT_KIND_COUNT; kind++) {
		if (!f->measured[kind].present)
			continue;
		if (!j->newest[kind].present)
			return ERR_FORMAT;
		out->component[kind] = j->newest[kind];
		out->component[kind].count = f->measured[kind].count;
	}
	job_answered(j, ERR_OK);
	return ERR_OK;
}

static struct trouble
words_of(const struct exchange_frame *f)
{
	struct trouble t = TROUBLE_INIT;

	if (f->words.size > 0)
		memcpy(t.text, f->words.data, f->words.size);
	return t;
}
