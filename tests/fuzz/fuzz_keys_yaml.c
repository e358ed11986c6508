/*
 * Configurations in YAML, as the component `config` reads them.
 */
#include "collector/keys/yaml.h"
#include "tests/fuzz/keys_component.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	keys_check(yaml_keys_read, (struct view){data, size});
	return 0;
}
