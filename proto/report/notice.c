#include "proto/report/notice.h"

#include "proto/encoding.h"
#include "proto/evidence/bundle.h"
#include "proto/json/json_extensions.h"

#define NOTICE_NAME(identifier, name) [identifier] = VIEW_LITERAL(name),
static const struct view kinds[NOTICE_OTHER] = {NOTICE_KIND_MAP(NOTICE_NAME)};
static const struct view causes[NOTICE_CAUSE_OTHER] = {NOTICE_CAUSE_MAP(NOTICE_NAME)};
#undef NOTICE_NAME

/* Keys and punctuation, numbers and digests, but for approvals. */
#define FIXED_SIZE_MAX 1024

#define TRANSCRIPT_KEY "transcript"

static size_t find_name(const struct view *names, size_t count, struct view name);
static bool start_is_good(const struct notice *n);
static bool manifest_is_good(const struct notice *n);
static bool statement_is_good(const struct notice *n);
static bool key_is_good(const struct notice *n);
static void write_subject(struct json_writer *w, const struct notice *n);
static void write_start(struct json_writer *w, const struct notice *n);
static void write_manifest(struct json_writer *w, const struct notice *n);
static void write_statement(struct json_writer *w, const struct notice *n);
static void write_feed(struct json_writer *w, const struct notice *n);
static void write_key(struct json_writer *w, const struct notice *n);
static enum err read_all(struct json_reader *r, struct notice *n);
static bool read_tail(struct json_reader *r, struct notice *n);
static bool read_subject(struct json_reader *r, struct notice *n);
static bool read_start(struct json_reader *r, struct notice *n);
static bool read_manifest(struct json_reader *r, struct notice *n);
static bool read_statement(struct json_reader *r, struct notice *n);
static bool read_feed(struct json_reader *r, struct notice *n);
static bool read_key(struct json_reader *r, struct notice *n);

enum err
notice_transition(const struct notice *n, struct buf *to)
{
	return base64_decode(n->transition, to);
}

void
notice_transcript_extension(const struct digest *transcript, struct buf *to)
{
	buf_append_string(to, "{\"" TRANSCRIPT_KEY "\":\"");
	hex_append(to, (struct view){transcript->bytes, DIGEST_SIZE});
	buf_append_string(to, "\"}");
}

bool
notice_transcript(const struct notice *n, struct digest *out)
{
	struct view rest = n->extensions, key, value;

	if (n->kind != NOTICE_START || n->has_previous)
		return false;
	while (rest.size > 0 && json_extensions_next(&rest, &key, &value))
		if (view_equal(key, VIEW_LITERAL(TRANSCRIPT_KEY)))
			return value.size == DIGEST_HEX_SIZE + 2 && value.data[0] == '"' &&
			       digest_from_hex(
				   (struct view){value.data + 1, DIGEST_HEX_SIZE}, out) == ERR_OK;
	return false;
}

struct view
notice_known_extension(const struct notice *n)
{
	struct digest transcript;

	return notice_transcript(n, &transcript) ? VIEW_LITERAL(TRANSCRIPT_KEY)
						 : (struct view){NULL, 0};
}

struct view
notice_kind_name(const struct notice *n)
{
	return n->kind < NOTICE_OTHER ? kinds[n->kind] : n->kind_name;
}

struct view
notice_cause_name(const struct notice *n)
{
	return n->cause < NOTICE_CAUSE_OTHER ? causes[n->cause] : n->cause_name;
}

enum err
notice_check(const struct notice *n)
{
	bool good = false;
	enum err e;

	if (!entry_head_is_good(n->issued_s, n->issuer) || n->kind > NOTICE_OTHER ||
	    (n->has_previous ? n->previous.index > JSON_NUMBER_MAX : n->kind != NOTICE_START))
		return ERR_FORMAT;
	switch (n->kind) {
	case NOTICE_START:
		good = start_is_good(n);
		break;
	case NOTICE_MANIFEST:
		good = manifest_is_good(n);
		break;
	case NOTICE_STATEMENT:
		good = statement_is_good(n);
		break;
	case NOTICE_KEY:
		good = key_is_good(n);
		break;
	case NOTICE_TOKEN:
		good = token_seen_is_good(&n->token);
		break;
	case NOTICE_FEED:
		good = bundle_workload_check(n->name) == ERR_OK && n->written_s > 0 &&
		       n->written_s <= n->issued_s;
		break;
	case NOTICE_OTHER:
		good = entry_word_is_good(n->kind_name, NOTICE_WORD_MAX) &&
		       find_name(kinds, NOTICE_OTHER, n->kind_name) == NOTICE_OTHER;
		if (good && (e = json_extensions_check(n->subject)) != ERR_OK)
			return e;
		break;
	}
	if (!good)
		return ERR_FORMAT;
	return n->extensions.size > 0 ? json_extensions_check(n->extensions) : ERR_OK;
}

