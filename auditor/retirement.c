#include "auditor/retirement.h"

#include <inttypes.h>
#include <string.h>

#include "proto/utc.h"

static enum outcome open_copy(struct retirement *r, const struct retirement_options *options,
    const struct seal_wanted *seal, const struct findings *f);
static void tell_strangers(
    const struct retirement *r, const struct seal_wanted *seal, const struct findings *f);
static enum outcome tell_key(const struct retired_wanted *w, const struct retired_key *key,
    const struct log_reader *l, const struct walk *walk, const struct kept_options *kept,
    const struct display *d, struct json *j);
static void tell_unheld(
    const struct retired_wanted *w, struct kept *found, const struct display *d, struct json *j);
static bool tell_file(
    const struct retired_wanted *w, const char *path, const struct display *d, struct json *j);
static bool find_entries(const struct retired_key *key, const struct log_reader *l,
    const struct walk *walk, uint64_t *from, uint64_t *to);
static uint64_t newest_seen(const struct retired_wanted *w, const struct retired_key *key,
    const struct log_reader *l, const struct kept_options *kept);
static bool was_seen(
    const struct retired_wanted *w, const struct retired_key *key, struct view note);
static bool begins_with(const struct log_reader *l, const struct checkpoint *c);

enum outcome
retirement_open(struct retirement *r, const struct retirement_options *options,
    const struct seal_wanted *seal, const struct findings *f)
{
	struct retired_wanted *w = &r->wanted;
	enum outcome o;

	*r = (struct retirement){.wanted = {.seal = seal}, .log = {.dir = -1}};
	o = retired_keys_read(options->statements->value, options->statements->count,
	    options->by->value, options->by->count, f, &w->keys);
	if (o == OUTCOME_GOOD)
		o = cosigners_load(
		    options->witnesses->value, options->witnesses->count, f, &w->witnesses);
	if (o == OUTCOME_GOOD)
		o = open_copy(r, options, seal, f);
	if (o == OUTCOME_GOOD)
		tell_strangers(r, seal, f);
	return o;
}

void
retirement_close(struct retirement *r)
{
	retired_keys_free(&r->wanted.keys);
	cosigners_free(&r->wanted.witnesses);
	anchor_free(&r->cosigned);
	log_close(&r->log);
}

void
retirement_show(const struct display *d, const struct retired_found *found)
{
	char since[UTC_TEXT_SIZE], time[UTC_TEXT_SIZE];

	if (found->key == NULL)
		return;
	(void)utc_text(found->key->since_s, since);
	if (found->witness == NULL)
		display_line(d,
		    "KEY       others may have had it since %s, and nobody that was named saw this "
		    "before",
		    since);
	else
		display_line(d, "KEY       others may have had it since %s; %s saw this at %s",
		    since, cosigner_name(found->witness), utc_text(found->witnessed_s, time));
}

void
retirement_write(struct json *j, const struct retired_found *found)
{
	if (found->key == NULL) {
		json_null(j, "retired");
		return;
	}
	json_open(j, "retired", '{');
	json_digest(j, "key", &found->key->key);
	json_time(j, "since", found->key->since_s);
	if (found->witness != NULL) {
		json_string(j, "witness", cosigner_name(found->witness));
		json_time(j, "witnessed", found->witnessed_s);
	} else {
		json_null(j, "witness");
		json_null(j, "witnessed");
	}
	json_close(j, '{');
}

static enum outcome
open_copy(struct retirement *r, const struct retirement_options *options,
    const struct seal_wanted *seal, const struct findings *f)
{
	enum outcome o = OUTCOME_GOOD;

	if (options->cosigned != NULL)
		o = anchor_read(options->cosigned, seal, f, &r->cosigned);
	if (o != OUTCOME_GOOD || options->log == NULL) {
		r->wanted.cosigned = r->cosigned;
		return o;
	}
	if ((o = log_open(&r->log, options->log, seal, f)) != OUTCOME_GOOD)
		return o;
	r->wanted.log = &r->log;
	if (r->cosigned == NULL && (r->cosigned = anchor_of_log(options->log, &r->log)) == NULL)
		return findings_step(f, "log", OUTCOME_UNKNOWN, "%s", err_text(ERR_MEMORY));
	r->wanted.cosigned = r->cosigned;
	return o;
}

