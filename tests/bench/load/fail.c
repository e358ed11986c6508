#include "tests/bench/load/fail.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void
fail(const char *what)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;

	fprintf(stderr, "load: %s: %s%s%s\n", what, strerror(errno), reason != NULL ? "; " : "",
	    reason != NULL ? reason : "");
	exit(1);
}
