#include "register/front/request_scan.h"

enum class {
	OTHER, /* control characters, which stand nowhere */
	CR,
	LF,
	SPACE,
	TAB,
	COLON,
	TOKEN,   /* RFC 9110, 5.6.2 */
	VISIBLE, /* delimiters */
	HIGH,    /* from 0x80 on */
	CLASSES,
};

/* BAD is 0: what the table does not name. */
enum state {
	BAD,
	BEGIN,
	BEGIN_CR,
	METHOD_FIRST,
	METHOD,
	TARGET_FIRST,
	TARGET,
	VERSION,
	LINE_CR,
	FIELD, /* at the start of a line */
	NAME,
	VALUE,
	LAST_CR,
	END,
	STATES,
};

static const uint8_t moves[STATES][CLASSES] = {
    [BEGIN] = {[CR] = BEGIN_CR, [TOKEN] = METHOD},
    [BEGIN_CR] = {[LF] = METHOD_FIRST},
    [METHOD_FIRST] = {[TOKEN] = METHOD},
    [METHOD] = {[TOKEN] = METHOD, [SPACE] = TARGET_FIRST},
    [TARGET_FIRST] = {[TOKEN] = TARGET, [VISIBLE] = TARGET},
    [TARGET] = {[TOKEN] = TARGET, [VISIBLE] = TARGET, [COLON] = TARGET, [SPACE] = VERSION},
    [VERSION] = {[TOKEN] = VERSION, [VISIBLE] = VERSION, [CR] = LINE_CR},
    [LINE_CR] = {[LF] = FIELD},
    [FIELD] = {[TOKEN] = NAME, [CR] = LAST_CR},
    [NAME] = {[TOKEN] = NAME, [COLON] = VALUE},
    [VALUE] = {[TOKEN] = VALUE,
	[VISIBLE] = VALUE,
	[COLON] = VALUE,
	[SPACE] = VALUE,
	[TAB] = VALUE,
	[HIGH] = VALUE,
	[CR] = LINE_CR},
    [LAST_CR] = {[LF] = END},
};

/* By byte; RFC 9110, 5.6.2, has the tokens. */
static const uint8_t classes[256] = {
    ['\t'] = TAB,
    ['\n'] = LF,
    ['\r'] = CR,
    [' '] = SPACE,
    ['!'] = TOKEN,
    ['"'] = VISIBLE,
    ['#' ... '\''] = TOKEN,
    ['(' ... ')'] = VISIBLE,
    ['*' ... '+'] = TOKEN,
    [','] = VISIBLE,
    ['-' ... '.'] = TOKEN,
    ['/'] = VISIBLE,
    ['0' ... '9'] = TOKEN,
    [':'] = COLON,
    [';' ... '@'] = VISIBLE,
    ['A' ... 'Z'] = TOKEN,
    ['[' ... ']'] = VISIBLE,
    ['^' ... 'z'] = TOKEN,
    ['{'] = VISIBLE,
    ['|'] = TOKEN,
    ['}'] = VISIBLE,
    ['~'] = TOKEN,
    [0x80 ... 0xff] = HIGH,
};

static unsigned too_long(const struct request_scan *s);

unsigned
request_scan(struct request_scan *s, struct view bytes, size_t *size)
{
	uint8_t state = s->state == BAD ? BEGIN : s->state;
	unsigned refused = 0;

	*size = 0;
	while (s->at < bytes.size && state != END && refused == 0) {
		state = moves[state][classes[bytes.data[s->at++]]];
		refused = state == BAD ? 400 : too_long(s);
		if (state == FIELD)
			s->line = true;
	}
	s->state = state;
	if (state == END)
		*size = s->at;
	return refused;
}

static unsigned
too_long(const struct request_scan *s)
{
	if (!s->line && s->at > REQUEST_LINE_SIZE_MAX)
		return 414;
	return s->at > REQUEST_HEAD_SIZE_MAX ? 431 : 0;
}
