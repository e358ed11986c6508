/*
 * A page as facts: what it answers, its headers, and what of its content makes a browser run
 * something (collector/web/page.h), with the digest of each script that may be fetched.
 *
 * A value begins with the page's name and what it is about; these two words stand once in a fact.
 * Where a page has the same thing several times, what follows in the value is what each of them
 * has, sorted, with " + " between. The form of each: proto/PROTOCOL.md, section 4, "Pages".
 */
#ifndef HALLMARK_COLLECTOR_WEB_PAGE_FACTS_H
#define HALLMARK_COLLECTOR_WEB_PAGE_FACTS_H

#include "collector/ground/trouble.h"
#include "collector/web/fetch.h"
#include "config/collector/collector_workload.h"
#include "proto/bytes.h"
#include "proto/err.h"

/*
 * Appends a line for each value, "FACT VALUE" with a line feed behind, sorted bytewise. As
 * fetch_get and page_read, of the page and of each script; also ERR_UNSUPPORTED: it is no HTML.
 */
enum err page_facts_append(
    const struct collector_web *page, struct buf *to, struct trouble *t) MUST_USE;

/* The same of an answer that is there; scripts are not fetched (`f` only resolves), but told. */
enum err page_facts_of(const struct collector_web *page, struct fetch *f,
    const struct fetched *answer, bool fetches, struct buf *to, struct trouble *t) MUST_USE;

#endif
