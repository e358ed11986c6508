/*
 * The file system of an image while its layers are laid one over the other, and its set then.
 *
 * A file of a layer that lies below what is no directory is refused, a symbolic link also: runtimes
 * differ in what becomes of it. So is what stands in a layer twice, but for directories.
 */
#ifndef HALLMARK_POLICY_IMAGES_IMAGE_TREE_H
#define HALLMARK_POLICY_IMAGES_IMAGE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/faults.h"
#include "policy/sources/set_draft.h"
#include "proto/bytes.h"
#include "proto/digest.h"

/* Names in all layers: twice as many as sets have entries, and 200 bytes each. */
#define IMAGE_TREE_NODES_MAX 500000
/* Bytes of names and targets: as a set may have. */
#define IMAGE_TREE_TEXT_MAX (32U * 1024 * 1024)

struct image_tree;

enum image_node_type { IMAGE_DIRECTORY, IMAGE_FILE, IMAGE_LINK, IMAGE_PIPE };

/* What a path is. The view is copied where it is kept. */
struct image_node {
	enum image_node_type type;
	struct digest digest; /* of the content, or of the target's text */
	struct view target;   /* of a link */
	uint32_t uid, gid;
	uint16_t mode;
};

struct image_tree *image_tree_new(void); /* aborts for want of memory or random bytes */
void image_tree_free(struct image_tree **t);

/* What follows is of another layer, above all before. */
void image_tree_begin_layer(struct image_tree *t);

/*
 * Lays it at `path`, which has names with "/" between and is no empty one. NULL, or what is wrong,
 * as a literal.
 */
const char *image_tree_put(struct image_tree *t, struct view path, const struct image_node *n);

/* What is there; NULL if nothing is, or it is reached by what is no directory. */
const struct image_node *image_tree_find(const struct image_tree *t, struct view path);

/* Takes away what layers before have there, and all below; or only what is below. */
void image_tree_hide(struct image_tree *t, struct view path, bool below_alone);

/* Adds the files and links, with owners and modes or by content alone. ERR_CONFIG with faults. */
enum err image_tree_write(const struct image_tree *t, bool content_only, const char *file,
    struct faults *faults, struct set_draft *to) MUST_USE;

#endif
