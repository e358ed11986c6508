#include "signer/session/upload.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "proto/evidence/component_list.h"
#include "signer/session/filing.h"
#include "signer/session/holding.h"
#include "signer/session/quota.h"
#include "signer/session/refusal.h"
#include "signer/session/segments.h"
#include "signer/session/waiting.h"

static enum err ask(
    struct session *s, struct waiting *w, const struct appraiser_components *components);
static void ask_components(
    struct session *s, struct waiting *w, const struct appraiser_components *components);
static bool pass_over(struct session *s, const struct message_part *m);
static enum err check_first(struct session *s, const struct message_part *m, struct awaited *as);
static enum err upload_begin(
    struct session *s, const struct digest *digest, const struct awaited *as);
static enum err upload_append(struct session *s, struct view data);
static enum err upload_finish(struct session *s);
static enum err check_form(
    struct view bytes, const struct digest *digest, const struct awaited *as);
static void upload_reset(struct session *s);
static enum err go_on(struct session *s, const struct digest *digest);
static enum err proceed(struct session *s, struct waiting *w, bool *waits);
static void refuse_waiting(struct session *s, const struct digest *digest, enum err e);
static void let_go(struct session *s, struct waiting *w);

enum err
upload_await(
    struct session *s, const struct filing *f, const struct appraiser_components *components)
{
	struct waiting *w;
	enum err e;

	/* More than the welcome allows: such a peer has not read it. */
	if (s->waiting_count >= s->service->config->limits.in_flight_per_connection)
		return ERR_BUSY;
	if ((e = waiting_add(s, f, &w)) != ERR_OK)
		return e;
	if ((e = ask(s, w, components)) != ERR_OK)
		waiting_remove(s, w);
	return e;
}

enum err
upload_on_part(struct session *s, const struct message_part *m)
{
	struct awaited as = s->upload_as;
	enum err e = ERR_OK;

	if (s->service->storage.low) {
		refuse_waiting(s, NULL, ERR_STORAGE);
		upload_reset(s);
	}
	if (pass_over(s, m))
		return ERR_OK;
	if (s->upload_as.size == 0)
		e = check_first(s, m, &as);
	else if (!digest_equal(&m->digest, &s->upload_digest) || m->offset != s->upload.size)
		e = ERR_MSG_ORDER;
	if (e != ERR_OK) {
		refusal_give(s, e, NULL);
		return e;
	}
	if (s->upload_as.size == 0 && (e = upload_begin(s, &m->digest, &as)) != ERR_OK) {
		refuse_waiting(s, &m->digest, e);
		(void)pass_over(s, m); /* this is the first of them */
		return e;
	}
	e = upload_append(s, m->data);
	if (e == ERR_OK && s->upload.size < s->upload_as.size)
		return ERR_OK;
	if (e == ERR_OK)
		e = upload_finish(s);
	if (e != ERR_OK)
		refuse_waiting(s, &m->digest, e);
	upload_reset(s);
	return e == ERR_OK ? go_on(s, &m->digest) : e;
}

void
upload_end(struct session *s)
{
	upload_reset(s);
	while (s->waiting != NULL)
		let_go(s, s->waiting);
}

/* Whole components first: only when they are there is it known what lists lack. */
static enum err
ask(struct session *s, struct waiting *w, const struct appraiser_components *components)
{
	if (components->missing_count == 0)
		return segments_ask(s, w, components);
	ask_components(s, w, components);
	return ERR_OK;
}

static void
ask_components(struct session *s, struct waiting *w, const struct appraiser_components *components)
{
	struct message_want want = {.workload = w->filing.bundle.workload};

	for (size_t i = 0; i < components->missing_count; i++) {
		const struct bundle_component *c =
		    &w->filing.bundle.component[components->missing[i]];

		/* Asked for already, for another bundle of this connection: once is enough. */
		if (!waiting_any_lacks(s, &c->digest, NULL))
			want.digests[want.digest_count++] = c->digest;
	}
	for (size_t i = 0; i < components->missing_count; i++)
		w->lacks[components->missing[i]] = true;
	if (want.digest_count > 0) {
		message_write_want(s->output.bytes, &want);
		s->output.wake(s->output.context);
	}
}

/* Whether it is of what was asked for in vain; a component that is wanted again begins anew. */
static bool
pass_over(struct session *s, const struct message_part *m)
{
	if (s->upload_as.size > 0 || m->data.size > s->void_bytes ||
	    (m->offset == 0 && waiting_any_lacks(s, &m->digest, NULL)))
		return false;
	s->void_bytes -= m->data.size;
	return true;
}

static enum err
check_first(struct session *s, const struct message_part *m, struct awaited *as)
{
	if (!waiting_any_lacks(s, &m->digest, as))
		return ERR_COMPONENT_UNWANTED;
	return m->offset == 0 ? ERR_OK : ERR_MSG_ORDER;
}

