/*
 * Preloaded into the signer and its key process: as long as the test wants it, no thread can be
 * had. The file that HALLMARK_NO_THREADS names is shared with the test (resources.py).
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct control {
	_Atomic uint32_t denied; /* not 0: from now on */
	_Atomic uint32_t hits;   /* threads that were asked for and not given */
};

static struct control *control;

static void __attribute__((constructor)) control_map(void)
{
	const char *name = getenv("HALLMARK_NO_THREADS");
	int fd = name != NULL ? open(name, O_RDWR | O_CLOEXEC) : -1;

	if (fd < 0)
		abort();
	control = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (control == MAP_FAILED)
		abort();
	close(fd);
}

int
pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attributes,
    void *(*run)(void *), void *restrict argument)
{
	__typeof__(&pthread_create) real =
	    (__typeof__(&pthread_create))dlsym(RTLD_NEXT, "pthread_create");

	if (control != NULL && atomic_load(&control->denied) != 0) {
		atomic_fetch_add(&control->hits, 1);
		return EAGAIN; /* as at the system's limit */
	}
	return real(thread, attributes, run, argument);
}
