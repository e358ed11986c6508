#include "collector/rights.h"

#include <errno.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#include "collector/filter.h"

static const cap_value_t needed[] = {CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH, CAP_CHECKPOINT_RESTORE};

static enum err keep_needed(cap_t held, cap_t kept);

enum err
rights_drop(struct trouble *t)
{
	cap_t held = cap_get_proc(), kept = cap_init();
	enum err e = ERR_MEMORY;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		e = ERR_IO;
	else if (held != NULL && kept != NULL)
		e = keep_needed(held, kept);
	if (e == ERR_OK) {
		/* The bounding set needs CAP_SETPCAP; without it there is nothing to gain anyway.
		 */
		for (int c = 0; c <= cap_max_bits(); c++) {
			cap_flag_value_t is_kept = CAP_CLEAR;

			if (cap_get_flag(kept, c, CAP_PERMITTED, &is_kept) == 0 &&
			    is_kept == CAP_CLEAR)
				(void)cap_drop_bound(c);
		}
		(void)cap_reset_ambient();
		if (cap_set_proc(kept) != 0)
			e = ERR_IO;
	}
	if (e == ERR_OK)
		e = filter_enter(t);
	else
		(void)trouble_set(t, e, "capabilities cannot be given up: %s", strerror(errno));
	if (held != NULL)
		(void)cap_free(held);
	if (kept != NULL)
		(void)cap_free(kept);
	return e;
}

static enum err
keep_needed(cap_t held, cap_t kept)
{
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		cap_flag_value_t is_held = CAP_CLEAR;

		if (cap_get_flag(held, needed[i], CAP_PERMITTED, &is_held) != 0)
			continue; /* a capability that this kernel does not know */
		if (is_held == CAP_SET &&
		    (cap_set_flag(kept, CAP_PERMITTED, 1, &needed[i], CAP_SET) != 0 ||
			cap_set_flag(kept, CAP_EFFECTIVE, 1, &needed[i], CAP_SET) != 0))
			return ERR_IO;
	}
	return ERR_OK;
}
