/*
 * How much a policy may have in its files and blocks.
 */
#ifndef HALLMARK_POLICY_LAYOUT_LIMITS_H
#define HALLMARK_POLICY_LAYOUT_LIMITS_H

#include "config/yaml.h"

#define LAYOUT_INCLUDES_MAX 16
#define LAYOUT_RULES_MAX    1024 /* blocks, of all files */
#define LAYOUT_USES_MAX     16   /* blocks that one entry names */
/* Bytes of all texts together: no more than one may have. */
#define LAYOUT_BYTES_MAX YAML_FILE_SIZE_MAX
/*
 * Keys and values of all workloads, each with its defaults and blocks: 10,000 of 200. Memory and
 * time follow this number, and a small file could ask for any.
 */
#define LAYOUT_NODES_MAX 2000000

#endif
