/*
 * Patterns of policies, statements and token profiles: for names of workloads, identities of
 * collectors, values of facts.
 *
 *   *    any run of bytes, also an empty one
 *   ?    any one byte
 *   \    takes the next *, ? or \ as it stands
 *
 * All else stands for itself, bytewise; there are no classes, no alternatives. In an identity
 * neither
 * * nor ? matches "/": a pattern that ends in "/host/" and a star covers every host and nothing
 * below one. They do match ".": "*.bank.example" covers "a.b.bank.example" too. An identity without
 * a colon is a DNS name (proto/evidence/identity.h), which has no case: A to Z are as a to z there,
 * and nowhere else.
 */
#ifndef HALLMARK_PROTO_GLOB_H
#define HALLMARK_PROTO_GLOB_H

#include <stdbool.h>

#include "proto/bytes.h"
#include "proto/err.h"

enum glob_scope {
	GLOB_TEXT,     /* names of workloads, values of facts */
	GLOB_IDENTITY, /* * and ? stop at "/"; DNS names have no case */
};

/* ERR_FORMAT if a backslash does not stand before *, ? or \. */
enum err glob_check(struct view pattern) MUST_USE;

/* The pattern must have passed glob_check. Time is at most the product of both sizes. */
bool glob_match(struct view pattern, struct view text, enum glob_scope scope);

#endif
