/*
 * What people and programs ask of the register, answered in JSON from the views of its logs:
 * doc/openapi.yaml has every resource, parameter and member, and a test holds answers against it.
 *
 * Every answer says how far it goes: `as_of` has, for each log that was looked at, up to which
 * entry it was checked and replayed, and at which entry it was asked (`at`). What one who asks may
 * not see is not there: lists leave it out, and by its name it is 404, as what does not exist.
 *
 * Work is bounded: a page has at most ANSWER_LIMIT_MAX items and looks at ANSWER_SCAN_MAX rows,
 * then a cursor says where to go on; a statement that takes longer than VIEW_READER_MS is given up
 * (503).
 *
 * Safe for many threads at once; each takes a reader out of a pool.
 */
#ifndef HALLMARK_REGISTER_ANSWER_ANSWER_H
#define HALLMARK_REGISTER_ANSWER_ANSWER_H

#include "register/answer/answer_terms.h"
#include "register/answer/answerer.h"

/*
 * `path` behind "/v1/", as it was sent ("workloads", "reports/tokyo/12"); `query` behind the '?',
 * or empty. Always fills `out`, whose body the caller frees.
 */
void answer_get(struct answerer *a, struct view path, struct view query, const struct scope *scope,
    struct answer *out);

#endif
