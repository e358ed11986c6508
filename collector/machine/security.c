#include "collector/machine/security.h"

#include <stdio.h>
#include <string.h>

#include "collector/ground/small_file.h"
#include "proto/digest.h"
#include "proto/encoding.h"

#define VULNERABILITIES_PATH "sys/devices/system/cpu/vulnerabilities"
#define SECURITY_PATH        "sys/kernel/security"
#define IPE_PATH             SECURITY_PATH "/ipe"
#define POLICIES_PATH        IPE_PATH "/policies"
#define PATH_SIZE            512           /* bytes */
#define POLICY_SIZE_MAX      (1024 * 1024) /* bytes of a signed policy */

static enum err add_vulnerabilities(const struct machine *m, const char *name);
static machine_name take_vulnerability;
static enum err add_ipe(const struct machine *m, const char *name);
static machine_name take_policy;
static void append_or_dash(const struct machine *m, const char *path, struct buf *to);
static enum err add_lockdown(const struct machine *m, const char *name);
static enum err add_lsm(const struct machine *m, const char *name);

enum err
security_add(const struct machine *m)
{
	enum err e;

	if ((e = add_vulnerabilities(m, "cpu_vulnerabilities")) == ERR_OK &&
	    (e = add_ipe(m, "ipe")) == ERR_OK && (e = add_lockdown(m, "lockdown")) == ERR_OK)
		e = add_lsm(m, "lsm");
	return e;
}

static enum err
add_vulnerabilities(const struct machine *m, const char *name)
{
	struct values values = VALUES_INIT;
	const enum err e = machine_each(m, VULNERABILITIES_PATH, take_vulnerability, &values);

	return machine_finish(m, e, &values, VALUES_SORTED, name);
}

static enum err
take_vulnerability(const struct machine *m, const char *name, void *context)
{
	char before[PATH_SIZE];

	snprintf(before, sizeof(before), "%s=", name);
	return machine_read_value(m, VULNERABILITIES_PATH, name, before, context);
}

static enum err
add_ipe(const struct machine *m, const char *name)
{
	struct values values = VALUES_INIT;
	enum err e;

	if ((e = machine_read_value(m, IPE_PATH, "enforce", "enforce=", &values)) == ERR_OK &&
	    (e = machine_read_value(m, IPE_PATH, "success_audit", "success_audit=", &values)) ==
		ERR_OK)
		e = machine_each(m, POLICIES_PATH, take_policy, &values);
	return machine_finish(m, e, &values, VALUES_SORTED, name);
}

/* "policy=NAME active=1 version=0.0.0 sha256:HEX": the digest is of the signed policy. */
static enum err
take_policy(const struct machine *m, const char *name, void *context)
{
	struct buf content = BUF_INIT;
	struct values *to = context;
	struct digest digest;
	char path[PATH_SIZE];
	enum err e;

	buf_append_format(&to->text, "policy=%s active=", name);
	snprintf(path, sizeof(path), POLICIES_PATH "/%s/active", name);
	append_or_dash(m, path, &to->text);
	buf_append_string(&to->text, " version=");
	snprintf(path, sizeof(path), POLICIES_PATH "/%s/version", name);
	append_or_dash(m, path, &to->text);
	snprintf(path, sizeof(path), POLICIES_PATH "/%s/pkcs7", name);
	if ((e = small_file_read(m->root, path, POLICY_SIZE_MAX, &content)) == ERR_OK) {
		digest_of(content.data, content.size, &digest);
		buf_append_string(&to->text, " sha256:");
		hex_append(&to->text, (struct view){digest.bytes, DIGEST_SIZE});
	} else {
		buf_append_string(&to->text, " -");
	}
	values_end(to);
	buf_free(&content);
	return e == ERR_MEMORY ? e : ERR_OK;
}

static void
append_or_dash(const struct machine *m, const char *path, struct buf *to)
{
	if (machine_read(m, path, to) != ERR_OK)
		buf_append_byte(to, '-');
}

/* "none [integrity] confidentiality": the one in brackets. */
static enum err
add_lockdown(const struct machine *m, const char *name)
{
	struct values values = VALUES_INIT;
	struct buf text = BUF_INIT;
	const enum err e = machine_read(m, SECURITY_PATH "/lockdown", &text);
	const uint8_t *begin = text.size > 0 ? memchr(text.data, '[', text.size) : NULL, *end;

	if (begin != NULL) {
		begin++;
		end = memchr(begin, ']', (size_t)(text.data + text.size - begin));
		if (end != NULL)
			values_add(&values, (struct view){begin, (size_t)(end - begin)});
	}
	buf_free(&text);
	return machine_finish(m, e, &values, VALUES_KEPT, name);
}

/* In the kernel's order, which is that of asking them. */
static enum err
add_lsm(const struct machine *m, const char *name)
{
	struct values values = VALUES_INIT;
	struct buf text = BUF_INIT;
	const enum err e = machine_read(m, SECURITY_PATH "/lsm", &text);

	for (size_t i = 0, begin = 0; i <= text.size && text.size > 0; i++) {
		if (i < text.size && text.data[i] != ',')
			continue;
		values_add(&values, (struct view){text.data + begin, i - begin});
		begin = i + 1;
	}
	buf_free(&text);
	return machine_finish(m, e, &values, VALUES_KEPT, name);
}
