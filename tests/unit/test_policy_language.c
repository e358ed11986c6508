/*
 * Every key of a policy that the schema has: another value of it is told in words as another
 * policy, as `policy diff` and `explain` do, and it has a place in the sample. A policy with all of
 * them is made of the schema itself, so that a new key fails here until it has words, a line of the
 * sample and two values below.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy/compile/policy_schema.h"
#include "policy/words/difference.h"
#include "tests/unit/policy_fixture.h"

#define PATH_MAX_SIZE 128
#define KEY(digit)    "MCowBQYDK2VwAyEA" digit "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define BOM(name)                                                                                  \
	"{\"bomFormat\": \"CycloneDX\", \"specVersion\": \"1.5\", \"components\": [{\"type\": "    \
	"\"file\", \"name\": \"/opt/" name "\", \"hashes\": [{\"alg\": \"SHA-256\", \"content\": " \
	"\"" HEX_A "\"}]}]}"

/* Two values of the keys whose paths end so; the first that fits. Outcomes and flags have their
 * own. */
static const struct values {
	const char *path, *one, *other;
	const char *without; /* in whose place it stands */
} values[] = {
    {"policy.name", "bank", "bond", NULL},
    {"policy.operators", "operators.yaml", "operators-2.yaml", NULL},
    {"review_by", "2027-01-31", "2027-02-28", NULL},
    {"collectors_ca.name", "hosts", "machines", NULL},
    {"collectors_ca.file", "hosts.pem", "old.pem", NULL},
    {"policy.feeds.name", "debian", "alpine", NULL},
    {"package_lists.name", "odd", "even", NULL},
    {"package_lists.file", "refs/one.sha256", "refs/two.sha256", NULL},
    {"sources.name", "ci", "cd", NULL},
    {"sources.under", "/opt", "/srv", NULL},
    {"sources.keys", "[" KEY("A") "]", "[" KEY("B") "]", NULL},
    {"sources.builders", "[a]", "[b]", NULL},
    {"sources.build_types", "[a]", "[b]", NULL},
    {"sources.predicate_types", "[a]", "[b]", NULL},
    {"sources.parameters", "[a=1]", "[a=2]", NULL},
    {"references.name", "odd", "even", NULL},
    {"references.file", "bom.json", "bom-2.json", NULL},
    {"references.source", "bom", "bom-2", NULL},
    {"releases.name", "x", "y", NULL},
    {"releases.file", "bom.json", "bom-2.json", NULL},
    {"releases.source", "bom", "bom-2", NULL},
    {"families.name", "strange", "stranger", NULL},
    {"windows.family", "fam", "fim", NULL},
    {"windows.from", "a", "b", NULL},
    {"windows.to", "b", "c", NULL},
    {"windows.until", "2027-01-31T00:00:00Z", "2027-02-28T00:00:00Z", NULL},
    {"workloads.match", "app", "web", NULL},
    {"start.require", "[executable]", "[executable, files]", NULL},
    {"start.recorded", "[]", "[runtime]", NULL}, /* of which it has no rule */
    {"start.release", "[fam]", "[fam, fim]", NULL},
    {"start.host.unmatched", "warning", "none", "policy.workloads.start.host.facts.unmatched"},
    {"start.config.unmatched", "warning", "none", "policy.workloads.start.config.facts.unmatched"},
    {"start.packages.unmatched", "warning", "none",
	"policy.workloads.start.packages.facts.unmatched"},
    {"collectors", "[c]", "[d]", NULL},
    {"workloads.require", "[executable]", "[executable, files]", NULL},
    {"workloads.recorded", "[]", "[packages]", "policy.workloads.packages"},
    {"host.unmatched", "warning", "none", "policy.workloads.host.facts.unmatched"},
    {"config.unmatched", "warning", "none", "policy.workloads.config.facts.unmatched"},
    {"packages.unmatched", "warning", "none", "policy.workloads.packages.facts.unmatched"},
    {"workloads.release", "[fam]", "[fam, fim]", NULL},
    {"start.summary", "p", "q", NULL},
    {"token.profile", "p", "q", NULL},
    {"token.audience", "p", "q", NULL},
    {"_s", "60", "61", NULL}, /* all seconds */
    {"libraries.references", "[one, fam, fim]", "[two, fam, fim]", NULL},
    {"references", "[one]", "[two]", NULL},
    {"by", "path", "content", NULL},
    {"patterns", "[/a]", "[/b]", NULL},
    {"excludes", "[/a]", "[/b]", NULL},
    {"may_change", "[/a]", "[/b]", NULL},
    {"may_grow", "[/a]", "[/b]", NULL},
    {"options", "[follow]", "[root=process]", NULL},
    {"except.path", "/x", "/y", NULL},
    {"except.sha256", HEX_A, HEX_B, NULL},
    {"except.until", "2027-01-31", "2027-02-28", NULL},
    {"except.why", "later", "sooner", NULL},
    {"except.owner", "me", "you", NULL},
    {"executable.path", "/bin/one", "/bin/two", NULL},
    {"libraries.demand", "[/bin/one]", "[/bin/two]", NULL},
    {"files.owners", "[0]", "[0, 7]", NULL},
    {"accept_anonymous.program", "/p", "/q", NULL},
    {"accept_anonymous.bytes", "\"<= 1 MiB\"", "\"<= 2 MiB\"", NULL},
    {"accept_anonymous.mappings", "\"<= 1\"", "\"<= 2\"", NULL},
    {"rollout.from", HEX_A, HEX_B, NULL},
    {"groups.name", "odd", "even", NULL},
    {"groups.workloads", "[a]", "[b]", NULL},
    {"groups.enforce", "warn", "off", NULL},
    {"group", "some", "others", NULL},
    {"image.facts.name", "set", "manifest", NULL},
    {"web.lists", "[more]", "[most]", NULL},
    {"web.allow", "[a]", "[b]", NULL},
    {"web.unmatched", "warning", "none", "policy.workloads.web.facts.unmatched"},
    {"image.allow", "[/a]", "[/b]", NULL},
    {"image.unmatched", "warning", "none", "policy.workloads.image.facts.unmatched"},
    {"facts.name", "f", "g", NULL},
    {"facts.where", "a", "b", NULL},
    {"facts.word", "1", "2", NULL},
    {"facts.equals", "[a]", "[b]", NULL},
    {"facts.require", "[a]", "[b]", NULL},
    {"facts.allow", "[a]", "[b]", NULL},
    {"facts.deny", "[a]", "[b]", NULL},
    {"facts.count", "\"= 1\"", "\"= 2\"", NULL},
    {"facts.number", "\"= 1\"", "\"= 2\"", NULL},
    {"facts.version", "\"= 1\"", "\"= 2\"", NULL},
    {"facts.date", "\"= 2026-01-01\"", "\"= 2026-01-02\"", NULL},
    {"include.name", "i", "j", NULL},
    {"include.file", "i", "j", NULL},
    {"rules.name", "i", "j", NULL},
    {"use", "[]", "[i]", NULL},
    {"require", "[]", "[files]", NULL},
    {"recorded", "[]", "[files]", NULL},
    {"release", "[]", "[fam]", NULL},
    {"match", "a", "b", NULL},
    {"feeds", "[cves]", "[bugs]", NULL},
    {"packages.lists", "[more]", "[most]", NULL},
};