/* Fine: whoever has all statements of a site gives them all. But one may be meant for another key.
 */
static void
tell_strangers(const struct retirement *r, const struct seal_wanted *seal, const struct findings *f)
{
	const struct retired_keys *keys = &r->wanted.keys;
	char hex[DIGEST_HEX_SIZE + 1];

	for (size_t i = 0; i < keys->count; i++) {
		bool named = false;

		for (size_t k = 0; k < seal->certificates.count; k++)
			named =
			    named || digest_equal(&keys->key[i].key,
					 signercert_key_digest(seal->certificates.certificate[k]));
		digest_to_hex(&keys->key[i].key, hex);
		if (!named)
			findings_warn(
			    f, "retired", "the key %s is none of those named by --cert", hex);
	}
}

enum outcome
retirement_tell_log(struct retirement *r, const struct log_reader *l, const struct walk *walk,
    const struct kept_options *kept, struct kept *found, const struct display *d, struct json *j)
{
	struct retired_wanted *w = &r->wanted;
	uint64_t unread = 0;
	enum outcome o = OUTCOME_GOOD;
	enum err e = ERR_OK;

	if (walk != NULL)
		e = retired_keys_join(&w->keys, walk_retired(walk, &unread));
	if (e != ERR_OK)
		o = display_step(d, "retired", OUTCOME_UNKNOWN, "%s", err_text(e));
	if (unread > 0)
		display_warn(d, "retired",
		    "%" PRIu64 " statement%s that others may have had a key of this log %s not "
		    "judged: of which key, and since when, is in the evidence",
		    unread, display_plural(unread), unread == 1 ? "was" : "were");
	json_open(j, "retired", '[');
	for (size_t i = 0; i < w->keys.count; i++)
		o = outcome_worse(o, tell_key(w, &w->keys.key[i], l, walk, kept, d, j));
	json_close(j, '[');
	tell_unheld(w, found, d, j);
	return o;
}

static void
tell_unheld(
    const struct retired_wanted *w, struct kept *found, const struct display *d, struct json *j)
{
	size_t told = 0;

	json_open(j, "kept_retired", '[');
	for (size_t i = 0; i < found->unheld_count; i++)
		told += tell_file(w, found->unheld[i], d, j);
	json_close(j, '[');
	found->only_retired = told > 0 && told == found->unheld_count;
}

/* Whether it rests on a retired key, and nobody saw it before. */
static bool
tell_file(const struct retired_wanted *w, const char *path, const struct display *d, struct json *j)
{
	const struct findings nobody = {.tell = NULL};
	char hex[DIGEST_HEX_SIZE + 1], since[UTC_TEXT_SIZE];
	const struct retired_key *key;
	struct anchor *a;

	if (anchor_read(path, w->seal, &nobody, &a) != OUTCOME_GOOD)
		return false; /* told, where it was held against the log */
	key = retired_check_note(w->seal, &w->keys, &a->signer, buf_view(&a->note));
	if (key != NULL && was_seen(w, key, buf_view(&a->note)))
		key = NULL;
	anchor_free(&a);
	if (key == NULL)
		return false;
	digest_to_hex(&key->key, hex);
	display_warn(d, "retired",
	    "%s is not in this log, and is signed by the key %s, which others may have had since "
	    "%s: what it signed from then on proves nothing, and a signature does not tell when it "
	    "was made",
	    path, hex, utc_text(key->since_s, since));
	json_open(j, NULL, '{');
	json_string(j, "file", path);
	json_digest(j, "key", &key->key);
	json_time(j, "since", key->since_s);
	json_close(j, '{');
	return true;
}

static enum outcome
tell_key(const struct retired_wanted *w, const struct retired_key *key, const struct log_reader *l,
    const struct walk *walk, const struct kept_options *kept, const struct display *d,
    struct json *j)
{
	char hex[DIGEST_HEX_SIZE + 1], since[UTC_TEXT_SIZE];
	uint64_t from, to, seen;

