/* The vectors of statements, operators and manifest, which another implementation has made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/governance/approvals.h"
#include "policy/governance/manifest.h"
#include "tests/lib/vectors.h"

#define V(s) VIEW_LITERAL(s)

#define TIME_S 1795514400ULL

static struct operators *operators;

static struct statement_document *
read_statement(const char *name)
{
	struct buf envelope = BUF_INIT, again = BUF_INIT, payload = BUF_INIT;
	struct statement_document *d;

	vector_file(name, &envelope);
	assert_int_equal(statement_parse(buf_view(&envelope), &d), ERR_OK);
	assert_int_equal(
	    statement_write_payload(statement_document_statement(d), &payload), ERR_OK);
	assert_int_equal(statement_write_envelope(buf_view(&payload), statement_document_key_id(d),
			     statement_document_signature(d), &again),
	    ERR_OK);
	assert_true(view_equal(buf_view(&again), buf_view(&envelope)));
	buf_free(&envelope);
	buf_free(&again);
	buf_free(&payload);
	return d;
}

static int
read_operators(void **state)
{
	struct faults faults = FAULTS_INIT;
	struct buf yaml = BUF_INIT;

	(void)state;
	vector_file("statement-operators.yaml", &yaml);
	assert_int_equal(operators_parse("o", buf_view(&yaml), &faults, &operators), ERR_OK);
	buf_free(&yaml);
	return 0;
}

static int
free_operators(void **state)
{
	(void)state;
	operators_free(&operators);
	return 0;
}

/* ECDSA on both curves, Ed25519, RSA. */
static void
statements_by_keys_of_each_kind_are_taken(void **state)
{
	static const struct {
		const char *name, *algorithm;
		enum err expected;
	} all[] = {
	    {"statement-approve.json", "ECDSA on P-256 with SHA-256", ERR_OK},
	    {"statement-approve-too.json", "ECDSA on P-384 with SHA-384", ERR_OK},
	    {"statement-maintenance.json", "Ed25519", ERR_OK},
	    {"statement-retire.json", "RSASSA-PKCS1-v1_5 with SHA-256", ERR_OK},
	    {"statement-revoke.json", "ECDSA on P-256 with SHA-256", ERR_OK},
	    {"statement-clock.json", "RSASSA-PKCS1-v1_5 with SHA-256", ERR_OK},
	    {"statement-retire-key.json", "RSASSA-PKCS1-v1_5 with SHA-256", ERR_OK},
	    {"statement-continue-key.json", "RSASSA-PKCS1-v1_5 with SHA-256", ERR_OK},
	    {"statement-act-grant.json", "Ed25519", ERR_STATEMENT_KIND},
	    {"statement-break-glass.json", "Ed25519", ERR_STATEMENT_KIND},
	    {"statement-hold.json", "RSASSA-PKCS1-v1_5 with SHA-256", ERR_STATEMENT_KIND},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct statement_document *d = read_statement(all[i].name);
		const struct operator_entry *op =
		    operators_find(operators, statement_document_key_id(d));

		assert_int_equal(
		    approvals_judge(d, V("hallmark.example/prod-1"), operators, 0, TIME_S),
		    all[i].expected);
		assert_string_equal(statement_key_algorithm(op->key), all[i].algorithm);
		assert_int_equal(statement_verify(d, op->key), ERR_OK);
		statement_document_free(&d);
	}
}

static void
the_payload_is_that_of_the_file(void **state)
{
	struct statement_document *d = read_statement("statement-approve.json");
	struct buf payload = BUF_INIT;

	(void)state;
	vector_file("statement-approve.payload", &payload);
	assert_true(view_equal(statement_document_payload(d), buf_view(&payload)));
	statement_document_free(&d);
	buf_free(&payload);
}

static void
both_approvals_count_for_the_manifest(void **state)
{
	static const char *const names[] = {"statement-approve.json", "statement-approve-too.json"};
	struct buf text = BUF_INIT;
	struct digest manifest;

	(void)state;
	vector_file("statement-manifest.txt", &text);
	digest_of(text.data, text.size, &manifest);
	for (size_t i = 0; i < 2; i++) {
		struct statement_document *d = read_statement(names[i]);

		assert_ptr_equal(approvals_operator(d, operators, &manifest, TIME_S),
		    operators_at(operators, i));
		statement_document_free(&d);
	}
	buf_free(&text);
}

static void
a_revoke_names_the_envelope(void **state)
{
	struct statement_document *approve = read_statement("statement-approve.json");
	struct statement_document *revoke = read_statement("statement-revoke.json");
	struct digest named;

	(void)state;
	assert_int_equal(
	    statement_value_digest(statement_document_statement(revoke), "statement", &named),
	    ERR_OK);
	assert_true(digest_equal(&named, statement_document_digest(approve)));
	statement_document_free(&approve);
	statement_document_free(&revoke);
}

static void
the_manifest_names_the_operators(void **state)
{
	struct buf text = BUF_INIT, yaml = BUF_INIT;
	struct digest digest;
	struct manifest *m;

	(void)state;
	vector_file("statement-manifest.txt", &text);
	vector_file("statement-operators.yaml", &yaml);
	assert_int_equal(manifest_parse(buf_view(&text), &m), ERR_OK);
	assert_int_equal(m->count, 5);
	digest_of(yaml.data, yaml.size, &digest);
	assert_true(digest_equal(
	    manifest_find(m, MANIFEST_OPERATORS, V(MANIFEST_OPERATORS_NAME)), &digest));
	assert_true(view_equal(manifest_policy(m)->name, V("trading")));
	manifest_free(&m);
	buf_free(&text);
	buf_free(&yaml);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(statements_by_keys_of_each_kind_are_taken),
	    cmocka_unit_test(the_payload_is_that_of_the_file),
	    cmocka_unit_test(both_approvals_count_for_the_manifest),
	    cmocka_unit_test(a_revoke_names_the_envelope),
	    cmocka_unit_test(the_manifest_names_the_operators),
	};

	return cmocka_run_group_tests(tests, read_operators, free_operators);
}
