#include "policy/rules/package_list.h"

#include <stdlib.h>
#include <string.h>

#include "proto/encoding.h"
#include "proto/evidence/component_items.h"

struct package {
	struct view fact, value;
};

struct package_list {
	size_t count;
	struct package *package; /* sorted */
};

static bool parse_line(struct view line, struct package *out);
static int compare_key(const struct package *p, struct view fact, struct view key);
static int package_compare(const void *a, const void *b);

enum err
package_list_parse(
    const char *file, struct view text, struct faults *faults, struct package_list **out)
{
	struct package_list *l = calloc(1, sizeof(*l));
	size_t lines = 0, bad = 0;
	unsigned number = 0;
	struct view line;

	*out = NULL;
	for (size_t i = 0; i < text.size; i++)
		lines += text.data[i] == '\n';
	if (l == NULL || (l->package = calloc(lines + 1, sizeof(*l->package))) == NULL)
		abort();
	while (text.size > 0) {
		const bool ended = line_next(&text, &line) == ERR_OK;

		number++;
		if (ended && parse_line(line, &l->package[l->count])) {
			l->count++;
		} else if (bad++ < PACKAGE_LIST_FAULTS_MAX) {
			faults_add(faults, file, number, "%s",
			    ended
				? "expected the name of a fact, a space and a value of it, such as "
				  "\"dpkg openssl 3.0.15-1~deb12u1 amd64\""
				: "the last line is not ended; the file may have been cut");
		}
		if (!ended)
			text.size = 0;
	}
	if (bad > PACKAGE_LIST_FAULTS_MAX)
		faults_add(
		    faults, file, number, "%zu more bad lines", bad - PACKAGE_LIST_FAULTS_MAX);
	if (number == 0)
		faults_add(faults, file, 0, "the package list is empty");
	if (bad > 0 || number == 0) {
		package_list_free(&l);
		return ERR_CONFIG;
	}
	qsort(l->package, l->count, sizeof(*l->package), package_compare);
	*out = l;
	return ERR_OK;
}

void
package_list_free(struct package_list **l)
{
	if (*l == NULL)
		return;
	free((*l)->package);
	free(*l);
	*l = NULL;
}

size_t
package_list_count(const struct package_list *l)
{
	return l->count;
}

bool
package_list_has(const struct package_list *l, struct view fact, struct view value)
{
	const struct package key = {fact, value};

	return bsearch(&key, l->package, l->count, sizeof(key), package_compare) != NULL;
}

void
package_list_at(const struct package_list *l, size_t index, struct view *fact, struct view *value)
{
	*fact = l->package[index].fact;
	*value = l->package[index].value;
}

/* Those that begin with it stand together, what is just it before all others. */
bool
package_list_has_key(const struct package_list *l, struct view fact, struct view key)
{
	size_t low = 0, high = l->count;

	if (package_list_has(l, fact, key))
		return true;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (compare_key(&l->package[middle], fact, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < l->count && compare_key(&l->package[low], fact, key) == 0;
}

/* 0: it begins with the key and a space. */
static int
compare_key(const struct package *p, struct view fact, struct view key)
{
	const int by_fact = view_compare(p->fact, fact);
	const struct view begin = {
	    p->value.data, p->value.size < key.size ? p->value.size : key.size};
	const int by_key = by_fact != 0 ? by_fact : view_compare(begin, key);

	if (by_key != 0 || p->value.size == key.size)
		return by_key != 0 ? by_key : -1;
	return (int)p->value.data[key.size] - ' ';
}

static bool
parse_line(struct view line, struct package *out)
{
	const uint8_t *space = line.size > 0 ? memchr(line.data, ' ', line.size) : NULL;
	const size_t size = space != NULL ? (size_t)(space - line.data) : 0;

	if (size == 0 || size + 1 == line.size)
		return false;
	out->fact = (struct view){line.data, size};
	out->value = (struct view){space + 1, line.size - size - 1};
	return component_fact_name_check(out->fact) == ERR_OK &&
	       out->value.size <= COMPONENT_VALUE_MAX;
}

static int
package_compare(const void *a, const void *b)
{
	const struct package *x = a, *y = b;
	const int by_fact = view_compare(x->fact, y->fact);

	return by_fact != 0 ? by_fact : view_compare(x->value, y->value);
}
