/*
 * Fetching over HTTP as a client, with libcurl, in this one file; and URLs as a browser reads them
 * (URL Standard, WHATWG), as far as they are of http and https.
 *
 * What is asked: the origins that the configuration names, by GET, HTTP/1.1, without cookies,
 * credentials, a proxy, or any other scheme. A redirection is followed as far as it stays among
 * these, and not from https to http. An origin that is no literal address is not reached at one of
 * this host, of a link, or of many hosts, unless the configuration says where it is reached: who
 * answers for names could lead us anywhere else.
 *
 * All that one page costs is counted together: time, bytes (of headers, and of content after it was
 * decompressed, as it comes).
 */
#ifndef HALLMARK_COLLECTOR_WEB_FETCH_H
#define HALLMARK_COLLECTOR_WEB_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/ground/trouble.h"
#include "config/collector/collector_workload.h"
#include "proto/bytes.h"
#include "proto/err.h"

#define FETCH_URL_MAX 4096 /* bytes: more than any server takes in a request's line by default */

struct fetch;

struct fetched {
	struct buf url;     /* that answered at last */
	long status;        /* of HTTP */
	struct buf headers; /* NAME ": " VALUE LF each, names in lower case */
	struct buf content;
};
#define FETCHED_INIT ((struct fetched){BUF_INIT, 0, BUF_INIT, BUF_INIT})
void fetched_free(struct fetched *f);

/* Before processes are made that fetch. */
enum err fetch_prepare(struct trouble *t) MUST_USE;

/* The page is borrowed. ERR_CONFIG (what it names is no URL), ERR_MEMORY. */
enum err fetch_new(
    const struct collector_web *page, struct fetch **out, struct trouble *t) MUST_USE;
void fetch_free(struct fetch **f);

/* Until when it may take, of CLOCK_MONOTONIC in milliseconds. */
uint64_t fetch_until_ms(const struct fetch *f);

/*
 * `url` is of fetch_resolve. Any answer is one, also 404. ERR_UNAUTHORIZED (it, or where it led, is
 * none of what may be asked), ERR_TIMEOUT_IDLE (time), ERR_FORMAT_SIZE (bytes, redirections),
 * ERR_CERTIFICATE, ERR_IO (it cannot be reached, or breaks off), with the trouble in words.
 */
enum err fetch_get(
    struct fetch *f, const char *url, struct fetched *out, struct trouble *t) MUST_USE;

enum fetch_url {
	FETCH_URL_ALLOWED,   /* may be asked */
	FETCH_URL_ELSEWHERE, /* of an origin that is not named, or with credentials */
	FETCH_URL_OTHER,     /* `data:` and whatever else no server answers for */
	FETCH_URL_BAD,       /* none, or too long */
};

/*
 * The absolute form of `text` in a document at `base`, without a fragment and without credentials,
 * into `to`; of the last two nothing is.
 */
enum fetch_url fetch_resolve(
    const struct fetch *f, const char *base, struct view text, struct buf *to);

#endif
