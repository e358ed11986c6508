#include "collector/watch/lay.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/inotify.h>

#define PATH_SIZE 32 /* bytes with NUL: /proc/self/fd/ and a number */

#define CHANGES (IN_MODIFY | IN_ATTRIB)
#define ITSELF  (IN_MOVE_SELF | IN_DELETE_SELF)
#define NAMES   (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)

static struct {
	bool begun;
	bool full; /* the kernel gives no more */
	int instance;
	uint32_t laid, lacking;
} watch;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void lay(int fd, uint32_t mask);

void
watch_begin(int instance)
{
	watch.begun = true;
	watch.full = instance < 0;
	watch.instance = instance;
	watch.laid = watch.lacking = 0;
}

bool
watch_is_wanted(void)
{
	return watch.begun;
}

/* That its last name has gone, or that another file has taken it, is one of its attributes, too. */
void
watch_file(int fd)
{
	lay(fd, CHANGES | ITSELF);
}

void
watch_directory(int fd, enum watch_scope scope)
{
	static const uint32_t of[] = {
	    [WATCH_ITSELF] = 0, [WATCH_NAMES] = NAMES, [WATCH_ALL] = NAMES | CHANGES};

	lay(fd, of[scope] | ITSELF | IN_ONLYDIR);
}

uint32_t
watch_laid(void)
{
	return watch.laid;
}

uint32_t
watch_lacking(void)
{
	return watch.lacking;
}

/* What has one already gets its number again; numbers rise from 1, and none is taken back. */
static void
lay(int fd, uint32_t mask)
{
	char path[PATH_SIZE];
	int number = -1;

	if (!watch.begun)
		return;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	(void)pthread_mutex_lock(&lock);
	if (!watch.full)
		number = inotify_add_watch(watch.instance, path, mask | IN_MASK_ADD);
	if (number < 0) {
		watch.full = watch.full || errno == ENOSPC || errno == ENOMEM;
		watch.lacking++;
	} else if ((uint32_t)number > watch.laid) {
		watch.laid = (uint32_t)number;
		watch.full = watch.laid >= WATCH_MOST;
	}
	(void)pthread_mutex_unlock(&lock);
}
