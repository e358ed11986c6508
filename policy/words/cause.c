#include "policy/words/cause.h"

#include "policy/appraisal/finding.h"
#include "policy/words/clause_writer.h"
#include "policy/words/outcome_keys.h"

/* What somebody has to do about it, for each finding. */
static const char *const mends[FINDING_COUNT] = {
    [FINDING_REVOKED] = "see the statement's reason (hallmark-signer status); replace what was "
			"revoked, or have the statement revoked",
    [FINDING_ANONYMOUS] = "find what made it; a compiler at run time is let by accept_anonymous",
    [FINDING_MEMFD] = "find who runs a program that no disk has; a program that belongs there is "
		      "installed as a file",
    [FINDING_UNREADABLE] = "see why the collector cannot read it: rights, a dead file system",
    [FINDING_SPECIAL] = "find who put it there, and put a file in its place, or exclude it",
    [FINDING_UNSTABLE] = "wait for the next round; a file that always changes belongs under "
			 "may_change or may_grow",
    [FINDING_DELETED] = "restart the program: it runs what an upgrade has removed",
    [FINDING_REPLACED] = "restart the program: it runs what an upgrade has replaced",
    [FINDING_WRITABLE] = "find what maps it so; a compiler at run time is let by accept_anonymous "
			 "with writable",
    [FINDING_MODIFIED] =
	"stop the program and find who changed it in memory; what belongs there can "
	"stand in a set, by its path and SHA-256",
    [FINDING_RESTORED] = "find who wrote to it, and restart the program",
    [FINDING_PROBED] = "find the debugger or the probes (perf, bpftrace) and end them",
    [FINDING_NEWER] = "restart the program, so that it runs what is there now",
    [FINDING_WORLD_WRITABLE] = "chmod o-w",
    [FINDING_WRITABLE_BY_OTHERS] = "chmod g-w, and let only root write to the directories above it",
    [FINDING_OWNER] = "chown it, or list its owner under owners",
    [FINDING_SETUID] = "chmod ug-s, or say what else it yields (setuid:)",
    [FINDING_CAPABILITIES] = "setcap -r, or say what else it yields (capabilities:)",
    [FINDING_OTHER_PROGRAM] = "run the program that the policy names; if another one belongs "
			      "there, name that (path:)",
    [FINDING_SYMLINK] = "put the file itself in its place; or let links be compared (symlinks: "
			"true), with their targets in a set",
    [FINDING_OTHER_RIGHTS] =
	"chown and chmod it as the set says; if it is meant, make the set anew",
    [FINDING_OTHER_PROCESS] =
	"stop that process; if it belongs to the workload, add its program to "
	"a set",
    [FINDING_OTHER_RELEASE] = "upgrade it, and restart what runs it; or open a window in which "
			      "this release counts, too (windows:)",
    [FINDING_CHANGED] = "find who changed it and put back what the set has; if it was meant, make "
			"the set anew",
    [FINDING_UNKNOWN] = "find who put it there and take it away; if it belongs there, add it to a "
			"set",
    [FINDING_MIXED_RELEASE] = "install one release whole, and restart what still runs another",
    [FINDING_MISSING_FILE] = "put it back; if it is gone for good, take it out of the set",
    [FINDING_MISSING_LIBRARY] = "see why nothing has mapped it: how the program is started, "
				"/etc/ld.so.preload; if nobody needs it, take it out of demand",
    [FINDING_UNMATCHED] = "set it as the policy demands; if it is meant, change the demand",
    [FINDING_REDACTED] =
	"name the hidden value in the policy (hallmark-collector redact makes it), "
	"or hide it no more",
    [FINDING_ABSENT] =
	"have the collector measure it; hallmark-collector measure shows what it finds",
    [FINDING_UNLISTED] = "take the package away, or put it at the version that a list has; if it "
			 "belongs there, add it to a list",
    [FINDING_UNKNOWN_SCRIPT] =
	"find who put it into the page and take it out; if it belongs there, add it to a list "
	"(hallmark-collector references --web)",
    [FINDING_CHANGED_SCRIPT] =
	"find who changed it and put back what the list has; if it was meant, make the list anew",
    [FINDING_MISSING_SCRIPT] = "put it back; if it is gone for good, take it out of the list",
    [FINDING_UNKNOWN_HEADER] = "see why the server sends it; if it is meant, add it to a list",
    [FINDING_CHANGED_HEADER] =
	"set it at the server as the list has it; if it is meant, make the list anew",
    [FINDING_MISSING_HEADER] =
	"have the server send it again; if it is gone for good, take it out of the list",
    [FINDING_VULNERABLE] =
	"install the version that mends it; or have an approver say why it does not matter here "
	"(hallmark-hsm statement sign --kind not-affected)",
    [FINDING_NO_FEED] =
	"bring its file again (hallmark-signer policy advisories), and see that its timer runs",
    [FINDING_EMPTY] = "see why the collector found nothing: its rule for the workload, its rights",
    [FINDING_MAIN_ONLY] = "take main_only out of collector.yaml; or accept it (main_only: true)",
    [FINDING_EXCLUDED] = "take it out of excludes in collector.yaml; or accept it (excludes:)",
    [FINDING_MAY_CHANGE] =
	"take it out of may_change in collector.yaml; or accept it (may_change:)",
    [FINDING_MAY_GROW] = "take it out of may_grow in collector.yaml; or accept it (may_grow:)",
    [FINDING_OPTION] = "take the option out of collector.yaml; or accept it (options:)",
    [FINDING_PATTERN] = "have the collector look for it (files: in collector.yaml)",
    [FINDING_MISSING] = "have the collector measure it (collector.yaml); or do not require it",
    [FINDING_SKIPPED] = "have the collector measure it (collector.yaml); or take the rule out",
    [FINDING_UNCHECKED] = "add a rule for it, or list it under recorded",
    [FINDING_UNMEASURED] = "mend the reason on the host; the collector's log has more",
    [FINDING_OFFLINE] = "bring the collector back to its signer: fresh evidence follows",
    [FINDING_STALE] = "see why it came late: a slow line, a full queue, a wrong clock; or raise "
		      "max_age_s",
    [FINDING_UNSIGNED] = "let the collector sign more often (sign_every_s in collector.yaml)",
    [FINDING_STRICTER] =
	"see what the policy in force finds (hallmark-signer policy try), and mend "
	"that or the policy before it decides (enforce: on)",
};

