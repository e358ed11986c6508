/* Components as people and programs read them. */
#include "proto/evidence/component_listing.h"
#include "tests/unit/component_fixture.h"

static void
details_stand_behind_the_flags(void **state)
{
	struct buf bytes = BUF_INIT, text = BUF_INIT;
	struct component *c;

	(void)state;
	vector_wire("component-files", &bytes);
	assert_int_equal(component_decode(buf_view(&bytes), &c), ERR_OK);
	component_listing_text(c, &text);
	buf_append_byte(&text, '\0');
	assert_non_null(strstr((char *)text.data,
	    "0100600     100000:100000  -  acl=u:33:r--, parent=/etc/trading-app 0777 0 0\n"));
	assert_non_null(strstr((char *)text.data, "0100640     0:33         -\n"));
	buf_clear(&text);
	component_listing_json(c, &text);
	buf_append_byte(&text, '\0');
	assert_non_null(strstr((char *)text.data,
	    "\"flags\":[],\"details\":[\"acl=u:33:r--\",\"parent=/etc/trading-app 0777 0 0\"]}"));
	assert_non_null(strstr((char *)text.data, "\"flags\":[],\"details\":[]}"));
	component_free(&c);
	buf_free(&bytes);
	buf_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(details_stand_behind_the_flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
