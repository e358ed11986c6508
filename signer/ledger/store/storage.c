#include "signer/ledger/store/storage.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/statvfs.h>

#include "config/settings.h"
#include "journal/logger.h"

#define MIB (1024 * 1024ULL) /* bytes */

/* Low storage has to gain a part of the reserve: what is tidied away must not end it for a moment.
 */
#define GAIN_PARTS 4

/* One place, as it was last seen. */
struct place {
	const char *path;
	uint64_t free_bytes;
	uint64_t free_files;
	int error; /* why it could not be asked; 0 */
};

static void ask(struct place *p);
static bool is_short(const struct place *p, uint32_t reserve_mib, bool was_low);
static void say_low(const struct place *p, uint32_t reserve_mib);
static void say_ok(uint64_t free_bytes);

void
storage_init(struct storage *s, const struct signer_config *config)
{
	*s = (struct storage){.free_bytes = UINT64_MAX};
	s->index_directory = settings_parent(config->index_file);
}

void
storage_free(struct storage *s)
{
	free(s->index_directory);
	s->index_directory = NULL;
}

void
storage_look(struct storage *s, const struct signer_config *config)
{
	struct place places[] = {{.path = config->log_directory},
	    {.path = config->evidence_directory}, {.path = s->index_directory}};
	const uint32_t reserve_mib = config->limits.disk_reserve_mib;
	const struct place *lacking = NULL;

	s->free_bytes = UINT64_MAX;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct place *p = &places[i];

		ask(p);
		if (p->free_bytes < s->free_bytes)
			s->free_bytes = p->free_bytes;
		if (lacking == NULL && is_short(p, reserve_mib, s->low))
			lacking = p;
	}
	if (lacking != NULL && !s->low)
		say_low(lacking, reserve_mib);
	else if (lacking == NULL && s->low)
		say_ok(s->free_bytes);
	s->low = lacking != NULL;
}

static void
ask(struct place *p)
{
	struct statvfs fs;
	int result;

	do
		result = statvfs(p->path, &fs);
	while (result != 0 && errno == EINTR);
	if (result != 0) {
		p->error = errno;
		return;
	}
	p->free_bytes = fs.f_blocks > 0 ? (uint64_t)fs.f_bavail * fs.f_frsize : UINT64_MAX;
	p->free_files = fs.f_files > 0 ? fs.f_favail : UINT64_MAX;
}

static bool
is_short(const struct place *p, uint32_t reserve_mib, bool was_low)
{
	uint64_t bytes = reserve_mib * MIB, files = STORAGE_FILES_KEPT;

	if (reserve_mib == 0)
		return false;
	if (was_low) {
		bytes += bytes / GAIN_PARTS;
		files += files / GAIN_PARTS;
	}
	return p->free_bytes < bytes || p->free_files < files;
}

static void
say_low(const struct place *p, uint32_t reserve_mib)
{
	struct logline l;

	logline_begin(&l, LOGGER_ERROR, "storage-low");
	logline_string(&l, "path", p->path);
	if (p->error != 0)
		logline_errno(&l, p->error);
	logline_number(&l, "free_mib", p->free_bytes / MIB);
	logline_number(&l, "reserve_mib", reserve_mib);
	if (p->free_files < STORAGE_FILES_KEPT)
		logline_number(&l, "free_files", p->free_files);
	logline_string(&l, "mend",
	    "make room on that file system; until then new bundles are refused and counted as "
	    "storage-low");
	logline_end(&l);
}

static void
say_ok(uint64_t free_bytes)
{
	struct logline l;

	logline_begin(&l, LOGGER_INFO, "storage-ok");
	logline_number(&l, "free_mib", free_bytes / MIB);
	logline_string(&l, "text", "bundles are taken again");
	logline_end(&l);
}
