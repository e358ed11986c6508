#include "policy/feeds/import/feed_draft.h"

#include <stdlib.h>
#include <string.h>

#include "policy/sources/left_out.h"
#include "policy/values/package_version.h"
#include "proto/encoding.h"

static const char unlisted[] = "source packages that no list of packages has";
static const char odd_version[] = "advisories about what is no version of the manager's";
static const char odd_name[] = "advisories whose id or package is no word of printable ASCII";

struct feed_draft {
	struct buf text;
	size_t *line; /* where each begins */
	size_t count, capacity;
	bool full;
	struct left_out left_out;
};

/* What qsort hands on to its function has no place for the text. */
struct sorted {
	struct view line;
};

static void add_line(struct feed_draft *d, const struct feed_range *r, struct view name);
static void append_word(struct buf *to, struct view word);
static void end_line(struct feed_draft *d, size_t begun);
static struct sorted *sort(const struct feed_draft *d);
static int compare_sorted(const void *a, const void *b);

struct feed_draft *
feed_draft_new(void)
{
	struct feed_draft *d = calloc(1, sizeof(*d));

	if (d == NULL)
		abort();
	return d;
}

void
feed_draft_free(struct feed_draft **d)
{
	if (*d == NULL)
		return;
	left_out_free(&(*d)->left_out);
	buf_free(&(*d)->text);
	free((*d)->line);
	free(*d);
	*d = NULL;
}

void
feed_draft_made(struct feed_draft *d, const char *kind, const struct digest *of)
{
	const size_t begun = d->text.size;
	char hex[DIGEST_HEX_SIZE + 1];

	digest_to_hex(of, hex);
	buf_append_format(&d->text, "made %s %s\n", kind, hex);
	end_line(d, begun);
}

void
feed_draft_add(struct feed_draft *d, const struct feed_options *o, const struct feed_range *r)
{
	const struct package_order *order = package_order_of(r->manager);
	size_t first, count;

	if (!advisories_id_is(r->id) || !advisories_name_is(r->name)) {
		left_out_add(&d->left_out, r->id, odd_name);
	} else if ((r->from.size > 0 && order->check(r->from) != ERR_OK) ||
		   (r->before.size > 0 && order->check(r->before) != ERR_OK)) {
		left_out_add(&d->left_out, r->id, odd_version);
	} else if (!r->of_source || o->packages == NULL) {
		add_line(d, r, r->name);
	} else {
		first = source_packages_of(o->packages, r->name, &count);
		if (count == 0)
			left_out_add(&d->left_out, r->name, unlisted);
		for (size_t i = 0; i < count; i++)
			add_line(d, r, source_packages_at(o->packages, first + i));
	}
}

void
feed_draft_add_file(struct feed_draft *d, struct view id, const struct digest *content)
{
	const size_t begun = d->text.size;
	char hex[DIGEST_HEX_SIZE + 1];

	if (!advisories_id_is(id)) {
		left_out_add(&d->left_out, id, odd_name);
		return;
	}
	digest_to_hex(content, hex);
	buf_append_format(&d->text, "file %s", hex);
	append_word(&d->text, id);
	buf_append_byte(&d->text, '\n');
	end_line(d, begun);
}

void
feed_draft_leave_out(struct feed_draft *d, struct view name, const char *why)
{
	left_out_add(&d->left_out, name, why);
}

void
feed_draft_tell_left_out(const struct feed_draft *d, FILE *to)
{
	left_out_tell(&d->left_out, to);
}

enum err
feed_draft_write(
    struct feed_draft *d, const char *file, struct faults *faults, struct buf *to, size_t *count)
{
	const size_t begun = to->size;
	struct sorted *s = sort(d);

	*count = 0;
	buf_append_string(to, ADVISORIES_FIRST_LINE "\n");
	for (size_t i = 0; i < d->count; i++) {
		if (i > 0 && view_equal(s[i].line, s[i - 1].line))
			continue;
		buf_append_view(to, s[i].line);
		*count += s[i].line.data[0] != 'm';
	}
	free(s);
	if (buf_status(to) != ERR_OK)
		abort();
	if (*count > 0 && !d->full && to->size - begun <= ADVISORIES_SIZE_MAX)
		return ERR_OK;
	if (*count == 0)
		faults_add(faults, file, 0,
		    "there would be no advisory in it: nothing in the sources is about packages "
		    "of the releases that --release names, or about files");
	else
		faults_add(faults, file, 0,
		    "the advisories would have %zu bytes%s; at most %d allowed: import those of "
		    "one "
		    "release, and of the packages alone that are installed (--packages)",
		    to->size - begun, d->full ? " and more" : "", ADVISORIES_SIZE_MAX);
	return ERR_CONFIG;
}

static void
add_line(struct feed_draft *d, const struct feed_range *r, struct view name)
{
	const size_t begun = d->text.size;
	const struct view any = VIEW_LITERAL("-");

	buf_append_string(&d->text, "package");
	append_word(&d->text, r->manager);
	append_word(&d->text, name);
	append_word(&d->text, r->id);
	append_word(&d->text, r->from.size > 0 ? r->from : any);
	buf_append_string(&d->text, " ");
	if (r->before.size > 0)
		buf_append_string(&d->text, r->included ? "<=" : "<");
	buf_append_view(&d->text, r->before.size > 0 ? r->before : any);
	buf_append_byte(&d->text, '\n');
	end_line(d, begun);
}

static void
append_word(struct buf *to, struct view word)
{
	buf_append_byte(to, ' ');
	buf_append_view(to, word);
}

static void
end_line(struct feed_draft *d, size_t begun)
{
	if (buf_status(&d->text) != ERR_OK)
		abort();
	if (d->text.size > FEED_DRAFT_BYTES_MAX) {
		d->text.size = begun;
		d->full = true;
		return;
	}
	if (d->count == d->capacity) {
		const size_t capacity = d->capacity == 0 ? 256 : 2 * d->capacity;
		size_t *grown = realloc(d->line, capacity * sizeof(*grown));

		if (grown == NULL)
			abort();
		d->line = grown;
		d->capacity = capacity;
	}
	d->line[d->count++] = begun;
}

static struct sorted *
sort(const struct feed_draft *d)
{
	struct sorted *s = calloc(d->count + 1, sizeof(*s));

	if (s == NULL)
		abort();
	for (size_t i = 0; i < d->count; i++) {
		const size_t end = i + 1 < d->count ? d->line[i + 1] : d->text.size;

		s[i].line = (struct view){d->text.data + d->line[i], end - d->line[i]};
	}
	if (d->count > 1)
		qsort(s, d->count, sizeof(*s), compare_sorted);
	return s;
}

static int
compare_sorted(const void *a, const void *b)
{
	const struct sorted *x = a, *y = b;

	return view_compare((struct view){x->line.data, x->line.size - 1},
	    (struct view){y->line.data, y->line.size - 1});
}
