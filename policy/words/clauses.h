/*
 * What a policy says, one clause after another, in words. Each has a name, so that a clause of one
 * policy can be compared with that of another; the words are for people.
 *
 * What the policy leaves out is said as well, as it counts: clauses are made from rules, not from
 * the file's text.
 */
#ifndef HALLMARK_POLICY_WORDS_CLAUSES_H
#define HALLMARK_POLICY_WORDS_CLAUSES_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/bytes.h"
#include "proto/evidence/component.h"

struct clause {
	enum component_kind
	    part;            /* whose rule says it; COMPONENT_KIND_COUNT: the entry, or the top */
	bool start;          /* of what is measured before a start */
	const char *name;    /* as its key in the file, such as "collectors" */
	struct view subject; /* of clauses with one name: what it is about, as a fact's name */
	struct buf says;     /* printable */
	struct buf aside;    /* printable: what explains it, and is nothing that the policy says */
	const char *outcome; /* it says what a finding yields, and this is it; else NULL */
	const char *file;    /* that it is written in; NULL: the policy leaves this out */
	unsigned line;       /* there */
};

/* Clauses of one name and subject stand together. Valid as long as the policy. */
struct clauses {
	struct clause *clause;
	size_t count, capacity;
};

#define CLAUSES_INIT ((struct clauses){NULL, 0, 0})

void clauses_free(struct clauses *c);

#endif
