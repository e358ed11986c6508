#include "collector/machine/firmware.h"

#include <stdio.h>
#include <string.h>

#include "collector/ground/small_file.h"

#define DMI_PATH      "sys/class/dmi/id"
#define TREE_PATH     "sys/firmware/devicetree/base"
#define CPU_PATH      "sys/devices/system/cpu"
#define EFI_PATH      "sys/firmware/efi/efivars"
#define EFI_GLOBAL    "-8be4df61-93ca-11d2-aa0d-00e098032b8c" /* of the UEFI specification */
#define EFI_SHIM      "-605dab50-e046-4300-abb6-3dd810dd8b23" /* of shim */
#define EFI_ATTRIBUTE 4  /* bytes before the variable's value */
#define VARIABLE_MAX  64 /* bytes of one that is of interest */
#define NAME_SIZE     64

static enum err add_firmware(const struct machine *m, const char *name);
static enum err add_microcode(const struct machine *m, const char *name);
static machine_name take_microcode;
static enum err add_secure_boot(const struct machine *m, const char *name);
static enum err take_variable(
    const struct machine *m, const char *variable, const char *owner, struct values *to);

enum err
firmware_add(const struct machine *m)
{
	enum err e;

	if ((e = add_firmware(m, "firmware")) == ERR_OK &&
	    (e = add_microcode(m, "microcode")) == ERR_OK)
		e = add_secure_boot(m, "secure_boot");
	return e;
}

/* No serial numbers: they say who a host is, not what. */
static enum err
add_firmware(const struct machine *m, const char *name)
{
	static const char *const keys[] = {"bios_date", "bios_release", "bios_vendor",
	    "bios_version", "board_name", "board_vendor", "board_version", "ec_firmware_release",
	    "product_name", "product_version", "sys_vendor"};
	struct machine below = machine_enter(m, DMI_PATH);
	struct values values = VALUES_INIT;
	char before[NAME_SIZE];
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < sizeof(keys) / sizeof(keys[0]); i++) {
		snprintf(before, sizeof(before), "%s=", keys[i]);
		e = machine_read_value(&below, DMI_PATH, keys[i], before, &values);
	}
	machine_leave(&below, m);
	if (e == ERR_OK)
		e = machine_read_value(m, TREE_PATH, "model", "model=", &values);
	return machine_finish(m, e, &values, VALUES_SORTED, name);
}

static enum err
add_microcode(const struct machine *m, const char *name)
{
	struct values values = VALUES_INIT;
	const enum err e = machine_each(m, CPU_PATH, take_microcode, &values);

	return machine_finish(m, e, &values, VALUES_DISTINCT, name);
}

static enum err
take_microcode(const struct machine *m, const char *name, void *context)
{
	char file[NAME_SIZE + sizeof("/microcode/version")];
	const size_t digits = strncmp(name, "cpu", 3) == 0 ? strspn(name + 3, "0123456789") : 0;

	if (digits == 0 || name[3 + digits] != '\0' || digits > 10)
		return ERR_OK;
	snprintf(file, sizeof(file), "%.*s/microcode/version", NAME_SIZE, name);
	return machine_read_value(m, CPU_PATH, file, "", context);
}

static enum err
add_secure_boot(const struct machine *m, const char *name)
{
	struct values values = VALUES_INIT;
	enum err e;

	if ((e = take_variable(m, "AuditMode", EFI_GLOBAL, &values)) == ERR_OK &&
	    (e = take_variable(m, "DeployedMode", EFI_GLOBAL, &values)) == ERR_OK &&
	    (e = take_variable(m, "MokSBStateRT", EFI_SHIM, &values)) == ERR_OK &&
	    (e = take_variable(m, "SecureBoot", EFI_GLOBAL, &values)) == ERR_OK)
		e = take_variable(m, "SetupMode", EFI_GLOBAL, &values);
	return machine_finish(m, e, &values, VALUES_SORTED, name);
}

/* A variable of one byte. */
static enum err
take_variable(const struct machine *m, const char *variable, const char *owner, struct values *to)
{
	struct buf content = BUF_INIT;
	char path[sizeof(EFI_PATH EFI_GLOBAL "/") + NAME_SIZE];
	enum err e;

	snprintf(path, sizeof(path), EFI_PATH "/%.*s%s", NAME_SIZE, variable, owner);
	e = small_file_read(m->root, path, VARIABLE_MAX, &content);
	if (e == ERR_OK && content.size == EFI_ATTRIBUTE + 1) {
		buf_append_format(
		    &to->text, "%s=%u", variable, (unsigned)content.data[EFI_ATTRIBUTE]);
		values_end(to);
	}
	buf_free(&content);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}
