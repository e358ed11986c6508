/*
 * What a report was made from, fetched from the evidence: every component that its bundle names,
 * and every finding that its policy makes of them, also those that the report has no room for.
 */
#ifndef HALLMARK_LOG_STORED_MEASURED_H
#define HALLMARK_LOG_STORED_MEASURED_H

#include "log/evidence_reader.h"
#include "log/findings.h"
#include "log/reason.h"
#include "log/stored/fetched_component.h"
#include "policy/appraisal/appraise.h"
#include "policy/standing.h"
#include "proto/report/report.h"

struct measured {
	const struct component *component[COMPONENT_KIND_COUNT]; /* NULL where there is none */
	struct fetched_component stored[COMPONENT_KIND_COUNT];   /* private */
};

/*
 * All components of the report's bundle. What is not there, or is not what the bundle names, is
 * told in `reason`; the others can be looked at. `out` is to be freed whatever comes out.
 */
void measured_read(struct evidence_reader *evidence, const struct report *logged,
    struct measured *out, struct reason *reason);
void measured_free(struct measured *m);

/*
 * Tells `to` every finding that the report's own policy makes of the components, in the report's
 * order: of them the report's are the first. Unknown in `reason` if the policy or a component is
 * not there; `f` takes faults of the policy. Bad if what comes out is not the number of findings
 * that the report tells; unknown where `in_force` is, which is what was in force at its notice
 * (log/stored/noticed.h), or NULL: it is not known.
 */
void measured_findings(struct evidence_reader *evidence, const struct report *logged,
    const struct standing *in_force, const struct measured *m, const struct finding_listener *to,
    const struct findings *f, struct reason *reason);

/* The same by a policy that the caller has: the report's own, with the one before that decided. */
void measured_findings_by(const struct policy *policy, const struct report *logged,
    const struct standing *in_force, const struct measured *m, const struct finding_listener *to,
    struct reason *reason);

#endif
