#include "config/descriptors.h"

#include <fcntl.h>
#include <unistd.h>

enum err
descriptors_open_standard(void)
{
	int fd;

	do {
		if ((fd = open("/dev/null", O_RDONLY)) < 0)
			return ERR_IO;
	} while (fd <= STDERR_FILENO);
	return close(fd) == 0 ? ERR_OK : ERR_IO;
}
