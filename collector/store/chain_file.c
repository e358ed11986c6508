#include "collector/store/chain_file.h"

#include <stdbool.h>
#include <string.h>

#include "collector/store/savefile.h"
#include "proto/encoding.h"
#include "proto/evidence/bundle.h"

#define FILE_SIZE_MAX 512 /* bytes: it takes 220 */

static bool parse(struct view text, struct chain_last *out);
static bool parse_line(struct view *rest, const char *key, struct view *value);

enum err
chain_file_load(int dir, const char *name, struct chain_last *out, struct trouble *t)
{
	struct buf text = BUF_INIT;
	enum err e = savefile_read(dir, name, FILE_SIZE_MAX, &text, t);

	*out = (struct chain_last){.seq = 0};
	if (e == ERR_NOT_FOUND)
		e = ERR_OK;
	else if (e == ERR_FORMAT_SIZE || (e == ERR_OK && !parse(buf_view(&text), out)))
		e = trouble_set(t, ERR_FORMAT,
		    "%s in the state directory is not a chain file; move it and the .queue beside "
		    "it away to take over what the signer remembers",
		    name);
	buf_free(&text);
	return e;
}

enum err
chain_file_save(int dir, const char *name, const struct chain_last *last, struct trouble *t)
{
	char hex[DIGEST_HEX_SIZE + 1];
	struct buf text = BUF_INIT;
	enum err e;

	digest_to_hex(&last->bundle, hex);
	buf_append_format(&text,
	    "hallmark chain 1\nseq %llu\nbundle %s\nfresh %llu\nsigned %llu\ndropped %llu\nsince "
	    "%llu\n",
	    (unsigned long long)last->seq, hex, (unsigned long long)last->fresh,
	    (unsigned long long)last->signed_s, (unsigned long long)last->dropped.bundles,
	    (unsigned long long)last->dropped.since_s);
	if ((e = buf_status(&text)) == ERR_OK)
		e = savefile_rewrite(dir, name, buf_view(&text), t);
	buf_free(&text);
	return e;
}

static bool
parse(struct view text, struct chain_last *out)
{
	struct view rest = text, line, seq, bundle, fresh, signed_s, dropped, since_s;

	return line_next(&rest, &line) == ERR_OK &&
	       view_equal(line, VIEW_LITERAL("hallmark chain 1")) &&
	       parse_line(&rest, "seq ", &seq) && parse_line(&rest, "bundle ", &bundle) &&
	       parse_line(&rest, "fresh ", &fresh) && parse_line(&rest, "signed ", &signed_s) &&
	       parse_line(&rest, "dropped ", &dropped) && parse_line(&rest, "since ", &since_s) &&
	       rest.size == 0 && decimal_decode(seq, &out->seq) == ERR_OK &&
	       out->seq <= BUNDLE_SEQ_MAX && digest_from_hex(bundle, &out->bundle) == ERR_OK &&
	       decimal_decode(fresh, &out->fresh) == ERR_OK && out->fresh <= out->seq &&
	       decimal_decode(signed_s, &out->signed_s) == ERR_OK &&
	       decimal_decode(dropped, &out->dropped.bundles) == ERR_OK &&
	       decimal_decode(since_s, &out->dropped.since_s) == ERR_OK &&
	       out->dropped.bundles <= BUNDLE_DROPPED_MAX &&
	       out->dropped.since_s <= BUNDLE_CACHED_OLDEST_MAX &&
	       digest_is_zero(&out->bundle) == (out->seq == 0);
}

static bool
parse_line(struct view *rest, const char *key, struct view *value)
{
	const size_t size = strlen(key);

	if (line_next(rest, value) != ERR_OK || value->size < size ||
	    memcmp(value->data, key, size) != 0)
		return false;
	*value = (struct view){value->data + size, value->size - size};
	return true;
}
