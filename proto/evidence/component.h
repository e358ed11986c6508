/*
 * Components: canonical MessagePack lists of measurements of one kind. The same state gives the
 * same bytes, and a component's name is the SHA-256 of its bytes. There are three forms:
 *
 *   [kind: str, 1, made, [item, ...]]                                        plain
 *   [kind: str, 2, made, [[sha256: bin32, count: uint, size: uint], ...]]    a list of segments
 *   [kind: str, 3, [item, ...]]                                              a segment
 *
 * `made` says what the component was made with: [[name: str, [value: bin, ...]], ...] in the form
 * and order of facts. A component of more than COMPONENT_PLAIN_ITEMS_MAX items is a list, so that
 * one changed item among a million costs one segment (proto/evidence/component_list.h).
 *
 * There are two shapes of item, both arrays:
 *
 *   file   [path: bin, sha256: bin32, size: uint, mode: uint, uid: uint, gid: uint, flags: uint,
 *           [detail: bin, ...]]
 *          kinds executable, libraries, files; sorted by path (bytewise), then by the bytes of the
 *          other columns in order; no two equal items. A detail is a text NAME=VALUE of printable
 *          ASCII and spaces, the name without these; sorted bytewise, names unique; mostly none
 *   fact   [name: str, [value: bin, ...]]
 *          kinds runtime, host, image, packages, config, unmeasured, web; sorted by name, names
 *          unique; the order of values is the fact's own
 *
 * Every integer and length has its shortest MessagePack form. A decoder refuses all else
 * (ERR_COMPONENT_FORMAT): a component is accepted only if encoding it again gives its bytes.
 */
#ifndef HALLMARK_PROTO_EVIDENCE_COMPONENT_H
#define HALLMARK_PROTO_EVIDENCE_COMPONENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"

#define COMPONENT_SIZE_MAX       (16 * 1024 * 1024) /* bytes, of each form */
#define COMPONENT_ITEMS_MAX      1000000            /* of a list, or gathered */
#define COMPONENT_PATH_MAX       4096               /* bytes: PATH_MAX of Linux */
#define COMPONENT_FACT_NAME_MAX  64                 /* bytes */
#define COMPONENT_VALUE_MAX      65536              /* bytes of one fact value */
#define COMPONENT_VALUES_MAX     400000    /* values of all facts of a component, or details */
#define COMPONENT_FILE_BYTES_MAX INT64_MAX /* bytes of a measured file: off_t */
#define COMPONENT_DETAILS_MAX    16        /* of one file */
#define COMPONENT_DETAIL_MAX     1024      /* bytes of one detail */

/* Some 120 KB of files: beyond that, sending what did not change costs more than a second want. */
#define COMPONENT_PLAIN_ITEMS_MAX 1024

#define COMPONENT_MADE_NAMES_MAX 64    /* names in `made` */
#define COMPONENT_MADE_SIZE_MAX  65536 /* bytes of `made`: some 1,000 patterns */

/* X(identifier, name, shape). Index order is alphabetical: it is the order inside a bundle. */
#define COMPONENT_KIND_MAP(X)                                                                      \
	X(COMPONENT_CONFIG, "config", FACT)                                                        \
	X(COMPONENT_EXECUTABLE, "executable", FILE)                                                \
	X(COMPONENT_FILES, "files", FILE)                                                          \
	X(COMPONENT_HOST, "host", FACT)                                                            \
	X(COMPONENT_IMAGE, "image", FACT)                                                          \
	X(COMPONENT_LIBRARIES, "libraries", FILE)                                                  \
	X(COMPONENT_PACKAGES, "packages", FACT)                                                    \
	X(COMPONENT_RUNTIME, "runtime", FACT)                                                      \
	X(COMPONENT_UNMEASURED, "unmeasured", FACT)                                                \
	X(COMPONENT_WEB, "web", FACT)

#define COMPONENT_ENUM(identifier, name, shape) identifier,
enum component_kind { COMPONENT_KIND_MAP(COMPONENT_ENUM) COMPONENT_KIND_COUNT };
#undef COMPONENT_ENUM

enum component_shape { COMPONENT_SHAPE_FILE, COMPONENT_SHAPE_FACT };

/* The number behind the kind. */
enum component_form {
	COMPONENT_FORM_PLAIN = 1,
	COMPONENT_FORM_LIST = 2,
	COMPONENT_FORM_SEGMENT = 3,
};

const char *component_kind_name(enum component_kind kind);
enum component_shape component_kind_shape(enum component_kind kind);

/* ERR_MSG_RANGE if there is no such kind. */
enum err component_kind_from_name(struct view name, enum component_kind *out) MUST_USE;

/* What was noticed about a file, besides its content. */
enum component_file_flag {
	COMPONENT_FILE_DELETED = 1,     /* mapped or running, but no longer in its directory */
	COMPONENT_FILE_MEMFD = 2,       /* lives in memory alone (memfd_create) */
	COMPONENT_FILE_ANONYMOUS = 4,   /* executable memory without any file; digest is zero */
	COMPONENT_FILE_WRITABLE = 8,    /* mapped writable and executable at once */
	COMPONENT_FILE_UNREADABLE = 16, /* could not be read; digest is zero */
	COMPONENT_FILE_CHANGED = 32,    /* changed while it was read; digest is of what was read */
	COMPONENT_FILE_SYMLINK = 64,    /* a symbolic link; digest is of its target's text */
	COMPONENT_FILE_SPECIAL = 128,   /* neither file nor symlink; digest is zero */
	COMPONENT_FILE_REPLACED = 256,  /* another file has this path now */
	COMPONENT_FILE_OTHER = 512,     /* a program that another process than the main one runs */
	COMPONENT_FILE_MODIFIED = 1024, /* what is in memory of it is something else */
	COMPONENT_FILE_NEWER = 2048,    /* changed after a process that uses it began */
	COMPONENT_FILE_RESTORED = 4096, /* written to in memory, and then back */
	COMPONENT_FILE_PROBED = 8192,   /* breakpoints in memory of it, or memory for them */
	COMPONENT_FILE_FLAG_MASK = 16383,
};

