/*
 * What the signer calls itself in the log.
 */
#ifndef HALLMARK_SIGNER_GROUND_BUILD_H
#define HALLMARK_SIGNER_GROUND_BUILD_H

#define SIGNER_BUILD "hallmark-signer/" HALLMARK_VERSION

#endif
