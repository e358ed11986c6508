/*
 * The parts of policy_advice, and what they share. Only policy/advice/ includes this.
 */
#ifndef HALLMARK_POLICY_ADVICE_ADVISING_H
#define HALLMARK_POLICY_ADVICE_ADVISING_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/advice/advice.h"
#include "policy/rules/rule.h"

struct advising {
	const struct policy *policy;
	uint64_t now_s;
	struct advices *to;
};

/* One advice more, at the place of the key; give it a mend. */
void advise(const struct advising *a, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Of the sets of the policy, and of those that the file rules of an entry use. */
void advise_references(const struct advising *a);
void advise_files(const struct advising *a, size_t entry);

/*
 * Where a path really is that begins with a link in most distributions, such as /bin or /var/run;
 * NULL where it does not. Written into `to`.
 */
#define ADVISE_PLACE_SIZE (COMPONENT_PATH_MAX + 16)
const char *advise_real_place(struct view path, char to[ADVISE_PLACE_SIZE]);

/* Of the package lists of the policy. */
void advise_lists(const struct advising *a);

/* Of the policy's groups and its roll-out. */
void advise_groups(const struct advising *a);

/* Of the fact rules of an entry. */
void advise_facts(const struct advising *a, size_t entry);

/* Of the patterns of one demand, whose key is given: those that no value of the fact is like. */
void advise_values(const struct advising *a, const char *key, const struct fact_demand *d);

/* Of one demand of facts that tell of many threads or processes: what holds of one of them alone.
 */
void advise_shared(const struct advising *a, const char *key, const struct fact_rule *rule,
    const struct fact_demand *d);

/* No value at all is refused by the demand. */
bool advise_takes_all(const struct fact_demand *d);

#endif
