#include "policy/governance/operators.h"

#include <cyaml/cyaml.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config/yaml.h"
#include "proto/encoding.h"
#include "proto/evidence/bundle.h"
#include "proto/report/notice.h"
#include "proto/tlog/transition.h"
#include "proto/utc.h"

#define KEY_PATH_MAX 64 /* bytes: "operators[127].rights" */

struct raw_operator {
	char *name, *role, *key, *until;
	enum statement_kind *rights;
	uint32_t rights_count;
};

struct raw_threshold {
	enum statement_kind kind;
	uint32_t count;
};

struct raw_operators {
	struct raw_operator *operators;
	uint32_t operators_count;
	struct raw_threshold *thresholds;
	uint32_t thresholds_count;
};

struct operators {
	struct yaml_file *yaml; /* the operators' texts are in it */
	size_t count;
	struct operator_entry entry[OPERATORS_MAX];
	struct statement_key *key[OPERATORS_MAX]; /* each its operator's */
	uint32_t threshold[STATEMENT_KIND_COUNT];
};

/* Where in the file something is being taken. */
struct place {
	struct operators *o;
	const char *file;
	struct faults *faults;
	char key[KEY_PATH_MAX];
};

static const cyaml_strval_t kinds[] = {
#define KIND_ROW(identifier, name, acted, purpose) {name, identifier},
    STATEMENT_KIND_MAP(KIND_ROW)
#undef KIND_ROW
};

static const cyaml_schema_value_t kind_entry = {
    CYAML_VALUE_ENUM(CYAML_FLAG_STRICT, enum statement_kind, kinds, CYAML_ARRAY_LEN(kinds)),
};
static const cyaml_schema_field_t operator_fields[] = {
    CYAML_FIELD_STRING_PTR(
	"name", CYAML_FLAG_DEFAULT, struct raw_operator, name, 1, BUNDLE_WORKLOAD_MAX),
    CYAML_FIELD_STRING_PTR(
	"role", CYAML_FLAG_OPTIONAL, struct raw_operator, role, 0, OPERATORS_ROLE_MAX),
    CYAML_FIELD_SEQUENCE("rights", CYAML_FLAG_POINTER, struct raw_operator, rights, &kind_entry, 1,
	STATEMENT_KIND_COUNT),
    CYAML_FIELD_STRING_PTR(
	"key", CYAML_FLAG_DEFAULT, struct raw_operator, key, 1, OPERATORS_KEY_TEXT_MAX),
    CYAML_FIELD_STRING_PTR("until", CYAML_FLAG_OPTIONAL, struct raw_operator, until, 1, UTC_SIZE),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t operator_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_operator, operator_fields),
};
static const cyaml_schema_field_t threshold_fields[] = {
    CYAML_FIELD_ENUM(
	"kind", CYAML_FLAG_STRICT, struct raw_threshold, kind, kinds, CYAML_ARRAY_LEN(kinds)),
    CYAML_FIELD_UINT("count", CYAML_FLAG_DEFAULT, struct raw_threshold, count),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t threshold_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_threshold, threshold_fields),
};
static const cyaml_schema_field_t file_fields[] = {
    CYAML_FIELD_SEQUENCE("operators", CYAML_FLAG_POINTER, struct raw_operators, operators,
	&operator_entry, 1, OPERATORS_MAX),
    CYAML_FIELD_SEQUENCE("thresholds", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
	struct raw_operators, thresholds, &threshold_entry, 0, STATEMENT_KIND_COUNT),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t file_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_operators, file_fields),
};

