/*
 * What bundles are about: the names of workloads, and of the chains that bundles of theirs make.
 */
#ifndef HALLMARK_PROTO_EVIDENCE_BUNDLE_CHAIN_H
#define HALLMARK_PROTO_EVIDENCE_BUNDLE_CHAIN_H

#include <stdbool.h>

#include "proto/bytes.h"
#include "proto/err.h"

#define BUNDLE_WORKLOAD_MAX 128 /* bytes; bundle_workload_check has the rule */
#define BUNDLE_START_SUFFIX "/start"
#define BUNDLE_CHAIN_MAX    (BUNDLE_WORKLOAD_MAX + sizeof(BUNDLE_START_SUFFIX) - 1) /* bytes */

/*
 * ERR_MSG_RANGE unless the name is 1 to 128 bytes of printable UTF-8 (proto/text.h) without white
 * space and '/', and does not begin with '.': it is used in file names and in lines of logs.
 */
enum err bundle_workload_check(struct view name) MUST_USE;

/*
 * What is measured before a workload starts has a chain of its own, called "<workload>/start": a
 * name that no workload has, so that it is never taken for what is measured while it runs. Every
 * table by workload is by the chain's name.
 *
 * ERR_MSG_RANGE unless it is a workload's name, or that of what is measured before its start; and
 * whether it is the latter, and the workload's own name in either case.
 */
enum err bundle_chain_check(struct view name) MUST_USE;
bool bundle_chain_is_start(struct view name);
struct view bundle_chain_workload(struct view name);

#endif