/* What others name stands in lists beside what is tried. */
#define RELEASES                                                                                   \
	"releases: [{name: a, file: refs/one.sha256}, {name: b, file: refs/two.sha256}, {name: "   \
	"c, file: refs/one.sha256}]}"
static const struct {
	const char *path, *entries;
} beside[] = {
    {"policy.package_lists",
	"{name: more, file: refs/one.sha256}, {name: most, file: refs/two.sha256}"},
    {"policy.feeds", "{name: cves}, {name: bugs}"},
    {"policy.sources", "{name: bom}, {name: bom-2}"},
    {"policy.references", "{name: one, file: refs/one.sha256}, {name: two, file: refs/two.sha256}"},
    {"policy.groups", "{name: some}, {name: others}"},
    {"policy.families", "{name: fam, " RELEASES ", {name: fim, " RELEASES},
};

/* A policy of all keys. */
struct writing {
	struct buf *to;
	const char *other;   /* the path of the key that has its other value; NULL: none */
	const char *without; /* the path of one that is left out; NULL: none */
	size_t count;        /* of keys that have a value */
	char *paths[2048];   /* of these, if they are wanted; to be freed */
};

static bool
ends_with(const char *path, const char *end)
{
	const size_t size = strlen(path), tail = strlen(end);

	return size >= tail && strcmp(path + size - tail, end) == 0 &&
	       (end[0] == '_' || size == tail || path[size - tail - 1] == '.');
}

