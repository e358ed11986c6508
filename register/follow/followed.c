#include "register/follow/followed.h"

const char *
followed_alarm_name(enum followed_alarm_kind kind)
{
#define FOLLOWED_ALARM_NAME(identifier, name) [identifier] = (name),
	static const char *const names[] = {FOLLOWED_ALARM_MAP(FOLLOWED_ALARM_NAME)};
#undef FOLLOWED_ALARM_NAME

	return (size_t)kind < FOLLOWED_ALARM_COUNT ? names[kind] : "unknown";
}
