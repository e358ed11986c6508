/*
 * A workload as the collector's configuration has it: which processes, and what is measured of them
 * in which way.
 */
#ifndef HALLMARK_CONFIG_COLLECTOR_COLLECTOR_WORKLOAD_H
#define HALLMARK_CONFIG_COLLECTOR_COLLECTOR_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/evidence/bundle_extensions.h"
#include "proto/evidence/component.h"
#include "proto/statement/statement_act.h"

/* From whose root directory the `files` component is read. */
enum collector_view {
	VIEW_HOST,      /* the collector's own */
	VIEW_PROCESS,   /* the process's */
	VIEW_CONTAINER, /* the container's, which the workload is */
};

enum collector_keys_form {
	KEYS_INI,      /* `key = value` in sections */
	KEYS_KEYVALUE, /* the same without sections */
	KEYS_JSON,
	KEYS_TOML,
	KEYS_YAML,
};

/* A file of the workload's configuration, whose keys the `config` component records. */
struct collector_keys {
	const char *name; /* short, for the names of facts: letters, digits, "_", "-"; 32 bytes */
	const char *file; /* absolute path */
	enum collector_keys_form form;
	size_t pattern_count; /* 0: all keys are wanted */
	const char *const *patterns;
};

/*
 * What is hidden before it leaves the host: of the component `kind` either files by their paths, or
 * values of facts. Patterns are those of policies (proto/glob.h); those not set are NULL.
 */
struct collector_redact {
	enum component_kind kind;
	const char *path;
	const char *fact;  /* its name; of `config` "NAME:KEY", however long */
	const char *value; /* only values like this */
	const char *after; /* only values behind one like this */
};

/* A file that a token is written to, anew each time. */
struct collector_token_file {
	const char *path;          /* in a directory that this user and root alone can write to */
	const char *audience;      /* of the token; NULL: the first that there is */
	const char *owner, *group; /* name, or decimal number; NULL: this process's */
	uint32_t mode;             /* its owner reads it, others at most do */
};

/* Where the tokens go that signers give about a workload. */
struct collector_token {
	const char *socket; /* by which its processes get them; NULL: none */
	const char *key;    /* file with its public key, which they are bound to; NULL: none */
	size_t file_count;
	const struct collector_token_file *files;
};

/* What a container is compared with: one of the first two. */
struct collector_image {
	const char *set;            /* file: a reference set of it */
	const char *layout;         /* path: it itself, as policy/images reads it */
	const char *tag, *platform; /* of the second, where it has several; NULL: not said */
};

/* An origin whose scripts are fetched, too. */
struct collector_web_origin {
	const char *url;
	const char *connect; /* "ADDRESS:PORT" where it is reached; NULL: as its name says */
};

/* A page that is fetched for the component `web`. */
struct collector_web {
	const char *name; /* short: letters, digits, "_", "-", "."; 32 bytes */
	const char *url;
	const char *connect; /* of its own origin, as above */
	const char *ca;      /* file of CAs that servers' certificates are of; NULL: the system's */
	const char *agent;   /* what it says that it is; NULL: its own name */
	size_t origin_count; /* besides its own */
	const struct collector_web_origin *origins;
	/* what it may cost, and how often it may lead on; beyond it, it could not be measured */
	uint32_t redirects, seconds, mebibytes, scripts;
};

/* A program that is told of the workload's verdict when it changes, and at the start. */
struct collector_hook {
	const char *name; /* bundle_action_name_is_good */
	size_t argument_count;
	const char *const *arguments; /* the first is the program, an absolute path */
	bool on[BUNDLE_VERDICT_COUNT];
	uint32_t timeout_s;
	uint32_t unknown_after_s; /* without a receipt; 0 where `unknown` is not named */
};

/* What may be done to the workload while its verdict is one of these, where it is granted. */
struct collector_act {
	enum statement_act act;
	const char *group; /* path of a control group; NULL: it is the unit */
	const char *unit;
	bool on[BUNDLE_VERDICT_COUNT];
	uint32_t unknown_after_s; /* without a receipt; 0 where `unknown` is not named */
};

