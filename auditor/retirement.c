#include "auditor/retirement.h"

#include "proto/utc.h"

static enum outcome open_copy(struct retirement *r, const struct retirement_options *options,
    const struct seal_wanted *seal, const struct findings *f);
static void tell_strangers(
    const struct retirement *r, const struct seal_wanted *seal, const struct findings *f);

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
