/*
 * A walk that was written down goes on as if it had never ended: at every cut of drawn logs, also
 * of hostile ones, what is found behind it is what one walk over all of it finds.
 */
#include "tests/unit/walk_fixture.h"

#include "log/walk/walk_frozen.h"

#define ENTRIES 40
#define LOGS    12

struct made {
	struct buf entry[ENTRIES];
	size_t count;
};

/* What a walk found of each entry. */
struct heard {
	enum outcome outcome[ENTRIES];
	uint64_t due_s[ENTRIES], unvouched[ENTRIES];
	size_t count;
};

static uint32_t
draw(uint32_t *state, uint32_t below)
{
	*state = *state * 1664525 + 1013904223;
	return (*state >> 8) % below;
}

static void
keep(struct made *made, const struct bench *b)
{
	assert_true(made->count < ENTRIES);
	buf_append_view(&made->entry[made->count++], buf_view(&b->entry));
}

/* What somebody may write who has the key, of three workloads; some of it is right. */
static void
draw_log(struct bench *b, uint32_t seed, struct made *made)
{
	struct maker makers[3];
	struct notice n;
	uint32_t state = seed;

	for (unsigned i = 0; i < 3; i++) {
		maker_begin(b, &makers[i], i == 0 ? "app" : i == 1 ? "other" : "third");
	}
	while (made->count < ENTRIES) {
		struct maker *m = &makers[draw(&state, 3)];

		m->r.notice = b->notice;
		switch (draw(&state, 12)) {
		case 0:
			bench_entry(b, V("garbage"));
			break;
		case 1:
			n = bench_next_notice(b, NOTICE_START);
			n.from_s = n.to_s = n.issued_s = T + made->count;
			bench_notice(b, &n);
			break;
		case 2:
			n = bench_next_notice(b, NOTICE_MANIFEST);
			n.issued_s = T + made->count;
			bench_notice(b, &n);
			break;
		case 3:
			m->r.bundle.seq += 3;
			bench_report(b, m);
			break;
		case 4:
			m->r.previous.bytes[0] ^= 1;
			bench_report(b, m);
			break;
		case 5:
			m->r.issued_s = T - 100;
			bench_report(b, m);
			break;
		default:
			m->r.issued_s = T + made->count;
			m->r.expires_s = m->r.issued_s + 3600;
			bench_report(b, m);
			maker_next(b, m);
			break;
		}
		keep(made, b);
	}
}

static void
hear(void *context, const struct walk_visited *v)
{
	struct heard *h = context;

	assert_true(v->index < ENTRIES);
	h->outcome[v->index] = walk_visited_outcome(v);
	h->due_s[v->index] = v->due_s;
	h->unvouched[v->index] = v->unvouched;
	h->count++;
}

static struct walk *
begin(struct defects *defects, struct heard *heard)
{
	static const struct findings quiet = {.tell = NULL};
	const struct walk_wanted wanted = {.origin = ORIGIN, .visit = hear, .visit_context = heard};
	struct walk *w;

	defects_begin(defects, &quiet, UINT64_MAX);
	assert_int_equal(walk_new(&wanted, defects, &w), ERR_OK);
	return w;
}

static void
take(struct walk *w, const struct made *made, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		const struct view entry = buf_view(&made->entry[i]);
		struct digest leaf;

		merkle_leaf(entry, &leaf);
		walk_take(w, &(struct tree_check_entries){i, 1, &entry, &leaf});
	}
}

static enum err
read_made(void *context, uint64_t index, struct buf *to)
{
	const struct made *made = context;

	if (index >= made->count)
		return ERR_NOT_FOUND;
	buf_append_view(to, buf_view(&made->entry[index]));
	return buf_status(to);
}

static void
check_cut(struct made *made, size_t cut, const struct heard *whole, struct view whole_frozen)
{
	struct heard heard = {.count = 0};
	struct buf frozen = BUF_INIT, again = BUF_INIT;
	struct defects defects;
	struct walk *w = begin(&defects, &heard);

	take(w, made, 0, cut);
	assert_int_equal(walk_freeze(w, &frozen), ERR_OK);
	walk_free(&w);
	w = begin(&defects, &heard);
	assert_int_equal(walk_thaw(w, buf_view(&frozen), read_made, made), ERR_OK);
	assert_int_equal(walk_next(w), cut);
	assert_int_equal(walk_freeze(w, &again), ERR_OK);
	assert_true(view_equal(buf_view(&frozen), buf_view(&again)));
	take(w, made, cut, made->count);
	assert_memory_equal(&heard, whole, sizeof(heard));
	buf_clear(&again);
	assert_int_equal(walk_freeze(w, &again), ERR_OK);
	assert_true(view_equal(buf_view(&again), whole_frozen)); /* with all counts */
	walk_free(&w);
	buf_free(&frozen);
	buf_free(&again);
}

