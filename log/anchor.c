#include "log/anchor.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "log/inputfile.h"

/* Hears what is wrong, and names the file. */
struct naming {
	const struct findings *to;
	const char *path;
};

static void tell(void *context, const struct finding *f);
static enum outcome read_note(
    const struct seal_wanted *wanted, struct view note, const struct findings *f, struct anchor *a);
static enum outcome read_receipt(const struct seal_wanted *wanted, struct view bytes,
    const struct findings *f, struct anchor *a);
static struct anchor *make(const char *name, struct view note, const struct checkpoint *c);

enum outcome
anchor_read(const char *path, const struct seal_wanted *wanted, const struct findings *f,
    struct anchor **out)
{
	static const struct view receipt = VIEW_LITERAL("c2sp.org/tlog-proof@");
	struct naming naming = {f, path};
	const struct findings wrong = {.tell = tell, .context = &naming};
	struct anchor *a = make(path, (struct view){NULL, 0}, NULL);
	struct buf bytes = BUF_INIT;
	enum outcome o;
	enum err e;

	*out = NULL;
	if (a == NULL)
		return findings_step(&wrong, "kept", OUTCOME_UNKNOWN, "%s", err_text(ERR_MEMORY));
	if ((e = inputfile_read(AT_FDCWD, path, ANCHOR_SIZE_MAX, &bytes)) != ERR_OK)
		o = findings_step(&wrong, "kept", outcome_of_error(e), "%s", inputfile_reason(e));
	else if (bytes.size > receipt.size && memcmp(bytes.data, receipt.data, receipt.size) == 0)
		o = read_receipt(wanted, buf_view(&bytes), &wrong, a);
	else
		o = read_note(wanted, buf_view(&bytes), &wrong, a);
	if (o == OUTCOME_GOOD) {
		*out = a;
		a = NULL; /* moved */
	}
	anchor_free(&a);
	buf_free(&bytes);
	return o;
}

struct anchor *
anchor_of_receipt(const char *name, const struct receipt_check *c)
{
	struct anchor *a = make(name, c->proof.note, &c->checkpoint);

	if (a != NULL) {
		a->has_leaf = true;
		a->index = c->proof.index;
		a->leaf = c->leaf;
		a->proof = c->proof.proof;
	}
	return a;
}

struct anchor *
anchor_of_log(const char *name, const struct log_reader *l)
{
	return make(name, buf_view(&l->note), &l->checkpoint);
}

void
anchor_free(struct anchor **a)
{
	if (*a == NULL)
		return;
	free((*a)->name);
	buf_free(&(*a)->note);
	free(*a);
	*a = NULL;
}

static void
tell(void *context, const struct finding *f)
{
	const struct naming *n = context;

	if (f->outcome != OUTCOME_GOOD)
		(void)findings_step(n->to, f->where, f->outcome, "%s: %s", n->path, f->text);
}

static enum outcome
read_note(
    const struct seal_wanted *wanted, struct view note, const struct findings *f, struct anchor *a)
{
	struct seal seal;
	enum outcome o = seal_check(wanted, note, f, &seal);

	if (o != OUTCOME_GOOD)
		return o;
	a->checkpoint = seal.checkpoint;
	a->signer = *signercert_key_digest(seal.by);
	seal_free(&seal);
	buf_append_view(&a->note, note);
	return buf_status(&a->note) == ERR_OK
		   ? OUTCOME_GOOD
		   : findings_step(f, "kept", OUTCOME_UNKNOWN, "%s", err_text(ERR_MEMORY));
}

static enum outcome
read_receipt(
    const struct seal_wanted *wanted, struct view bytes, const struct findings *f, struct anchor *a)
{
	struct buf storage = BUF_INIT;
	struct tlogproof p;
	enum outcome o;
	enum err e = receipt_check_parse(bytes, &storage, &p);

	if (e != ERR_OK)
		o = findings_step(f, "format", outcome_of_error(e),
		    "expected a receipt in the form c2sp.org/tlog-proof@v1: %s", err_text(e));
	else
		o = read_note(wanted, p.note, f, a);
	if (o == OUTCOME_GOOD && p.has_extra) {
		a->has_leaf = true;
		a->index = p.index;
		a->proof = p.proof;
		merkle_leaf(p.extra, &a->leaf);
		e = merkle_verify_inclusion(
		    &a->leaf, p.index, a->checkpoint.size, &a->checkpoint.root, &p.proof);
		if (e != ERR_OK)
			o = findings_step(f, "inclusion", OUTCOME_BAD,
			    "its entry is not what its checkpoint has: %s", err_text(e));
	}
	buf_free(&storage);
	return o;
}

/* `c` may come later. */
static struct anchor *
make(const char *name, struct view note, const struct checkpoint *c)
{
	struct anchor *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->name = strdup(name);
	buf_append_view(&a->note, note);
	if (c != NULL)
		a->checkpoint = *c;
	if (a->name == NULL || buf_status(&a->note) != ERR_OK)
		anchor_free(&a);
	return a;
}
