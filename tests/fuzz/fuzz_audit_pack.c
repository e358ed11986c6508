/*
 * A pack file of evidence, in a directory of its own: whatever is in it, what is given out has the
 * digest that it was asked by.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log/evidence_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char directory[] = "/tmp/hallmark-fuzz-XXXXXX";
static char pack[sizeof(directory) + 16];

static void
remove_directory(void)
{
	unlink(pack);
	rmdir(directory);
}

static void
write_pack(const uint8_t *data, size_t size)
{
	int fd;

	if (pack[0] == '\0') {
		if (mkdtemp(directory) == NULL || atexit(remove_directory) != 0)
			abort();
		(void)snprintf(pack, sizeof(pack), "%s/pack-00000001", directory);
	}
	fd = open(pack, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size || close(fd) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct findings quiet = {.tell = NULL};
	struct evidence_reader *r;
	struct digest digest, found;

	write_pack(data, size);
	if (evidence_reader_open(directory, &quiet, &r) != OUTCOME_GOOD)
		abort(); /* torn and damaged packs are told, and are no error */
	/* Asked for by whatever may be a digest in a header. */
	for (size_t at = 0; at + PACK_HEADER_SIZE <= size && at < 512; at++) {
		for (unsigned kind = PACK_COMPONENT; kind <= PACK_CA; kind++) {
			struct buf content = BUF_INIT;

			memcpy(digest.bytes, data + at + 16, DIGEST_SIZE);
			if (evidence_reader_get(r, (enum pack_kind)kind, &digest, &content) ==
			    ERR_OK) {
				digest_of(content.data, content.size, &found);
				if (!digest_equal(&digest, &found))
					abort();
			}
			buf_free(&content);
		}
	}
	evidence_reader_close(&r);
	return 0;
}
