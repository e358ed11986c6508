#include "proto/report/absence.h"

#include "proto/evidence/identity.h"
#include "proto/json/json_extensions.h"

/* Keys and punctuation, numbers and digests: of the whole entry, and of each workload. */
#define FIXED_SIZE_MAX          1024
#define WORKLOAD_FIXED_SIZE_MAX 192

static bool workload_is_good(const struct absence_workload *w, uint64_t issued_s);
static size_t size_bound(const struct absence *a);
static void write_workload(struct json_writer *w, const struct absence_workload *absent);
static enum err read_all(struct json_reader *r, struct absence *a, struct digest *jti);
static bool read_workloads(struct json_reader *r, struct absence *a);
static bool read_workload(struct json_reader *r, struct absence_workload *out);
static bool read_tail(struct json_reader *r, struct absence *a);

enum err
absence_check(const struct absence *a)
{
	if (!entry_head_is_good(a->issued_s, a->issuer) || !identity_is_valid(a->collector) ||
	    a->count == 0 || a->count > ABSENCE_WORKLOADS_MAX || a->notice.index > JSON_NUMBER_MAX)
		return ERR_FORMAT;
	for (size_t i = 0; i < a->count; i++)
		if (!workload_is_good(&a->absent[i], a->issued_s) ||
		    (i > 0 && view_compare(a->absent[i - 1].workload, a->absent[i].workload) >= 0))
			return ERR_FORMAT;
	return a->extensions.size > 0 ? json_extensions_check(a->extensions) : ERR_OK;
}

void
absence_id(const struct absence *a, struct digest *jti)
{
	struct view parts[5 + 2 * ABSENCE_WORKLOADS_MAX];
	char numbers[ABSENCE_WORKLOADS_MAX][2 * DECIMAL_DIGITS_MAX + 3];
	size_t count = 0;

	parts[count++] = VIEW_LITERAL("hallmark absence v1\n");
	parts[count++] = a->issuer;
	parts[count++] = VIEW_LITERAL("\n");
	parts[count++] = a->collector;
	parts[count++] = VIEW_LITERAL("\n");
	for (size_t i = 0; i < a->count; i++) {
		uint8_t *begin = (uint8_t *)numbers[i], *p = begin;

		parts[count++] = a->absent[i].workload;
		*p++ = ' ';
		p = decimal_put(p, a->absent[i].due_s);
		*p++ = ' ';
		p = decimal_put(p, a->absent[i].count);
		*p++ = '\n';
		parts[count++] = (struct view){begin, (size_t)(p - begin)};
	}
	digest_of_parts(parts, count, jti);
}

enum err
absence_write(const struct absence *a, struct buf *to)
{
	const size_t begun = to->size;
	struct json_writer w;
	struct digest jti;
	enum err e;

	if ((e = absence_check(a)) != ERR_OK ||
	    (e = json_write_begin(&w, to, size_bound(a))) != ERR_OK)
		return e;
	absence_id(a, &jti);
	json_write_text(&w, "{\"eat_profile\":\"" ABSENCE_PROFILE "\",\"iat\":");
	json_write_number(&w, a->issued_s);
	json_write_text(&w, ",\"iss\":");
	json_write_string(&w, a->issuer);
	json_write_text(&w, ",\"sub\":");
	json_write_string(&w, a->collector);
	json_write_text(&w, ",\"jti\":");
	json_write_digest(&w, &jti);
	json_write_text(&w, ",\"hallmark.form\":");
	json_write_number(&w, ENTRY_FORM);
	for (size_t i = 0; i < a->count; i++) {
		json_write_text(&w, i > 0 ? "," : ",\"hallmark.absent\":[");
		write_workload(&w, &a->absent[i]);
	}
	json_write_text(&w, "],\"hallmark.notice\":");
	entry_place_write(&w, &a->notice);
	if (a->extensions.size > 0)
		json_write_text(&w, ",\"hallmark.extensions\":");
	json_write_raw(&w, a->extensions);
	json_write_text(&w, "}");
	if (json_write_end(&w) <= ENTRY_SIZE_MAX)
		return ERR_OK;
	to->size = begun;
	return ERR_FORMAT_SIZE;
}