static void take_all(struct place *p, const struct raw_operators *raw);
static void take_operator(struct place *p, const struct raw_operator *raw, size_t index);
static void take_rights(struct place *p, const struct raw_operator *raw, size_t index);
static void take_key(struct place *p, const struct raw_operator *raw, size_t index);
static void take_thresholds(struct place *p, const struct raw_operators *raw);
static void check_threshold(struct place *p, enum statement_kind kind);
static uint8_t to_lower(uint8_t byte);
static void fault(struct place *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void place_at(struct place *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

enum err
operators_parse(const char *file, struct view yaml, struct faults *faults, struct operators **out)
{
	const size_t faults_before = faults->count;
	struct operators *o = calloc(1, sizeof(*o));
	struct place p = {o, file, faults, ""};
	enum err e;

	*out = NULL;
	if (o == NULL)
		abort();
	e = yaml_load_bytes(file, yaml, &file_schema, faults, &o->yaml);
	if (o->yaml != NULL)
		take_all(&p, yaml_file_data(o->yaml));
	if (faults->count != faults_before)
		e = ERR_CONFIG;
	if (e == ERR_OK) {
		*out = o;
		o = NULL; /* moved */
	}
	operators_free(&o);
	return e;
}

void
operators_free(struct operators **o)
{
	if (*o == NULL)
		return;
	for (size_t i = 0; i < OPERATORS_MAX; i++)
		statement_key_free(&(*o)->key[i]);
	yaml_file_free(&(*o)->yaml);
	free(*o);
	*o = NULL;
}

size_t
operators_count(const struct operators *o)
{
	return o->count;
}

const struct operator_entry *
operators_at(const struct operators *o, size_t index)
{
	return &o->entry[index];
}

const struct operator_entry *
operators_find(const struct operators *o, const struct digest *key_id)
{
	for (size_t i = 0; i < o->count; i++)
		if (digest_equal(statement_key_id(o->key[i]), key_id))
			return &o->entry[i];
	return NULL;
}

bool
operator_is_named(const struct operator_entry *op, struct view name)
{
	size_t i = 0;

	if (op->name.size != name.size)
		return false;
	while (i < name.size && to_lower(op->name.data[i]) == to_lower(name.data[i]))
		i++;
	return i == name.size;
}

bool
operator_counts(const struct operator_entry *op, uint64_t now_s)
{
	return op->until_s == 0 || now_s < op->until_s;
}

uint32_t
operators_threshold(const struct operators *o, enum statement_kind kind)
{
	return o->threshold[kind];
}

static void
take_all(struct place *p, const struct raw_operators *raw)
{
	p->o->count = raw->operators_count;
	for (size_t i = 0; i < raw->operators_count; i++) {
		take_operator(p, &raw->operators[i], i);
		take_rights(p, &raw->operators[i], i);
		take_key(p, &raw->operators[i], i);
	}
	take_thresholds(p, raw);
}

static void
take_operator(struct place *p, const struct raw_operator *raw, size_t index)
{
	struct operator_entry *op = &p->o->entry[index];

	place_at(p, "operators[%zu].name", index);
	if (raw->name != NULL) {
		op->name = view_of_string(raw->name);
		if (bundle_workload_check(op->name) != ERR_OK)
			fault(p,
			    "must be without white space and \"/\" and not begin with \".\"; found "
			    "\"%s\"",
			    raw->name);
		for (size_t i = 0; i < index; i++)
			if (operator_is_named(&p->o->entry[i], op->name))
				fault(p, "is \"%s\", the name of two operators", raw->name);
	}
	op->role = view_of_string(raw->role != NULL ? raw->role : "");
	place_at(p, "operators[%zu].until", index);
	if (raw->until != NULL && utc_parse(view_of_string(raw->until), &op->until_s) != ERR_OK)
		fault(p, "must be a time in UTC such as 2027-01-31T00:00:00Z, found \"%s\"",
		    raw->until);
}

static void
take_rights(struct place *p, const struct raw_operator *raw, size_t index)
{
	place_at(p, "operators[%zu].rights", index);
	for (size_t i = 0; i < raw->rights_count; i++) {
		bool *right = &p->o->entry[index].right[raw->rights[i]];

		if (*right)
			fault(p, "names \"%s\" twice", statement_kind_name(raw->rights[i]));
		*right = true;
	}
}

static void
take_key(struct place *p, const struct raw_operator *raw, size_t index)
{
	struct statement_key **key = &p->o->key[index];
	struct buf spki = BUF_INIT;
	enum err e;

	if (raw->key == NULL)
		return;
	place_at(p, "operators[%zu].key", index);
	if ((e = base64_decode(view_of_string(raw->key), &spki)) == ERR_OK)
		e = statement_key_from_spki(buf_view(&spki), key);
	buf_free(&spki);
	if (e == ERR_MEMORY)
		abort();
	if (e == ERR_UNSUPPORTED)
		fault(p,
		    "is a key of another kind: expected ECDSA on P-256 or P-384, Ed25519, or "
		    "RSA of %d to %d bits",
		    STATEMENT_RSA_BITS_MIN, STATEMENT_RSA_BITS_MAX);
	else if (e != ERR_OK)
		fault(p,
		    "must be a public key, the base64 of its SubjectPublicKeyInfo, as "
		    "hallmark-hsm statement key prints it behind \"key\"; found %zu bytes that "
		    "are none",
		    strlen(raw->key));
	if (e != ERR_OK)
		return;
	p->o->entry[index].key = *key;
	for (size_t i = 0; i < index; i++)
		if (p->o->key[i] != NULL &&
		    digest_equal(statement_key_id(p->o->key[i]), statement_key_id(*key)))
			fault(p, "is the key of two operators: one signature would count as both");
}

static void
take_thresholds(struct place *p, const struct raw_operators *raw)
{
	bool approvers = false;

	for (size_t k = 0; k < STATEMENT_KIND_COUNT; k++)
		p->o->threshold[k] = 1;
	for (size_t i = 0; i < raw->thresholds_count; i++) {
		const struct raw_threshold *t = &raw->thresholds[i];

		place_at(p, "thresholds[%zu].kind", i);
		if (!yaml_file_has(p->o->yaml, p->key))
			continue;
		for (size_t j = 0; j < i; j++)
			if (raw->thresholds[j].kind == t->kind)
				fault(p, "is \"%s\", the kind of two thresholds",
				    statement_kind_name(t->kind));
		place_at(p, "thresholds[%zu].count", i);
		if (!yaml_file_has(p->o->yaml, p->key))
			continue;
		p->o->threshold[t->kind] = t->count;
		check_threshold(p, t->kind);
	}
	for (size_t i = 0; i < p->o->count; i++)
		approvers = approvers || p->o->entry[i].right[STATEMENT_APPROVE];
	place_at(p, "operators");
	if (!approvers && p->o->count > 0)
		fault(p,
		    "gives nobody the right \"approve\", so that no other policy could ever "
		    "follow one that names this file; give it to somebody, or name no operators");
}

/* Of those with the right, whether or not their time is over. */
static void
check_threshold(struct place *p, enum statement_kind kind)
{
	const uint32_t count = p->o->threshold[kind];
	uint32_t holders = 0;

	for (size_t i = 0; i < p->o->count; i++)
		holders += p->o->entry[i].right[kind];
	if (count == 0)
		fault(p, "must be 1 or more, found 0");
	else if (count > NOTICE_APPROVALS_MAX)
		fault(p, "must be at most %d, which is as many as a notice names; found %u",
		    NOTICE_APPROVALS_MAX, count);
	else if (count > TRANSITION_STATEMENTS_MAX && kind == STATEMENT_CONTINUE_KEY)
		fault(p,
		    "must be at most %d for \"continue-key\", which is as many as a succession "
		    "names; found %u",
		    TRANSITION_STATEMENTS_MAX, count);
	else if (count > 1 && kind != STATEMENT_APPROVE && kind != STATEMENT_CONTINUE_KEY)
		fault(p, "must be 1: only \"approve\" and \"continue-key\" can take more; found %u",
		    count);
	else if (count > holders)
		fault(p,
		    "must not be above the operators who have the right \"%s\", of whom there "
		    "are %u; found %u",
		    statement_kind_name(kind), holders, count);
}

/* Whatever the locale. */
static uint8_t
to_lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte - 'A' + 'a') : byte;
}

/* At the place's key. */
static void
fault(struct place *p, const char *format, ...)
{
	va_list arguments;
	char *text;
	int size;

	va_start(arguments, format);
	size = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (size < 0)
		abort();
	faults_add(
	    p->faults, p->file, yaml_file_line(p->o->yaml, p->key), "\"%s\" %s", p->key, text);
	free(text);
}

static void
place_at(struct place *p, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(p->key, sizeof(p->key), format, arguments);
	va_end(arguments);
}
