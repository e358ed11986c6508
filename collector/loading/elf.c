#include "collector/loading/elf.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEADERS_MAX 256  /* program headers; a program has 13 */
#define DYNAMIC_MAX 4096 /* entries; a program has 40 */

struct reading {
	int fd;
	struct elf *out;
	Elf64_Phdr headers[HEADERS_MAX];
	size_t header_count;
	uint64_t strings; /* where in the file the dynamic strings are */
};

static enum err read_headers(struct reading *r);
static enum err read_dynamic(struct reading *r, const Elf64_Phdr *h);
static enum err take_entries(struct reading *r, const Elf64_Dyn *entries, size_t count);
static enum err take_text(const struct reading *r, uint64_t at, uint64_t most, char **to);
static bool place_of(const struct reading *r, uint64_t address, uint64_t *offset);
static enum err read_at(int fd, void *to, size_t size, uint64_t offset);

enum err
elf_read(int fd, struct elf *out)
{
	struct reading *r = calloc(1, sizeof(*r));
	enum err e;

	memset(out, 0, sizeof(*out));
	if (r == NULL)
		return ERR_MEMORY;
	r->fd = fd;
	r->out = out;
	e = read_headers(r);
	for (size_t i = 0; e == ERR_OK && i < r->header_count; i++) {
		const Elf64_Phdr *h = &r->headers[i];

		if (h->p_type == PT_INTERP && out->interpreter == NULL)
			e = take_text(r, h->p_offset, h->p_filesz, &out->interpreter);
		else if (h->p_type == PT_DYNAMIC)
			e = read_dynamic(r, h);
	}
	free(r);
	return e;
}

void
elf_free(struct elf *e)
{
	free(e->interpreter);
	free(e->rpath);
	free(e->runpath);
	for (size_t i = 0; i < e->needed_count; i++)
		free(e->needed[i]);
	free(e->needed);
	memset(e, 0, sizeof(*e));
}

static enum err
read_headers(struct reading *r)
{
	Elf64_Ehdr h;
	enum err e;

	if ((e = read_at(r->fd, &h, sizeof(h), 0)) != ERR_OK)
		return e;
	if (memcmp(h.e_ident, ELFMAG, SELFMAG) != 0)
		return ERR_FORMAT;
	if (h.e_ident[EI_CLASS] != ELFCLASS64 || h.e_ident[EI_DATA] != ELFDATA2LSB)
		return ERR_UNSUPPORTED;
	r->out->machine = h.e_machine;
	r->header_count = h.e_phnum;
	if (h.e_phentsize != sizeof(Elf64_Phdr) || h.e_phnum > HEADERS_MAX)
		return ERR_FORMAT;
	return read_at(r->fd, r->headers, r->header_count * sizeof(Elf64_Phdr), h.e_phoff);
}

static enum err
read_dynamic(struct reading *r, const Elf64_Phdr *h)
{
	const size_t count = h->p_filesz / sizeof(Elf64_Dyn);
	Elf64_Dyn *entries;
	enum err e;

	if (count > DYNAMIC_MAX || r->out->needed != NULL)
		return ERR_FORMAT;
	entries = calloc(count + 1, sizeof(*entries));
	r->out->needed = calloc(ELF_NEEDED_MAX, sizeof(*r->out->needed));
	if (entries == NULL || r->out->needed == NULL)
		e = ERR_MEMORY;
	else if ((e = read_at(r->fd, entries, count * sizeof(*entries), h->p_offset)) == ERR_OK)
		e = take_entries(r, entries, count);
	free(entries);
	return e;
}

/* They end with DT_NULL, which stands behind them in our memory in any case. */
static enum err
take_entries(struct reading *r, const Elf64_Dyn *entries, size_t count)
{
	struct elf *out = r->out;
	bool has_strings = false;
	enum err e = ERR_OK;

	for (size_t i = 0; i < count && entries[i].d_tag != DT_NULL; i++)
		if (entries[i].d_tag == DT_STRTAB)
			has_strings = place_of(r, entries[i].d_un.d_ptr, &r->strings);
	for (size_t i = 0; e == ERR_OK && i < count && entries[i].d_tag != DT_NULL; i++) {
		const uint64_t at = r->strings + entries[i].d_un.d_val;
		char **to = NULL;

		if (entries[i].d_tag == DT_NEEDED && out->needed_count < ELF_NEEDED_MAX)
			to = &out->needed[out->needed_count];
		else if (entries[i].d_tag == DT_NEEDED)
			return ERR_FORMAT;
		else if (entries[i].d_tag == DT_RPATH && out->rpath == NULL)
			to = &out->rpath;
		else if (entries[i].d_tag == DT_RUNPATH && out->runpath == NULL)
			to = &out->runpath;
		if (to == NULL)
			continue;
		e = has_strings && entries[i].d_un.d_val <= UINT32_MAX
			? take_text(r, at, ELF_TEXT_MAX, to)
			: ERR_FORMAT;
		out->needed_count += e == ERR_OK && entries[i].d_tag == DT_NEEDED;
	}
	return e;
}

/* Up to its NUL, which has to be among the first `most` bytes. */
static enum err
take_text(const struct reading *r, uint64_t at, uint64_t most, char **to)
{
	char text[ELF_TEXT_MAX];
	ssize_t got;

	if (most > sizeof(text))
		most = sizeof(text);
	if (at > INT64_MAX || (got = pread(r->fd, text, (size_t)most, (off_t)at)) < 0)
		return at > INT64_MAX ? ERR_FORMAT : ERR_IO;
	if (memchr(text, '\0', (size_t)got) == NULL)
		return ERR_FORMAT;
	*to = strdup(text);
	return *to != NULL ? ERR_OK : ERR_MEMORY;
}

/* Where in the file an address is. */
static bool
place_of(const struct reading *r, uint64_t address, uint64_t *offset)
{
	for (size_t i = 0; i < r->header_count; i++) {
		const Elf64_Phdr *h = &r->headers[i];

		if (h->p_type != PT_LOAD || address < h->p_vaddr ||
		    address - h->p_vaddr >= h->p_filesz)
			continue;
		*offset = address - h->p_vaddr + h->p_offset;
		return true;
	}
	return false;
}

static enum err
read_at(int fd, void *to, size_t size, uint64_t offset)
{
	ssize_t got;

	if (offset > INT64_MAX)
		return ERR_FORMAT;
	if ((got = pread(fd, to, size, (off_t)offset)) < 0)
		return ERR_IO;
	return (size_t)got == size ? ERR_OK : ERR_FORMAT;
}