static const struct values *
values_of(const char *path, const cyaml_schema_value_t *schema)
{
	static const struct values outcome = {NULL, "warning", "none", NULL};
	static const struct values flag = {NULL, "false", "true", NULL};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (ends_with(path, values[i].path))
			return &values[i];
	if (schema->type == CYAML_BOOL)
		return &flag;
	if (schema->type == CYAML_ENUM)
		return &outcome;
	fail_msg("%s is a key that this test has no values for: it needs some, words in "
		 "policy/words and a place in config/samples/policy.yaml",
	    path);
	return NULL;
}

static void
write_fields(struct writing *w, const char *above, const cyaml_schema_field_t *fields)
{
	char path[PATH_MAX_SIZE];

	buf_append_string(w->to, "{");
	for (const cyaml_schema_field_t *f = fields; f->key != NULL; f++) {
		const cyaml_schema_value_t *value = &f->value;
		const bool list =
		    value->type == CYAML_SEQUENCE && value->sequence.entry->type == CYAML_MAPPING;

		(void)snprintf(path, sizeof(path), "%s.%s", above, f->key);
		if (w->without != NULL && strcmp(path, w->without) == 0)
			continue;
		buf_append_format(w->to, "%s: %s", f->key, list ? "[" : "");
		if (list || value->type == CYAML_MAPPING) {
			write_fields(w, path,
			    list ? value->sequence.entry->mapping.fields : value->mapping.fields);
			for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++)
				if (strcmp(beside[i].path, path) == 0)
					buf_append_format(w->to, ", %s", beside[i].entries);
			buf_append_string(w->to, list ? "]" : "");
		} else {
			const struct values *v = values_of(path, value);
			const bool other = w->other != NULL && strcmp(w->other, path) == 0;

			buf_append_string(w->to, other ? v->other : v->one);
			assert_true(w->count < sizeof(w->paths) / sizeof(w->paths[0]));
			w->paths[w->count++] = strdup(path);
		}
		buf_append_string(w->to, f[1].key != NULL ? ",\n" : "");
	}
	buf_append_string(w->to, "}");
}

static void
writing_end(struct writing *w)
{
	while (w->count > 0)
		free(w->paths[--w->count]);
}

static struct policy *
policy_with(struct fixture *f, const char *other, const char *without)
{
	struct buf text = BUF_INIT;
	struct writing w = {.to = &text, .other = other, .without = without};
	struct policy *p = NULL;

	write_fields(&w, "policy", policy_form.whole->mapping.fields);
	buf_append_string(&text, "\n");
	assert_int_equal(buf_status(&text), ERR_OK);
	if (policy_load_text(f->path, buf_view(&text), &f->faults, &p) != ERR_OK) {
		faults_print(&f->faults, stderr);
		fail_msg("%s", other != NULL ? other : "all keys");
	}
	writing_end(&w);
	buf_free(&text);
	return p;
}

static void
count_difference(void *context, const struct difference *d)
{
	size_t *count = context;

	(void)d;
	++*count;
}