static struct made
make_log(void **state, uint32_t seed)
{
	struct made made = {.count = 0};
	struct bench *b;

	assert_int_equal(bench_open(state), 0);
	b = *state;
	/* Again from the first entry, to be kept. */
	b->size = 0;
	walk_free(&b->walk);
	assert_int_equal(
	    walk_new(&(struct walk_wanted){.origin = ORIGIN}, &b->defects, &b->walk), ERR_OK);
	b->notice = (struct entry_place){.index = 0};
	{
		struct notice n = bench_next_notice(b, NOTICE_START);

		bench_notice(b, &n);
		keep(&made, b);
		n = bench_next_notice(b, NOTICE_MANIFEST);
		bench_notice(b, &n);
		keep(&made, b);
	}
	b->defects.max = UINT64_MAX;
	draw_log(b, seed, &made);
	assert_int_equal(bench_close(state), 0);
	return made;
}

static void
free_log(struct made *made)
{
	for (size_t i = 0; i < made->count; i++)
		buf_free(&made->entry[i]);
}

static void
test_every_cut_of_drawn_logs(void **state)
{
	uint64_t bad = 0;

	for (uint32_t seed = 1; seed <= LOGS; seed++) {
		struct made made = make_log(state, seed);
		struct heard whole = {.count = 0};
		struct buf frozen = BUF_INIT;
		struct defects defects;
		struct walk *w = begin(&defects, &whole);

		take(w, &made, 0, made.count);
		assert_int_equal(walk_freeze(w, &frozen), ERR_OK);
		bad += defects.bad;
		walk_free(&w);
		for (size_t cut = 0; cut <= made.count; cut++)
			check_cut(&made, cut, &whole, buf_view(&frozen));
		buf_free(&frozen);
		free_log(&made);
	}
	assert_true(bad > LOGS); /* they were hostile */
}

/* Cut off anywhere, or with a bit flipped: refused, or another walk that has one form, too. */
static void
test_what_is_damaged(void **state)
{
	struct made made = make_log(state, 7);
	struct heard heard = {.count = 0};
	struct buf frozen = BUF_INIT, again = BUF_INIT;
	struct defects defects;
	struct walk *w = begin(&defects, &heard);

	take(w, &made, 0, made.count);
	assert_int_equal(walk_freeze(w, &frozen), ERR_OK);
	walk_free(&w);
	for (size_t size = 0; size < frozen.size; size++) {
		w = begin(&defects, &heard);
		assert_int_not_equal(
		    walk_thaw(w, (struct view){frozen.data, size}, read_made, &made), ERR_OK);
		walk_free(&w);
	}
	for (size_t bit = 0; bit < 8 * frozen.size; bit++) {
		frozen.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		w = begin(&defects, &heard);
		if (walk_thaw(w, buf_view(&frozen), read_made, &made) == ERR_OK) {
			buf_clear(&again);
			assert_int_equal(walk_freeze(w, &again), ERR_OK);
			assert_true(view_equal(buf_view(&again), buf_view(&frozen)));
		}
		walk_free(&w);
		frozen.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	buf_append_byte(&frozen, 0);
	w = begin(&defects, &heard);
	assert_int_equal(walk_thaw(w, buf_view(&frozen), read_made, &made), ERR_FORMAT);
	walk_free(&w);
	buf_free(&frozen);
	buf_free(&again);
	free_log(&made);
}

/* Notices that are others, or are not there. */
static void
test_another_log_is_refused(void **state)
{
	struct made made = make_log(state, 3), other = make_log(state, 4), none = {.count = 0};
	struct heard heard = {.count = 0};
	struct buf frozen = BUF_INIT;
	struct defects defects;
	struct walk *w = begin(&defects, &heard);

	take(w, &made, 0, made.count);
	assert_int_equal(walk_freeze(w, &frozen), ERR_OK);
	walk_free(&w);
	w = begin(&defects, &heard);
	assert_int_equal(walk_thaw(w, buf_view(&frozen), read_made, &other), ERR_MISMATCH);
	walk_free(&w);
	w = begin(&defects, &heard);
	assert_int_equal(walk_thaw(w, buf_view(&frozen), read_made, &none), ERR_NOT_FOUND);
	walk_free(&w);
	buf_free(&frozen);
	free_log(&made);
	free_log(&other);
}

/* Nothing is certain behind what is not known. */
static void
test_a_walk_in_doubt_is_not_frozen(void **state)
{
	struct bench *b;
	struct buf frozen = BUF_INIT;

	assert_int_equal(bench_open(state), 0);
	b = *state;
	assert_int_equal(walk_freeze(b->walk, &frozen), ERR_OK);
	b->size += 5; /* entries that could not be read */
	bench_entry(b, V("garbage"));
	buf_clear(&frozen);
	assert_int_equal(walk_freeze(b->walk, &frozen), ERR_UNSUPPORTED);
	buf_free(&frozen);
	assert_int_equal(bench_close(state), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_cut_of_drawn_logs),
	    cmocka_unit_test(test_what_is_damaged),
	    cmocka_unit_test(test_another_log_is_refused),
	    cmocka_unit_test(test_a_walk_in_doubt_is_not_frozen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
