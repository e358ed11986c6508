#include "policy/images/image_tree.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "proto/siphash.h"

/* Names come from whoever made the image: without the key nobody has many in one place. */
static struct siphash_key table_key;
#define HASH_FUNCTION(key, size, value)                                                            \
	((value) = (unsigned)siphash(&table_key, (struct view){(const uint8_t *)(key), (size)}))
#include <uthash.h>

#define NAME_SIZE_MAX 255 /* bytes: NAME_MAX of Linux */

struct node {
	UT_hash_handle hh; /* by what begins with `up` */
	struct image_node is;
	uint8_t *target;
	unsigned layer; /* that laid it last */
	unsigned swept; /* layer since which there is nothing below it of any before */
	struct node *first, *next, *before;
	size_t size;     /* of the name */
	struct node *up; /* the key: this and the name, without a gap */
	char name[];
};

struct key {
	const struct node *up;
	char name[NAME_SIZE_MAX];
};

struct image_tree {
	struct node *root;
	struct node *all; /* but for the root */
	unsigned layer;
	size_t count, text; /* bytes */
};

static struct node *node_new(struct image_tree *t, struct node *up, struct view name);
static struct node *find_below(const struct image_tree *t, const struct node *up, struct view name);
static struct node *find_path(const struct image_tree *t, struct view path);
static const char *lay(struct image_tree *t, struct node *n, const struct image_node *is);
static void remove_below(struct image_tree *t, struct node *n, unsigned before);
static void drop(struct image_tree *t, struct node *n);
static bool take_name(struct view *path, struct view *name);
static enum err write_below(const struct node *n, struct buf *path, bool content_only,
    const char *file, struct faults *faults, struct set_draft *to);

struct image_tree *
image_tree_new(void)
{
	struct image_tree *t = calloc(1, sizeof(*t));

	if (t == NULL || getrandom(&table_key, sizeof(table_key), 0) != (ssize_t)sizeof(table_key))
		abort();
	t->root = node_new(t, NULL, (struct view){NULL, 0});
	return t;
}

void
image_tree_free(struct image_tree **t)
{
	if (*t == NULL)
		return;
	remove_below(*t, (*t)->root, UINT32_MAX);
	free((*t)->root);
	free(*t);
	*t = NULL;
}

void
image_tree_begin_layer(struct image_tree *t)
{
	t->layer++;
}

const char *
image_tree_put(struct image_tree *t, struct view path, const struct image_node *is)
{
	struct node *at = t->root;
	struct view name;

	while (take_name(&path, &name)) {
		struct node *up = at;

		if (up->is.type == IMAGE_LINK)
			return "lies below a symbolic link: runtimes differ in where that is";
		if (up->is.type != IMAGE_DIRECTORY)
			return "lies below what is no directory";
		if (name.size > NAME_SIZE_MAX)
			return "has a name of more than 255 bytes";
		if ((at = find_below(t, up, name)) != NULL)
			continue;
		if (t->count == IMAGE_TREE_NODES_MAX)
			return "is one more than the 500,000 files and directories of an image";
		if (t->text + name.size > IMAGE_TREE_TEXT_MAX)
			return "has names of more than 32 MiB";
		at = node_new(t, up, name);
	}
	return lay(t, at, is);
}

const struct image_node *
image_tree_find(const struct image_tree *t, struct view path)
{
	const struct node *n = find_path(t, path);

	return n != NULL ? &n->is : NULL;
}

void
image_tree_hide(struct image_tree *t, struct view path, bool below_alone)
{
	struct node *n = find_path(t, path);

	if (n == NULL)
		return;
	remove_below(t, n, t->layer);
	if (!below_alone && n->layer < t->layer && n->first == NULL && n->up != NULL)
		drop(t, n);
}

enum err
image_tree_write(const struct image_tree *t, bool content_only, const char *file,
    struct faults *faults, struct set_draft *to)
{
	struct buf path = BUF_INIT;
	enum err e = write_below(t->root, &path, content_only, file, faults, to);

	buf_free(&path);
	return e;
}

static struct node *
node_new(struct image_tree *t, struct node *up, struct view name)
{
	struct node *n = calloc(1, sizeof(*n) + name.size + 1);

	if (n == NULL)
		abort();
	n->size = name.size;
	n->up = up;
	if (up == NULL)
		return n;
	memcpy(n->name, name.data, name.size);
	n->next = up->first;
	if (up->first != NULL)
		up->first->before = n;
	up->first = n;
	t->count++;
	t->text += name.size;
	HASH_ADD_KEYPTR(hh, t->all, &n->up, sizeof(n->up) + n->size, n);
	return n;
}

