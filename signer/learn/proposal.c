#include "signer/learn/proposal.h"

#include "proto/text.h"
#include "proto/utc.h"

#define HOSTS_NAMED 3 /* in a line of the review */
#define NAME_SHOWN  4096

static void append_hosts(const struct proposal *p, const struct number_set *hosts, struct buf *to);

void
proposal_free(struct proposal *p)
{
	buf_free(&p->policy);
	buf_free(&p->review);
	buf_free(&p->rules);
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++)
		buf_free(&p->set[k]);
	for (size_t i = 0; i < RELEASES_MAX; i++)
		buf_free(&p->release_set[i]);
}

void
proposal_note(struct proposal *p, const char *what, const struct seen_item *item)
{
	struct buf *to = &p->review;
	char hex[DIGEST_HEX_SIZE + 1], from[UTC_TEXT_SIZE], until[UTC_TEXT_SIZE];

	p->noted++;
	buf_append_format(to, "%s: %s: ", component_kind_name(item->kind), what);
	text_append_printable(to, item->name, NAME_SHOWN);
	if (item->fact.name.size > 0) {
		for (size_t i = 0; i < item->fact.value_count; i++) {
			buf_append_string(to, " \"");
			text_append_printable(to, item->fact.values[i], NAME_SHOWN);
			buf_append_byte(to, '"');
		}
		if (item->fact.value_count == 0)
			buf_append_string(to, " without a value");
	} else if (!item->whole) {
		digest_to_hex(&item->digest, hex);
		buf_append_format(to, " %s", hex);
	}
	append_hosts(p, &item->hosts, to);
	if (!item->whole)
		buf_append_format(to, ", %s to %s", utc_text(item->when.from_s, from),
		    utc_text(item->when.to_s, until));
	buf_append_byte(to, '\n');
}

size_t
proposal_range(const struct seen *s, enum component_kind kind, bool made, size_t *end)
{
	const size_t count = seen_item_count(s);
	size_t begin = 0;

	while (begin < count &&
	       (seen_item_at(s, begin)->kind != kind || seen_item_at(s, begin)->made != made))
		begin++;
	for (*end = begin; *end < count && seen_item_at(s, *end)->kind == kind &&
			   seen_item_at(s, *end)->made == made;)
		++*end;
	return begin;
}

static void
append_hosts(const struct proposal *p, const struct number_set *hosts, struct buf *to)
{
	const size_t all = seen_host_count(p->seen), count = number_set_count(hosts);
	size_t named = 0;

	buf_append_format(to, "  (%zu of %zu host%s", count, all, all == 1 ? "" : "s");
	if (count < all)
		for (size_t h = number_set_next(hosts, 0); h != SIZE_MAX && named < HOSTS_NAMED;
		     h = number_set_next(hosts, h + 1)) {
			buf_append_string(to, named++ == 0 ? ": " : ", ");
			text_append_printable(to, seen_host(p->seen, h), NAME_SHOWN);
		}
	buf_append_string(to, count < all && named < count ? ", ..)" : ")");
}
