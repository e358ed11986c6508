#include "policy/sources/source_json.h"

#include <string.h>

#include "policy/sources/json_text.h"
#include "policy/sources/provenance.h"
#include "policy/sources/sbom.h"

/* No line of a set begins with any of these. */
bool
source_json_is(struct view text)
{
	return text.size > 0 && memchr("{[ \t\r\n", text.data[0], 6) != NULL;
}

enum err
source_json_read(const char *file, struct view text, const struct source_options *o,
    struct faults *faults, struct set_draft *to)
{
	json_t *document;
	enum err e = json_text_parse(file, text, faults, &document);

	if (e != ERR_OK)
		return e;
	if (json_object_get(document, "payloadType") != NULL)
		e = provenance_read(file, document, o, faults, to);
	else if (o->signed_only)
		e = source_fail(file, faults, SOURCE_UNSIGNED, (struct view){NULL, 0});
	else if (json_object_get(document, "bomFormat") != NULL)
		e = sbom_read_cyclonedx(file, document, o, faults, to);
	else if (json_object_get(document, "spdxVersion") != NULL)
		e = sbom_read_spdx(file, document, o, faults, to);
	else if (json_object_get(document, "predicateType") != NULL)
		e = source_fail(file, faults,
		    "is a statement that nobody has signed: expected it in a DSSE envelope",
		    (struct view){NULL, 0});
	else
		e = source_fail(file, faults,
		    "is none of the JSON that is read: CycloneDX, SPDX 2.3, in-toto in DSSE",
		    (struct view){NULL, 0});
	json_decref(document);
	return e;
}
