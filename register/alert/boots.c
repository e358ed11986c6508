#include "register/alert/boots.h"

#include <string.h>

#define RESTARTS_MOST 3 /* within a day; the third is told */

/* A boot of a machine, and who says that he runs on it. */
struct boot {
	UT_hash_handle hh;
	uint8_t id[BOOT_ID_SIZE];
	uint64_t first, second; /* hosts; 0: none */
	uint64_t holders;    /* all hosts that say so: of more than two the others are looked for */
	uint64_t since_s;    /* that there are two */
	struct alert *clone; /* that lasts, or NULL */
};

static void leave(struct boots *b, uint64_t host, uint64_t entry, uint64_t time_s);
static uint64_t another(const struct boots *b, const struct boot *boot);
static struct boot *find(struct boots *b, const uint8_t id[BOOT_ID_SIZE]);
static enum err note_restart(struct boots_host *h, const struct fact *f, struct alert_list *alerts);
static enum err sweep_boot(
    struct boots *b, struct boot *one, uint64_t entry, uint64_t now_s, struct alert_list *alerts);

void
boots_free(struct boots *b)
{
	struct boot *one, *next;

	HASH_ITER (hh, b->all, one, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyser loses uthash's links */
		HASH_DEL(b->all, one);
		free(one);
	}
	free(b->host);
	*b = (struct boots){0};
}

struct boots_host *
boots_host(struct boots *b, uint64_t n)
{
	if (n >= b->count) {
		const size_t count = n < 32 ? 64 : (size_t)n * 2;
		struct boots_host *host = reallocarray(b->host, count, sizeof(*host));

		if (host == NULL)
			return NULL;
		memset(host + b->count, 0, (count - b->count) * sizeof(*host));
		b->host = host;
		b->count = count;
	}
	return &b->host[n];
}

enum err
boots_take(struct boots *b, const struct fact *f, const struct peer *p,
    const uint8_t id[BOOT_ID_SIZE], bool explained, struct alert_list *alerts)
{
	struct boots_host *h = boots_host(b, f->host);
	struct boot *boot;
	bool first;

	if (h == NULL)
		return ERR_MEMORY;
	if (h->boot != NULL && memcmp(h->boot->id, id, BOOT_ID_SIZE) == 0)
		return ERR_OK;
	first = h->boot == NULL;
	h->peer = p;
	leave(b, f->host, f->entry, f->time_s);
	if ((boot = find(b, id)) == NULL)
		return ERR_MEMORY;
	h->boot = boot;
	boot->holders++;
	if (boot->first == 0) {
		boot->first = f->host;
	} else if (boot->second == 0) {
		boot->second = f->host;
		boot->since_s = f->time_s;
	} else if (boot->clone != NULL) {
		alert_add_place(boot->clone, p, f->entry, f->time_s);
	}
	return first || explained ? ERR_OK : note_restart(h, f, alerts);
}

/* Another boot: it is the one before no longer. */
static void
leave(struct boots *b, uint64_t host, uint64_t entry, uint64_t time_s)
{
	struct boots_host *h = &b->host[host];
	struct boot *boot = h->boot;

	h->boot = NULL;
	if (boot == NULL)
		return;
	if (boot->first == host)
		boot->first = boot->second;
	if (boot->first == boot->second || boot->second == host)
		boot->second = 0;
	if (--boot->holders > 1 && boot->second == 0)
		boot->second = another(b, boot);
	if (boot->holders == 1)
		alert_over(&boot->clone, ALERT_GONE, entry, time_s);
	if (boot->holders > 0)
		return;
	HASH_DEL(b->all, boot);
	free(boot);
}

/* A host on this boot that is not its first. */
static uint64_t
another(const struct boots *b, const struct boot *boot)
{
	for (uint64_t n = 0; n < b->count; n++)
		if (b->host[n].boot == boot && n != boot->first)
			return n;
	return 0;
}

static struct boot *
find(struct boots *b, const uint8_t id[BOOT_ID_SIZE])
{
	struct boot *boot;

	HASH_FIND(hh, b->all, id, BOOT_ID_SIZE, boot);
	if (boot != NULL || (boot = calloc(1, sizeof(*boot))) == NULL)
		return boot;
	memcpy(boot->id, id, BOOT_ID_SIZE);
	HASH_ADD(hh, b->all, id, BOOT_ID_SIZE, boot);
	return boot;
}

static enum err
note_restart(struct boots_host *h, const struct fact *f, struct alert_list *alerts)
{
	const struct alert like = {
	    .kind = ALERT_RESTARTS, .first_entry = f->entry, .first_s = f->time_s};
	const uint64_t *third;
	enum err e = ERR_OK;

	(void)peer_note_change(h->changed_s, f->time_s);
	third = &h->changed_s[PEER_CHANGES - RESTARTS_MOST];
	if (*third == 0 || f->time_s - *third > ALERT_DAY_S)
		return ERR_OK;
	if (h->restarts == NULL)
		e = alert_list_add(alerts, &like, &h->restarts);
	if (h->restarts != NULL)
		alert_add_place(h->restarts, h->peer, f->entry, f->time_s);
	return e;
}

enum err
boots_sweep(struct boots *b, uint64_t entry, uint64_t now_s, struct alert_list *alerts)
{
	enum err e = ERR_OK;

	for (struct boot *one = b->all; e == ERR_OK && one != NULL; one = one->hh.next)
		if (one->second != 0)
			e = sweep_boot(b, one, entry, now_s, alerts);
	for (size_t i = 0; i < b->count; i++) {
		struct alert **a = &b->host[i].restarts;

		if (*a != NULL && now_s - (*a)->last_s > ALERT_DAY_S)
			alert_over(a, ALERT_CEASED, entry, now_s);
	}
	return e;
}

/* Who has gone over from one identity to another is away as the first by then. */
static enum err
sweep_boot(
    struct boots *b, struct boot *one, uint64_t entry, uint64_t now_s, struct alert_list *alerts)
{
	const struct boots_host *first = &b->host[one->first], *second = &b->host[one->second];
	struct alert like = {.kind = ALERT_CLONE, .first_entry = entry, .first_s = now_s};
	enum err e;

	if (first->present == 0 || second->present == 0) {
		alert_over(&one->clone, ALERT_GONE, entry, now_s);
		return ERR_OK;
	}
	if (one->clone != NULL || now_s - one->since_s < ALERT_HOUR_S)
		return ERR_OK;
	memcpy(like.subject.bytes, one->id, BOOT_ID_SIZE);
	e = alert_list_add(alerts, &like, &one->clone);
	if (one->clone != NULL) {
		alert_add_place(one->clone, first->peer, entry, now_s);
		alert_add_place(one->clone, second->peer, entry, now_s);
	}
	return e;
}
