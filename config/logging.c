#include "config/logging.h"

static const cyaml_strval_t formats[] = {
    {"text", LOGGER_TEXT},
    {"json", LOGGER_JSON},
    {"rfc5424", LOGGER_RFC5424},
};

static const cyaml_strval_t levels[] = {
    {"error", LOGGER_ERROR},
    {"warning", LOGGER_WARNING},
    {"notice", LOGGER_NOTICE},
    {"info", LOGGER_INFO},
    {"debug", LOGGER_DEBUG},
};

const cyaml_schema_field_t logging_fields[] = {
    CYAML_FIELD_ENUM("format", SETTINGS_OPTIONAL | CYAML_FLAG_STRICT, struct logger_settings,
	format, formats, CYAML_ARRAY_LEN(formats)),
    CYAML_FIELD_ENUM("level", SETTINGS_OPTIONAL | CYAML_FLAG_STRICT, struct logger_settings, level,
	levels, CYAML_ARRAY_LEN(levels)),
    CYAML_FIELD_END,
};

struct logger_settings
logging_take(struct settings *s, struct logger_settings raw)
{
	if (!settings_has(s, "logging.level"))
		raw.level = LOGGER_INFO;
	return raw;
}
