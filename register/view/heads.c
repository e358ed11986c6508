#include "register/view/heads.h"

#include <openssl/rand.h>
#include <string.h>

static enum err put_key(struct heads *h, struct view collector, struct view name);
static unsigned hash_of(const struct heads *h, struct view key);

enum err
heads_init(struct heads *h)
{
	memset(h, 0, sizeof(*h));
	return RAND_bytes((unsigned char *)&h->key, sizeof(h->key)) == 1 ? ERR_OK : ERR_CRYPTO;
}

void
heads_free(struct heads *h)
{
	struct head *head, *next;
	struct head_host *host, *next_host;

	HASH_ITER (hh, h->all, head, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyser loses uthash's links */
		HASH_DEL(h->all, head);
		free(head);
	}
	HASH_ITER (hh, h->hosts, host, next_host) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): as above */
		HASH_DEL(h->hosts, host);
		free(host);
	}
	h->touched = h->last_touched = NULL;
	buf_free(&h->scratch);
}

struct head *
heads_find(struct heads *h, struct view collector, struct view name)
{
	struct head *found = NULL;

	if (put_key(h, collector, name) == ERR_OK)
		HASH_FIND_BYHASHVALUE(hh, h->all, h->scratch.data, h->scratch.size,
		    hash_of(h, buf_view(&h->scratch)), found);
	return found;
}

struct head *
heads_add(struct heads *h, struct view collector, struct view name)
{
	const size_t size = collector.size + 1 + name.size;
	struct head *head;

	if (HASH_COUNT(h->all) >= HEADS_MAX || (head = calloc(1, sizeof(*head) + size)) == NULL)
		return NULL;
	head->collector_size = collector.size;
	head->name_size = name.size;
	memcpy(head->names, collector.data, collector.size);
	head->names[collector.size] = '\n';
	memcpy(head->names + collector.size + 1, name.data, name.size);
	HASH_ADD_KEYPTR_BYHASHVALUE(
	    hh, h->all, head->names, size, hash_of(h, (struct view){head->names, size}), head);
	return head;
}

struct head_host *
heads_find_host(struct heads *h, struct view collector)
{
	struct head_host *found = NULL;

	HASH_FIND_BYHASHVALUE(
	    hh, h->hosts, collector.data, collector.size, hash_of(h, collector), found);
	return found;
}

struct head_host *
heads_add_host(struct heads *h, struct view collector, uint64_t n)
{
	struct head_host *host = calloc(1, sizeof(*host) + collector.size);

	if (host == NULL)
		return NULL;
	host->n = n;
	host->size = collector.size;
	memcpy(host->collector, collector.data, collector.size);
	HASH_ADD_KEYPTR_BYHASHVALUE(
	    hh, h->hosts, host->collector, host->size, hash_of(h, collector), host);
	return host;
}

void
heads_touch(struct heads *h, struct head *head)
{
	if (head->touched)
		return;
	head->touched = true;
	head->next_touched = NULL;
	if (h->touched == NULL)
		h->touched = head;
	else
		h->last_touched->next_touched = head;
	h->last_touched = head;
}

struct head *
heads_take_touched(struct heads *h)
{
	struct head *first = h->touched;

	if (first == NULL)
		return NULL;
	first->touched = false;
	h->touched = first->next_touched;
	return first;
}

struct view
head_collector(const struct head *h)
{
	return (struct view){h->names, h->collector_size};
}

struct view
head_name(const struct head *h)
{
	return (struct view){h->names + h->collector_size + 1, h->name_size};
}

static enum err
put_key(struct heads *h, struct view collector, struct view name)
{
	buf_clear(&h->scratch);
	buf_append_view(&h->scratch, collector);
	buf_append_byte(&h->scratch, '\n');
	buf_append_view(&h->scratch, name);
	return buf_status(&h->scratch);
}

static unsigned
hash_of(const struct heads *h, struct view key)
{
	return (unsigned)siphash(&h->key, key);
}
