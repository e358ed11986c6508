#include "config/token_profiles.h"

#include <stdio.h>
#include <string.h>

#include "proto/evidence/bundle.h"
#include "proto/glob.h"
#include "proto/text.h"
#include "proto/wire/keychannel.h"

#define LIFETIME_DEFAULT_S 300 /* of the shortest-lived bearer tokens in the field */

/* Bytes of "summaries[63].collectors[63]", and for its second half, if sizes were larger. */
#define KEY_MAX    96
#define SUBKEY_MAX 40

static const cyaml_strval_t statuses[] = {
    {"affirming", REPORT_AFFIRMING},
    {"none", REPORT_NONE},
    {"warning", REPORT_WARNING},
    {"contraindicated", REPORT_CONTRAINDICATED},
};

static const cyaml_schema_value_t pattern_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, TOKEN_PATTERN_MAX),
};
static const cyaml_schema_value_t party_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, TOKEN_PARTY_MAX),
};
static const cyaml_schema_value_t status_entry = {
    CYAML_VALUE_ENUM(CYAML_FLAG_STRICT, enum report_status, statuses, CYAML_ARRAY_LEN(statuses)),
};

#define TEXT(key, most) SETTINGS_TEXT(#key, SETTINGS_REQUIRED, struct raw_token_profile, key, most)
#define LIST(key, flags, entry, most)                                                              \
	CYAML_FIELD_SEQUENCE(                                                                      \
	    #key, CYAML_FLAG_POINTER | (flags), struct raw_token_profile, key, entry, 1, most)
static const cyaml_schema_field_t fields[] = {
    TEXT(profile, KEYCHANNEL_PROFILE_MAX),
    TEXT(iss, TOKEN_PARTY_MAX),
    LIST(aud, SETTINGS_REQUIRED, &party_entry, TOKEN_AUDIENCES_MAX),
    CYAML_FIELD_UINT("lifetime_s", SETTINGS_OPTIONAL, struct raw_token_profile, lifetime_s),
    LIST(collectors, SETTINGS_REQUIRED, &pattern_entry, TOKEN_PATTERNS_MAX),
    LIST(workloads, SETTINGS_REQUIRED, &pattern_entry, TOKEN_PATTERNS_MAX),
    LIST(statuses, SETTINGS_OPTIONAL, &status_entry, TOKEN_STATUSES_MAX),
    CYAML_FIELD_END,
};
#undef TEXT
#undef LIST

#define TEXT(key, most)                                                                            \
	SETTINGS_TEXT(#key, SETTINGS_REQUIRED, struct raw_summary_profile, key, most)
#define LIST(key, entry, most)                                                                     \
	CYAML_FIELD_SEQUENCE(#key, CYAML_FLAG_POINTER | SETTINGS_REQUIRED,                         \
	    struct raw_summary_profile, key, entry, 1, most)
static const cyaml_schema_field_t summary_fields[] = {
    TEXT(profile, KEYCHANNEL_PROFILE_MAX),
    TEXT(verifier, SUMMARY_URI_MAX),
    TEXT(resources, SUMMARY_URI_MAX),
    TEXT(policies, SUMMARY_URI_MAX),
    LIST(collectors, &pattern_entry, TOKEN_PATTERNS_MAX),
    LIST(workloads, &pattern_entry, TOKEN_PATTERNS_MAX),
    CYAML_FIELD_END,
};
#undef TEXT
#undef LIST

const cyaml_schema_value_t summary_profile_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_summary_profile, summary_fields),
};

const cyaml_schema_value_t token_profile_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_token_profile, fields),
};

/* Where in the file a profile is being put together. */
struct place {
	struct settings *s;
	const char *list; /* "tokens" */
	size_t index;     /* of the profile */
	char key[KEY_MAX];
};

static struct view take_name(struct place *p, const char *text);
static void check_again(struct place *p, struct view name, struct view other);
static struct view take_party(struct place *p, const char *name, const char *text);
static void take_audiences(
    struct place *p, const struct raw_token_profile *raw, struct token_profile *to);