struct component_file {
	struct view path; /* bytes as the kernel gives them, no NUL inside; 1 to 4096 */
	struct digest digest;
	uint64_t size; /* bytes */
	uint32_t mode; /* st_mode */
	uint32_t uid;
	uint32_t gid;
	uint32_t flags; /* enum component_file_flag */
	size_t detail_count;
	const struct view *details;
};

/*
 * The value of the detail of that name, a view into it; false if there is none. VALUE is as its
 * maker has written it.
 */
bool component_detail(const struct component_file *f, struct view name, struct view *value);

struct component_fact {
	struct view name; /* printable ASCII without space */
	size_t value_count;
	const struct view *values;
};

/* Gathers items, then writes them sorted. Items and what they were made with are copied. */
struct component_builder;

struct component_builder *component_builder_new(enum component_kind kind); /* NULL: no memory */
void component_builder_free(struct component_builder **b);

/*
 * One for a part of the items, which another thread adds: of the same kind, with the same screens.
 * The join moves what it has gathered into `b` and frees it, on an error too: ERR_MSG_RANGE if
 * together they are more than one builder takes, ERR_MEMORY.
 */
struct component_builder *component_builder_part(const struct component_builder *b);
enum err component_builder_join(
    struct component_builder *b, struct component_builder **part) MUST_USE;

/*
 * ERR_MSG_RANGE if the item breaks a limit above, or its details are no such texts or out of order;
 * ERR_INVARIANT if the shape is the wrong one; ERR_MEMORY. What failed to be added is not in the
 * component, the rest is.
 */
enum err component_add_file(struct component_builder *b, const struct component_file *f) MUST_USE;
enum err component_add_fact(struct component_builder *b, const struct component_fact *f) MUST_USE;

/*
 * From then on each item passes one of these before it is kept: it adds another one in its place,
 * or this one, by component_add_... of the same builder, which keeps what comes from there.
 */
typedef enum err component_screen_fact(
    const void *context, const struct component_fact *f, struct component_builder *to);
typedef enum err component_screen_file(
    const void *context, const struct component_file *f, struct component_builder *to);
void component_builder_screen(struct component_builder *b, component_screen_fact *fact,
    component_screen_file *file, const void *context);

/*
 * What the component is made with, sorted by name; replaces what was set before. ERR_MSG_DUPLICATE
 * for names that do not rise, ERR_MSG_RANGE over a limit, ERR_MEMORY.
 */
enum err component_set_made(
    struct component_builder *b, const struct component_fact *made, size_t count) MUST_USE;

/* One name more, behind all that was set. As above. */
enum err component_add_made(
    struct component_builder *b, const struct component_fact *made) MUST_USE;

/*
 * Sorts, drops equal files, appends the canonical bytes of a plain component to `to`.
 * ERR_MSG_DUPLICATE for a fact named twice, ERR_FORMAT_SIZE over COMPONENT_SIZE_MAX or
 * COMPONENT_PLAIN_ITEMS_MAX, ERR_MEMORY; then nothing is appended. May be called again after more
 * was added.
 */
enum err component_finish(struct component_builder *b, struct buf *to, size_t *item_count) MUST_USE;

/* Takes a segment; `bytes` are valid during the call. Its error ends the finishing. */
typedef enum err component_segment_sink(
    void *context, struct view bytes, const struct digest *digest);

/*
 * The same, but where there are more than COMPONENT_PLAIN_ITEMS_MAX items it appends a list, after
 * its segments were given to `sink` in their order. ERR_FORMAT_SIZE also for a list or a segment
 * over its limits; then segments may have been given that no list names.
 */
enum err component_finish_listed(struct component_builder *b, component_segment_sink *sink,
    void *context, struct buf *to, size_t *item_count) MUST_USE;

/*
 * A decoded component; items point into the bytes it was decoded from. It takes at most 88 bytes
 * for an item and 16 for a value or detail, beside these.
 */
struct component {
	enum component_kind kind;
	size_t made_count;
	const struct component_fact *made;
	size_t item_count;
	union {
		const struct component_file *files;
		const struct component_fact *facts;
	} items;
	void *storage; /* private */
};

/*
 * What the bytes say they are; nothing behind that is looked at. ERR_COMPONENT_FORMAT if they are
 * none of the three.
 */
enum err component_form_of(
    struct view bytes, enum component_kind *kind, enum component_form *form) MUST_USE;

/*
 * A plain component. ERR_COMPONENT_FORMAT, ERR_MEMORY. Sets *out to NULL first. `bytes` must
 * outlive it.
 */
enum err component_decode(struct view bytes, struct component **out) MUST_USE;
void component_free(struct component **c);

#endif
