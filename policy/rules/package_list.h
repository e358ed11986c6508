/*
 * Package lists: the packages that a host may have, or what a page may, as they are measured. A
 * line each, every one ended:
 *
 *   <fact> ' ' <value>      dpkg openssl 3.0.15-1~deb12u1 amd64
 *
 * In whatever order; one that stands twice counts once. The value is compared as it stands, so that
 * what is hidden (proto/evidence/redacted.h) may stand there, too.
 */
#ifndef HALLMARK_POLICY_RULES_PACKAGE_LIST_H
#define HALLMARK_POLICY_RULES_PACKAGE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "config/faults.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/evidence/pack.h"

#define PACKAGE_LIST_SIZE_MAX   PACK_CONTENT_MAX /* bytes: it has to fit into the evidence store */
#define PACKAGE_LIST_FAULTS_MAX 20 /* bad lines that are told one by one; the rest is counted */

struct package_list;

/* Every bad line is a fault of `file`; then ERR_CONFIG and *out NULL. The text must outlive it. */
enum err package_list_parse(
    const char *file, struct view text, struct faults *faults, struct package_list **out) MUST_USE;
void package_list_free(struct package_list **l);

size_t package_list_count(const struct package_list *l);
bool package_list_has(const struct package_list *l, struct view fact, struct view value);

/* In their order: by fact, then by value. */
void package_list_at(
    const struct package_list *l, size_t index, struct view *fact, struct view *value);

/* A value of this fact that is `key`, or begins with it and a space. */
bool package_list_has_key(const struct package_list *l, struct view fact, struct view key);

#endif
