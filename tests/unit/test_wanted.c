/* What a signer wants is sent as often as the bundle has it, and not for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "collector/ground/interrupt.h"
#include "collector/report/wanted.h"

#define COMPONENT_SIZE 200000 /* bytes */
#define PART_MAX       1000   /* bytes */

static struct bundle bundle;
static struct message_want want;
static uint64_t clock_ms, part_ms;
static unsigned parts;

/* In the place of the connection: each part takes its time. */
enum err
channel_write(struct channel *c, struct view frames, struct trouble *t)
{
	(void)c;
	(void)frames;
	(void)t;
	clock_ms += part_ms;
	parts++;
	return ERR_OK;
}

uint64_t
interrupt_clock_ms(void)
{
	return clock_ms;
}

/* In the place of the state: all components are alike. */
enum err
state_open_component(
    const struct state *s, const struct digest *digest, int *fd, uint64_t *size, struct trouble *t)
{
	(void)s;
	(void)digest;
	(void)t;
	*fd = memfd_create("component", MFD_CLOEXEC);
	*size = COMPONENT_SIZE;
	return ftruncate(*fd, COMPONENT_SIZE) == 0 ? ERR_OK : ERR_IO;
}

enum err
state_open_segment(const struct state *s, const struct digest *digest, int *fd, uint64_t *offset,
    uint64_t *size, struct trouble *t)
{
	(void)s;
	(void)digest;
	(void)fd;
	(void)offset;
	(void)size;
	(void)t;
	return ERR_NOT_FOUND;
}

enum err
state_read_list(const struct state *s, const struct digest *digest, struct buf *to,
    struct component_list **out, struct trouble *t)
{
	(void)s;
	(void)digest;
	(void)to;
	(void)t;
	*out = NULL;
	return ERR_NOT_FOUND;
}

static int
setup(void **state)
{
	(void)state;
	memset(&bundle, 0, sizeof(bundle));
	for (unsigned i = 0; i < 3; i++)
		bundle.component[i] = (struct bundle_component){
		    .present = true, .size = COMPONENT_SIZE, .digest.bytes = {i == 2 ? 1 : 7}};
	memset(&want, 0, sizeof(want));
	clock_ms = part_ms = 1;
	parts = 0;
	return 0;
}

static enum err
send_wanted(void)
{
	struct trouble t = TROUBLE_INIT;

	return wanted_send(NULL, PART_MAX, &bundle, &want, NULL, &t);
}

static void
test_as_often_as_the_bundle_has_it(void **state)
{
	(void)state;
	/* The first two kinds have one component. */
	want.digest_count = 3;
	want.digests[0] = want.digests[2] = bundle.component[0].digest;
	want.digests[1] = bundle.component[2].digest;
	assert_int_equal(send_wanted(), ERR_OK);
	assert_int_equal(parts, 3 * COMPONENT_SIZE / PART_MAX);
}

static void
test_nothing_more_often(void **state)
{
	(void)state;
	want.digest_count = 2;
	want.digests[0] = want.digests[1] = bundle.component[2].digest;
	assert_int_equal(send_wanted(), ERR_MSG_ORDER);
	want.digest_count = 3;
	want.digests[0] = want.digests[1] = want.digests[2] = bundle.component[0].digest;
	assert_int_equal(send_wanted(), ERR_MSG_ORDER);
	want.digest_count = 0;
	want.list_count = 2;
	want.lists[0].list = want.lists[1].list = bundle.component[2].digest;
	assert_int_equal(send_wanted(), ERR_MSG_ORDER);
	/* Nor is anything sent before that is seen. */
	assert_int_equal(parts, 0);
}

static void
test_a_slow_signer_gets_all_of_it(void **state)
{
	(void)state;
	want.digest_count = 1;
	want.digests[0] = bundle.component[2].digest;
	part_ms = PART_MAX * 1000 / WANTED_BYTES_PER_S;
	assert_int_equal(send_wanted(), ERR_OK);
	assert_true(clock_ms > CHANNEL_WRITE_MS);
}

/* Each part comes in its time, and all of them would take minutes; or days, of one byte each. */
static void
test_one_that_keeps_us_is_given_up(void **state)
{
	(void)state;
	want.digest_count = 1;
	want.digests[0] = bundle.component[2].digest;
	part_ms = 1000;
	assert_int_equal(send_wanted(), ERR_TIMEOUT_FRAME);
	assert_in_range(clock_ms, CHANNEL_WRITE_MS, 2 * CHANNEL_WRITE_MS);
	part_ms = CHANNEL_WRITE_MS - 1;
	clock_ms = 1;
	assert_int_equal(send_wanted(), ERR_TIMEOUT_FRAME);
	assert_in_range(clock_ms, CHANNEL_WRITE_MS, 3 * CHANNEL_WRITE_MS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_as_often_as_the_bundle_has_it, setup),
	    cmocka_unit_test_setup(test_nothing_more_often, setup),
	    cmocka_unit_test_setup(test_a_slow_signer_gets_all_of_it, setup),
	    cmocka_unit_test_setup(test_one_that_keeps_us_is_given_up, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
