/*
 * The status socket of a running collector (`status.socket` in collector.yaml; mode 0600, so for
 * the service's user and root): whoever connects is told what stands on the board, as JSON, and
 * then the end of file. Nothing is asked: what is sent is not read.
 *
 * A thread of its own answers, one after the other, so that the answer comes while the loop waits
 * for a disk, a signer, or a workload that does not let itself be measured. Who does not take an
 * answer within ANSWERING_PATIENCE_S, all of it, has none.
 */
#ifndef HALLMARK_COLLECTOR_TELL_ANSWERING_H
#define HALLMARK_COLLECTOR_TELL_ANSWERING_H

#include "collector/ground/trouble.h"
#include "collector/tell/board.h"
#include "proto/err.h"

#define ANSWERING_PATIENCE_S 2

struct answering;

/*
 * Listens at `path`, in place of a socket that was left behind. Before the process gives up its
 * rights: afterwards it makes none. ERR_IO with the trouble in words.
 */
enum err answering_listen(const char *path, int *listening, struct trouble *t) MUST_USE;

/*
 * Begins to answer; takes `listening`. `board` must outlive it. Sets *out to NULL first. ERR_IO,
 * ERR_MEMORY.
 */
enum err answering_begin(
    int listening, struct board *board, struct answering **out, struct trouble *t) MUST_USE;

/* Ends the thread, after the answer that it is about. */
void answering_end(struct answering **a);

#endif
