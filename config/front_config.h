/*
 * Taking from the register's configuration where it listens, who may ask what (`listen`, `roles`),
 * and what is decided by which names (`decisions`).
 */
#ifndef HALLMARK_CONFIG_FRONT_CONFIG_H
#define HALLMARK_CONFIG_FRONT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/settings.h"

#define FRONT_ALIAS_NAME_MAX 64 /* bytes: it stands in a path, a metric, a header */

/* X(identifier, word) */
#define FRONT_ROLE_MAP(X)                                                                          \
	X(FRONT_VIEWER, "viewer")                                                                  \
	X(FRONT_OPERATOR, "operator")                                                              \
	X(FRONT_AUDITOR, "auditor")                                                                \
	X(FRONT_RELYING_PARTY, "relying-party")

#define FRONT_ENUM(identifier, word) identifier,
enum front_role { FRONT_ROLE_MAP(FRONT_ENUM) FRONT_ROLE_COUNT };
#undef FRONT_ENUM

struct front_names {
	const char *const *name;
	size_t count;
};

struct front_listen {
	const char *address; /* "127.0.0.1:7480"; or NULL, and */
	const char *socket;  /* a path */
	const char *group;   /* NULL: the service's own user alone */
	bool has_role;       /* of all who come here */
	enum front_role role;
	const char *certificate, *key;      /* NULL: no TLS */
	const char *client_ca, *client_crl; /* NULL: none */
};

struct front_grant {
	const char *name; /* pattern of an identity, "uid:N", "gid:N" */
	enum front_role role;
	struct front_names workloads; /* patterns */
	struct front_names logs;
};

/* Of an alias: a workload of a collector, in one of the logs. */
struct front_member {
	size_t log; /* its number */
	const char *collector, *workload;
};

struct front_alias {
	const char *name; /* a to z, 0 to 9 and "-" */
	const struct front_member *member;
	size_t members;
	const char *group;       /* instead of members: of the policy */
	struct front_names logs; /* of the group; none: all */
	unsigned share_percent;  /* of the group, that has to be well */
	bool warning_allowed;
};

struct front_config {
	const struct front_listen *listen;
	size_t listens;
	const struct front_grant *grant;
	size_t grants;
	const struct front_alias *alias;
	size_t aliases;
	uint32_t behind_s; /* how far behind a log may be that is decided by */
	bool warning_allowed;
	uint32_t connections;
};

/* As cyaml reads them. */
struct raw_front_tls {
	char *certificate, *key, *client_ca, *client_crl;
};

struct raw_front_listen {
	char *address, *socket, *group;
	enum front_role role;
	struct raw_front_tls tls;
};

struct raw_front_grant {
	char *name;
	enum front_role role;
	char **workloads, **logs;
	uint32_t workloads_count, logs_count;
};

struct raw_front_member {
	char *log, *collector, *workload;
};

enum front_warning { FRONT_WARNING_DENY, FRONT_WARNING_ALLOW };

struct raw_front_alias {
	char *name, *group;
	struct raw_front_member *members;
	uint32_t members_count;
	char **logs;
	uint32_t logs_count, share_percent;
	enum front_warning warning;
};

struct raw_front_decisions {
	uint32_t behind_s;
	enum front_warning warning;
	struct raw_front_alias *aliases;
	uint32_t aliases_count;
};

struct raw_front {
	struct raw_front_listen *listen;
	uint32_t listen_count;
	struct raw_front_grant *roles;
	uint32_t roles_count;
};

#define FRONT_LISTENERS_MAX 8
#define FRONT_GRANTS_MAX    256
#define FRONT_ALIASES_MAX   4096
#define FRONT_MEMBERS_MAX   256 /* of one alias */

extern const cyaml_schema_value_t front_listen_schema, front_grant_schema;
extern const cyaml_schema_field_t front_decisions_fields[];

/* Everything but the numbers; `logs` are the names of those that are followed. */
void front_take(struct settings *s, const struct raw_front *raw,
    const struct raw_front_decisions *decisions, struct front_names logs, struct front_config *to);

#endif
