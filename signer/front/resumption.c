#include "signer/front/resumption.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "trust/verifier.h"

/* A table that cannot grow is as good as no memory at all: end, recover from disk. */
#define uthash_fatal(message) abort()
#include <uthash.h>

struct kept {
	SSL_SESSION *session;
	unsigned char name[SSL_MAX_SSL_SESSION_ID_LENGTH];
	unsigned name_size; /* bytes */
	int64_t until_s;    /* by the wall clock */
	UT_hash_handle hh;
};

struct resumption {
	atomic_uint references;
	pthread_mutex_t
	    lock;       /* of all below; never held over a call of OpenSSL that may take long */
	int64_t next_s; /* the verdict about a peer may change then; of this moment or the past: to
			   be asked again */
	size_t max;
	bool retired;      /* nothing is added */
	struct kept *kept; /* oldest first: the table keeps the order of insertion */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int place = -1; /* of the resumption among a context's data */

static void draw_place(void);
static void on_context_freed(
    void *parent, void *ptr, CRYPTO_EX_DATA *data, int index, long argl, void *argp);
static int on_new(SSL *ssl, SSL_SESSION *session);
static SSL_SESSION *on_get(SSL *ssl, const unsigned char *name, int size, int *copy);
static int64_t ends_s(struct resumption *r, const SSL *ssl, int64_t now_s);
static struct resumption *of(const SSL_CTX *ctx);
static struct kept *take_oldest(struct resumption *r, size_t *left);
static void kept_free(struct kept *k);

struct resumption *
resumption_new(size_t sessions_max)
{
	struct resumption *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	atomic_init(&r->references, 1);
	pthread_mutex_init(&r->lock, NULL);
	r->next_s = INT64_MIN;
	r->max = sessions_max;
	return r;
}

void
resumption_release(struct resumption **rp)
{
	struct resumption *r = *rp;
	struct kept *k, *next;

	*rp = NULL;
	if (r == NULL || atomic_fetch_sub(&r->references, 1) > 1)
		return;
	HASH_ITER (hh, r->kept, k, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyser loses uthash's links */
		HASH_DEL(r->kept, k);
		kept_free(k);
	}
	pthread_mutex_destroy(&r->lock);
	free(r);
}

enum err
resumption_attach(struct resumption *r, SSL_CTX *ctx)
{
	pthread_once(&once, draw_place);
	if (place < 0 || SSL_CTX_set_ex_data(ctx, place, r) != 1)
		return ERR_CRYPTO;
	atomic_fetch_add(&r->references, 1);
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET); /* in TLS 1.3: tickets are names */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, on_new);
	SSL_CTX_sess_set_get_cb(ctx, on_get);
	return ERR_OK;
}

size_t
resumption_retire(SSL_CTX *ctx, size_t at_most)
{
	struct resumption *r = of(ctx);
	struct kept *k;
	size_t left;

	pthread_mutex_lock(&r->lock);
	r->retired = true;
	left = HASH_COUNT(r->kept);
	pthread_mutex_unlock(&r->lock);
	while (at_most-- > 0 && (k = take_oldest(r, &left)) != NULL)
		kept_free(k);
	return left;
}

void
resumption_leave(SSL *ssl)
{
	SSL_set_shutdown(ssl, SSL_get_shutdown(ssl) | SSL_SENT_SHUTDOWN);
}

static void
draw_place(void)
{
	place = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, on_context_freed);
}

static void
on_context_freed(void *parent, void *ptr, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
	struct resumption *r = ptr;

	(void)parent;
	(void)data;
	(void)index;
	(void)argl;
	(void)argp;
	resumption_release(&r);
}

static int
on_new(SSL *ssl, SSL_SESSION *session)
{
	struct resumption *r = of(SSL_get_SSL_CTX(ssl));
	struct kept *k = calloc(1, sizeof(*k)), *gone = NULL;

	/* The collector makes a full handshake next time. */
	if (k == NULL)
		return 0;
	k->session = session; /* moved */
	memcpy(k->name, SSL_SESSION_get_id(k->session, &k->name_size), sizeof(k->name));
	pthread_mutex_lock(&r->lock);
	if (r->retired) {
		pthread_mutex_unlock(&r->lock);
		free(k);
		return 0; /* the session is OpenSSL's again */
	}
	k->until_s = ends_s(r, ssl, (int64_t)time(NULL));
	HASH_FIND(hh, r->kept, k->name, k->name_size, gone);
	if (gone == NULL && HASH_COUNT(r->kept) >= r->max)
		gone = r->kept;
	if (gone != NULL)
		HASH_DEL(r->kept, gone);
	HASH_ADD(hh, r->kept, name, k->name_size, k);
	pthread_mutex_unlock(&r->lock);
	kept_free(gone);
	return 1; /* the reference is ours now */
}

/* Gives the session away: its name serves once. */
static SSL_SESSION *
on_get(SSL *ssl, const unsigned char *name, int size, int *copy)
{
	struct resumption *r = of(SSL_get_SSL_CTX(ssl));
	const int64_t now_s = (int64_t)time(NULL);
	struct kept *k = NULL;
	SSL_SESSION *session;

	*copy = 0;
	if (size <= 0 || size > SSL_MAX_SSL_SESSION_ID_LENGTH)
		return NULL;
	pthread_mutex_lock(&r->lock);
	HASH_FIND(hh, r->kept, name, (size_t)size, k);
	if (k != NULL)
		HASH_DEL(r->kept, k);
	pthread_mutex_unlock(&r->lock);
	if (k == NULL)
		return NULL;
	if (now_s >= k->until_s) {
		kept_free(k);
		return NULL;
	}
	session = k->session; /* moved */
	free(k);
	return session;
}

/* Under the lock. What changes is looked for once for each change, not at each handshake. */
static int64_t
ends_s(struct resumption *r, const SSL *ssl, int64_t now_s)
{
	const int64_t chain_s = verifier_chain_end_s(ssl);
	X509_STORE *store = NULL;

	if (now_s >= r->next_s) {
		(void)SSL_CTX_get0_verify_cert_store(SSL_get_SSL_CTX(ssl), &store);
		r->next_s = store != NULL ? verifier_next_change_s(store, now_s) : INT64_MAX;
	}
	return chain_s != INT64_MIN && chain_s < r->next_s ? chain_s : r->next_s;
}

static struct resumption *
of(const SSL_CTX *ctx)
{
	return SSL_CTX_get_ex_data(ctx, place);
}

/* NULL if there is none. */
static struct kept *
take_oldest(struct resumption *r, size_t *left)
{
	struct kept *k;

	pthread_mutex_lock(&r->lock);
	k = r->kept;
	if (k != NULL)
		HASH_DEL(r->kept, k);
	*left = HASH_COUNT(r->kept);
	pthread_mutex_unlock(&r->lock);
	return k;
}

static void
kept_free(struct kept *k)
{
	if (k == NULL)
		return;
	SSL_SESSION_free(k->session);
	free(k);
}
