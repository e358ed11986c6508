#include "collector/act/hook_state.h"

#include <stdlib.h>
#include <string.h>

#include "proto/text.h"
#include "proto/utc.h"

static enum err begin(struct hook_workload *w, const struct collector_workload *config,
    size_t number, uint64_t now_ms);
static void carry_over(struct hook_workload *from, struct hook_workload *to);
static bool is_unknown(
    const struct hook_workload *w, const struct collector_hook *h, uint64_t now_ms);

enum err
hook_state_set(struct hook_state *s, const struct collector_config *config, uint64_t now_ms)
{
	struct hook_state fresh = {
	    .workload = calloc(config->workload_count, sizeof(*fresh.workload))};
	struct hook_workload *known;
	enum err e = fresh.workload != NULL ? ERR_OK : ERR_MEMORY;

	for (size_t i = 0; e == ERR_OK && i < config->workload_count; i++)
		if (config->workloads[i].hook_count + config->workloads[i].act_count > 0)
			e = begin(&fresh.workload[fresh.count++], &config->workloads[i], i, now_ms);
	if (e != ERR_OK) {
		hook_state_free(&fresh);
		return e;
	}
	for (size_t i = 0; i < fresh.count; i++)
		if ((known = hook_state_find(s, fresh.workload[i].config->name)) != NULL)
			carry_over(known, &fresh.workload[i]);
	hook_state_free(s);
	*s = fresh;
	return ERR_OK;
}

static enum err
begin(struct hook_workload *w, const struct collector_workload *config, size_t number,
    uint64_t now_ms)
{
	*w = (struct hook_workload){.config = config, .number = number, .heard_ms = now_ms};
	w->told = calloc(config->hook_count + 1, sizeof(*w->told)); /* there may be acts alone */
	return w->told != NULL ? ERR_OK : ERR_MEMORY;
}

static void
carry_over(struct hook_workload *from, struct hook_workload *to)
{
	to->said = from->said; /* moved */
	from->said = (struct hook_said){.any = false};
	to->heard_ms = from->heard_ms;
	for (size_t i = 0; i < to->config->hook_count; i++)
		for (size_t j = 0; j < from->config->hook_count; j++)
			if (strcmp(to->config->hooks[i].name, from->config->hooks[j].name) == 0)
				to->told[i] = from->told[j];
}

void
hook_state_free(struct hook_state *s)
{
	for (size_t i = 0; i < s->count; i++) {
		buf_free(&s->workload[i].said.members);
		free(s->workload[i].told);
	}
	free(s->workload);
	*s = (struct hook_state){NULL, 0};
}

struct hook_workload *
hook_state_find(const struct hook_state *s, const char *workload)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->workload[i].config->name, workload) == 0)
			return &s->workload[i];
	return NULL;
}

bool
hook_state_next(struct hook_state *s, size_t workload, uint64_t now_ms, struct hook_task *out)
{
	const struct hook_workload *w = &s->workload[workload];

	for (size_t i = 0; i < w->config->hook_count; i++) {
		const struct collector_hook *h = &w->config->hooks[i];
		const enum bundle_verdict verdict =
		    is_unknown(w, h, now_ms) ? BUNDLE_VERDICT_UNKNOWN : w->said.verdict;
		const struct hook_told before = w->told[i];

		if ((verdict != BUNDLE_VERDICT_UNKNOWN && !w->said.any) ||
		    (before.any && before.verdict == verdict))
			continue;
		w->told[i] = (struct hook_told){true, verdict};
		if (!h->on[verdict])
			continue;
		*out = (struct hook_task){workload, i, verdict, before};
		return true;
	}
	return false;
}

static bool
is_unknown(const struct hook_workload *w, const struct collector_hook *h, uint64_t now_ms)
{
	return h->on[BUNDLE_VERDICT_UNKNOWN] &&
	       now_ms >= w->heard_ms + (uint64_t)h->unknown_after_s * 1000;
}

uint64_t
hook_state_due_ms(const struct hook_state *s)
{
	uint64_t first_ms = UINT64_MAX;

	for (size_t i = 0; i < s->count; i++) {
		const struct hook_workload *w = &s->workload[i];

		for (size_t j = 0; j < w->config->hook_count; j++) {
			const struct collector_hook *h = &w->config->hooks[j];
			const uint64_t due_ms = w->heard_ms + (uint64_t)h->unknown_after_s * 1000;

			if (h->on[BUNDLE_VERDICT_UNKNOWN] && due_ms < first_ms &&
			    !(w->told[j].any && w->told[j].verdict == BUNDLE_VERDICT_UNKNOWN))
				first_ms = due_ms;
		}
	}
	return first_ms;
}

void
hook_state_write(
    const struct hook_state *s, const struct hook_task *task, uint64_t now_s, struct buf *to)
{
	const struct hook_workload *w = &s->workload[task->workload];
	char now[UTC_TEXT_SIZE];

	buf_append_string(to, "{\"workload\":");
	json_append_string(to, view_of_string(w->config->name));
	buf_append_format(to, ",\"hook\":\"%s\",\"time\":\"%s\",\"verdict\":\"%s\",\"before\":",
	    w->config->hooks[task->hook].name, utc_text(now_s, now),
	    bundle_verdict_word(task->verdict));
	if (task->before.any)
		buf_append_format(to, "\"%s\"", bundle_verdict_word(task->before.verdict));
	else
		buf_append_string(to, "null");
	if (w->said.any)
		buf_append_view(to, buf_view(&w->said.members));
	else
		buf_append_string(to, ",\"receipt\":null");
	buf_append_string(to, "}\n");
}