	digest_to_hex(&key->key, hex);
	(void)utc_text(key->since_s, since);
	if (!find_entries(key, l, walk, &from, &to)) {
		display_field(d, "retired",
		    "%s since %s; it is none of this log's keys that are "
		    "known here",
		    hex, since);
		return OUTCOME_GOOD;
	}
	seen = newest_seen(w, key, l, kept);
	display_field(d, "retired", "%s since %s", hex, since);
	if (seen > from)
		display_field(d, "",
		    "of its entries, from %" PRIu64 " up to before %" PRIu64
		    ", a witness saw those before %" PRIu64 " by then",
		    from, to, seen < to ? seen : to);
	else
		display_field(d, "",
		    "of its entries, from %" PRIu64 " up to before %" PRIu64
		    ", nobody who was named saw any by then",
		    from, to);
	json_open(j, NULL, '{');
	json_digest(j, "key", &key->key);
	json_time(j, "since", key->since_s);
	json_number(j, "from", from);
	json_number(j, "to", to);
	json_number(j, "witnessed", seen);
	json_close(j, '{');
	if (seen >= l->checkpoint.size ||
	    retired_check_note(w->seal, &w->keys, &l->signer, buf_view(&l->note)) != key)
		return OUTCOME_GOOD;
	return display_step(d, "key", OUTCOME_UNKNOWN,
	    "this checkpoint is signed by a key that others may have had since %s: expected one by "
	    "a key that follows it, or a cosignature from before; if no key has followed, the log "
	    "has ended",
	    since);
}

/*
 * Those that it signed before any other key of the log did: by the key notices, or all of them
 * where there are none and it has signed the checkpoint.
 */
static bool
find_entries(const struct retired_key *key, const struct log_reader *l, const struct walk *walk,
    uint64_t *from, uint64_t *to)
{
	const struct log_keys *k = walk != NULL ? walk_keys(walk) : NULL;

	*from = 0;
	*to = l->checkpoint.size;
	if (k == NULL || k->count == 0)
		return digest_equal(&key->key, &l->signer);
	for (size_t i = 0; i <= k->count; i++) {
		if (!digest_equal(&key->key, i == 0 ? &k->change[0].from : &k->change[i - 1].to))
			continue;
		*from = i == 0 ? 0 : k->change[i - 1].index + 1;
		*to = i == k->count ? l->checkpoint.size : k->change[i].index + 1;
		return true;
	}
	return false;
}

/* Size of the largest tree that the log begins with, and that somebody saw before. */
static uint64_t
newest_seen(const struct retired_wanted *w, const struct retired_key *key,
    const struct log_reader *l, const struct kept_options *kept)
{
	const struct argument_list *const lists[] = {kept->at_least, kept->receipts};
	const struct findings nobody = {.tell = NULL};
	uint64_t newest = was_seen(w, key, buf_view(&l->note)) ? l->checkpoint.size : 0;
	struct anchor *a;

	for (size_t i = 0; w->witnesses.count > 0 && i < sizeof(lists) / sizeof(lists[0]); i++)
		for (size_t k = 0; k < lists[i]->count; k++) {
			if (anchor_read(lists[i]->value[k], w->seal, &nobody, &a) != OUTCOME_GOOD)
				continue; /* told, where it is held against the log */
			if (a->checkpoint.size > newest && was_seen(w, key, buf_view(&a->note)) &&
			    begins_with(l, &a->checkpoint))
				newest = a->checkpoint.size;
			anchor_free(&a);
		}
	return newest;
}

static bool
was_seen(const struct retired_wanted *w, const struct retired_key *key, struct view note)
{
	const struct cosigner *by;
	uint64_t time_s;

	return cosigners_check(&w->witnesses, note, &by, &time_s) == ERR_OK &&
	       time_s < key->since_s;
}

static bool
begins_with(const struct log_reader *l, const struct checkpoint *c)
{
	struct log_reader reader = *l;
	struct merkle_frontier f;
	struct digest root;

	if (strcmp(c->origin, l->checkpoint.origin) != 0 || c->size > l->checkpoint.size ||
	    merkle_read_frontier(c->size, log_read_node, &reader, &f) != ERR_OK)
		return false;
	merkle_frontier_root(&f, &root);
	return digest_equal(&root, &c->root);
}