/* Findings that no outcome of a rule for files decides, and the keys that do. */
static const struct other_key {
	enum finding finding;
	const char *key;
	bool of_entry; /* it is the entry's, not the part's */
} other_keys[] = {
    {FINDING_UNLISTED, "unlisted", false},
    {FINDING_UNKNOWN_SCRIPT, "unknown_script", false},
    {FINDING_CHANGED_SCRIPT, "changed_script", false},
    {FINDING_MISSING_SCRIPT, "missing_script", false},
    {FINDING_UNKNOWN_HEADER, "unknown_header", false},
    {FINDING_CHANGED_HEADER, "changed_header", false},
    {FINDING_MISSING_HEADER, "missing_header", false},
    {FINDING_VULNERABLE, "vulnerable", true},
    {FINDING_NO_FEED, "no_feed", true},
    {FINDING_EMPTY, "missing", true},
    {FINDING_MAIN_ONLY, "main_only", true},
    {FINDING_EXCLUDED, "excludes", false},
    {FINDING_MAY_CHANGE, "may_change", false},
    {FINDING_MAY_GROW, "may_grow", false},
    {FINDING_OPTION, "options", false},
    {FINDING_PATTERN, "patterns", false},
    {FINDING_MISSING, "missing", true},
    {FINDING_UNCHECKED, "recorded", true},
    {FINDING_UNMEASURED, "unmeasured", true},
    {FINDING_MIXED_RELEASE, "mixed_release", true},
    {FINDING_STALE, "max_age_s", true},
    {FINDING_UNSIGNED, "signature_every_s", true},
};

static const struct fact_demand *find_fact(
    const struct policy_rule *r, const struct report_finding *f, enum component_kind kind);
static void find_key(enum component_kind kind, enum finding finding, struct cause *out);
static void find_spot(struct cause *out, const struct policy *p, const struct policy_rule *r,
    enum component_kind part, const char *format, ...) __attribute__((format(printf, 5, 6)));

const char *
cause_mend(struct view code)
{
	const enum finding finding = finding_of_code(code);

	return finding != FINDING_COUNT ? mends[finding] : NULL;
}

void
cause_of(const struct policy *p, const struct policy_rule *r, const struct report_finding *f,
    struct cause *out)
{
	const enum finding finding = finding_of_code(f->code);
	enum component_kind kind;
	const struct fact_demand *demand;

	*out = (struct cause){.part = COMPONENT_KIND_COUNT};
	if (finding != FINDING_COUNT) {
		out->sentence = finding_sentence(finding);
		out->mend = mends[finding];
	}
	if (component_kind_from_name(f->kind, &kind) != ERR_OK)
		kind = COMPONENT_KIND_COUNT; /* it is about the bundle */
	out->part = kind;
	if ((demand = find_fact(r, f, kind)) != NULL && demand->key != NULL) {
		out->key = demand->key;
		find_spot(out, p, r, kind, ".%s", demand->key);
	} else if (demand != NULL) {
		out->key = "facts";
		find_spot(out, p, r, kind, ".facts[%zu]", demand->place);
	} else if (finding != FINDING_COUNT) {
		find_key(kind, finding, out);
		if (out->key != NULL)
			find_spot(out, p, r, out->part, ".%s", out->key);
	}
	out->said = out->line > 0;
	if (out->line == 0)
		find_spot(out, p, r, out->part, "%s", "");
	if (out->line == 0)
		find_spot(out, p, r, COMPONENT_KIND_COUNT, "%s", "");
}

/* Of several demands for a fact, the first. */
static const struct fact_demand *
find_fact(const struct policy_rule *r, const struct report_finding *f, enum component_kind kind)
{
	const struct fact_rule *facts = kind < COMPONENT_KIND_COUNT ? r->facts[kind] : NULL;

	for (size_t i = 0; facts != NULL && i < facts->fact_count; i++) {
		if (!view_equal(facts->facts[i].name, f->subject) || facts->facts[i].implied)
			continue;
		return &facts->facts[i];
	}
	return NULL;
}

static void
find_key(enum component_kind kind, enum finding finding, struct cause *out)
{
	const struct outcome_key *k =
	    kind < COMPONENT_KIND_COUNT ? outcome_key_of(kind, finding) : NULL;

	if (k != NULL)
		out->key = k->name;
	for (size_t i = 0; i < sizeof(other_keys) / sizeof(other_keys[0]); i++) {
		if (other_keys[i].finding != finding)
			continue;
		out->key = other_keys[i].key;
		if (other_keys[i].of_entry)
			out->part = COMPONENT_KIND_COUNT;
	}
}

static void
find_spot(struct cause *out, const struct policy *p, const struct policy_rule *r,
    enum component_kind part, const char *format, ...)
{
	char key[DRAFT_KEY_MAX];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(key, sizeof(key), format, arguments);
	va_end(arguments);
	out->line = clause_line(&(struct clause_writer){p, r, part, NULL}, key, &out->file);
}
