#include "signer/front/link.h"

#include <stdlib.h>
#include <string.h>

#include "signer/front/link_state.h"

struct link *
link_new(struct conn *conn, unsigned front, uint64_t number, const char *identity,
    STACK_OF(X509) * chain)
{
	struct link *l = chain != NULL ? calloc(1, sizeof(*l)) : NULL;

	if (l == NULL || (l->identity = strdup(identity)) == NULL) {
		sk_X509_pop_free(chain, X509_free);
		free(l);
		return NULL;
	}
	l->conn = conn;
	l->front = front;
	l->number = number;
	l->out = BUF_INIT;
	l->chain = chain; /* moved */
	l->farewell = (struct letter){
	    .kind = LETTER_CLOSED, .conn = conn, .link = l, .bytes = BUF_INIT, .fd = -1};
	return l;
}

void
link_free(struct link *l)
{
	sk_X509_pop_free(l->chain, X509_free);
	buf_free(&l->out);
	free(l->identity);
	free(l);
}

const char *
link_identity(const struct link *l)
{
	return l->identity;
}

struct letter *
link_farewell(struct link *l)
{
	return &l->farewell;
}
