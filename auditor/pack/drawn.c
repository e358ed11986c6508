#include "auditor/pack/drawn.h"

#include <inttypes.h>
#include <stdlib.h>

#include "proto/encoding.h"
#include "proto/report/entry.h"
#include "proto/tlog/tlogproof.h"

static enum err put_receipt(const struct log_reader *l, uint64_t index, struct parcel *to);
static void append_hash(struct buf *to, const struct digest *hash);

enum err
drawn_add(struct drawn *d, uint64_t index)
{
	uint64_t *more;

	for (size_t i = 0; i < d->count; i++)
		if (d->index[i] == index)
			return ERR_OK;
	if (d->count >= DRAWN_RECEIPTS) {
		d->left_out++;
		return ERR_OK;
	}
	if ((more = reallocarray(d->index, d->count + 1, sizeof(*more))) == NULL)
		return ERR_MEMORY;
	d->index = more;
	d->index[d->count++] = index;
	return ERR_OK;
}

void
drawn_free(struct drawn *d)
{
	free(d->index);
	*d = (struct drawn){0};
}

enum err
drawn_sample(
    struct drawn *d, const struct log_reader *l, uint64_t first, uint64_t count, struct buf *list)
{
	size_t got = 0;
	enum err e = ERR_OK;

	for (uint64_t i = 0; e == ERR_OK && count > 0 && i < DRAWN_TRIES && got < DRAWN_SAMPLES;
	     i++) {
		struct buf entry = BUF_INIT;
		uint8_t number[8];
		const struct view parts[] = {
		    {l->checkpoint.root.bytes, DIGEST_SIZE}, {number, sizeof(number)}};
		struct digest drawn;
		uint64_t index;

		be64_put(number, i);
		digest_of_parts(parts, 2, &drawn);
		index = first + be64_get(drawn.bytes) % count;
		e = log_prove_entry(l, index, &entry);
		if (e == ERR_OK && entry_kind(buf_view(&entry)) == ENTRY_REPORT) {
			buf_append_format(
			    list, "sample %" PRIu64 ": entry %" PRIu64 "\n", i, index);
			e = drawn_add(d, index);
			got++;
		}
		buf_free(&entry);
	}
	return e;
}

enum err
drawn_put_receipts(const struct drawn *d, const struct log_reader *l, struct parcel *to)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < d->count && e == ERR_OK; i++)
		e = put_receipt(l, d->index[i], to);
	return e;
}

static enum err
put_receipt(const struct log_reader *l, uint64_t index, struct parcel *to)
{
	struct tlogproof p = {.has_extra = true, .index = index, .note = buf_view(&l->note)};
	struct log_reader reader = *l;
	struct buf entry = BUF_INIT, text = BUF_INIT;
	char name[PARCEL_NAME_MAX];
	enum err e = log_prove_entry(l, index, &entry);

	if (e == ERR_OK)
		e = merkle_prove_inclusion(
		    l->checkpoint.size, index, log_read_node, &reader, &p.proof);
	if (e == ERR_OK) {
		p.extra = buf_view(&entry);
		tlogproof_write(&p, &text);
		e = buf_status(&text);
	}
	if (e == ERR_OK) {
		(void)snprintf(name, sizeof(name), "receipts/entry-%" PRIu64 ".tlog-proof", index);
		parcel_put(to, name, buf_view(&text));
	}
	buf_free(&entry);
	buf_free(&text);
	return e;
}

enum err
drawn_put_growth(const struct log_reader *l, uint64_t size, struct parcel *to)
{
	struct log_reader then, reader = *l;
	struct merkle_proof proof = {0};
	struct buf start = BUF_INIT, hashes = BUF_INIT;
	struct digest root;
	enum err e = ERR_OK;

	merkle_empty_root(&root);
	if (size > 0 && (e = log_begin_of(l, size, &then)) == ERR_OK)
		root = then.checkpoint.root;
	if (size > 0 && e == ERR_OK)
		e = merkle_prove_consistency(
		    size, l->checkpoint.size, log_read_node, &reader, &proof);
	buf_append_format(&start, "%s\n%" PRIu64 "\n", l->checkpoint.origin, size);
	append_hash(&start, &root);
	for (size_t i = 0; i < proof.count; i++)
		append_hash(&hashes, &proof.hash[i]);
	if (e == ERR_OK && (e = buf_status(&start)) == ERR_OK &&
	    (e = buf_status(&hashes)) == ERR_OK) {
		parcel_put(to, "checkpoints/end.txt", buf_view(&l->note));
		parcel_put(to, "checkpoints/start.txt", buf_view(&start));
		parcel_put(to, "checkpoints/consistency.txt", buf_view(&hashes));
	}
	buf_free(&start);
	buf_free(&hashes);
	return e;
}

static void
append_hash(struct buf *to, const struct digest *hash)
{
	base64_append(to, (struct view){hash->bytes, DIGEST_SIZE});
	buf_append_byte(to, '\n');
}