enum err
notice_write(const struct notice *n, struct buf *to)
{
	struct json_writer w;
	enum err e;

	if ((e = notice_check(n)) != ERR_OK ||
	    (e = json_write_begin(&w, to,
		 FIXED_SIZE_MAX +
		     JSON_STRING_SIZE_MAX(n->issuer.size + n->build.size + n->name.size) +
		     (2 * DIGEST_SIZE + 3) * n->approval_count + n->transition.size +
		     (n->kind == NOTICE_TOKEN ? TOKEN_SEEN_SIZE_MAX : 0) + n->subject.size +
		     n->extensions.size)) != ERR_OK)
		return e;
	json_write_text(&w, "{\"hallmark.notice\":");
	json_write_string(&w, notice_kind_name(n));
	json_write_text(&w, ",\"iat\":");
	json_write_number(&w, n->issued_s);
	json_write_text(&w, ",\"iss\":");
	json_write_string(&w, n->issuer);
	json_write_text(&w, ",\"hallmark.form\":");
	json_write_number(&w, ENTRY_FORM);
	if (n->has_previous) {
		json_write_text(&w, ",\"hallmark.previous-notice\":");
		entry_place_write(&w, &n->previous);
	}
	json_write_text(&w, ",\"hallmark.in-force\":");
	json_write_digest(&w, &n->in_force);
	json_write_text(&w, ",\"hallmark.subject\":");
	write_subject(&w, n);
	if (n->extensions.size > 0)
		json_write_text(&w, ",\"hallmark.extensions\":");
	json_write_raw(&w, n->extensions);
	json_write_text(&w, "}");
	(void)json_write_end(&w);
	return ERR_OK;
}

enum err
notice_parse(struct view entry, struct notice_document *d)
{
	struct json_reader r;
	enum err e;

	if (entry.size > ENTRY_SIZE_MAX)
		return ERR_FORMAT_SIZE;
	memset(&d->notice, 0, sizeof(d->notice));
	json_read_begin(&r, entry, &d->strings);
	if ((e = read_all(&r, &d->notice)) == ERR_UNSUPPORTED)
		return e;
	e = json_read_end(&r, e == ERR_OK);
	return e == ERR_OK ? notice_check(&d->notice) : e;
}

void
notice_document_free(struct notice_document *d)
{
	buf_free(&d->strings);
}

/* `count` if it is none of them: what stands behind the last in their enumeration. */
static size_t
find_name(const struct view *names, size_t count, struct view name)
{
	size_t i = 0;

	while (i < count && !view_equal(names[i], name))
		i++;
	return i;
}

static bool
start_is_good(const struct notice *n)
{
	if (n->cause > NOTICE_CAUSE_OTHER ||
	    (n->cause == NOTICE_CAUSE_OTHER &&
		(!entry_word_is_good(n->cause_name, NOTICE_WORD_MAX) ||
		    find_name(causes, NOTICE_CAUSE_OTHER, n->cause_name) != NOTICE_CAUSE_OTHER)))
		return false;
	return n->from_s > 0 && n->from_s <= n->to_s && n->to_s == n->issued_s &&
	       (n->has_previous || n->from_s == n->to_s) &&
	       entry_string_is_good(n->build, 1, ENTRY_STRING_MAX);
}

static bool
manifest_is_good(const struct notice *n)
{
	if (n->approval_count > NOTICE_APPROVALS_MAX)
		return false;
	for (size_t i = 1; i < n->approval_count; i++)
		if (digest_compare(&n->approval[i - 1], &n->approval[i]) >= 0)
			return false;
	return true;
}

