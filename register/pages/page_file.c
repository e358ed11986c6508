#include "register/pages/page_file.h"

/*
 * The assembler puts each file between two symbols; the Makefile has them as what this object is
 * made of. Paths are from the root of the sources, as those of headers are.
 */
#define EMBED(identifier, file, type)                                                              \
	__asm__(".pushsection .rodata\n"                                                           \
		".global page_file_begin_" #identifier "\n"                                        \
		"page_file_begin_" #identifier ":\n"                                               \
		".incbin \"register/web/" file "\"\n"                                              \
		".global page_file_end_" #identifier "\n"                                          \
		"page_file_end_" #identifier ":\n"                                                 \
		".popsection\n");                                                                  \
	extern const uint8_t page_file_begin_##identifier[], page_file_end_##identifier[];
PAGE_FILE_MAP(EMBED)
#undef EMBED

#define ROW(identifier, file, type) [PAGE_FILE_##identifier] = {file, type},
static const struct page_file files[PAGE_FILES] = {PAGE_FILE_MAP(ROW)};
#undef ROW

#define SPAN(identifier, file, type)                                                               \
	[PAGE_FILE_##identifier] = {page_file_begin_##identifier, page_file_end_##identifier},
static const struct {
	const uint8_t *begin, *end;
} spans[PAGE_FILES] = {PAGE_FILE_MAP(SPAN)};
#undef SPAN

const struct page_file *
page_file(enum page_file_number n)
{
	return &files[n];
}

struct view
page_file_content(enum page_file_number n)
{
	return (struct view){spans[n].begin, (size_t)(spans[n].end - spans[n].begin)};
}

enum page_file_number
page_file_find(struct view name)
{
	for (unsigned n = 0; n < PAGE_FILES; n++)
		if (view_equal(name, view_of_string(files[n].name)))
			return (enum page_file_number)n;
	return PAGE_FILES;
}
