#include "pkcs11/serve/watch.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pkcs11/ground/complain.h"
#include "proto/report/token_seen.h"

/* Bits of enum token_sign_of, and what each means. */
static const struct {
	uint64_t bit;
	enum watch_kind kind;
	const char *what;
} signs[] = {
    {TOKEN_USER_LOW, WATCH_USER_WRONG,
	"a login with a wrong PIN was tried since the last good one"},
    {TOKEN_USER_FINAL, WATCH_USER_FINAL, "one more wrong PIN locks it"},
    {TOKEN_USER_LOCKED, WATCH_USER_LOCKED, "its PIN is locked"},
    {TOKEN_SO_LOW, WATCH_SO_WRONG, "a login with a wrong PIN of its security officer was tried"},
    {TOKEN_SO_FINAL, WATCH_SO_FINAL, "one more wrong PIN locks its security officer out"},
    {TOKEN_SO_LOCKED, WATCH_SO_LOCKED, "its security officer is locked out"},
};

static void compare(struct watch *w, const struct token_sight *now);
static void compare_objects(struct watch *w, uint64_t before, uint64_t now);
static void say(struct watch *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void note(struct watch *w, enum watch_kind kind, const char *before, const char *after);
static void keep(struct watch *w, bool write, bool news);

void
watch_begin(struct watch *w, const struct hsm_config *config, const struct token *token)
{
	struct token_sight now;

	*w = (struct watch){.config = config};
	pthread_mutex_init(&w->mutex, NULL);
	w->known = watch_record_read(config, &w->record);
	token_sight_before(token, &now);
	now.objects = w->record.last.objects; /* not counted yet */
	compare(w, &now);
}

void
watch_look(struct watch *w, struct token_signer *signer)
{
	struct token_sight now;

	if (w->blind)
		return;
	if (token_look(signer, &now) == ERR_OK)
		compare(w, &now);
	else
		w->blind = true; /* explained; whether the token still signs, signatures tell */
}

bool
watch_has_news(struct watch *w)
{
	bool news;

	pthread_mutex_lock(&w->mutex);
	news = w->news;
	pthread_mutex_unlock(&w->mutex);
	return news;
}

enum err
watch_tell(struct watch *w, struct buf *to)
{
	struct watch_record told;
	struct token_seen s;

	pthread_mutex_lock(&w->mutex);
	told = w->kept;
	w->news = false;
	pthread_mutex_unlock(&w->mutex);
	watch_record_seen(&told, &s);
	return token_seen_append(&s, to);
}

static void
compare(struct watch *w, const struct token_sight *now)
{
	const struct token_sight before = w->record.last;
	const uint64_t raised = now->signs & ~before.signs, said = w->record.changes;

	w->record.last = *now;
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if ((raised & signs[i].bit) != 0) {
			say(w, "%s", signs[i].what);
			note(w, signs[i].kind, "no", "yes");
		}
	if (w->known && strcmp(before.serial, now->serial) != 0) {
		say(w, "its serial number is %s, it was %s", now->serial, before.serial);
		note(w, WATCH_SERIAL, before.serial, now->serial);
	}
	if (w->known && strcmp(before.firmware, now->firmware) != 0) {
		say(w, "its firmware is %s, it was %s", now->firmware, before.firmware);
		note(w, WATCH_FIRMWARE, before.firmware, now->firmware);
	}
	if (before.objects != 0 && before.objects != now->objects)
		compare_objects(w, before.objects, now->objects);
	keep(w,
	    !w->known || said != w->record.changes || before.signs != now->signs ||
		before.objects != now->objects,
	    said != w->record.changes);
	w->known = true;
}

static void
compare_objects(struct watch *w, uint64_t before, uint64_t now)
{
	char was[WATCH_TEXT_SIZE], is[WATCH_TEXT_SIZE];

	say(w, "it has %" PRIu64 " objects that the key's user sees, it had %" PRIu64, now, before);
	snprintf(was, sizeof(was), "%" PRIu64, before);
	snprintf(is, sizeof(is), "%" PRIu64, now);
	if (now > before)
		note(w, WATCH_OBJECTS, was, is);
}

static void
say(struct watch *w, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	w->record.changes++;
	complain("token '%s' is not as it was: %s (change %" PRIu64 ")", w->config->token_label,
	    text, w->record.changes);
}

/* What was said just now is to be told, too. */
static void
note(struct watch *w, enum watch_kind kind, const char *before, const char *after)
{
	struct watch_change *c = &w->record.change[kind];

	c->number = w->record.changes;
	snprintf(c->before, sizeof(c->before), "%s", before);
	snprintf(c->after, sizeof(c->after), "%s", after);
}

/*
 * A number that is told is on the disk: no other change gets it after a restart. Where it cannot be
 * kept, it is told under a name that no process reads again.
 */
static void
keep(struct watch *w, bool write, bool news)
{
	if (write && !watch_record_write(w->config, &w->record) && news)
		watch_record_rename(&w->record);
	pthread_mutex_lock(&w->mutex);
	w->kept = w->record;
	w->news = w->news || news;
	pthread_mutex_unlock(&w->mutex);
}
