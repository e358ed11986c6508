#include "signer/cases/cases_file.h"

#include <stdlib.h>
#include <string.h>

#include "policy/appraisal/finding.h"
#include "proto/evidence/bundle.h"
#include "proto/utc.h"

#define CASES_MAX   10000
#define CHANGES_MAX 64
#define LIST_MAX    4096
#define TEXT_MAX    4096 /* bytes */

struct raw_cases {
	char *policy;
	struct case_entry *cases;
	uint32_t cases_count;
};

static const cyaml_strval_t expected_words[] = {
    {"affirming", CASE_AFFIRMING},
    {"none", CASE_NONE},
    {"warning", CASE_WARNING},
    {"contraindicated", CASE_CONTRAINDICATED},
    {"refused", CASE_REFUSED},
};

#define TEXT(key, flags, structure) CYAML_FIELD_STRING_PTR(#key, flags, structure, key, 1, TEXT_MAX)
#define OPTIONAL                    CYAML_FLAG_OPTIONAL
#define REQUIRED                    CYAML_FLAG_DEFAULT

static const cyaml_schema_value_t text_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, TEXT_MAX),
};

static const cyaml_schema_field_t change_fields[] = {
    TEXT(component, REQUIRED, struct case_change),
    TEXT(path, OPTIONAL, struct case_change),
    TEXT(fact, OPTIONAL, struct case_change),
    TEXT(sha256, OPTIONAL, struct case_change),
    CYAML_FIELD_SEQUENCE("values", CYAML_FLAG_POINTER | OPTIONAL, struct case_change, values,
	&text_entry, 0, LIST_MAX),
    CYAML_FIELD_BOOL("remove", OPTIONAL, struct case_change, remove),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t change_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct case_change, change_fields),
};

static const cyaml_schema_field_t case_fields[] = {
    TEXT(name, REQUIRED, struct case_entry),
    TEXT(workload, REQUIRED, struct case_entry),
    TEXT(collector, REQUIRED, struct case_entry),
    TEXT(evidence, REQUIRED, struct case_entry),
    TEXT(at, REQUIRED, struct case_entry),
    CYAML_FIELD_UINT("age_s", OPTIONAL, struct case_entry, age_s),
    CYAML_FIELD_BOOL("offline", OPTIONAL, struct case_entry, offline),
    CYAML_FIELD_BOOL("unsigned", OPTIONAL, struct case_entry, not_signed),
    CYAML_FIELD_SEQUENCE("change", CYAML_FLAG_POINTER | OPTIONAL, struct case_entry, change,
	&change_entry, 0, CHANGES_MAX),
    CYAML_FIELD_ENUM("expect", CYAML_FLAG_STRICT, struct case_entry, expect, expected_words,
	CYAML_ARRAY_LEN(expected_words)),
    CYAML_FIELD_SEQUENCE("findings", CYAML_FLAG_POINTER | OPTIONAL, struct case_entry, findings,
	&text_entry, 0, LIST_MAX),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t case_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct case_entry, case_fields),
};

static const cyaml_schema_field_t file_fields[] = {
    TEXT(policy, OPTIONAL, struct raw_cases),
    CYAML_FIELD_SEQUENCE("cases", CYAML_FLAG_POINTER | REQUIRED, struct raw_cases, cases,
	&case_schema, 1, CASES_MAX),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t file_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_cases, file_fields),
};

/* Where a case stands. */
struct place {
	const char *file;
	struct cases_file *cases;
	size_t index;
	struct faults *faults;
};

static void check_case(const struct place *p);
static void check_change(const struct place *p, size_t index);
static void check_finding(const struct place *p, size_t index);
static unsigned line_of(const struct place *p, const char *key);

bool
cases_file_load(const char *path, struct faults *faults, struct cases_file *out)
{
	const size_t before = faults->count;
	const struct raw_cases *raw;

	*out = (struct cases_file){.yaml = NULL};
	if (yaml_load_file(path, &file_schema, faults, &out->yaml) != ERR_OK)
		return false;
	raw = yaml_file_data(out->yaml);
	out->policy = raw->policy;
	out->cases = calloc(raw->cases_count, sizeof(*out->cases));
	if (out->cases == NULL)
		abort(); /* as for faults */
	out->count = raw->cases_count;
	memcpy(out->cases, raw->cases, out->count * sizeof(*out->cases));
	for (size_t i = 0; i < out->count; i++)
		check_case(&(struct place){path, out, i, faults});
	return faults->count == before;
}

