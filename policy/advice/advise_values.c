/*
 * Of patterns that no value of their fact is like. Where that is something to be refused, it is
 * refused nowhere, and the workload is affirming with it: `uid` is a number, and never "root".
 */
#include <stdio.h>
#include <string.h>

#include "policy/advice/advising.h"
#include "policy/compile/draft.h"
#include "proto/evidence/redacted.h"
#include "proto/glob.h"

#define DECIMAL      "0123456789"
#define A_CAPABILITY 16 /* digits */

/* What the values of a fact are made of (PROTOCOL.md, section 4). */
struct form {
	const char *name;   /* of the fact, or what stands before a `*` */
	const char *of;     /* these characters; NULL: any */
	const char *never;  /* and none of these; NULL: any */
	const char *always; /* this is in each of them; NULL: nothing */
	size_t size;        /* so many bytes; 0: it differs */
	bool classes;       /* begins with the class of a number, and a space */
	const char *mend;
};

static const struct form forms[] = {
    {.name = "uid", .of = DECIMAL, .mend = "write the number of the user: `id -u NAME`"},
    {.name = "gid", .of = DECIMAL, .mend = "write the number of the group: `getent group NAME`"},
    {.name = "groups", .of = DECIMAL, .mend = "write the number of the group: `getent group NAME`"},
    {.name = "tracer",
	.of = DECIMAL,
	.mend = "it is the number of the debugger's process, \"0\" without one"},
    {.name = "no_new_privs", .of = DECIMAL, .size = 1, .mend = "it is \"0\" or \"1\""},
    {.name = "seccomp",
	.of = DECIMAL,
	.size = 1,
	.mend = "it is \"0\" (none), \"1\" (strict) or \"2\" (a filter)"},
    {.name = "capabilities_*",
	.of = DECIMAL "abcdef",
	.size = A_CAPABILITY,
	.mend = "it is 16 lower-case hex digits, as `hallmark-collector measure NAME` shows them; "
		"`capsh --decode=HEX` names those of a number. List under \"allow\" the numbers "
		"that may be"},
    {.name = "environment_names",
	.never = "=",
	.mend = "these are names alone, without \"=\" and what stands behind it"},
    {.name = "dpkg",
	.always = " ",
	.mend = "it is name, version and architecture: \"NAME *\" is any version"},
    {.name = "rpm",
	.always = " ",
	.mend = "it is name, version and architecture: \"NAME *\" is any version"},
    {.name = "apk",
	.always = " ",
	.mend = "it is name, version and architecture: \"NAME *\" is any version"},
    {.name = "processes",
	.always = " ",
	.classes = true,
	.mend = "a number stands before each program, as its class, which is 1, 2-9, 10-99, "
		"100-999, 1000-9999 or 10000-: \"2-9 /usr/bin/app\"; \"* /usr/bin/app\" is any"},
    {.name = "listening",
	.always = " ",
	.mend = "the protocol stands before each address: \"tcp* *:22\", for example"},
};

static void advise_pattern(const struct advising *a, const char *key, struct view name,
    struct view pattern, const char *means);
static const struct form *form_of(struct view name);
static bool can_match(const struct form *form, struct view pattern);
static bool can_begin(struct view pattern);
static bool is_class(struct view word);
static void advise_number(const struct advising *a, const char *key, const struct fact_demand *d);
static void advise_recorded(const struct advising *a, const char *key, struct view pattern);

void
advise_values(const struct advising *a, const char *key, const struct fact_demand *d)
{
	const struct {
		const struct patterns *patterns;
		const char *means;
	} said[] = {
	    {&d->deny, "nothing is refused by it"},
	    {&d->where, "nothing is looked at"},
	    {&d->require, "the workload can never be affirming"},
	    {&d->equals, "the workload can never be affirming"},
	    {&d->allow, "it allows nothing"},
	};
	const bool variables = view_equal(d->name, VIEW_LITERAL("environment")) && d->word == 0;

	for (size_t s = 0; s < sizeof(said) / sizeof(said[0]); s++)
		/* Of a word there is less than of the whole: these say nothing of its size. */
		for (size_t i = 0; d->word == 0 && i < said[s].patterns->count; i++)
			advise_pattern(
			    a, key, d->name, said[s].patterns->pattern[i], said[s].means);
	for (size_t i = 0; variables && i < d->deny.count; i++)
		advise_recorded(a, key, d->deny.pattern[i]);
	if (d->number.limit_count > 0)
		advise_number(a, key, d);
}

