/*
 * Cases of a policy: recorded or made-up evidence, and what the policy is to make of it. A YAML
 * file beside the policy:
 *
 *   policy: policy.yaml            # relative to this file
 *   cases:
 *     - name: as it is installed
 *       workload: trading-1
 *       collector: spiffe://bank.example/host/07
 *       evidence: trading-1.json   # relative to this file; evidence_file.h says what is in it
 *       at: 2026-11-30T07:00:00Z   # when the signer has it
 *       age_s: 0                   # how long before that it was measured
 *       offline: false
 *       unsigned: false            # by the collector, and no bundle before it was signed
 *       change:                    # of the evidence, before it is judged
 *         - {component: libraries, path: /usr/lib/x.so, sha256: <64 hex>}
 *         - {component: runtime, fact: uid, values: ["0"]}
 *         - {component: files, path: /etc/app.conf, remove: true}
 *         - {component: packages, remove: true}
 *       expect: affirming          # none, warning, contraindicated; refused
 *       findings: [libraries changed-file /usr/lib/x.so]   # all there are; default: any
 */
#ifndef HALLMARK_SIGNER_CASES_CASES_FILE_H
#define HALLMARK_SIGNER_CASES_CASES_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/yaml.h"

enum case_expected {
	CASE_UNSAID,
	CASE_AFFIRMING,
	CASE_NONE,
	CASE_WARNING,
	CASE_CONTRAINDICATED,
	CASE_REFUSED,
};

/* The path or the fact, or without either the whole component. */
struct case_change {
	char *component, *path, *fact, *sha256;
	char **values;
	uint32_t values_count;
	bool remove;
};

struct case_entry {
	char *name, *workload, *collector, *evidence, *at;
	uint32_t age_s;
	bool offline, not_signed;
	struct case_change *change;
	uint32_t change_count;
	enum case_expected expect;
	char **findings;
	uint32_t findings_count;
	uint64_t at_s;      /* `at` */
	bool says_findings; /* an empty list says something, too */
};

/* As they stand in the file, and checked: each has what it needs, names are told apart. */
struct cases_file {
	struct yaml_file *yaml;
	char *policy; /* NULL: it does not say */
	struct case_entry *cases;
	size_t count;
};

/* False if there was a fault. To be freed whatever comes out. */
bool cases_file_load(const char *path, struct faults *faults, struct cases_file *out);
void cases_file_free(struct cases_file *f);

const char *case_expected_word(enum case_expected e);

#endif
