#include "register/front/http_stream.h"

#include "register/front/http_conn.h"
#include "register/front/http_peer.h"
#include "register/front/http_tls.h"

void
http_stream_begin(struct http_stream *s, void (*ended)(void *context), void *context)
{
	s->ended = ended;
	s->context = context;
	s->conn->server->counts.streams++;
}

bool
http_stream_write(struct http_stream *s, struct view bytes)
{
	struct http_conn *c = s->conn;

	if (c->state != HTTP_STREAMING)
		return false;
	/* Who says nothing more is not looked at when he does. */
	if (c->ssl != NULL && !http_tls_is_current(c->ssl)) {
		http_peer_log(c, 0, "a certificate of its chain has ended");
	} else if (c->out.size + bytes.size <= HTTP_STREAM_BACKLOG) {
		buf_append_view(&c->out, bytes);
		if (buf_status(&c->out) == ERR_OK) {
			http_conn_settle(c);
			return true;
		}
	}
	/* Ends at the next look at deadlines: who writes is not called from within. */
	http_conn_set_due(c, HTTP_DUE_NOW);
	return false;
}

void
http_stream_end(struct http_stream *s)
{
	struct http_conn *c = s->conn;

	s->ended = NULL;
	c->server->counts.streams--;
	if (c->state != HTTP_STREAMING)
		return;
	http_conn_move(c, HTTP_CLOSING);
	http_conn_drive(c, false);
}
