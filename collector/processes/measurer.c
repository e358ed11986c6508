#include "collector/processes/measurer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collector/measure/measure_host.h"
#include "collector/processes/job.h"
#include "collector/processes/starter.h"
#include "journal/logger.h"

#define LISTEN_MS 3600000 /* and then again: each has its own budget */

/* What is heard of changes (collector/watch/lay.h); nothing is read. */
struct watched {
	int instance; /* of the newest measurement; -1: nothing is watched */
	int coming;   /* of the one that is under way; -1 */
	bool changed;
};

struct measurer {
	int control;
	uint32_t orders;
	bool gone; /* the starter is */
	uint64_t spent_us;
	uint8_t boot_id[BOOT_ID_SIZE];
	const struct collector_config *config; /* of the jobs */
	struct job *jobs;                      /* by workload */
	struct watched *watched;               /* the same */
	struct pollfd *fds;                    /* two more than those */
	size_t count;
};

static enum err make_jobs(struct measurer *m, const struct collector_config *config);
static void free_jobs(struct measurer *m);
static void close_watched(int *instance);
static int descriptor_of(const struct measurer *m, size_t workload);
static enum err order(struct measurer *m, enum starter_what what, uint32_t number, size_t workload);
static void take_messages(struct measurer *m);
static void take_message(
    struct measurer *m, const struct starter_message *s, int fds[STARTER_DESCRIPTORS]);
static ssize_t receive(int control, struct starter_message *s, int fds[STARTER_DESCRIPTORS]);
static uint64_t least_left_ms(const struct measurer *m);
static void count_time(struct measurer *m, uint64_t passed_ms);
static void hear(struct measurer *m, size_t workload);
static void watch_anew(struct measurer *m, size_t workload);

enum err
measurer_new(int control, struct measurer **out)
{
	struct measurer *m = calloc(1, sizeof(*m));

	*out = m;
	if (m == NULL)
		return ERR_MEMORY;
	m->control = control;
	return measure_host_boot_id(m->boot_id);
}

void
measurer_free(struct measurer **m)
{
	if (*m == NULL)
		return;
	free_jobs(*m);
	(void)close((*m)->control);
	free(*m);
	*m = NULL;
}

enum err
measurer_begin(struct measurer *m, const struct collector_config *config, size_t workload,
    const struct measure_output *to)
{
	struct job *j;
	enum err e;

	if (m->config != config && (e = make_jobs(m, config)) != ERR_OK)
		return e;
	j = &m->jobs[workload];
	*j = (struct job){.state = JOB_ORDERED,
	    .number = m->orders + 1,
	    .channel = -1,
	    .in = BUF_INIT,
	    .to = *to};
	close_watched(&m->watched[workload].coming);
	m->watched[workload].changed = false;
	j->time_ms = measure_clock_ms();
	j->left_ms = (uint64_t)config->workloads[workload].budgets.seconds * 1000;
	if (order(m, STARTER_MEASURE, ++m->orders, workload) != ERR_OK)
		take_messages(m); /* why not */
	return ERR_OK;
}

bool
measurer_has(const struct measurer *m, size_t workload)
{
	return workload < m->count && m->jobs[workload].state != JOB_NONE;
}

bool
measurer_has_answer(const struct measurer *m, size_t workload)
{
	return workload < m->count && m->jobs[workload].state == JOB_ANSWERED;
}

bool
measurer_has_told(const struct measurer *m, size_t workload, struct measurer_progress *out)
{
	if (workload >= m->count || m->jobs[workload].state != JOB_ANSWERS ||
	    m->jobs[workload].told == 0)
		return false;
	*out = (struct measurer_progress){m->jobs[workload].files, m->jobs[workload].read_bytes};
	return true;
}

bool
measurer_has_changed(const struct measurer *m, size_t workload)
{
	return workload < m->count && m->watched[workload].changed;
}

bool
measurer_holds_bytes(const struct measurer *m)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->jobs[i].state != JOB_NONE && m->jobs[i].bytes > 0)
			return true;
	return false;
}

int
measurer_listen(
    struct measurer *m, struct pollfd *other, uint64_t wait_ms, enum interrupt_wait wait)
{
	struct pollfd few[2], *fds = m->fds != NULL ? m->fds : few;
	const uint64_t left_ms = least_left_ms(m), began_ms = interrupt_clock_ms();
	nfds_t count = 0;
	int result;

	fds[count++] = (struct pollfd){.fd = m->gone ? -1 : m->control, .events = POLLIN};
	fds[count++] = other != NULL ? *other : (struct pollfd){.fd = -1};
	for (size_t i = 0; i < m->count; i++)
		fds[count++] = (struct pollfd){.fd = descriptor_of(m, i), .events = POLLIN};
	result = interrupt_poll(fds, count, wait_ms < left_ms ? wait_ms : left_ms, wait);
	if (result < 0)
		return result;
	if (other != NULL)
		other->revents = fds[1].revents;
	if (fds[0].revents != 0)
		take_messages(m);
	for (size_t i = 0; i < m->count; i++)
		if (fds[2 + i].revents != 0 && fds[2 + i].fd == m->watched[i].instance)
			m->watched[i].changed = true;
		else if (fds[2 + i].revents != 0 && m->jobs[i].state == JOB_ANSWERS)
			hear(m, i);
	count_time(m, interrupt_clock_ms() - began_ms);
	return result;
}