/* All of its memory is taken now: if there is not enough, little was sent in vain. */
static enum err
upload_begin(struct session *s, const struct digest *digest, const struct awaited *as)
{
	enum err e = holding_take(s, as->size);

	if (e != ERR_OK)
		return e;
	if (buf_reserve(&s->upload, as->size) == NULL)
		e = ERR_MEMORY;
	else
		e = quota_take_component(s, as->size, uv_hrtime() / 1000);
	if (e != ERR_OK) {
		buf_free(&s->upload);
		holding_give(s, as->size);
		return e;
	}
	s->upload_as = *as;
	s->upload_digest = *digest;
	return ERR_OK;
}

static enum err
upload_append(struct session *s, struct view data)
{
	if (data.size > s->upload_as.size - s->upload.size)
		return ERR_COMPONENT_DIGEST;
	buf_append_view(&s->upload, data);
	return buf_status(&s->upload);
}

static enum err
upload_finish(struct session *s)
{
	struct service *service = s->service;
	struct view bytes = buf_view(&s->upload);
	struct evidence_item *item;
	struct digest digest;
	enum err e;

	digest_of(bytes.data, bytes.size, &digest);
	if (!digest_equal(&digest, &s->upload_digest))
		return ERR_COMPONENT_DIGEST;
	if ((e = check_form(bytes, &digest, &s->upload_as)) != ERR_OK)
		return e;
	if ((e = evidence_add(service->evidence, PACK_COMPONENT, bytes, &digest,
		 ledger_evidence(service->ledger), &item)) != ERR_OK)
		return e;
	service->counters.components++;
	service->counters.component_bytes += bytes.size;
	return ERR_OK;
}

/* Nothing is stored that could not be part of anybody's evidence. */
static enum err
check_form(struct view bytes, const struct digest *digest, const struct awaited *as)
{
	const struct component_segment named = {*digest, as->count, as->size};
	struct component *component = NULL;
	struct component_list *list = NULL;
	enum component_kind kind;
	enum component_form form;
	enum err e;

	if (as->is_segment)
		return component_segment_check(as->kind, &named, as->last, bytes);
	if ((e = component_form_of(bytes, &kind, &form)) != ERR_OK)
		return e;
	if (form == COMPONENT_FORM_LIST)
		e = component_list_decode(bytes, &list);
	else
		e = component_decode(bytes, &component);
	component_list_free(&list);
	component_free(&component);
	return e;
}

static void
upload_reset(struct session *s)
{
	if (s->upload_as.size == 0)
		return;
	holding_give(s, s->upload_as.size);
	s->upload_as.size = 0;
	buf_free(&s->upload);
}

/* It is there: every bundle that waited for nothing else goes on, oldest first. */
static enum err
go_on(struct session *s, const struct digest *digest)
{
	struct waiting *w, *next;
	enum err e, result = ERR_OK;
	bool waits;

	for (w = s->waiting; w != NULL; w = next) {
		next = w->next;
		if (!waiting_lacks(w, digest, NULL) || !waiting_take(w, digest))
			continue;
		if ((e = proceed(s, w, &waits)) != ERR_OK) {
			refusal_give(s, e, &w->filing);
			result = e;
		}
		if (e != ERR_OK || !waits)
			let_go(s, w);
	}
	return result;
}

/* All that it has asked for is there: it is staged, or asks for segments, and waits for these. */
static enum err
proceed(struct session *s, struct waiting *w, bool *waits)
{
	struct appraiser_components components;
	enum err e;

	*waits = false;
	w->filing.arrived_us = uv_hrtime() / 1000;
	(void)service_now_s(s->service);
	/* The policy may have been replaced meanwhile. */
	e = filing_find_workload(s, &w->filing);
	if (e == ERR_OK)
		e = appraiser_judge(s->service, w->filing.workload, &w->filing.bundle, &components);
	if (e != ERR_OK)
		return e;
	if (appraiser_has_all(&components))
		return filing_stage(s, &w->filing, &components);
	/* Something that was there is damaged: the collector tries again, and is asked for it. */
	if (components.missing_count > 0 || w->asked_segments)
		return ERR_BUSY;
	*waits = true;
	return segments_ask(s, w, &components);
}

/* Those that wait for this component; NULL: for any. */
static void
refuse_waiting(struct session *s, const struct digest *digest, enum err e)
{
	struct waiting *w, *next;
	bool any = false;

	for (w = s->waiting; w != NULL; w = next) {
		next = w->next;
		if (digest != NULL && !waiting_lacks(w, digest, NULL))
			continue;
		any = true;
		s->void_bytes += waiting_lacking_bytes(w);
		refusal_give(s, e, &w->filing);
		let_go(s, w);
	}
	/* What has come of the component that is being received is not on its way any more. */
	if (any)
		s->void_bytes -= s->upload.size;
}

static void
let_go(struct session *s, struct waiting *w)
{
	struct workload *workload = w->filing.workload;

	waiting_remove(s, w);
	workload_forget(s->service->workloads, workload);
}