static struct view take_uri(struct place *p, const char *name, const char *text);
static bool begins_with_scheme(const char *text);
static uint32_t take_lifetime(struct place *p, uint32_t found);
static void take_cover(struct place *p, char *const *collectors, size_t collector_count,
    char *const *workloads, size_t workload_count, struct profile_cover *to);
static const struct view *take_patterns(
    struct place *p, const char *name, char *const *patterns, size_t count);
static void take_statuses(
    struct place *p, const struct raw_token_profile *raw, struct token_profile *to);
static const char *key_of(struct place *p, const char *name);

const struct token_profile *
token_profiles_take(struct settings *s, const struct raw_token_profile *raw, size_t count)
{
	struct token_profile *profiles = settings_new(s, count, sizeof(*profiles));

	for (size_t i = 0; i < count; i++) {
		struct token_profile *t = &profiles[i];
		struct place p = {.s = s, .list = "tokens", .index = i};

		t->name = take_name(&p, raw[i].profile);
		for (size_t j = 0; j < i; j++)
			check_again(&p, t->name, profiles[j].name);
		t->issuer = take_party(&p, "iss", raw[i].iss);
		take_audiences(&p, &raw[i], t);
		t->lifetime_s = take_lifetime(&p, raw[i].lifetime_s);
		take_cover(&p, raw[i].collectors, raw[i].collectors_count, raw[i].workloads,
		    raw[i].workloads_count, &t->cover);
		take_statuses(&p, &raw[i], t);
	}
	return profiles;
}

const struct summary_profile *
summary_profiles_take(struct settings *s, const struct raw_summary_profile *raw, size_t count,
    const struct token_profile *tokens, size_t token_count)
{
	struct summary_profile *profiles = settings_new(s, count, sizeof(*profiles));

	for (size_t i = 0; i < count; i++) {
		struct summary_profile *t = &profiles[i];
		struct place p = {.s = s, .list = "summaries", .index = i};

		t->name = take_name(&p, raw[i].profile);
		for (size_t j = 0; j < i; j++)
			check_again(&p, t->name, profiles[j].name);
		for (size_t j = 0; j < token_count; j++)
			check_again(&p, t->name, tokens[j].name);
		t->verifier = take_uri(&p, "verifier", raw[i].verifier);
		t->resources = take_uri(&p, "resources", raw[i].resources);
		t->policies = take_uri(&p, "policies", raw[i].policies);
		take_cover(&p, raw[i].collectors, raw[i].collectors_count, raw[i].workloads,
		    raw[i].workloads_count, &t->cover);
	}
	return profiles;
}

static struct view
take_name(struct place *p, const char *text)
{
	struct view name;

	if (text == NULL)
		return (struct view){NULL, 0};
	name = view_of_string(text);
	key_of(p, "profile");
	if (bundle_workload_check(name) != ERR_OK)
		settings_fault(p->s, p->key,
		    "\"%s\" must be without white space and \"/\" and not begin with \".\"; found "
		    "\"%s\"",
		    p->key, text);
	return name;
}

/* The policy names a profile: `other` is one that stands before it. */
static void
check_again(struct place *p, struct view name, struct view other)
{
	if (name.size > 0 && view_equal(name, other))
		settings_fault(p->s, key_of(p, "profile"),
		    "\"%s\": \"%.*s\" is the name of two profiles", p->key, view_precision(name),
		    (const char *)name.data);
}

/* RFC 7519, section 2, StringOrURI: what has a colon is a URI. */
static struct view
take_party(struct place *p, const char *name, const char *text)
{
	struct view v;

	if (text == NULL)
		return (struct view){NULL, 0};
	v = view_of_string(text);
	if (!text_is_printable(v, false))
		settings_fault(p->s, key_of(p, name),
		    "\"%s\" must be without white space; found \"%s\"", p->key, text);
	else if (strchr(text, ':') != NULL && !begins_with_scheme(text))
		settings_fault(p->s, key_of(p, name),
		    "\"%s\" has a \":\" and must be a URI then, such as "
		    "https://attest.bank.example; found \"%s\"",
		    p->key, text);
	return v;
}

