#include "config/collector/web_config.h"

#include <stdio.h>
#include <string.h>

static const cyaml_schema_field_t origin_fields[] = {
    SETTINGS_TEXT("url", SETTINGS_REQUIRED, struct raw_web_origin, url, WEB_URL_MAX),
    SETTINGS_TEXT("connect", SETTINGS_OPTIONAL, struct raw_web_origin, connect, SETTINGS_TEXT_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t origin_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_web_origin, origin_fields),
};

static const cyaml_schema_field_t web_fields[] = {
    SETTINGS_TEXT("name", SETTINGS_REQUIRED, struct raw_web, name, SETTINGS_TEXT_MAX),
    SETTINGS_TEXT("url", SETTINGS_REQUIRED, struct raw_web, url, WEB_URL_MAX),
    SETTINGS_TEXT("connect", SETTINGS_OPTIONAL, struct raw_web, connect, SETTINGS_TEXT_MAX),
    SETTINGS_TEXT("ca", SETTINGS_OPTIONAL, struct raw_web, ca, SETTINGS_PATH_MAX),
    SETTINGS_TEXT("user_agent", SETTINGS_OPTIONAL, struct raw_web, user_agent, SETTINGS_TEXT_MAX),
    CYAML_FIELD_SEQUENCE("origins", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_web,
	origins, &origin_entry, 1, WEB_ORIGINS_MAX),
    CYAML_FIELD_UINT("redirects", SETTINGS_OPTIONAL, struct raw_web, redirects),
    CYAML_FIELD_UINT("seconds", SETTINGS_OPTIONAL, struct raw_web, seconds),
    CYAML_FIELD_UINT("mebibytes", SETTINGS_OPTIONAL, struct raw_web, mebibytes),
    CYAML_FIELD_UINT("scripts", SETTINGS_OPTIONAL, struct raw_web, scripts),
    CYAML_FIELD_END,
};

const cyaml_schema_value_t web_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_web, web_fields),
};

#define NUMBER(key, standard, least, most)                                                         \
	{                                                                                          \
		"." #key, offsetof(struct raw_web, key), offsetof(struct collector_web, key),      \
		    standard, least, most                                                          \
	}
/* The same, of each page. */
static const struct settings_number numbers[] = {
    /* From http to https, from a host to its www, to the page: with one to spare. */
    NUMBER(redirects, 4, 0, 20),
    /* Less than the budget of the workload's other measuring leaves. */
    NUMBER(seconds, 20, 1, 600),
    /* What shops send is some 5. */
    NUMBER(mebibytes, 32, 1, 1024),
    NUMBER(scripts, 500, 0, 5000),
};

/* Where in the file something is being taken. */
struct place {
	struct settings *s;
	size_t workload;
	char key[SETTINGS_ENTRY_KEY_MAX];
};

static void take_page(
    struct place *p, const struct raw_web *raw, size_t index, struct collector_web *to);
static const char *take_url(struct place *p, size_t index, const char *name, const char *url);
static const char *take_connect(
    struct place *p, size_t index, const char *name, const char *connect);
static bool name_is_good(const char *name);
static bool is_text(const char *text);
static const char *key_of(struct place *p, size_t index, const char *name);

const struct collector_web *
web_take(struct settings *s, const struct raw_web *raw, size_t count, size_t index)
{
	struct collector_web *pages = settings_new(s, count, sizeof(*pages));
	struct place p = {.s = s, .workload = index};

	for (size_t i = 0; i < count; i++) {
		take_page(&p, &raw[i], i, &pages[i]);
		for (size_t j = 0; j < i && pages[i].name != NULL; j++)
			if (pages[j].name != NULL && strcmp(pages[i].name, pages[j].name) == 0)
				settings_fault(s, key_of(&p, i, ".name"),
				    "\"%s\": two pages of the workload are called \"%s\"", p.key,
				    pages[i].name);
	}
	return pages;
}

static void
take_page(struct place *p, const struct raw_web *raw, size_t index, struct collector_web *to)
{
	struct collector_web_origin *origins =
	    settings_new(p->s, raw->origins_count, sizeof(*origins));
	char rest[48];

	if (raw->name != NULL && name_is_good(raw->name))
		to->name = raw->name;
	else if (raw->name != NULL)
		settings_fault(p->s, key_of(p, index, ".name"),
		    "\"%s\" must be 1 to %d letters, digits, \"_\", \"-\" and \".\"; found \"%s\"",
		    p->key, WEB_NAME_MAX, raw->name);
	to->url = take_url(p, index, ".url", raw->url);
	to->connect = take_connect(p, index, ".connect", raw->connect);
	/* Who fetches reads it, and nobody else that has this configuration may have to. */
	to->ca = settings_path(p->s, raw->ca);
	if (raw->user_agent != NULL && !is_text(raw->user_agent))
		settings_fault(p->s, key_of(p, index, ".user_agent"),
		    "\"%s\" must be printable ASCII", p->key);
	to->agent = raw->user_agent;
	for (size_t i = 0; i < raw->origins_count; i++) {
		(void)snprintf(rest, sizeof(rest), ".origins[%zu].url", i);
		origins[i].url = take_url(p, index, rest, raw->origins[i].url);
		(void)snprintf(rest, sizeof(rest), ".origins[%zu].connect", i);
		origins[i].connect = take_connect(p, index, rest, raw->origins[i].connect);
	}
	to->origins = origins;
	to->origin_count = raw->origins_count;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct settings_number n = numbers[i];

		n.key = key_of(p, index, numbers[i].key);
		settings_numbers(p->s, &n, 1, raw, to);
	}
}

static const char *
take_url(struct place *p, size_t index, const char *name, const char *url)
{
	const char *host = url == NULL                        ? NULL
			   : strncmp(url, "https://", 8) == 0 ? url + 8
			   : strncmp(url, "http://", 7) == 0  ? url + 7
							      : NULL;

	if (url == NULL)
		return NULL;
	if (host != NULL && is_text(url) && strchr(url, ' ') == NULL && *host != '\0' &&
	    *host != '/' && memchr(host, '@', strcspn(host, "/?#")) == NULL)
		return url;
	settings_fault(p->s, key_of(p, index, name),
	    "\"%s\" must be a URL that begins with https:// or http:// and has no user's name; "
	    "found \"%s\"",
	    p->key, url);
	return NULL;
}

static const char *
take_connect(struct place *p, size_t index, const char *name, const char *connect)
{
	const char *host;
	uint16_t port;

	if (connect == NULL ||
	    !settings_address(p->s, key_of(p, index, name), connect, true, &host, &port))
		return NULL;
	return connect;
}

static bool
name_is_good(const char *name)
{
	const size_t size = strlen(name);

	return size <= WEB_NAME_MAX &&
	       name[strspn(name,
		   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")] == '\0';
}

static bool
is_text(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

static const char *
key_of(struct place *p, size_t index, const char *name)
{
	char rest[80];

	(void)snprintf(rest, sizeof(rest), ".web[%zu]%s", index, name);
	return settings_entry_key(p->key, "workloads", p->workload, rest);
}