static bool
statement_is_good(const struct notice *n)
{
	return entry_word_is_good(n->statement_kind, NOTICE_WORD_MAX) && n->number > 0 &&
	       n->number <= JSON_NUMBER_MAX;
}

static bool
key_is_good(const struct notice *n)
{
	struct buf note = BUF_INIT;
	const bool good = !digest_equal(&n->from, &n->to) && n->transition.size > 0 &&
			  n->transition.size <= NOTICE_TRANSITION_MAX &&
			  notice_transition(n, &note) == ERR_OK;

	buf_free(&note);
	return good;
}

static void
write_subject(struct json_writer *w, const struct notice *n)
{
	switch (n->kind) {
	case NOTICE_START:
		write_start(w, n);
		break;
	case NOTICE_MANIFEST:
		write_manifest(w, n);
		break;
	case NOTICE_STATEMENT:
		write_statement(w, n);
		break;
	case NOTICE_KEY:
		write_key(w, n);
		break;
	case NOTICE_TOKEN:
		token_seen_write(w, &n->token);
		break;
	case NOTICE_FEED:
		write_feed(w, n);
		break;
	case NOTICE_OTHER:
		json_write_raw(w, n->subject);
		break;
	}
}

static void
write_start(struct json_writer *w, const struct notice *n)
{
	json_write_text(w, "{\"cause\":");
	json_write_string(w, notice_cause_name(n));
	json_write_text(w, ",\"from\":");
	json_write_number(w, n->from_s);
	json_write_text(w, ",\"to\":");
	json_write_number(w, n->to_s);
	json_write_text(w, ",\"build\":");
	json_write_string(w, n->build);
	json_write_text(w, "}");
}

static void
write_manifest(struct json_writer *w, const struct notice *n)
{
	json_write_text(w, "{\"sha256\":");
	json_write_digest(w, &n->sha256);
	json_write_text(w, ",\"approvals\":[");
	for (size_t i = 0; i < n->approval_count; i++) {
		json_write_text(w, i > 0 ? "," : "");
		json_write_digest(w, &n->approval[i]);
	}
	json_write_text(w, "]}");
}

static void
write_statement(struct json_writer *w, const struct notice *n)
{
	json_write_text(w, "{\"sha256\":");
	json_write_digest(w, &n->sha256);
	json_write_text(w, ",\"kind\":");
	json_write_string(w, n->statement_kind);
	json_write_text(w, ",\"key\":");
	json_write_digest(w, &n->key);
	json_write_text(w, ",\"number\":");
	json_write_number(w, n->number);
	json_write_text(w, "}");
}

static void
write_feed(struct json_writer *w, const struct notice *n)
{
	json_write_text(w, "{\"name\":");
	json_write_string(w, n->name);
	json_write_text(w, ",\"sha256\":");
	json_write_digest(w, &n->sha256);
	json_write_text(w, ",\"written\":");
	json_write_number(w, n->written_s);
	json_write_text(w, "}");
}

static void
write_key(struct json_writer *w, const struct notice *n)
{
	json_write_text(w, "{\"from\":");
	json_write_digest(w, &n->from);
	json_write_text(w, ",\"to\":");
	json_write_digest(w, &n->to);
	json_write_text(w, ",\"transition\":");
	json_write_string(w, n->transition);
	json_write_text(w, "}");
}

static enum err
read_all(struct json_reader *r, struct notice *n)
{
	uint64_t form;

	if (!json_read_text(r, "{\"hallmark.notice\":") ||
	    !json_read_word(r, NOTICE_WORD_MAX, &n->kind_name) || !json_read_text(r, ",\"iat\":") ||
	    !json_read_number(r, &n->issued_s) || !json_read_text(r, ",\"iss\":") ||
	    !json_read_string(r, &n->issuer) || !json_read_text(r, ",\"hallmark.form\":") ||
	    !json_read_number(r, &form))
		return ERR_FORMAT;
	if (form != ENTRY_FORM)
		return ERR_UNSUPPORTED;
	n->kind = (enum notice_kind)find_name(kinds, NOTICE_OTHER, n->kind_name);
	return read_tail(r, n) ? ERR_OK : ERR_FORMAT;
}

