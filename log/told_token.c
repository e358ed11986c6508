#include "log/told_token.h"

#include <string.h>

static void take_text(char *to, struct view text);

void
told_token_take(
    struct told_token *t, const struct token_seen *seen, uint64_t index, uint64_t issued_s)
{
	t->known = true;
	t->index = index;
	t->issued_s = issued_s;
	take_text(t->label, seen->label);
	take_text(t->manufacturer, seen->manufacturer);
	take_text(t->model, seen->model);
	take_text(t->serial, seen->serial);
	take_text(t->firmware, seen->firmware);
	t->changes += seen->change_count;
	if (seen->change_count > 0)
		t->changed_index = index;
}

static void
take_text(char *to, struct view text)
{
	if (text.size > 0)
		memcpy(to, text.data, text.size);
	to[text.size] = '\0';
}
