/*
 * `hallmark-audit show`: a report, readable. Nothing is verified but its form.
 */
#ifndef HALLMARK_AUDITOR_SHOW_H
#define HALLMARK_AUDITOR_SHOW_H

#include <stdbool.h>
#include <stdint.h>

#include "auditor/outcome.h"

/* The report in a receipt; `json`: its bytes as they are. */
enum outcome show_receipt(const char *path, bool json);

/* Report `index` of a log, whose checkpoint is verified with the certificate first. */
enum outcome show_log(const char *directory, const char *certificate, uint64_t index, bool json);

#endif