static void
write_files(struct fixture *f)
{
	struct statement_key *key = operator_key_new();
	struct digest certificate;
	struct buf text = BUF_INIT;

	free(with_parts(f, &certificate));
	buf_append_string(&text, "operators:\n");
	operator_append(&text, "bob", "approve", key, "");
	fixture_write_bytes(f, "operators-2.yaml", 0644, text.data, text.size);
	fixture_write(f, "bom.json", 0644, BOM("a"));
	fixture_write(f, "bom-2.json", 0644, BOM("b"));
	buf_free(&text);
	statement_key_free(&key);
}

static void
test_another_value_of_any_key_is_told(void **state)
{
	struct fixture *f = *state;
	struct buf text = BUF_INIT;
	struct writing all = {.to = &text};
	size_t untold = 0;

	write_files(f);
	write_fields(&all, "policy", policy_form.whole->mapping.fields);
	for (size_t i = 0; i < all.count; i++) {
		const char *path = all.paths[i], *without = NULL;
		struct policy *was, *is;
		size_t count = 0;

		for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++)
			if (ends_with(path, values[v].path) && without == NULL)
				without = values[v].without;
		was = policy_with(f, NULL, without);
		is = policy_with(f, path, without);
		difference_find(was, is, count_difference, &count);
		untold += count == 0;
		if (count == 0)
			print_error("%s: no words tell another value of it\n", path);
		policy_free(&was);
		policy_free(&is);
	}
	assert_true(all.count > 100);
	assert_int_equal(untold, 0);
	writing_end(&all);
	buf_free(&text);
}

/* The lines of the sample without what makes them comments. */
static char *
sample_uncommented(void)
{
	char *text = sample_read("policy.yaml"), *to = text;

	for (const char *from = text; *from != '\0'; from++) {
		const bool begins = from == text || from[-1] == '\n';

		*to++ = *from;
		for (const char *c = from; begins; c++) {
			if (*c != ' ' && *c != '#')
				break;
			if (*c == '#')
				to[-1] = ' ';
		}
	}
	*to = '\0';
	return text;
}

/* As a key, from `text` on and before `end`. */
static bool
stands(const char *text, const char *end, const char *key)
{
	const size_t size = strlen(key);

	for (const char *at = text; (at = strstr(at, key)) != NULL && at < end; at += size)
		if (strchr(" {\n", at[-1]) != NULL && at[size] == ':')
			return true;
	return false;
}

/* Of rules what stands with one of its kind stands with all: of files, and of facts. */
static bool
has_place(const char *text, const char *path)
{
	const char *key = strrchr(path, '.') + 1, *from = text + 1, *to = text + strlen(text);
	const char *files = strstr(text, "\n    executable:\n");
	const char *facts = strstr(text, "\n    runtime:\n");

	assert_non_null(files);
	assert_non_null(facts);
	if (strstr(path, ".executable.") != NULL || strstr(path, ".libraries.") != NULL ||
	    strstr(path, ".files.") != NULL) {
		from = files + 1;
		to = facts;
	} else if (strstr(path, ".facts.") != NULL || strstr(path, ".packages.") != NULL) {
		from = facts + 1;
	}
	return stands(from, to, key);
}

static void
test_any_key_has_a_place_in_the_sample(void **state)
{
	const cyaml_schema_value_t *const forms[] = {
	    policy_form.whole, policy_form.policy, policy_form.included};
	char *text = sample_uncommented();
	size_t missing = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct buf policy = BUF_INIT;
		struct writing w = {.to = &policy};

		write_fields(&w, "policy", forms[i]->mapping.fields);
		for (size_t k = 0; k < w.count; k++) {
			if (has_place(text, w.paths[k]))
				continue;
			print_error(
			    "%s: config/samples/policy.yaml does not show it\n", w.paths[k]);
			missing++;
		}
		writing_end(&w);
		buf_free(&policy);
	}
	assert_int_equal(missing, 0);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_another_value_of_any_key_is_told, setup, fixture_teardown),
	    cmocka_unit_test(test_any_key_has_a_place_in_the_sample),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
