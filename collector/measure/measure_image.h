/*
 * Component `image`: what a container's root directory has that its image has not, and the other
 * way round. The image is what the configuration names, a set made of it or the image itself, which
 * is then verified and unpacked in each round; no daemon is asked.
 *
 * The directory is read as `files` are (measure_files.h) by the pattern of everything, whatever the
 * workload says of its files.
 */
#ifndef HALLMARK_COLLECTOR_MEASURE_MEASURE_IMAGE_H
#define HALLMARK_COLLECTOR_MEASURE_MEASURE_IMAGE_H

#include "collector/measure/measure_context.h"

/*
 * ERR_FORMAT with the trouble for what is no such set or image, ERR_NOT_FOUND; else as
 * measure_files.
 */
measure_function measure_image;

#endif