void
cases_file_free(struct cases_file *f)
{
	free(f->cases);
	yaml_file_free(&f->yaml);
}

const char *
case_expected_word(enum case_expected e)
{
	for (size_t i = 0; i < CYAML_ARRAY_LEN(expected_words); i++)
		if (expected_words[i].val == (int64_t)e)
			return expected_words[i].str;
	return "none";
}

static void
check_case(const struct place *p)
{
	struct case_entry *c = &p->cases->cases[p->index];

	if (utc_parse(view_of_string(c->at), &c->at_s) != ERR_OK)
		faults_add(p->faults, p->file, line_of(p, ".at"),
		    "\"at\" must be a time such as 2026-11-30T07:00:00Z, found \"%s\"", c->at);
	if (bundle_workload_check(view_of_string(c->workload)) != ERR_OK)
		faults_add(p->faults, p->file, line_of(p, ".workload"),
		    "\"workload\" must be a workload's name, found \"%s\"", c->workload);
	for (size_t i = 0; i < p->index; i++)
		if (strcmp(p->cases->cases[i].name, c->name) == 0)
			faults_add(p->faults, p->file, line_of(p, ".name"),
			    "an earlier case is named \"%s\" too", c->name);
	c->says_findings = line_of(p, ".findings") > 0;
	for (size_t i = 0; i < c->change_count; i++)
		check_change(p, i);
	for (size_t i = 0; i < c->findings_count; i++)
		check_finding(p, i);
}

static void
check_change(const struct place *p, size_t index)
{
	const struct case_change *c = &p->cases->cases[p->index].change[index];
	enum component_kind kind;
	char key[64];
	bool files, fits;
	unsigned line;

	(void)snprintf(key, sizeof(key), ".change[%zu]", index);
	line = line_of(p, key);
	if (component_kind_from_name(view_of_string(c->component), &kind) != ERR_OK) {
		faults_add(p->faults, p->file, line,
		    "\"component\" must be a kind such as libraries or runtime, found \"%s\"",
		    c->component);
		return;
	}
	files = component_kind_shape(kind) == COMPONENT_SHAPE_FILE;
	(void)snprintf(key, sizeof(key), ".change[%zu].values", index);
	fits =
	    files ? c->fact == NULL && line_of(p, key) == 0 : c->path == NULL && c->sha256 == NULL;
	if (c->remove)
		fits = fits && c->sha256 == NULL && line_of(p, key) == 0;
	else
		fits = fits && (files ? c->path != NULL && c->sha256 != NULL
				      : c->fact != NULL && line_of(p, key) > 0);
	if (!fits)
		faults_add(p->faults, p->file, line,
		    "expected a change of %s: %s, or with remove: true %s or nothing else",
		    c->component, files ? "path and sha256" : "fact and values",
		    files ? "a path" : "a fact");
}

/* "kind code" and perhaps a subject. */
static void
check_finding(const struct place *p, size_t index)
{
	const char *text = p->cases->cases[p->index].findings[index];
	const char *code = strchr(text, ' ');
	size_t size = code != NULL ? strcspn(code + 1, " ") : 0;

	if (size > 0 &&
	    finding_of_code((struct view){(const uint8_t *)code + 1, size}) != FINDING_COUNT)
		return;
	faults_add(p->faults, p->file, line_of(p, ".findings"),
	    "a finding is a component (or bundle), a code and perhaps a subject, such as "
	    "\"libraries "
	    "unknown-file /usr/lib/x.so\"; found \"%s\"",
	    text);
}

static unsigned
line_of(const struct place *p, const char *key)
{
	char path[96];

	(void)snprintf(path, sizeof(path), "cases[%zu]%s", p->index, key);
	return yaml_file_line(p->cases->yaml, path);
}
