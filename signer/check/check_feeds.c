#include "signer/check/check_feeds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/yaml_check.h"
#include "policy/feeds/feed.h"
#include "proto/span.h"

static void check_file(const char *path, uint32_t max_age_s, uint64_t now_s, struct faults *faults,
    struct faults *notes);

void
check_feeds(const struct signer_config *c, const struct policy *p, uint64_t now_s,
    struct faults *faults, struct faults *notes)
{
	for (size_t i = 0; i < policy_feed_count(p); i++) {
		struct buf path = BUF_INIT;
		uint32_t max_age_s;
		const struct view name = policy_feed_at(p, i, &max_age_s);

		if (c->feeds_directory == NULL) {
			faults_add(notes, c->policy_file, 0,
			    "%s: feeds: the policy wants feeds of advisories, and the "
			    "configuration names no directory of them (feeds): what is known to "
			    "be vulnerable is not looked for but in those in force already",
			    c->policy_file);
			return;
		}
		buf_append_format(
		    &path, "%s/%.*s", c->feeds_directory, (int)name.size, (const char *)name.data);
		buf_append_byte(&path, 0);
		if (buf_status(&path) != ERR_OK)
			abort();
		check_file((const char *)path.data, max_age_s, now_s, faults, notes);
		buf_free(&path);
	}
}

static void
check_file(const char *path, uint32_t max_age_s, uint64_t now_s, struct faults *faults,
    struct faults *notes)
{
	struct buf text = BUF_INIT;
	struct feed *feed = NULL;
	char span[SPAN_SIZE];
	struct stat st;

	if (stat(path, &st) != 0) {
		faults_add(notes, path, 0,
		    "%s: %s; the policy wants this feed of advisories: until it was there once, "
		    "what it would tell of is not looked for",
		    path, strerror(errno));
		return;
	}
	if (max_age_s > 0 && (uint64_t)st.st_mtim.tv_sec + max_age_s < now_s)
		faults_add(notes, path, 0,
		    "%s: written %s ago, longer than max_age_s of the policy; bring a newer one",
		    path, span_text(now_s - (uint64_t)st.st_mtim.tv_sec, span));
	if (yaml_read_file(path, 0, NULL, path, ADVISORIES_SIZE_MAX, faults, &text) == ERR_OK &&
	    feed_make(path, &text, faults, &feed) == ERR_OK)
		feed_free(&feed);
	buf_free(&text);
}
