/*
 * `hallmark-audit fsck`: every hash of every tile, every entry against its leaf, root, signature.
 *
 * Level by level, tile by tile: a tile's root must stand in the tile above it, and the entries must
 * hash to the tile of level 0. Memory does not grow with the log. Goes on after a fault, up to a
 * bound, and names file and index.
 */
#ifndef HALLMARK_AUDITOR_FSCK_H
#define HALLMARK_AUDITOR_FSCK_H

#include "auditor/outcome.h"

/* `reports`: also parse every report and check each workload's chain. */
enum outcome fsck(const char *directory, const char *certificate, const char *origin, bool reports);

#endif