static void
advise_pattern(const struct advising *a, const char *key, struct view name, struct view pattern,
    const char *means)
{
	const struct form *form = form_of(name);

	if (form == NULL || can_match(form, pattern))
		return;
	advise(a, key, "no value of \"%.*s\" is ever like \"%.*s\": %s", view_precision(name),
	    (const char *)name.data, view_precision(pattern), (const char *)pattern.data, means);
	advices_mend(a->to, "%s", form->mend);
}

static const struct form *
form_of(struct view name)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (glob_match(view_of_string(forms[i].name), name, GLOB_TEXT))
			return &forms[i];
	return NULL;
}

/*
 * Each character that stands there has to be one that values have, and not too many of them; what
 * all values have has to be there, or something that may stand for it.
 */
static bool
can_match(const struct form *form, struct view pattern)
{
	size_t size = 0;
	bool any = false, open = false;

	if (redacted_is_alike(pattern))
		return true; /* it stands in the place of a value that is hidden */
	for (size_t i = 0; i < pattern.size; i++) {
		char c = (char)pattern.data[i];

		if (c == '*') {
			any = open = true;
			continue;
		}
		size++;
		if (c == '?') {
			open = true;
			continue;
		}
		if (c == '\\' && i + 1 < pattern.size)
			c = (char)pattern.data[++i];
		if ((form->of != NULL && strchr(form->of, c) == NULL) ||
		    (form->never != NULL && strchr(form->never, c) != NULL))
			return false;
	}
	if (form->always != NULL && !open &&
	    memchr(pattern.data, form->always[0], pattern.size) == NULL)
		return false;
	if (form->classes && !can_begin(pattern))
		return false;
	return form->size == 0 || (any ? size <= form->size : size == form->size);
}

/* A * or ? there may stand for the space, too, and so for anything. */
static bool
can_begin(struct view pattern)
{
	const uint8_t *space = memchr(pattern.data, ' ', pattern.size);
	const struct view word = {pattern.data, space != NULL ? (size_t)(space - pattern.data) : 0};

	for (size_t i = 0; i < word.size; i++)
		if (strchr("*?\\", (char)word.data[i]) != NULL)
			return true;
	return space == NULL || is_class(word);
}

static bool
is_class(struct view word)
{
	static const char *const classes[] = {
	    "1", "2-9", "10-99", "100-999", "1000-9999", "10000-"};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (view_equal(word, view_of_string(classes[i])))
			return true;
	return false;
}

/* Of the classes the first alone is a number: a range that means more holds for one process. */
static void
advise_number(const struct advising *a, const char *key, const struct fact_demand *d)
{
	static const struct view one = VIEW_LITERAL("1");
	const struct form *form = form_of(d->name);

	if (form == NULL || !form->classes || d->word > 1)
		return;
	if (d->word == 1 && range_holds(&d->number, one) &&
	    !range_holds(&d->number, (struct view)VIEW_LITERAL("2")))
		return;
	advise(a, key, "\"%.*s\" has classes such as \"2-9\", which are no numbers: %s",
	    view_precision(d->name), (const char *)d->name.data,
	    d->word == 1 && range_holds(&d->number, one) ? "none but \"1\" is ever in the range"
							 : "the workload can never be affirming");
	advices_mend(a->to,
	    "list the classes that may be: \"word: 1\" with \"allow\", of 1, 2-9, 10-99, 100-999, "
	    "1000-9999 and 10000-");
}

/* A variable that the collector was not asked for is not among them, and so is never refused. */
static void
advise_recorded(const struct advising *a, const char *key, struct view pattern)
{
	const uint8_t *equal = memchr(pattern.data, '=', pattern.size);
	size_t behind = equal == NULL ? 0 : (size_t)(pattern.data + pattern.size - equal) - 1;

	while (behind > 0 && pattern.data[pattern.size - behind] == '*')
		behind--;
	if (behind > 0 || pattern.data[0] == '*' || redacted_is_alike(pattern))
		return; /* it may be about a value, of a variable that has to be there */
	advise(a, key,
	    "\"%.*s\" refuses at most what the collector was asked for (`environment` in its "
	    "configuration): the workload is affirming with any other variable",
	    view_precision(pattern), (const char *)pattern.data);
	advices_mend(
	    a->to, "refuse the name under the fact \"environment_names\", which has those of all");
}
