#include "log/walk/vouchers.h"

#include <stdlib.h>
#include <string.h>

static enum err find(struct vouchers *all, const struct vouching_found *by, size_t *out);
static enum err credit(struct vouchers *all, struct vouched_chain *c, size_t voucher);

enum err
vouchers_take(struct vouchers *all, struct vouched_chain *c, const struct vouched *v, bool breaks)
{
	size_t voucher;
	enum err e = ERR_OK;

	if (breaks) {
		c->lost += c->pending;
		c->pending = 0;
	}
	c->pending++;
	all->not_vouched++;
	all->is_signed += v->state != VOUCHING_UNSIGNED;
	all->unnamed += v->state == VOUCHING_UNNAMED;
	all->rejected += v->state == VOUCHING_REJECTED;
	if (v->state == VOUCHING_VOUCHED && (e = find(all, &v->by, &voucher)) == ERR_OK)
		e = credit(all, c, voucher);
	return e;
}

void
vouchers_free(struct vouchers *all)
{
	free(all->all);
	*all = (struct vouchers){.count = 0};
}

void
vouched_chain_free(struct vouched_chain *c)
{
	free(c->by);
	*c = (struct vouched_chain){.pending = 0};
}

/* A site has a few. */
static enum err
find(struct vouchers *all, const struct vouching_found *by, size_t *out)
{
	struct voucher *more;

	for (*out = 0; *out < all->count; (*out)++)
		if (digest_equal(&all->all[*out].ca, &by->ca))
			return ERR_OK;
	if ((more = reallocarray(all->all, all->count + 1, sizeof(*more))) == NULL)
		return ERR_MEMORY;
	all->all = more;
	more[all->count] = (struct voucher){.ca = by->ca};
	memcpy(more[all->count].name, by->ca_name, sizeof(by->ca_name));
	all->count++;
	return ERR_OK;
}

static enum err
credit(struct vouchers *all, struct vouched_chain *c, size_t voucher)
{
	size_t i = 0;
	void *more;

	while (i < c->by_count && c->by[i].voucher != voucher)
		i++;
	if (i == c->by_count) {
		if ((more = reallocarray(c->by, c->by_count + 1, sizeof(*c->by))) == NULL)
			return ERR_MEMORY;
		c->by = more;
		c->by[i].voucher = voucher;
		c->by[i].reports = 0;
		c->by_count++;
	}
	c->by[i].reports += c->pending;
	all->all[voucher].reports += c->pending;
	all->vouched += c->pending;
	all->not_vouched -= c->pending;
	c->pending = 0;
	return ERR_OK;
}
