/*
 * Sources of all kinds, by their files: taken whole or not at all; and statements without their
 * envelope, which no input could sign.
 */
#include <string.h>

#include "policy/sources/json_text.h"
#include "policy/sources/provenance.h"
#include "policy/sources/source.h"
#include "policy/sources/source_key.h"
#include "tests/fuzz/drafted_set.h"
#include "tests/fuzz/scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_statement(const struct source_options *o, struct view text);

/* It signed one envelope ever, corpus/source/signed, and is thrown away. */
static const char public_key[] = "-----BEGIN PUBLIC KEY-----\n"
				 "MCowBQYDK2VwAyEAjMjj+oBXD/gVrkpexh/VLq14dBH1PfSpDR7BM7B5NgM=\n"
				 "-----END PUBLIC KEY-----\n";

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char key[128], source[128];
	static struct source_keys keys;
	struct source_options options = {
	    .under = size % 2 != 0 ? "/opt" : NULL,
	    .builders = {1, {"https://build.example/trusted"}},
	    .build_types = {1, {"https://build.example/make/v1"}},
	    .parameters = {2, {"ref=refs/tags/v1", "steps={\"test\":true,\"n\":[1,2]}"}},
	};
	struct faults faults = FAULTS_INIT;
	struct set_draft *draft = set_draft_new();
	enum err e;

	if (key[0] == 0) {
		scratch_write("key.pem", (const uint8_t *)public_key, strlen(public_key));
		(void)snprintf(key, sizeof(key), "%s/key.pem", scratch_directory());
		(void)snprintf(source, sizeof(source), "%s/source", scratch_directory());
		if (source_key_load(key, &faults, &keys) != ERR_OK)
			abort();
	}
	options.keys = keys;
	scratch_write("source", data, size);
	e = source_read(source, &options, &faults, draft);
	if ((e == ERR_OK) != (faults.count == 0))
		abort();
	if (e == ERR_OK)
		drafted_set_read_again(draft);
	set_draft_free(&draft);
	faults_free(&faults);
	read_statement(&options, (struct view){data, size});
	return 0;
}

static void
read_statement(const struct source_options *o, struct view text)
{
	struct faults faults = FAULTS_INIT;
	struct set_draft *draft = set_draft_new();
	json_t *statement;
	enum err e = json_text_parse("fuzz", text, &faults, &statement);

	if (e == ERR_OK)
		e = provenance_read_statement("fuzz", statement, o, &faults, draft);
	if ((e == ERR_OK) != (faults.count == 0))
		abort();
	if (e == ERR_OK)
		drafted_set_read_again(draft);
	json_decref(statement);
	set_draft_free(&draft);
	faults_free(&faults);
}
