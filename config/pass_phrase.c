#include "config/pass_phrase.h"

#include <stdbool.h>
#include <stddef.h>

int
pass_phrase_refuse(char *to, int size, int writing, void *asked)
{
	(void)to;
	(void)size;
	(void)writing;
	if (asked != NULL)
		*(bool *)asked = true;
	return -1;
}
