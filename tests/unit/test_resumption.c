/* Sessions that are resumed once, by any context that shares them, up to the bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>

#include "signer/front/resumption.h"

#define TURNS_MAX 20 /* of a handshake in memory, and more than any needs */

/* Two fronts that share sessions, a collector, and the ticket that it got last. */
struct stage {
	EVP_PKEY *key;
	X509 *certificate;
	struct resumption *sessions;
	SSL_CTX *front[2];
	SSL_CTX *collector;
	SSL_SESSION *ticket;
};

static struct stage stage;

static X509 *
make_certificate(EVP_PKEY *key)
{
	X509 *x = X509_new();

	assert_non_null(x);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_NAME_add_entry_by_txt(
	    X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)"one", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	X509_set_pubkey(x, key);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	return x;
}

static int
on_ticket(SSL *ssl, SSL_SESSION *session)
{
	(void)ssl;
	SSL_SESSION_free(stage.ticket);
	/* A copy, which the end of this connection cannot spoil: it is the signer's that is tested.
	 */
	stage.ticket = SSL_SESSION_dup(session);
	return 0;
}

static SSL_CTX *
make_context(const SSL_METHOD *method)
{
	SSL_CTX *ctx = SSL_CTX_new(method);

	assert_non_null(ctx);
	SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
	SSL_CTX_set_num_tickets(ctx, 1);
	SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"test", 4);
	assert_int_equal(SSL_CTX_use_certificate(ctx, stage.certificate), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(ctx, stage.key), 1);
	X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), stage.certificate);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	return ctx;
}

static void
set_up(size_t sessions_max)
{
	stage = (struct stage){.key = EVP_EC_gen("P-256")};
	stage.certificate = make_certificate(stage.key);
	stage.sessions = resumption_new(sessions_max);
	assert_non_null(stage.sessions);
	for (int i = 0; i < 2; i++) {
		stage.front[i] = make_context(TLS_server_method());
		assert_int_equal(resumption_attach(stage.sessions, stage.front[i]), ERR_OK);
	}
	stage.collector = make_context(TLS_client_method());
	SSL_CTX_set_session_cache_mode(stage.collector, SSL_SESS_CACHE_CLIENT);
	SSL_CTX_sess_set_new_cb(stage.collector, on_ticket);
}

static void
tear_down(void)
{
	SSL_SESSION_free(stage.ticket);
	SSL_CTX_free(stage.front[0]);
	SSL_CTX_free(stage.front[1]);
	SSL_CTX_free(stage.collector);
	resumption_release(&stage.sessions);
	assert_null(stage.sessions);
	X509_free(stage.certificate);
	EVP_PKEY_free(stage.key);
}

/* Connects in memory, with `offered` (or none); says whether the session was resumed. */
static bool
connect_with(int front, SSL_SESSION *offered, bool good_bye)
{
	SSL *server = SSL_new(stage.front[front]), *client = SSL_new(stage.collector);
	BIO *here, *there;
	char byte;
	bool resumed;

	assert_int_equal(BIO_new_bio_pair(&here, 0, &there, 0), 1);
	SSL_set_bio(server, here, here);
	SSL_set_bio(client, there, there);
	SSL_set_accept_state(server);
	SSL_set_connect_state(client);
	if (offered != NULL)
		SSL_set_session(client, offered);
	for (int i = 0; i < TURNS_MAX; i++) {
		SSL_do_handshake(client);
		SSL_do_handshake(server);
	}
	assert_true(SSL_is_init_finished(server));
	SSL_read(client, &byte, 1); /* nothing but the ticket is there */
	assert_non_null(SSL_get0_peer_certificate(server));
	resumed = SSL_session_reused(server) == 1;
	if (good_bye) {
		SSL_shutdown(client);
		SSL_shutdown(server);
	}
	SSL_free(client);
	resumption_leave(server);
	SSL_free(server);
	return resumed;
}

static SSL_SESSION *
take_ticket(void)
{
	SSL_SESSION *ticket = stage.ticket;

	assert_non_null(ticket);
	stage.ticket = NULL;
	return ticket;
}

static void
a_session_is_resumed_at_another_front(void **state)
{
	SSL_SESSION *first;

	(void)state;
	set_up(10);
	assert_false(connect_with(0, NULL, true));
	first = take_ticket();
	assert_true(connect_with(1, first, true));
	SSL_SESSION_free(first);
	tear_down();
}

static void
a_ticket_serves_once(void **state)
{
	SSL_SESSION *first;

	(void)state;
	set_up(10);
	connect_with(0, NULL, true);
	first = take_ticket();
	assert_true(connect_with(0, first, true));
	assert_false(connect_with(0, first, true));
	SSL_SESSION_free(first);
	tear_down();
}

static void
a_connection_without_good_bye_is_resumed(void **state)
{
	SSL_SESSION *first;

	(void)state;
	set_up(10);
	connect_with(0, NULL, false);
	first = take_ticket();
	assert_true(connect_with(0, first, true));
	SSL_SESSION_free(first);
	tear_down();
}

static void
the_oldest_goes_beyond_the_bound(void **state)
{
	SSL_SESSION *ticket[3];

	(void)state;
	set_up(2);
	for (int i = 0; i < 3; i++) {
		connect_with(0, NULL, true);
		ticket[i] = take_ticket();
	}
	assert_true(connect_with(0, ticket[2], true));
	assert_true(connect_with(0, ticket[1], true));
	assert_false(connect_with(0, ticket[0], true));
	for (int i = 0; i < 3; i++)
		SSL_SESSION_free(ticket[i]);
	tear_down();
}

static void
another_generation_knows_nothing_of_it(void **state)
{
	struct resumption *other = resumption_new(10);
	SSL_SESSION *first;

	(void)state;
	set_up(10);
	connect_with(0, NULL, true);
	first = take_ticket();
	SSL_CTX_free(stage.front[1]);
	stage.front[1] = make_context(TLS_server_method());
	assert_int_equal(resumption_attach(other, stage.front[1]), ERR_OK);
	resumption_release(&other);
	assert_false(connect_with(1, first, true));
	SSL_SESSION_free(first);
	tear_down();
}

static void
a_retired_context_keeps_none(void **state)
{
	SSL_SESSION *ticket[3];

	(void)state;
	set_up(10);
	for (int i = 0; i < 3; i++) {
		connect_with(0, NULL, true);
		ticket[i] = take_ticket();
	}
	assert_int_equal(resumption_retire(stage.front[0], 2), 1);
	assert_false(connect_with(1, ticket[1], true));
	SSL_SESSION_free(ticket[1]);
	ticket[1] = take_ticket(); /* of a session that was not kept */
	assert_int_equal(resumption_retire(stage.front[1], 0), 1);
	assert_true(connect_with(1, ticket[2], true));
	assert_int_equal(resumption_retire(stage.front[0], 10), 0);
	assert_false(connect_with(0, ticket[1], true));
	for (int i = 0; i < 3; i++)
		SSL_SESSION_free(ticket[i]);
	tear_down();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_session_is_resumed_at_another_front),
	    cmocka_unit_test(a_ticket_serves_once),
	    cmocka_unit_test(a_connection_without_good_bye_is_resumed),
	    cmocka_unit_test(the_oldest_goes_beyond_the_bound),
	    cmocka_unit_test(another_generation_knows_nothing_of_it),
	    cmocka_unit_test(a_retired_context_keeps_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
