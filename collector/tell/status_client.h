/*
 * `hallmark-collector status`: asks the running collector (collector/tell/answering.h) and prints
 * the answer.
 */
#ifndef HALLMARK_COLLECTOR_TELL_STATUS_CLIENT_H
#define HALLMARK_COLLECTOR_TELL_STATUS_CLIENT_H

enum status_form {
	STATUS_PAGE,       /* for people: what needs somebody, the worst first */
	STATUS_JSON,       /* as it came */
	STATUS_PROMETHEUS, /* metrics */
};

/*
 * Exit status: 0; 1 with a sentence on stderr if no collector answers at `path`, and of the page if
 * anything needs somebody.
 */
int status_client(const char *path, enum status_form form);

#endif
