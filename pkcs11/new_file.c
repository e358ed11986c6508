#include "pkcs11/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "pkcs11/ground/complain.h"

enum err
new_file_make(const char *path, const char *what, struct new_file *out)
{
	out->path = path;
	out->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (out->fd >= 0)
		return ERR_OK;
	complain("%s: cannot write %s: %s%s", path, what, strerror(errno),
	    errno == EEXIST ? "; it stays as it is: name a new file" : "");
	return ERR_IO;
}

enum err
new_file_write(struct new_file *f, const char *what, struct view content)
{
	bool good = true;

	while (good && content.size > 0) {
		const ssize_t written = write(f->fd, content.data, content.size);

		good = written > 0 || (written < 0 && errno == EINTR);
		if (written > 0) {
			content.data += written;
			content.size -= (size_t)written;
		}
	}
	if (good && fsync(f->fd) == 0) {
		close(f->fd);
		f->fd = -1;
		return ERR_OK;
	}
	complain("%s: cannot write %s: %s", f->path, what, strerror(errno));
	new_file_drop(f);
	return ERR_IO;
}

void
new_file_drop(struct new_file *f)
{
	if (f->fd < 0)
		return;
	(void)unlink(f->path);
	close(f->fd);
	f->fd = -1;
}