enum err
measurer_wait(struct measurer *m, size_t workload)
{
	while (!measurer_has_answer(m, workload)) {
		if (interrupt_cuts(INTERRUPT_STOP))
			return ERR_CLOSED;
		(void)measurer_listen(m, NULL, LISTEN_MS, INTERRUPT_STOP);
	}
	return ERR_OK;
}

enum err
measurer_take(struct measurer *m, size_t workload, struct measurement *out, struct trouble *t)
{
	struct job *j = &m->jobs[workload];
	const enum err e = j->verdict;

	*out = (struct measurement){.time_ms = j->time_ms};
	memcpy(out->boot_id, m->boot_id, BOOT_ID_SIZE);
	if (e == ERR_OK)
		*out = j->measured;
	*t = j->why;
	job_close(j);
	j->state = JOB_NONE;
	watch_anew(m, workload);
	return e;
}

void
measurer_drop(struct measurer *m, size_t workload)
{
	struct job *j;

	if (!measurer_has(m, workload))
		return;
	j = &m->jobs[workload];
	if (j->state == JOB_ORDERED || j->state == JOB_ANSWERS)
		(void)order(m, STARTER_END, j->number, 0);
	job_close(j);
	close_watched(&m->watched[workload].coming);
	j->state = JOB_NONE;
}

void
measurer_drop_all(struct measurer *m)
{
	for (size_t i = 0; i < m->count; i++)
		measurer_drop(m, i);
}

bool
measurer_is_gone(const struct measurer *m)
{
	return m->gone;
}

uint64_t
measurer_spent_us(const struct measurer *m)
{
	return m->spent_us;
}

void
measurer_reload(struct measurer *m)
{
	free_jobs(m);
	(void)order(m, STARTER_RELOAD, ++m->orders, 0);
}

static enum err
make_jobs(struct measurer *m, const struct collector_config *config)
{
	free_jobs(m);
	m->jobs = calloc(config->workload_count, sizeof(*m->jobs));
	m->watched = calloc(config->workload_count, sizeof(*m->watched));
	m->fds = calloc(2 + config->workload_count, sizeof(*m->fds));
	if (m->jobs == NULL || m->watched == NULL || m->fds == NULL) {
		free_jobs(m);
		return ERR_MEMORY;
	}
	m->config = config;
	m->count = config->workload_count;
	for (size_t i = 0; i < m->count; i++)
		m->jobs[i].channel = m->watched[i].instance = m->watched[i].coming = -1;
	return ERR_OK;
}

static void
free_jobs(struct measurer *m)
{
	measurer_drop_all(m);
	for (size_t i = 0; i < m->count; i++)
		close_watched(&m->watched[i].instance);
	free(m->jobs);
	free(m->watched);
	free(m->fds);
	m->jobs = NULL;
	m->watched = NULL;
	m->fds = NULL;
	m->config = NULL;
	m->count = 0;
}

static void
close_watched(int *instance)
{
	if (*instance >= 0)
		(void)close(*instance);
	*instance = -1;
}

/* What is listened to of a workload: its answer; and where none is due, whether it changes. */
static int
descriptor_of(const struct measurer *m, size_t workload)
{
	const struct job *j = &m->jobs[workload];

	if (j->state == JOB_ANSWERS)
		return j->channel;
	return j->state == JOB_NONE && !m->watched[workload].changed ? m->watched[workload].instance
								     : -1;
}

static enum err
order(struct measurer *m, enum starter_what what, uint32_t number, size_t workload)
{
	const struct starter_order o = {what, number, (uint32_t)workload};

	return !m->gone && send(m->control, &o, sizeof(o), MSG_NOSIGNAL) == (ssize_t)sizeof(o)
		   ? ERR_OK
		   : ERR_IO;
}

/* All that are there. */
static void
take_messages(struct measurer *m)
{
	struct starter_message s;
	int fds[STARTER_DESCRIPTORS];
	ssize_t size = 1;

	while (!m->gone && size > 0)
		if ((size = receive(m->control, &s, fds)) == (ssize_t)sizeof(s))
			take_message(m, &s, fds);
		else if (size >= 0 || (errno != EAGAIN && errno != EINTR))
			m->gone = true;
	for (size_t i = 0; m->gone && i < m->count; i++)
		if (m->jobs[i].state != JOB_NONE && m->jobs[i].state != JOB_ANSWERED)
			job_fail(&m->jobs[i], ERR_TRUNCATED,
			    "the process that starts the measuring ones has ended, which only a "
			    "start of the whole program mends");
}