static struct node *
find_below(const struct image_tree *t, const struct node *up, struct view name)
{
	struct node *n = NULL;
	struct key key;

	if (name.size > NAME_SIZE_MAX)
		return NULL;
	key.up = up;
	memcpy(key.name, name.data, name.size);
	HASH_FIND(hh, t->all, &key, sizeof(key.up) + name.size, n);
	return n;
}

static struct node *
find_path(const struct image_tree *t, struct view path)
{
	struct node *n = t->root;
	struct view name;

	while (n != NULL && take_name(&path, &name))
		n = find_below(t, n, name);
	return n;
}

/* A directory over a directory keeps what is in it; all else takes the place of all that is. */
static const char *
lay(struct image_tree *t, struct node *n, const struct image_node *is)
{
	uint8_t *target = NULL;

	if (n->layer == t->layer && (is->type != IMAGE_DIRECTORY || n->is.type != IMAGE_DIRECTORY))
		return "stands in one layer twice";
	if (is->type != IMAGE_DIRECTORY) {
		remove_below(t, n, t->layer);
		if (n->first != NULL)
			return "is no directory, and has files below it in the same layer";
	}
	if (t->text + is->target.size > IMAGE_TREE_TEXT_MAX)
		return "has names of more than 32 MiB";
	/* Before what was there is freed: a hard link may be one to itself. */
	if (is->target.size > 0) {
		if ((target = malloc(is->target.size)) == NULL)
			abort();
		memcpy(target, is->target.data, is->target.size);
		t->text += is->target.size;
	}
	t->text -= n->is.target.size;
	n->is = *is;
	free(n->target);
	n->target = target;
	n->is.target = (struct view){target, is->target.size};
	n->layer = t->layer;
	return NULL;
}

/*
 * What layers before `before` have laid, as deep as a path may be: 2,048 names. A directory stays
 * while anything is in it. Once a layer: what is laid in it later is its own, and it may say a
 * million times what is gone.
 */
static void
remove_below(struct image_tree *t, struct node *up, unsigned before)
{
	struct node *next;

	if (up->swept == before)
		return;
	up->swept = before;
	for (struct node *n = up->first; n != NULL; n = next) {
		next = n->next;
		remove_below(t, n, before);
		if (n->layer < before && n->first == NULL)
			drop(t, n);
	}
}

static void
drop(struct image_tree *t, struct node *n)
{
	if (n->before != NULL)
		n->before->next = n->next;
	else
		n->up->first = n->next;
	if (n->next != NULL)
		n->next->before = n->before;
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyser loses uthash's links */
	HASH_DEL(t->all, n);
	t->count--;
	t->text -= n->size + n->is.target.size;
	free(n->target);
	free(n);
}

/* The first name of the path, which is cut off it; false if there is none. */
static bool
take_name(struct view *path, struct view *name)
{
	const uint8_t *slash;

	if (path->size == 0)
		return false;
	slash = memchr(path->data, '/', path->size);
	*name =
	    (struct view){path->data, slash != NULL ? (size_t)(slash - path->data) : path->size};
	path->data += name->size;
	path->size -= name->size;
	if (path->size > 0) {
		path->data++;
		path->size--;
	}
	return true;
}

/* As deep as a path may be, which is 2,048 names. */
static enum err
write_below(const struct node *up, struct buf *path, bool content_only, const char *file,
    struct faults *faults, struct set_draft *to)
{
	enum err e = ERR_OK;

	for (const struct node *n = up->first; n != NULL && e == ERR_OK; n = n->next) {
		const size_t size = path->size;
		struct reference_entry r = {.kind = REFERENCE_FILE, .digest = n->is.digest};

		buf_append_byte(path, '/');
		buf_append(path, n->name, n->size);
		if (buf_status(path) != ERR_OK)
			abort();
		r.path = buf_view(path);
		if (n->is.type == IMAGE_DIRECTORY) {
			set_draft_leave_out(
			    to, (struct view){NULL, 0}, "directories, which no set lists");
			e = write_below(n, path, content_only, file, faults, to);
		} else if (n->is.type == IMAGE_PIPE) {
			set_draft_leave_out(
			    to, r.path, "devices, pipes and sockets, which no set lists");
		} else {
			if (n->is.type == IMAGE_LINK) {
				r.kind = REFERENCE_LINK;
				r.target = n->is.target;
			}
			if (!content_only) {
				r.given = REFERENCE_UID | REFERENCE_GID;
				r.uid = n->is.uid;
				r.gid = n->is.gid;
			}
			if (!content_only && r.kind == REFERENCE_FILE) {
				r.given |= REFERENCE_MODE;
				r.mode = n->is.mode;
			}
			e = set_draft_add(to, &r, file, faults);
		}
		path->size = size;
	}
	return e;
}