enum err
absence_parse(struct view entry, struct absence_document *d)
{
	struct digest stated, jti;
	struct json_reader r;
	enum err e;

	if (entry.size > ENTRY_SIZE_MAX)
		return ERR_FORMAT_SIZE;
	json_read_begin(&r, entry, &d->strings);
	if ((e = read_all(&r, &d->absence, &stated)) == ERR_UNSUPPORTED)
		return e;
	if ((e = json_read_end(&r, e == ERR_OK)) != ERR_OK ||
	    (e = absence_check(&d->absence)) != ERR_OK)
		return e;
	absence_id(&d->absence, &jti);
	return digest_equal(&stated, &jti) ? ERR_OK : ERR_MISMATCH;
}

void
absence_document_free(struct absence_document *d)
{
	buf_free(&d->strings);
}

static bool
workload_is_good(const struct absence_workload *w, uint64_t issued_s)
{
	return bundle_workload_check(w->workload) == ERR_OK && w->due_s > 0 &&
	       w->due_s < issued_s && w->count > 0 && w->count <= JSON_NUMBER_MAX &&
	       w->report <= JSON_NUMBER_MAX;
}

static size_t
size_bound(const struct absence *a)
{
	size_t size = FIXED_SIZE_MAX + JSON_STRING_SIZE_MAX(a->issuer.size + a->collector.size) +
		      a->extensions.size;

	for (size_t i = 0; i < a->count; i++)
		size += WORKLOAD_FIXED_SIZE_MAX + JSON_STRING_SIZE_MAX(a->absent[i].workload.size);
	return size;
}

static void
write_workload(struct json_writer *w, const struct absence_workload *absent)
{
	json_write_text(w, "{\"workload\":");
	json_write_string(w, absent->workload);
	json_write_text(w, ",\"due\":");
	json_write_number(w, absent->due_s);
	json_write_text(w, ",\"count\":");
	json_write_number(w, absent->count);
	json_write_text(w, ",\"report\":");
	json_write_number(w, absent->report);
	json_write_text(w, ",\"previous-report\":");
	json_write_digest(w, &absent->previous);
	json_write_text(w, "}");
}

static enum err
read_all(struct json_reader *r, struct absence *a, struct digest *jti)
{
	uint64_t form;

	if (!json_read_text(r, "{\"eat_profile\":\"" ABSENCE_PROFILE "\",\"iat\":") ||
	    !json_read_number(r, &a->issued_s) || !json_read_text(r, ",\"iss\":") ||
	    !json_read_string(r, &a->issuer) || !json_read_text(r, ",\"sub\":") ||
	    !json_read_string(r, &a->collector) || !json_read_text(r, ",\"jti\":") ||
	    !json_read_digest(r, jti) || !json_read_text(r, ",\"hallmark.form\":") ||
	    !json_read_number(r, &form))
		return ERR_FORMAT;
	if (form != ENTRY_FORM)
		return ERR_UNSUPPORTED;
	return read_workloads(r, a) && read_tail(r, a) ? ERR_OK : ERR_FORMAT;
}

static bool
read_workloads(struct json_reader *r, struct absence *a)
{
	if (!json_read_text(r, ",\"hallmark.absent\":["))
		return false;
	for (a->count = 0; a->count < ABSENCE_WORKLOADS_MAX;) {
		if (!read_workload(r, &a->absent[a->count++]))
			return false;
		if (json_read_text(r, "]"))
			return true;
		if (!json_read_text(r, ","))
			return false;
	}
	return false;
}

static bool
read_workload(struct json_reader *r, struct absence_workload *out)
{
	return json_read_text(r, "{\"workload\":") && json_read_string(r, &out->workload) &&
	       json_read_text(r, ",\"due\":") && json_read_number(r, &out->due_s) &&
	       json_read_text(r, ",\"count\":") && json_read_number(r, &out->count) &&
	       json_read_text(r, ",\"report\":") && json_read_number(r, &out->report) &&
	       json_read_text(r, ",\"previous-report\":") && json_read_digest(r, &out->previous) &&
	       json_read_text(r, "}");
}

static bool
read_tail(struct json_reader *r, struct absence *a)
{
	a->extensions = (struct view){NULL, 0};
	if (!json_read_text(r, ",\"hallmark.notice\":") || !entry_place_read(r, &a->notice))
		return false;
	if (json_read_text(r, ",\"hallmark.extensions\":") &&
	    !json_extensions_read(r, &a->extensions))
		return false;
	return json_read_text(r, "}");
}
