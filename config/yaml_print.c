#include "config/yaml_print.h"

#include "proto/text.h"

#define INDENT 2 /* columns */

static void print_value(const struct yaml_node *n, size_t column, struct buf *to);
static void print_children(const struct yaml_node *n, size_t column, struct buf *to);
static void print_scalar(const struct yaml_node *n, struct buf *to);
static void print_spaces(size_t count, struct buf *to);

void
yaml_print(const struct yaml_node *n, struct buf *to)
{
	if (n->shape == YAML_SHAPE_SCALAR || n->count == 0)
		print_value(n, 0, to);
	else
		print_children(n, 0, to);
}

/* Behind a key. */
static void
print_value(const struct yaml_node *n, size_t column, struct buf *to)
{
	if (n->shape == YAML_SHAPE_SCALAR) {
		print_scalar(n, to);
		buf_append_byte(to, '\n');
	} else if (n->count == 0) {
		buf_append_string(to, n->shape == YAML_SHAPE_LIST ? "[]\n" : "{}\n");
	} else {
		buf_append_byte(to, '\n');
		print_spaces(column, to);
		print_children(n, column, to);
	}
}

/* The first line is begun, up to the column. */
static void
print_children(const struct yaml_node *n, size_t column, struct buf *to)
{
	const bool list = n->shape == YAML_SHAPE_LIST;

	for (size_t i = 0; i < n->count; i += list ? 1 : 2) {
		const struct yaml_node *value = n->child[list ? i : i + 1];

		if (i > 0)
			print_spaces(column, to);
		if (list) {
			buf_append_string(to, "- ");
			if (value->shape != YAML_SHAPE_SCALAR && value->count > 0)
				print_children(value, column + INDENT, to);
			else
				print_value(value, column + INDENT, to);
		} else {
			print_scalar(n->child[i], to);
			buf_append_byte(to, ':');
			if (value->shape == YAML_SHAPE_SCALAR || value->count == 0)
				buf_append_byte(to, ' ');
			print_value(value, column + INDENT, to);
		}
	}
}

/* What stood without quotes may stand so here; in quotes all that JSON says is YAML. */
static void
print_scalar(const struct yaml_node *n, struct buf *to)
{
	if (n->plain)
		buf_append_view(to, n->text);
	else
		json_append_string(to, n->text);
}

static void
print_spaces(size_t count, struct buf *to)
{
	while (count-- > 0)
		buf_append_byte(to, ' ');
}
