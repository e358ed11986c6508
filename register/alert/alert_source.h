/*
 * The facts that alerts follow from, read out of a log's view: in the order of its entries, each
 * once, as far as the view is committed. Whoever reads the same log from its beginning reads the
 * same facts, however often he stops on the way.
 */
#ifndef HALLMARK_REGISTER_ALERT_ALERT_SOURCE_H
#define HALLMARK_REGISTER_ALERT_ALERT_SOURCE_H

#include <stdbool.h>

#include "proto/err.h"
#include "register/alert/peers.h"

/* Changes that are read in one go: some 20 ms. */
#define ALERT_SOURCE_CHANGES 1000

struct alert_source;

/* `view`: its file; `evidence`: directory of the packs, where statements are; NULL: they are passed
 * over. They outlive it. NULL for want of memory. */
struct alert_source *alert_source_new(const char *view, const char *evidence);
void alert_source_free(struct alert_source **s);

/*
 * Tells what comes next; *more: there is more at once. *anew: what was told is of the past, `peers`
 * has to be a new one, and nothing was told. ERR_NOT_FOUND: there is no view yet; ERR_IO;
 * ERR_MEMORY: likewise `peers` has to be a new one from here on, and so has this.
 */
enum err alert_source_read(
    struct alert_source *s, struct peers *peers, bool *more, bool *anew) MUST_USE;

#endif
