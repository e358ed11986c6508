/*
 * `logging:` of a program's configuration: the form of log lines, and which of them are said.
 */
#ifndef HALLMARK_CONFIG_LOGGING_H
#define HALLMARK_CONFIG_LOGGING_H

#include "config/settings.h"
#include "journal/logger.h"

/* Of a struct logger_settings, for the schema of the whole. */
extern const cyaml_schema_field_t logging_fields[];

/* What was read, with the defaults of what was not: text, info. */
struct logger_settings logging_take(struct settings *s, struct logger_settings raw);

#endif
