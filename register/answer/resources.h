/*
 * The resources below /v1/: each is a function that looks at what it is asked and fills the answer.
 * answer.c has the table of their paths and parameters.
 */
#ifndef HALLMARK_REGISTER_ANSWER_RESOURCES_H
#define HALLMARK_REGISTER_ANSWER_RESOURCES_H

#include "register/answer/answering.h"

/* answer_workloads.c */
void answer_workloads(struct answering *x);
void answer_workload(struct answering *x);
void answer_workload_reports(struct answering *x);

/* answer_hosts.c */
void answer_hosts(struct answering *x);

/* answer_logs.c */
void answer_logs(struct answering *x);
void answer_policies(struct answering *x);
void answer_notices(struct answering *x);
void answer_alarms(struct answering *x);

/* answer_alerts.c */
void answer_alerts(struct answering *x);

/* answer_findings.c */
void answer_findings(struct answering *x);
void answer_finding(struct answering *x);
void answer_silences(struct answering *x);

/* answer_artifacts.c */
void answer_artifact(struct answering *x);

/* answer_entries.c */
void answer_report(struct answering *x);
void answer_receipt(struct answering *x);

/* answer_fleet.c */
void answer_fleet(struct answering *x);

/* answer_words.c */
void answer_words(struct answering *x);

#endif
