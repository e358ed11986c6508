#include "policy/images/image_layer.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "proto/evidence/component.h"
#include "proto/text.h"

#define MARK      ".wh."
#define MARK_SIZE 4
#define META      ".wh..wh." /* what AUFS keeps for itself */
#define OPAQUE    ".wh..wh..opq"

#define PATH_SHOWN_MAX 256 /* bytes */

struct layer {
	struct image_reading *r;
	const struct image_layer *is;
	struct image_blob *blob;
	struct unpacking *bytes; /* of the layer */
	struct unpacking *tar;
	EVP_MD_CTX *packed, *unpacked, *content;
	uint64_t packed_size; /* bytes, so far */
	const char *wrong;    /* why no more bytes are given */
	struct buf path;
};

static enum err read_layer(struct layer *l);
static enum err read_members(struct layer *l);
static enum err drain(struct layer *l);
static enum err check_digests(struct layer *l);
static unpacking_source give_packed;
static unpacking_source give_unpacked;
static enum err take_member(struct layer *l, const struct unpacking_member *m);
static enum err take_whiteout(struct layer *l, struct view name);
static enum err take_content(
    struct layer *l, const struct unpacking_member *m, struct image_node *n);
static enum err take_hard_link(
    struct layer *l, const struct unpacking_member *m, struct image_node *n);
static enum err take_path(struct layer *l, struct view name, struct buf *to);
static enum err refuse(const struct layer *l, const char *what);
static void hash(EVP_MD_CTX *context, const void *data, size_t size);
static void hash_end(EVP_MD_CTX *context, struct digest *out);
static EVP_MD_CTX *hash_new(void);

enum err
image_layer_apply(struct image_reading *r, const struct image_layer *is)
{
	struct layer l = {.r = r,
	    .is = is,
	    .packed = hash_new(),
	    .unpacked = hash_new(),
	    .content = hash_new(),
	    .path = BUF_INIT};
	enum err e = image_store_open(r->store, is->name, &l.blob);

	image_tree_begin_layer(r->tree);
	if (e == ERR_OK)
		e = read_layer(&l);
	unpacking_free(&l.tar);
	unpacking_free(&l.bytes);
	image_blob_close(&l.blob);
	EVP_MD_CTX_free(l.packed);
	EVP_MD_CTX_free(l.unpacked);
	EVP_MD_CTX_free(l.content);
	buf_free(&l.path);
	return e;
}

/* Nothing of it counts before both digests are checked: the image is refused as a whole. */
static enum err
read_layer(struct layer *l)
{
	enum err e;

	if (unpacking_begin_bytes(give_packed, l, l->is->form, &l->bytes) != ERR_OK)
		return refuse(l, unpacking_error(l->bytes));
	if (unpacking_begin_tar(give_unpacked, l, &l->tar) != ERR_OK)
		return refuse(l, unpacking_error(l->tar));
	if ((e = read_members(l)) == ERR_OK && (e = drain(l)) == ERR_OK)
		e = check_digests(l);
	return e;
}

static enum err
read_members(struct layer *l)
{
	struct unpacking_member m;
	enum err e;

	while ((e = unpacking_next(l->tar, &m)) == ERR_OK) {
		if (++l->r->members > IMAGE_MEMBERS_MAX)
			return image_refuse(l->r,
			    "has more than 1,000,000 files and directories in its layers",
			    (struct view){NULL, 0});
		if ((e = take_member(l, &m)) != ERR_OK)
			return e;
	}
	return e == ERR_NOT_FOUND ? ERR_OK : refuse(l, unpacking_error(l->tar));
}

/* What stands behind the end of the tar belongs to what was hashed. */
static enum err
drain(struct layer *l)
{
	const void *data;
	ssize_t got;

	while ((got = give_unpacked(l, &data)) > 0)
		;
	/* A packer may have ended before its bytes do. */
	while (got == 0 && (got = give_packed(l, &data)) > 0)
		;
	return got == 0 ? ERR_OK : refuse(l, unpacking_error(l->bytes));
}

