#include "signer/session/upload.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "signer/session/filing.h"
#include "signer/session/refusal.h"

static struct waiting *waiting_new(const struct filing *f);
static void waiting_free(struct session *s, struct waiting *w);
static bool lacks(const struct waiting *w, const struct digest *digest, uint64_t *size);
static bool is_wanted(struct session *s, const struct digest *digest, uint64_t *size);
static bool pass_over(struct session *s, const struct message_part *m);
static enum err check_first(struct session *s, const struct message_part *m, uint64_t *size);
static enum err upload_begin(struct session *s, const struct digest *digest, uint64_t size);
static bool is_at_another(const struct session *s);
static enum err upload_append(struct session *s, struct view data);
static enum err upload_finish(struct session *s);
static void upload_reset(struct session *s);
static enum err go_on(struct session *s, const struct digest *digest);
static bool take(struct waiting *w, const struct digest *digest);
static enum err stage(struct session *s, struct waiting *w);
static void refuse_waiting(struct session *s, const struct digest *digest, enum err e);

enum err
upload_await(
    struct session *s, const struct filing *f, const struct appraiser_components *components)
{
	struct message_want want = {.workload = f->bundle.workload};
	struct waiting *w, **end;

	/* More than the welcome allows: such a peer has not read it. */
	if (s->waiting_count >= s->service->config->limits.in_flight_per_connection)
		return ERR_BUSY;
	for (size_t i = 0; i < components->missing_count; i++) {
		const struct bundle_component *c = &f->bundle.component[components->missing[i]];

		/* Asked for already, for another bundle of this connection: once is enough. */
		if (!is_wanted(s, &c->digest, NULL))
			want.digests[want.digest_count++] = c->digest;
	}
	if ((w = waiting_new(f)) == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < components->missing_count; i++)
		w->lacks[components->missing[i]] = true;
	for (end = &s->waiting; *end != NULL; end = &(*end)->next)
		;
	*end = w;
	s->waiting_count++;
	f->workload->busy = true;
	if (want.digest_count > 0) {
		message_write_want(s->output.bytes, &want);
		s->output.wake(s->output.context);
	}
	return ERR_OK;
}

enum err
upload_on_part(struct session *s, const struct message_part *m)
{
	uint64_t size = s->upload_size;
	enum err e = ERR_OK;

	if (s->service->storage.low) {
		refuse_waiting(s, NULL, ERR_STORAGE);
		upload_reset(s);
	}
	if (pass_over(s, m))
		return ERR_OK;
	if (s->upload_size == 0)
		e = check_first(s, m, &size);
	else if (!digest_equal(&m->digest, &s->upload_digest) || m->offset != s->upload.size)
		e = ERR_MSG_ORDER;
	if (e != ERR_OK) {
		refusal_give(s, e, NULL);
		return e;
	}
	if (s->upload_size == 0 && (e = upload_begin(s, &m->digest, size)) != ERR_OK) {
		refuse_waiting(s, &m->digest, e);
		(void)pass_over(s, m); /* this is the first of them */
		return e;
	}
	e = upload_append(s, m->data);
	if (e == ERR_OK && s->upload.size < s->upload_size)
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
		waiting_free(s, s->waiting);
}

static struct waiting *
waiting_new(const struct filing *f)
{
	struct waiting *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->filing = *f;
	w->bytes = BUF_INIT;
	buf_append_view(&w->bytes, f->bytes);
	buf_append_view(&w->bytes, f->signature);
	/* Decoded again, because the bundle's name is a view into its bytes. */
	if (buf_status(&w->bytes) != ERR_OK ||
	    bundle_decode((struct view){w->bytes.data, f->bytes.size}, &w->filing.bundle) !=
		ERR_OK) {
		buf_free(&w->bytes);
		free(w);
		return NULL;
	}
	w->filing.bytes = (struct view){w->bytes.data, f->bytes.size};
	w->filing.signature = (struct view){w->bytes.data + f->bytes.size, f->signature.size};
	return w;
}

static void
waiting_free(struct session *s, struct waiting *w)
{
	struct waiting **link = &s->waiting;

	while (*link != w)
		link = &(*link)->next;
	*link = w->next;
	s->waiting_count--;
	w->filing.workload->busy = false;
	workload_forget(s->service->workloads, w->filing.workload);
	buf_free(&w->bytes);
	free(w);
}

/*
 * Whether the bundle waits for this component from this connection. That another connection may
 * have brought it meanwhile changes nothing: its parts are on their way here too.
 */
static bool
lacks(const struct waiting *w, const struct digest *digest, uint64_t *size)
{
	for (unsigned kind = 0; kind < COMPONENT_KIND_COUNT; kind++) {
		const struct bundle_component *c = &w->filing.bundle.component[kind];

		if (!w->lacks[kind] || !digest_equal(&c->digest, digest))
			continue;
		if (size != NULL)
			*size = c->size;
		return true;
	}
	return false;
}

static bool
is_wanted(struct session *s, const struct digest *digest, uint64_t *size)
{
	for (struct waiting *w = s->waiting; w != NULL; w = w->next)
		if (lacks(w, digest, size))
			return true;
	return false;
}

/* Whether it is of what was asked for in vain; a component that is wanted again begins anew. */
static bool
pass_over(struct session *s, const struct message_part *m)
{
	if (s->upload_size > 0 || m->data.size > s->void_bytes ||
	    (m->offset == 0 && is_wanted(s, &m->digest, NULL)))
		return false;
	s->void_bytes -= m->data.size;
	return true;
}

