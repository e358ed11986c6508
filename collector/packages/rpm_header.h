/*
 * The header of an installed package as rpm keeps it in its database (rpm's hdrblob): two
 * big-endian numbers of 4 bytes, how many index entries and how many bytes of data; the entries,
 * each of four such numbers (tag, type, offset into the data, count); the data. Any bytes are
 * taken.
 */
#ifndef HALLMARK_COLLECTOR_PACKAGES_RPM_HEADER_H
#define HALLMARK_COLLECTOR_PACKAGES_RPM_HEADER_H

#include "collector/packages/package_list.h"
#include "proto/bytes.h"

#define RPM_INDEX_MAX 65536 /* entries; rpm knows some 600 tags, and takes no more than this */

/*
 * The package of a header; a version is `epoch:version-release`, without `epoch:` where there is
 * none, appended to `version`, which must outlive `out` and be empty. What is not one of these is
 * an odd package without any word.
 */
void rpm_header_read(struct view header, struct buf *version, struct package *out);

#endif
