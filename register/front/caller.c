#include "register/front/caller.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/glob.h"

/* "uid:" or "gid:" and 32 bits in decimal, with NUL. */
#define PROCESS_NAME_SIZE 16

static void take_grants(
    struct caller *c, const char *name, bool process, const struct grant *grants, size_t count);
static bool is_for_processes(const char *name);
static bool grant_covers(const struct grant *g, struct view log, struct view workload);
static bool grant_is_of(const struct grant *g, struct view log);

unsigned
role_from_name(struct view name)
{
	static const struct {
		const char *name;
		enum role role;
	} names[] = {{"viewer", ROLE_VIEWER}, {"operator", ROLE_OPERATOR},
	    {"auditor", ROLE_AUDITOR}, {"relying-party", ROLE_RELYING_PARTY}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (view_equal(name, view_of_string(names[i].name)))
			return names[i].role;
	return 0;
}

enum err
caller_named(
    struct caller *c, const char *name, unsigned roles, const struct grant *grants, size_t count)
{
	*c = (struct caller){.roles = roles};
	if (name == NULL)
		return ERR_OK;
	if ((c->name = strdup(name)) == NULL)
		return ERR_MEMORY;
	take_grants(c, name, false, grants, count);
	return ERR_OK;
}

enum err
caller_process(struct caller *c, uid_t user, const gid_t *groups, size_t groups_count,
    unsigned roles, const struct grant *grants, size_t count)
{
	char name[PROCESS_NAME_SIZE];

	*c = (struct caller){.roles = roles};
	snprintf(name, sizeof(name), "uid:%" PRIu32, (uint32_t)user);
	if ((c->name = strdup(name)) == NULL)
		return ERR_MEMORY;
	take_grants(c, name, true, grants, count);
	for (size_t i = 0; i < groups_count; i++) {
		snprintf(name, sizeof(name), "gid:%" PRIu32, (uint32_t)groups[i]);
		take_grants(c, name, true, grants, count);
	}
	return ERR_OK;
}

enum err
caller_copy(struct caller *to, const struct caller *from)
{
	*to = *from;
	to->name = from->name != NULL ? strdup(from->name) : NULL;
	return from->name != NULL && to->name == NULL ? ERR_MEMORY : ERR_OK;
}

void
caller_free(struct caller *c)
{
	free(c->name);
	*c = (struct caller){0};
}

bool
caller_may_see(const struct caller *c, struct view log, struct view workload)
{
	if (c->grants == 0)
		return caller_sees_all(c);
	for (size_t i = 0; i < c->grants; i++)
		if (grant_covers(c->grant[i], log, workload))
			return true;
	return false;
}

bool
caller_may_see_log(const struct caller *c, struct view log)
{
	for (size_t i = 0; i < c->grants; i++)
		if (grant_is_of(c->grant[i], log))
			return true;
	return c->grants == 0;
}

bool
caller_has_role(const struct caller *c, unsigned roles, struct view log)
{
	for (size_t i = 0; i < c->grants; i++)
		if ((c->grant[i]->roles & roles) != 0 && c->grant[i]->workloads == 0 &&
		    grant_is_of(c->grant[i], log))
			return true;
	return c->grants == 0 && (c->roles & roles) != 0;
}

bool
caller_has_role_for(const struct caller *c, unsigned roles, struct view log, struct view workload)
{
	for (size_t i = 0; i < c->grants; i++)
		if ((c->grant[i]->roles & roles) != 0 && grant_covers(c->grant[i], log, workload))
			return true;
	return c->grants == 0 && (c->roles & roles & ~(unsigned)ROLE_RELYING_PARTY) != 0;
}

bool
caller_sees_all(const struct caller *c)
{
	static const unsigned seeing = ROLE_VIEWER | ROLE_OPERATOR | ROLE_AUDITOR;

	if (c->grants == 0)
		return (c->roles & seeing) != 0;
	for (size_t i = 0; i < c->grants; i++)
		if ((c->grant[i]->roles & seeing) != 0 && c->grant[i]->workloads == 0 &&
		    c->grant[i]->logs == 0)
			return true;
	return false;
}

static void
take_grants(
    struct caller *c, const char *name, bool process, const struct grant *grants, size_t count)
{
	for (size_t i = 0; i < count && c->grants < CALLER_GRANTS_MAX; i++) {
		const struct grant *g = &grants[i];
		const bool matches = process ? strcmp(g->name, name) == 0
					     : !is_for_processes(g->name) &&
						   glob_match(view_of_string(g->name),
						       view_of_string(name), GLOB_IDENTITY);

		if (!matches)
			continue;
		c->grant[c->grants++] = g;
		c->roles |= g->roles;
	}
}

/* A certificate that says "uid:0" is nobody's who has connected to a socket. */
static bool
is_for_processes(const char *name)
{
	return strncmp(name, "uid:", 4) == 0 || strncmp(name, "gid:", 4) == 0;
}

static bool
grant_covers(const struct grant *g, struct view log, struct view workload)
{
	const bool found = grant_is_of(g, log);

	if (!found || g->workloads == 0)
		return found && (g->roles & ~(unsigned)ROLE_RELYING_PARTY) != 0;
	for (size_t i = 0; i < g->workloads; i++)
		if (glob_match(view_of_string(g->workload[i]), workload, GLOB_TEXT))
			return true;
	return false;
}

static bool
grant_is_of(const struct grant *g, struct view log)
{
	for (size_t i = 0; i < g->logs; i++)
		if (view_equal(log, view_of_string(g->log[i])))
			return true;
	return g->logs == 0;
}
