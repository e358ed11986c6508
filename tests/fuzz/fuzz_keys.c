/*
 * Configurations of lines, as the component `config` reads them: with sections after an 'i',
 * without after anything else.
 */
#include "collector/keys/lines.h"
#include "tests/fuzz/keys_component.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err read_sections(struct view text, struct keyed *to);
static enum err read_plain(struct view text, struct keyed *to);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0)
		keys_check(
		    data[0] == 'i' ? read_sections : read_plain, (struct view){data + 1, size - 1});
	return 0;
}

static enum err
read_sections(struct view text, struct keyed *to)
{
	return lines_read(text, true, to);
}

static enum err
read_plain(struct view text, struct keyed *to)
{
	return lines_read(text, false, to);
}
