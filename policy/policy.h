/*
 * Policy: which collector may speak for which workload, what must be measured, and what each
 * measurement must be. config/samples/policy.yaml is the commented reference.
 *
 * A policy is loaded whole, with the files that it names: reference sets, CAs of collectors, the
 * operators file. It is immutable. Its identity is the SHA-256 of its manifest
 * (policy/governance/manifest.h), a text that names the policy file and each of these by digest, so
 * that an auditor can fetch exactly these bytes from the evidence store and appraise again.
 */
#ifndef HALLMARK_POLICY_POLICY_H
#define HALLMARK_POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/faults.h"
#include "config/yaml.h"
#include "policy/governance/collectors_ca.h"
#include "policy/governance/operators.h"
#include "policy/rules/policy_file.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/evidence/pack.h"

struct policy;
struct policy_rule; /* what one entry of `workloads` says */

/*
 * Loads the file and the files it names (relative to it). Every fault is added, those of the files
 * it names too; ERR_CONFIG if there was any.
 */
enum err policy_load(const char *path, struct faults *faults, struct policy **out) MUST_USE;

/*
 * Builds a policy from stored objects, for replay. `fetch` appends the content with this digest to
 * `to`; what it appends is checked against the digest. ERR_FORMAT if the manifest is not in its one
 * spelling, ERR_UNSUPPORTED if it is of a later version, ERR_DIGEST, ERR_MISMATCH if manifest and
 * policy do not name the same,
 * ERR_CONFIG (with faults) if the stored policy does not load, or what `fetch` returned. One that
 * is rolled out comes with the policy before it (policy/policy_rollout.h).
 */
#define POLICY_STORED_NAME "stored policy" /* the policy's own file, where a file is named */
typedef enum err policy_fetch(
    void *context, enum pack_kind kind, const struct digest *digest, struct buf *to);
enum err policy_from_manifest(struct view manifest, policy_fetch *fetch, void *context,
    struct faults *faults, struct policy **out) MUST_USE;

/*
 * Brings the policy before one that is rolled out, and was loaded from its files; checked in the
 * same way. Nothing to do for any other.
 */
enum err policy_fetch_older(
    struct policy *p, policy_fetch *fetch, void *context, struct faults *faults) MUST_USE;

/* The same as policy_load, with this text in the place of the file's. */
enum err policy_load_text(
    const char *path, struct view text, struct faults *faults, struct policy **out) MUST_USE;

void policy_free(struct policy **p);

/* "<name>@sha256:<hex of the manifest>": ear.appraisal-policy-id. */
struct view policy_id(const struct policy *p);

/* SHA-256 of the manifest out of such an id; ERR_FORMAT. */
enum err policy_id_digest(struct view id, struct digest *out) MUST_USE;

/* The same of this policy: what operators approve. */
const struct digest *policy_manifest_digest(const struct policy *p);

/* Who may change it, and more; NULL: it names no operators file, and anybody's change is taken. */
const struct operators *policy_operators(const struct policy *p);

/* By whom collectors are certified; 0: the policy does not say. */
size_t policy_collectors_ca_count(const struct policy *p);
const struct collectors_ca *policy_collectors_ca_at(const struct policy *p, size_t index);

/* One of them has the certificate whose SHA-256 in DER this is. */
bool policy_has_collectors_ca(const struct policy *p, const struct digest *certificate);

/*
 * Appends in YAML, as if it stood in one file without defaults and blocks: all of the policy (key
 * ""), or the value of one key, such as "workloads[2]". Nothing where it is not there.
 */
void policy_print_written_out(const struct policy *p, const char *key, struct buf *to);

/* Everything that has to be stored so that this policy can be built again. */
size_t policy_object_count(const struct policy *p);
const struct policy_object *policy_object_at(const struct policy *p, size_t index);

/* Bytes of memory that it takes, about: its files, and what was made of their lines. */
size_t policy_memory_size(const struct policy *p);

/* The files that it names, for who puts a stored policy back on a disk. */
size_t policy_file_count(const struct policy *p);
const struct policy_file *policy_file_at(const struct policy *p, size_t index);

/*
 * The first entry whose pattern matches the workload, if it allows this collector; NULL otherwise.
 * Valid as long as the policy. Of the chain of what is measured before a start (proto/evidence/
 * bundle.h) that entry's `start`, NULL where it has none.
 */
const struct policy_rule *policy_find(
    const struct policy *p, struct view workload, struct view collector);

/* The same, whoever speaks for the workload. */
const struct policy_rule *policy_find_entry(const struct policy *p, struct view workload);

/* This collector may speak for its workloads. */
bool policy_rule_allows(const struct policy_rule *r, struct view collector);

/* The pattern of its workloads. */
struct view policy_rule_match(const struct policy_rule *r);

/* One of its reference sets has this digest. */
bool policy_rule_has_set(const struct policy_rule *r, const struct digest *set);

/* A rule by its number, for who keeps one for each of many: from 1; 0 is NULL. */
uint32_t policy_rule_number(const struct policy *p, const struct policy_rule *r);
const struct policy_rule *policy_rule_at(const struct policy *p, uint32_t number);

/*
 * The tokens that the key process is to make with each receipt of this workload, as
 * proto/wire/token_wants.h has them; size 0: none. Valid as long as the policy. Of an entry's
 * `start` it is a summary (pkcs11/serve/summaries.h).
 */
struct view policy_rule_tokens(const struct policy_rule *r);
bool policy_rule_is_start(const struct policy_rule *r);

/*
 * Where a key such as "workloads[2].token" stands in the policy's files, of which each has its
 * name as it was loaded; the file is NULL if it does not stand there.
 */
struct yaml_spot policy_spot(const struct policy *p, const char *key);

/* The same of a key of one rule, such as "token[0].profile". */
struct yaml_spot policy_rule_spot(
    const struct policy *p, const struct policy_rule *r, const char *key);

/*
 * When somebody is to look through it again: the first of its own date and those of its entries, in
 * seconds since 1970; 0: it says none. `of`: the pattern of that entry, or the policy's name.
 */
uint64_t policy_review_by_s(const struct policy *p, struct view *of);

/* When the first of its exceptions is over, likewise; 0: it has none. `of`: that file's path. */
uint64_t policy_exception_until_s(const struct policy *p, struct view *of);

/*
 * Feeds of advisories that it wants, at most REPORT_FEEDS_MAX: the name of one, and how old its
 * file may get, 0: however old.
 */
size_t policy_feed_count(const struct policy *p);
struct view policy_feed_at(const struct policy *p, size_t index, uint32_t *max_age_s);

/* How often it has to report, 0: as often as it says; and how late a report may be. Seconds. */
uint32_t policy_rule_report_every_s(const struct policy_rule *r);
uint32_t policy_rule_grace_s(const struct policy_rule *r);

#endif