static enum err
check_digests(struct layer *l)
{
	struct digest packed, unpacked;

	hash_end(l->packed, &packed);
	hash_end(l->unpacked, &unpacked);
	if (l->is->has_digest && l->packed_size != l->is->size)
		return image_refuse(
		    l->r, "has a layer that is not of the size in its manifest", l->is->name);
	if (l->is->has_digest && !digest_equal(&packed, &l->is->digest))
		return image_refuse(
		    l->r, "has a layer that is not what its manifest names", l->is->name);
	if (!digest_equal(&unpacked, &l->is->diff_id))
		return image_refuse(l->r,
		    "has a layer that does not unpack to what its configuration names",
		    l->is->name);
	return ERR_OK;
}

/* As it is stored, and not a byte more than it should have. */
static ssize_t
give_packed(void *context, const void **data)
{
	struct layer *l = context;
	const ssize_t got = image_blob_read(l->blob, data);

	if (got <= 0)
		return got;
	l->packed_size += (uint64_t)got;
	if (l->is->has_digest && l->packed_size > l->is->size) {
		l->wrong = "has a layer that is larger than its manifest says";
		return -1;
	}
	hash(l->packed, *data, (size_t)got);
	return got;
}

static ssize_t
give_unpacked(void *context, const void **data)
{
	struct layer *l = context;
	const ssize_t got = unpacking_read(l->bytes, data);

	if (got <= 0)
		return got;
	if ((uint64_t)got > l->r->left) {
		l->wrong = "unpacks to more than it may (--mebibytes)";
		return -1;
	}
	l->r->left -= (uint64_t)got;
	hash(l->unpacked, *data, (size_t)got);
	return got;
}

static enum err
take_member(struct layer *l, const struct unpacking_member *m)
{
	struct image_node n = {.mode = m->mode};
	struct view name;
	const uint8_t *slash;
	const char *wrong;
	enum err e;

	if ((e = take_path(l, m->name, &l->path)) != ERR_OK)
		return e;
	name = buf_view(&l->path);
	if (name.size == 0 && m->type == UNPACKING_DIRECTORY)
		return ERR_OK;
	if (name.size == 0)
		return refuse(l, "has a root directory that is none");
	slash = memrchr(name.data, '/', name.size);
	if (slash != NULL)
		name = (struct view){slash + 1, name.size - (size_t)(slash + 1 - name.data)};
	if (name.size >= MARK_SIZE && memcmp(name.data, MARK, MARK_SIZE) == 0)
		return take_whiteout(l, name);
	if (m->uid < 0 || m->uid >= UINT32_MAX || m->gid < 0 || m->gid >= UINT32_MAX)
		return refuse(l, "has an owner or group that is none");
	n.uid = (uint32_t)m->uid;
	n.gid = (uint32_t)m->gid;
	if ((e = take_content(l, m, &n)) != ERR_OK)
		return e;
	wrong = image_tree_put(l->r->tree, buf_view(&l->path), &n);
	return wrong == NULL ? ERR_OK : refuse(l, wrong);
}

/* `name` is the last of the path; what it is besides does not count. */
static enum err
take_whiteout(struct layer *l, struct view name)
{
	const struct view gone = {name.data + MARK_SIZE, name.size - MARK_SIZE};
	const size_t up = l->path.size - name.size;

	if (view_equal(name, VIEW_LITERAL(OPAQUE))) {
		l->path.size = up > 0 ? up - 1 : 0;
		image_tree_hide(l->r->tree, buf_view(&l->path), true);
		return ERR_OK;
	}
	if (name.size >= sizeof(META) - 1 && memcmp(name.data, META, sizeof(META) - 1) == 0)
		return ERR_OK;
	if (gone.size == 0 || view_equal(gone, VIEW_LITERAL(".")) ||
	    view_equal(gone, VIEW_LITERAL("..")))
		return refuse(l, "takes away what has no name");
	memmove(l->path.data + up, gone.data, gone.size);
	l->path.size -= MARK_SIZE;
	image_tree_hide(l->r->tree, buf_view(&l->path), false);
	return ERR_OK;
}