static bool
read_tail(struct json_reader *r, struct notice *n)
{
	n->has_previous = json_read_text(r, ",\"hallmark.previous-notice\":");
	if (n->has_previous && !entry_place_read(r, &n->previous))
		return false;
	if (!json_read_text(r, ",\"hallmark.in-force\":") || !json_read_digest(r, &n->in_force) ||
	    !json_read_text(r, ",\"hallmark.subject\":") || !read_subject(r, n))
		return false;
	if (json_read_text(r, ",\"hallmark.extensions\":") &&
	    !json_extensions_read(r, &n->extensions))
		return false;
	return json_read_text(r, "}");
}

static bool
read_subject(struct json_reader *r, struct notice *n)
{
	switch (n->kind) {
	case NOTICE_START:
		return read_start(r, n);
	case NOTICE_MANIFEST:
		return read_manifest(r, n);
	case NOTICE_STATEMENT:
		return read_statement(r, n);
	case NOTICE_KEY:
		return read_key(r, n);
	case NOTICE_TOKEN:
		return token_seen_read(r, &n->token);
	case NOTICE_FEED:
		return read_feed(r, n);
	case NOTICE_OTHER:
		break;
	}
	return json_extensions_read(r, &n->subject);
}

static bool
read_start(struct json_reader *r, struct notice *n)
{
	if (!json_read_text(r, "{\"cause\":") ||
	    !json_read_word(r, NOTICE_WORD_MAX, &n->cause_name))
		return false;
	n->cause = (enum notice_cause)find_name(causes, NOTICE_CAUSE_OTHER, n->cause_name);
	return json_read_text(r, ",\"from\":") && json_read_number(r, &n->from_s) &&
	       json_read_text(r, ",\"to\":") && json_read_number(r, &n->to_s) &&
	       json_read_text(r, ",\"build\":") && json_read_string(r, &n->build) &&
	       json_read_text(r, "}");
}

static bool
read_manifest(struct json_reader *r, struct notice *n)
{
	if (!json_read_text(r, "{\"sha256\":") || !json_read_digest(r, &n->sha256) ||
	    !json_read_text(r, ",\"approvals\":["))
		return false;
	while (json_read_sees(r, "\"")) {
		if (n->approval_count == NOTICE_APPROVALS_MAX ||
		    !json_read_digest(r, &n->approval[n->approval_count++]))
			return false;
		if (!json_read_text(r, ","))
			break;
		if (!json_read_sees(r, "\""))
			return false;
	}
	return json_read_text(r, "]}");
}

static bool
read_statement(struct json_reader *r, struct notice *n)
{
	return json_read_text(r, "{\"sha256\":") && json_read_digest(r, &n->sha256) &&
	       json_read_text(r, ",\"kind\":") &&
	       json_read_word(r, NOTICE_WORD_MAX, &n->statement_kind) &&
	       json_read_text(r, ",\"key\":") && json_read_digest(r, &n->key) &&
	       json_read_text(r, ",\"number\":") && json_read_number(r, &n->number) &&
	       json_read_text(r, "}");
}

static bool
read_feed(struct json_reader *r, struct notice *n)
{
	return json_read_text(r, "{\"name\":") && json_read_string(r, &n->name) &&
	       json_read_text(r, ",\"sha256\":") && json_read_digest(r, &n->sha256) &&
	       json_read_text(r, ",\"written\":") && json_read_number(r, &n->written_s) &&
	       json_read_text(r, "}");
}

static bool
read_key(struct json_reader *r, struct notice *n)
{
	struct buf note = BUF_INIT;
	const bool good = json_read_text(r, "{\"from\":") && json_read_digest(r, &n->from) &&
			  json_read_text(r, ",\"to\":") && json_read_digest(r, &n->to) &&
			  json_read_text(r, ",\"transition\":") &&
			  json_read_string(r, &n->transition) && json_read_text(r, "}") &&
			  n->transition.size <= NOTICE_TRANSITION_MAX &&
			  notice_transition(n, &note) == ERR_OK;

	if (good)
		digest_of(note.data, note.size, &n->sha256);
	buf_free(&note);
	return good;
}
