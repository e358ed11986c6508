/*
 * What an appraisal can find: stable codes, listed once. PROTOCOL.md copies this table; a code is
 * never reused for something else.
 *
 * "Decided by" names the key of the policy that says what the finding yields: `warning`,
 * `contraindicated` or `none`. Where it says "warning", the finding itself holds the status at
 * `warning` or worse. In the order in which findings of one file are made.
 *
 * What a policy accepts is no finding: the report lists its code as accepted.
 */
#ifndef HALLMARK_POLICY_APPRAISAL_FINDING_H
#define HALLMARK_POLICY_APPRAISAL_FINDING_H

#include "proto/bytes.h"

/* X(identifier, code, decided by, sentence) */
#define FINDING_MAP(X)                                                                             \
	/* about the bundle, without a subject; about a file, whose path it is */                  \
	X(FINDING_REVOKED, "revoked", "contraindicated", "operators have revoked it")              \
	/* about a file; the subject is its path */                                                \
	X(FINDING_ANONYMOUS, "anonymous-memory", "anonymous",                                      \
	    "executable memory that belongs to no file")                                           \
	X(FINDING_MEMFD, "memory-file", "memfd", "the file lives in memory alone")                 \
	X(FINDING_UNREADABLE, "unreadable-file", "unreadable", "the file could not be read")       \
	X(FINDING_SPECIAL, "special-file", "unreadable",                                           \
	    "neither a regular file nor a symbolic link")                                          \
	X(FINDING_UNSTABLE, "unstable-file", "unstable", "the file changed while it was read")     \
	X(FINDING_DELETED, "deleted-file", "deleted",                                              \
	    "the file is in use, but no longer in its directory")                                  \
	X(FINDING_REPLACED, "replaced-file", "replaced", "another file has this path now")         \
	X(FINDING_WRITABLE, "writable-mapping", "writable",                                        \
	    "mapped writable and executable at once")                                              \
	X(FINDING_MODIFIED, "modified-code", "modified_code",                                      \
	    "code in memory is not what is in its file")                                           \
	X(FINDING_RESTORED, "restored-code", "restored_code",                                      \
	    "code was written to in memory, and has the bytes of its file again")                  \
	X(FINDING_PROBED, "probed-code", "probed_code",                                            \
	    "breakpoints in code, of a debugger or the kernel: somebody watches the program")      \
	X(FINDING_NEWER, "changed-since-start", "changed_since_start",                             \
	    "the file was changed after a process that uses it began")                             \
	X(FINDING_WORLD_WRITABLE, "world-writable", "world_writable", "everybody may write to it") \
	X(FINDING_WRITABLE_BY_OTHERS, "writable-by-others", "writable_by_others",                  \
	    "others than root and its owner may write to it, or put another file in its place")    \
	X(FINDING_OWNER, "other-owner", "owner", "its owner is none that the policy lists")        \
	X(FINDING_SETUID, "setuid-file", "setuid",                                                 \
	    "who runs it gets the rights of its owner or group")                                   \
	X(FINDING_CAPABILITIES, "file-capabilities", "capabilities",                               \
	    "who runs it gets capabilities")                                                       \
	X(FINDING_OTHER_PROGRAM, "other-program", "other_program",                                 \
	    "the main process runs another program than the one that the policy names")            \
	X(FINDING_SYMLINK, "symbolic-link", "unknown",                                             \
	    "a symbolic link, and the policy does not allow any here")                             \
	X(FINDING_OTHER_RIGHTS, "other-rights", "rights",                                          \
	    "a reference set gives it another owner, group or mode")                               \
	X(FINDING_OTHER_PROCESS, "other-process", "other_process",                                 \
	    "a process besides the main one runs it, and no reference set has this content")       \
	X(FINDING_OTHER_RELEASE, "other-release", "unknown",                                       \
	    "only a release that does not count has this content")                                 \
	X(FINDING_CHANGED, "changed-file", "changed",                                              \
	    "the reference sets have another content for this path")                               \
	X(FINDING_UNKNOWN, "unknown-file", "unknown", "no reference set has this path")            \
	X(FINDING_MIXED_RELEASE, "mixed-release", "mixed_release of the workload",                 \
	    "what belongs together is of several releases")                                        \
	X(FINDING_MISSING_FILE, "missing-file", "missing of files",                                \
	    "a reference set has this path, and no such file was measured")                        \
	X(FINDING_MISSING_LIBRARY, "missing-library", "missing of libraries",                      \
	    "the policy demands this library, and no process has mapped it")                       \
	/* about a fact; the subject is its name */                                                \
	X(FINDING_UNMATCHED, "unmatched-fact", "unmatched",                                        \
	    "its values are not what the policy demands")                                          \
	X(FINDING_REDACTED, "redacted-fact", "unmatched",                                          \
	    "a hidden value that the policy does not name")                                        \
	X(FINDING_ABSENT, "absent-fact", "unmatched", "the fact was not measured")                 \
	X(FINDING_UNLISTED, "unlisted-package", "unlisted", "no package list of the rule has it")  \
	/* about a page; the subject is what the value begins with, two words of it */             \
	X(FINDING_UNKNOWN_SCRIPT, "unknown-script", "unknown_script",                              \
	    "no list of the rule has it")                                                          \
	X(FINDING_CHANGED_SCRIPT, "changed-script", "changed_script",                              \
	    "the lists of the rule have it with other content, or otherwise")                      \
	X(FINDING_MISSING_SCRIPT, "missing-script", "missing_script",                              \
	    "the lists of the rule have it, and the page does not")                                \
	X(FINDING_UNKNOWN_HEADER, "unknown-header", "unknown_header",                              \
	    "no list of the rule has this header or cookie")                                       \
	X(FINDING_CHANGED_HEADER, "changed-header", "changed_header",                              \
	    "the lists of the rule have this header or cookie otherwise")                          \
	X(FINDING_MISSING_HEADER, "missing-header", "missing_header",                              \
	    "the lists of the rule have this header or cookie, and the page came without")         \
	/* about a package or a file; the subject is the fact, or its path */                      \
	X(FINDING_VULNERABLE, "vulnerable", "vulnerable of the workload",                          \
	    "it has a known vulnerability")                                                        \
	/* about the bundle; the subject is the feed's name */                                     \
	X(FINDING_NO_FEED, "no-feed", "no_feed of the workload",                                   \
	    "known vulnerabilities were not looked for as the policy wants it")                    \
	/* about a component; no subject, but for what it was made with */                         \
	X(FINDING_EMPTY, "empty-component", "missing of the workload",                             \
	    "the component holds no measurement")                                                  \
	X(FINDING_MAIN_ONLY, "main-only", "main_only of the workload",                             \
	    "only the main process was looked at, and the policy does not accept that")            \
	X(FINDING_EXCLUDED, "excluded-files", "excludes",                                          \
	    "this was left out of what was measured, and the policy does not accept that")         \
	X(FINDING_MAY_CHANGE, "may-change", "may_change",                                          \
	    "the content of these files was not looked at, and the policy does not accept that")   \
	X(FINDING_MAY_GROW, "may-grow", "may_grow",                                                \
	    "of these files the beginning alone counts, and the policy does not accept that")      \
	X(FINDING_OPTION, "other-option", "options",                                               \
	    "measured with this option, and the policy does not accept that")                      \
	X(FINDING_PATTERN, "missing-pattern", "patterns",                                          \
	    "this was not looked for, and the policy demands it")                                  \
	X(FINDING_MISSING, "missing-component", "missing of the workload",                         \
	    "the policy requires this component, and the bundle lacks it")                         \
	X(FINDING_SKIPPED, "skipped-rule", "warning",                                              \
	    "the policy has a rule for this component, and the bundle lacks it")                   \
	X(FINDING_UNCHECKED, "unchecked-component", "warning",                                     \
	    "measured, but no rule looks at it and the policy does not list it as recorded")       \
	/* about what could not be measured; the subject is the reason, or the kind that lacks */  \
	X(FINDING_UNMEASURED, "unmeasured", "unmeasured of the workload",                          \
	    "it could not be measured")                                                            \
	/* about the bundle; the kind is "bundle", no subject */                                   \
	X(FINDING_OFFLINE, "offline-evidence", "warning",                                          \
	    "gathered without a nonce: its time of measurement is only the collector's word")      \
	X(FINDING_STALE, "stale-evidence", "warning", "measured too long before it was received")  \
	X(FINDING_UNSIGNED, "unsigned-evidence", "warning",                                        \
	    "the collector has not signed often enough")                                           \
	X(FINDING_STRICTER, "stricter-policy", "enforce of the group",                             \
	    "the policy in force says worse, and only warns in this group")

#define FINDING_ENUM(identifier, code, decided_by, sentence) identifier,
enum finding { FINDING_MAP(FINDING_ENUM) FINDING_COUNT };
#undef FINDING_ENUM

/* FINDING_COUNT for a code that is none of these. */
enum finding finding_of_code(struct view code);

/* Stable, such as "unknown-file". */
struct view finding_code(enum finding f);

/* In lower case, without a full stop: the detail of a report's finding begins with it. */
struct view finding_sentence(enum finding f);

#endif
