#include "signer/front/link.h"

#include <stdlib.h>
#include <string.h>

#include "signer/front/link_state.h"

struct link *
link_new(
    struct conn *conn, unsigned front, uint64_t number, const char *identity, X509 *certificate)
{
	struct link *l = calloc(1, sizeof(*l));

	if (l == NULL || (l->identity = strdup(identity)) == NULL) {
		free(l);
		return NULL;
	}
	l->conn = conn;
	l->front = front;
	l->number = number;
	l->out = BUF_INIT;
	X509_up_ref(certificate);
	l->certificate = certificate;
	l->farewell = (struct letter){
	    .kind = LETTER_CLOSED, .conn = conn, .link = l, .bytes = BUF_INIT, .fd = -1};
	return l;
}

void
link_free(struct link *l)
{
	X509_free(l->certificate);
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
