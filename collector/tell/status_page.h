/*
 * A collector's status for people: how it goes in a line or two, then a table of its workloads, the
 * worst first.
 */
#ifndef HALLMARK_COLLECTOR_TELL_STATUS_PAGE_H
#define HALLMARK_COLLECTOR_TELL_STATUS_PAGE_H

#include <jansson.h>
#include <stdio.h>

/* 0; 1 where anything needs somebody, or there is no memory (told). */
int status_page(json_t *status, FILE *to);

#endif