static enum err
check_first(struct session *s, const struct message_part *m, uint64_t *size)
{
	if (!is_wanted(s, &m->digest, size))
		return ERR_COMPONENT_UNWANTED;
	return m->offset == 0 ? ERR_OK : ERR_MSG_ORDER;
}

/*
 * All of its memory is taken now: if there is not enough, little was sent in vain. Of the second
 * half each collector has one component at a time, over however many connections: whoever is slow
 * with many does not keep out the others.
 */
static enum err
upload_begin(struct session *s, const struct digest *digest, uint64_t size)
{
	struct service *service = s->service;
	const uint64_t bytes = service->evidence_bytes + size;
	const uint64_t bytes_max = service->config->limits.evidence_pending_bytes;

	if (bytes > bytes_max || (bytes > bytes_max / 2 && is_at_another(s)))
		return ERR_BUSY;
	if (buf_reserve(&s->upload, size) == NULL) {
		buf_free(&s->upload);
		return ERR_MEMORY;
	}
	service->evidence_bytes += size;
	s->upload_size = size;
	s->upload_digest = *digest;
	s->next_upload = service->uploads;
	s->previous_upload = NULL;
	if (s->next_upload != NULL)
		s->next_upload->previous_upload = s;
	service->uploads = s;
	return ERR_OK;
}

/* Whether this collector sends a component over another connection. */
static bool
is_at_another(const struct session *s)
{
	for (const struct session *u = s->service->uploads; u != NULL; u = u->next_upload)
		if (strcmp(u->identity, s->identity) == 0)
			return true;
	return false;
}

static enum err
upload_append(struct session *s, struct view data)
{
	if (data.size > s->upload_size - s->upload.size)
		return ERR_COMPONENT_DIGEST;
	buf_append_view(&s->upload, data);
	return buf_status(&s->upload);
}

static enum err
upload_finish(struct session *s)
{
	struct service *service = s->service;
	struct view bytes = buf_view(&s->upload);
	struct component *component;
	struct evidence_item *item;
	struct digest digest;
	enum err e;

	digest_of(bytes.data, bytes.size, &digest);
	if (!digest_equal(&digest, &s->upload_digest))
		return ERR_COMPONENT_DIGEST;
	if ((e = component_decode(bytes, &component)) != ERR_OK)
		return e;
	component_free(&component);
	if ((e = evidence_add(service->evidence, PACK_COMPONENT, bytes, &digest,
		 ledger_evidence(service->ledger), &item)) != ERR_OK)
		return e;
	service->counters.components++;
	service->counters.component_bytes += bytes.size;
	return ERR_OK;
}

static void
upload_reset(struct session *s)
{
	struct service *service = s->service;

	if (s->upload_size == 0)
		return;
	if (s->previous_upload != NULL)
		s->previous_upload->next_upload = s->next_upload;
	else
		service->uploads = s->next_upload;
	if (s->next_upload != NULL)
		s->next_upload->previous_upload = s->previous_upload;
	service->evidence_bytes -= s->upload_size;
	s->upload_size = 0;
	buf_free(&s->upload);
}

/* The component is there: every bundle that waited for nothing else is staged, oldest first. */
static enum err
go_on(struct session *s, const struct digest *digest)
{
	struct waiting *w, *next;
	enum err e, result = ERR_OK;

	for (w = s->waiting; w != NULL; w = next) {
		next = w->next;
		if (!lacks(w, digest, NULL))
			continue;
		if (!take(w, digest))
			continue;
		if ((e = stage(s, w)) != ERR_OK) {
			refusal_give(s, e, &w->filing);
			result = e;
		}
		waiting_free(s, w);
	}
	return result;
}

/* Notes that the component came; true if it was the last. */
static bool
take(struct waiting *w, const struct digest *digest)
{
	bool complete = true;

	for (unsigned kind = 0; kind < COMPONENT_KIND_COUNT; kind++) {
		if (digest_equal(&w->filing.bundle.component[kind].digest, digest))
			w->lacks[kind] = false;
		complete = complete && !w->lacks[kind];
	}
	return complete;
}

static enum err
stage(struct session *s, struct waiting *w)
{
	struct appraiser_components components;
	enum err e;

	w->filing.arrived_us = uv_hrtime() / 1000;
	/* The policy may have been replaced meanwhile. */
	e = filing_find_workload(s, &w->filing);
	if (e == ERR_OK)
		e = appraiser_judge(
		    s->service, w->filing.workload->rule, &w->filing.bundle, &components);
	/* Something that was there is damaged: the collector tries again, and is asked for it. */
	if (e == ERR_OK && components.missing_count > 0)
		e = ERR_BUSY;
	return e == ERR_OK ? filing_stage(s, &w->filing, &components) : e;
}

/* Those that wait for this component; NULL: for any. */
static void
refuse_waiting(struct session *s, const struct digest *digest, enum err e)
{
	struct waiting *w, *next;
	bool any = false;

	for (w = s->waiting; w != NULL; w = next) {
		next = w->next;
		if (digest != NULL && !lacks(w, digest, NULL))
			continue;
		any = true;
		for (unsigned kind = 0; kind < COMPONENT_KIND_COUNT; kind++)
			if (w->lacks[kind])
				s->void_bytes += w->filing.bundle.component[kind].size;
		refusal_give(s, e, &w->filing);
		waiting_free(s, w);
	}
	/* What has come of the component that is being received is not on its way any more. */
	if (any)
		s->void_bytes -= s->upload.size;
}