static enum err
take_content(struct layer *l, const struct unpacking_member *m, struct image_node *n)
{
	const void *data;
	ssize_t got;

	if (m->is_sparse)
		return refuse(l, "is a sparse file, which no image has");
	switch (m->type) {
	case UNPACKING_DIRECTORY:
		n->type = IMAGE_DIRECTORY;
		return ERR_OK;
	case UNPACKING_PIPE:
		n->type = IMAGE_PIPE;
		return ERR_OK;
	case UNPACKING_HARD_LINK:
		return take_hard_link(l, m, n);
	case UNPACKING_LINK:
		n->type = IMAGE_LINK;
		n->target = m->target;
		if (m->target.size == 0 || m->target.size > REFERENCE_TARGET_MAX)
			return refuse(l, "is a symbolic link whose target is empty or too long");
		digest_of(m->target.data, m->target.size, &n->digest);
		return ERR_OK;
	case UNPACKING_FILE:
		break;
	default:
		return refuse(l, "is a device, which no image has to bring");
	}
	n->type = IMAGE_FILE;
	/* What it says is not believed, but is enough to refuse it before it is unpacked. */
	if (m->size < 0 || (uint64_t)m->size > l->r->limit)
		return refuse(l, "unpacks to more than it may (--mebibytes)");
	while ((got = unpacking_read(l->tar, &data)) > 0)
		hash(l->content, data, (size_t)got);
	hash_end(l->content, &n->digest);
	return got == 0 ? ERR_OK : refuse(l, unpacking_error(l->tar));
}

/* The same file under another name, of this layer or one before. */
static enum err
take_hard_link(struct layer *l, const struct unpacking_member *m, struct image_node *n)
{
	const struct image_node *found;
	struct buf path = BUF_INIT;
	enum err e = take_path(l, m->target, &path);

	if (e == ERR_OK) {
		found = image_tree_find(l->r->tree, buf_view(&path));
		if (found == NULL || found->type == IMAGE_DIRECTORY || path.size == 0)
			e = refuse(l, "is a hard link to what is no file before it");
		else
			*n = *found;
	}
	buf_free(&path);
	return e;
}

/* "./usr/bin/x" and "usr/bin/" are usr/bin/x and usr/bin; "." and "./" are the root, and empty. */
static enum err
take_path(struct layer *l, struct view name, struct buf *to)
{
	struct view checked;
	const char *wrong;

	buf_clear(to);
	if (name.size > 0 && name.data[0] == '/')
		return image_refuse(l->r, "has an absolute name in a layer", name);
	if (name.size > 0 && name.data[0] == '.' && (name.size == 1 || name.data[1] == '/')) {
		const size_t skip = name.size == 1 ? 1 : 2;

		name = (struct view){name.data + skip, name.size - skip};
		if (name.size == 0)
			return ERR_OK;
	}
	buf_append_byte(to, '/');
	buf_append(to, name.data,
	    name.size > 1 && name.data[name.size - 1] == '/' ? name.size - 1 : name.size);
	if (buf_status(to) != ERR_OK)
		abort();
	checked = buf_view(to);
	wrong = checked.size > COMPONENT_PATH_MAX ? "is longer than a path can be"
						  : reference_path_check(checked);
	if (wrong != NULL)
		return image_refuse(
		    l->r, "has a name in a layer that is no path, or leads out of it", name);
	buf_consume(to, 1);
	return ERR_OK;
}

/* About the member at hand, or what was found while more of the layer was asked for. */
static enum err
refuse(const struct layer *l, const char *what)
{
	struct buf shown = BUF_INIT;

	if (l->wrong != NULL)
		return image_refuse(l->r, l->wrong, l->is->name);
	if (image_blob_error(l->blob) != NULL)
		return image_refuse(l->r, image_blob_error(l->blob), l->is->name);
	buf_append_string(&shown, "in a layer");
	if (l->path.size > 0)
		buf_append_string(&shown, ", of \"");
	text_append_printable(&shown, buf_view(&l->path), PATH_SHOWN_MAX);
	faults_add(l->r->faults, l->r->file, 0, "%.*s%s: %s", view_precision(buf_view(&shown)),
	    (const char *)shown.data, l->path.size > 0 ? "\"" : "", what);
	buf_free(&shown);
	return ERR_CONFIG;
}

static EVP_MD_CTX *
hash_new(void)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	if (context == NULL || EVP_DigestInit_ex2(context, EVP_sha256(), NULL) != 1)
		abort();
	return context;
}

static void
hash(EVP_MD_CTX *context, const void *data, size_t size)
{
	if (EVP_DigestUpdate(context, data, size) != 1)
		abort();
}

/* And begins anew. */
static void
hash_end(EVP_MD_CTX *context, struct digest *out)
{
	if (EVP_DigestFinal_ex(context, out->bytes, NULL) != 1 ||
	    EVP_DigestInit_ex2(context, EVP_sha256(), NULL) != 1)
		abort();
}
