/*
 * Component `files` of an image that is to be deployed: what the workload's patterns name in it,
 * with owners and modes as the image has them, and the digest of the image in the options that the
 * component says of itself. The image is verified as a whole while it is read (policy/images/): one
 * that changes meanwhile is refused, whatever changes.
 *
 * An item has no size: of what is packed nobody asks for it, and sets have none.
 */
#ifndef HALLMARK_COLLECTOR_MEASURE_MEASURE_PACKED_H
#define HALLMARK_COLLECTOR_MEASURE_MEASURE_PACKED_H

#include "collector/measure/measure_context.h"

/* Of a workload whose `start` has an image. ERR_FORMAT with the trouble for what is no such image.
 */
measure_function measure_packed;

#endif