/* One about an order that was given up is about nothing. */
static void
take_message(struct measurer *m, const struct starter_message *s, int fds[STARTER_DESCRIPTORS])
{
	struct job *j = NULL;
	struct logline l;

	m->spent_us = s->spent_us;
	for (size_t i = 0; i < m->count; i++)
		if (m->jobs[i].number == s->number && m->jobs[i].state != JOB_NONE &&
		    m->jobs[i].state != JOB_ANSWERED)
			j = &m->jobs[i];
	if (j != NULL && s->event == STARTER_MEASURING && j->state == JOB_ORDERED && fds[0] >= 0) {
		j->channel = fds[0];
		m->watched[j - m->jobs].coming = fds[1];
		fds[0] = fds[1] = -1; /* moved */
		j->state = JOB_ANSWERS;
		if (!digest_equal(&s->configuration, &m->config->source)) {
			(void)order(m, STARTER_END, j->number, 0);
			job_fail(j, ERR_UNSUPPORTED,
			    "the measuring process has read another configuration than this one; "
			    "it has changed meanwhile: reload it (SIGHUP)");
		}
	} else if (j != NULL && s->event == STARTER_STUCK) {
		job_fail(j, ERR_BUSY,
		    "the process that measured it before cannot be ended: it waits for a file "
		    "system that does not answer; no other one is started while it is there");
	} else if (j != NULL && s->event == STARTER_ENDED) {
		logline_begin(&l, LOGGER_ERROR, "measurer-ended");
		logline_string(&l, "text", s->why.text);
		logline_end(&l);
		job_fail(
		    j, ERR_TRUNCATED, "the measuring process ended while it measured (see above)");
	}
	for (size_t i = 0; i < STARTER_DESCRIPTORS; i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
}

/* As recvmsg, without waiting; -1 in `fds` for what did not come with it. */
static ssize_t
receive(int control, struct starter_message *s, int fds[STARTER_DESCRIPTORS])
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(STARTER_DESCRIPTORS * sizeof(int))];
	} with;
	struct iovec part = {s, sizeof(*s)};
	struct msghdr message = {.msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = &with,
	    .msg_controllen = sizeof(with.room)};
	const ssize_t size = recvmsg(control, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	const struct cmsghdr *header = size > 0 ? CMSG_FIRSTHDR(&message) : NULL;

	for (size_t i = 0; i < STARTER_DESCRIPTORS; i++)
		fds[i] = -1;
	if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
		for (size_t i = 0;
		     i < STARTER_DESCRIPTORS && header->cmsg_len >= CMSG_LEN((i + 1) * sizeof(int));
		     i++)
			memcpy(&fds[i], CMSG_DATA(header) + i * sizeof(int), sizeof(int));
	return size;
}

static uint64_t
least_left_ms(const struct measurer *m)
{
	uint64_t left_ms = UINT64_MAX;

	for (size_t i = 0; i < m->count; i++)
		if (job_is_under_way(&m->jobs[i]) && m->jobs[i].left_ms < left_ms)
			left_ms = m->jobs[i].left_ms;
	return left_ms;
}

/* Whose time is over is ended; or has not said in time why it ended. */
static void
count_time(struct measurer *m, uint64_t passed_ms)
{
	for (size_t i = 0; i < m->count; i++) {
		struct job *j = &m->jobs[i];

		if (!job_is_under_way(j))
			continue;
		j->left_ms -= passed_ms < j->left_ms ? passed_ms : j->left_ms;
		if (j->left_ms > 0)
			continue;
		if (j->state == JOB_ENDED) {
			job_fail(j, ERR_TRUNCATED, "the measuring process ended while it measured");
			continue;
		}
		(void)order(m, STARTER_END, j->number, 0);
		job_fail(j, ERR_BUDGET, "");
		(void)trouble_set(&j->why, ERR_BUDGET,
		    "workload %s: it took longer than its budget, seconds: %u",
		    m->config->workloads[i].name, m->config->workloads[i].budgets.seconds);
	}
}

/* One that is in the middle of its answer, or not to be listened to, is ended. */
static void
hear(struct measurer *m, size_t workload)
{
	struct job *j = &m->jobs[workload];
	const enum err e = job_hear(j, &m->config->workloads[workload]);

	if (e == ERR_OK)
		return;
	(void)order(m, STARTER_END, j->number, 0);
	if (e == ERR_FORMAT)
		job_fail(j, ERR_TRUNCATED, "the measuring process said what is no answer");
	else
		job_answered(j, e);
}

/* Whatever came of it: what it has read is watched now, and nothing else. */
static void
watch_anew(struct measurer *m, size_t workload)
{
	struct watched *w = &m->watched[workload];

	close_watched(&w->instance);
	w->instance = w->coming;
	w->coming = -1;
}