static void
take_audiences(struct place *p, const struct raw_token_profile *raw, struct token_profile *to)
{
	struct view *views = settings_new(p->s, raw->aud_count, sizeof(*views));

	for (size_t i = 0; i < raw->aud_count; i++) {
		char entry[SUBKEY_MAX];

		snprintf(entry, sizeof(entry), "aud[%zu]", i);
		views[i] = take_party(p, entry, raw->aud[i]);
		for (size_t j = 0; j < i; j++)
			if (view_equal(views[i], views[j]))
				settings_fault(p->s, key_of(p, entry), "\"%s\" names \"%s\" twice",
				    p->key, raw->aud[i]);
	}
	to->audiences = views;
	to->audience_count = raw->aud_count;
}

static struct view
take_uri(struct place *p, const char *name, const char *text)
{
	const struct view v = take_party(p, name, text);

	if (v.size > 0 && strchr(text, ':') == NULL) /* of others it has been said */
		settings_fault(p->s, key_of(p, name),
		    "\"%s\" must be a URI, such as https://attest.bank.example/; found \"%s\"",
		    p->key, text);
	return v;
}

/* RFC 3986, section 3.1; what it begins with is not looked at closer. */
static bool
begins_with_scheme(const char *text)
{
	const size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789+-.");

	return size > 0 && text[size] == ':';
}

static uint32_t
take_lifetime(struct place *p, uint32_t found)
{
	if (!yaml_file_has(p->s->yaml, key_of(p, "lifetime_s")))
		return LIFETIME_DEFAULT_S;
	if (found > 0 && found <= KEYCHANNEL_LIFETIME_MAX_S)
		return found;
	settings_fault(p->s, p->key, "\"%s\" must be 1 to %d, found %u; the default is %d", p->key,
	    KEYCHANNEL_LIFETIME_MAX_S, found, LIFETIME_DEFAULT_S);
	return LIFETIME_DEFAULT_S;
}

static void
take_cover(struct place *p, char *const *collectors, size_t collector_count, char *const *workloads,
    size_t workload_count, struct profile_cover *to)
{
	to->collectors = take_patterns(p, "collectors", collectors, collector_count);
	to->collector_count = collector_count;
	to->workloads = take_patterns(p, "workloads", workloads, workload_count);
	to->workload_count = workload_count;
}

static const struct view *
take_patterns(struct place *p, const char *name, char *const *patterns, size_t count)
{
	struct view *views = settings_new(p->s, count, sizeof(*views));

	for (size_t i = 0; i < count; i++) {
		char entry[SUBKEY_MAX];

		views[i] = view_of_string(patterns[i]);
		snprintf(entry, sizeof(entry), "%s[%zu]", name, i);
		if (glob_check(views[i]) != ERR_OK)
			settings_fault(p->s, key_of(p, entry),
			    "\"%s\": in \"%s\" a backslash must stand before \"*\", \"?\" or "
			    "another "
			    "backslash",
			    p->key, patterns[i]);
	}
	return views;
}

/* Where nothing is said, a token vouches: nobody reads a status who takes any good signature. */
static void
take_statuses(struct place *p, const struct raw_token_profile *raw, struct token_profile *to)
{
	if (!settings_has(p->s, key_of(p, "statuses"))) {
		to->statuses[to->status_count++] = REPORT_AFFIRMING;
		return;
	}
	for (size_t i = 0; i < raw->statuses_count; i++) {
		for (size_t j = 0; j < i; j++)
			if (raw->statuses[i] == raw->statuses[j])
				settings_fault(p->s, p->key, "\"%s\" names \"%s\" twice", p->key,
				    report_status_name(raw->statuses[i]));
		to->statuses[to->status_count++] = raw->statuses[i];
	}
}

static const char *
key_of(struct place *p, const char *name)
{
	snprintf(p->key, sizeof(p->key), "%s[%zu].%s", p->list, p->index, name);
	return p->key;
}