/* Who may grant that something is done to workloads, and how much at once. */
struct collector_acts {
	size_t key_count;
	const char *const *keys;      /* PEM files of public keys */
	const char *grant_directory;  /* of statements, a file each */
	const char *memory_directory; /* of what was done */
	uint32_t limit, interval_s;   /* no more acts within it, whatever is granted */
};

/* What measuring a workload once may cost; beyond it, it could not be measured. */
struct collector_budgets {
	uint32_t seconds;
	uint32_t mebibytes_read;   /* content of files */
	uint32_t mebibytes_per_s;  /* how fast content of files is read; 0: as fast as can be */
	uint32_t memory_mebibytes; /* of the process that measures */
	uint32_t cache_mebibytes;  /* for what is known of files; 0: they are read each time */
	uint32_t reread_percent;   /* 1 to 100: of known files, by chance, each time */
};

/* An image that is to be deployed. */
#define COLLECTOR_START_OPTION_SIZE (sizeof("image=sha256:") + 64)
struct collector_start_image {
	const char *file;
	const char *platform, *tag;               /* NULL: as image_options have it */
	char option[COLLECTOR_START_OPTION_SIZE]; /* what was read, when it was; "image=sha256:HEX"
						   */
};

/* What is to be started, and is measured before; nothing of it stands in a file. */
struct collector_start {
	int program;      /* open for reading; -1: it is files, or an image, that are judged */
	const char *path; /* of that, as the kernel has it */
	/* What it will find in its environment, or NULL. */
	const char *audit, *preload, *library_path;
	struct collector_start_image *image; /* or NULL; filled in by who measures it */
};

struct collector_workload {
	const char *name;
	/* where the host's root directory is, also with "host_root=" before it; NULL: it is "/" */
	const char *host_root, *host_root_option;
	/* exactly one of these is set */
	const char *pid_file;
	const char *executable;    /* path; the one process that runs it, and its descendants */
	const char *unit;          /* systemd unit, or a pattern; all of its control groups */
	const char *control_group; /* pattern of absolute paths; all in those that match */
	struct {
		const char *id;                 /* the first digits, 12 at least */
		const char *name, *image, *pod; /* patterns */
	} container;                            /* all that match all of these; NULL: not said */
	bool is_container;                      /* one of these is said */
	struct collector_image image;           /* all NULL where `image` is not measured */
	/* of an executable whose it is, of a unit whose manager's it is; NULL: not said */
	const char *user;      /* name, or decimal number */
	size_t argument_count; /* of an executable: each matches one of its arguments */
	const char *const *arguments;
	bool scripts;   /* what processes name and have open belongs to `files` */
	bool main_only; /* nothing but the main process belongs to it */
	bool measure[COMPONENT_KIND_COUNT];
	size_t file_count;
	const char *const *files; /* glob patterns for the `files` component */
	size_t exclude_count;
	const char *const *excludes; /* patterns of what is left out of these, with all below */
	size_t may_change_count;
	const char *const *may_change; /* patterns of files whose content is not looked at */
	size_t may_grow_count;
	const char *const *may_grow; /* patterns of files of which the beginning has to stay */
	bool follow;                 /* what symbolic links lead to is measured */
	bool cross_mounts;           /* by wildcards, too */
	enum collector_view view;
	size_t environment_count;
	size_t keys_count;
	const struct collector_keys *keys;
	const char *const *environment; /* names whose values the `runtime` component records */
	struct collector_budgets budgets;
	size_t redact_count;
	const struct collector_redact *redact;
	const char *redaction_key;           /* file; NULL where nothing is to be hidden */
	const struct collector_token *token; /* NULL: tokens go nowhere but to receipts */
	size_t hook_count;
	const struct collector_hook *hooks;
	size_t act_count;
	const struct collector_act *acts;
	size_t web_count;
	const struct collector_web *web;
	const struct collector_start *start; /* NULL: it is measured as it runs */
};

#endif
