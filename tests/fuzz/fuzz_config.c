/*
 * The three configurations: the walk over YAML, the structs, and the checks of what the values
 * mean. A file is good, or has a fault; and what is good in a faulty one can be looked at.
 */
#include "config/collector/collector_config.h"
#include "config/hsm_config.h"
#include "config/signer_config.h"
#include "tests/fuzz/scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void end(struct faults *faults, enum err e, bool some);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct collector_config *collector;
	struct faults faults = FAULTS_INIT;
	struct signer_config *signer;
	struct hsm_config *hsm;
	char path[128];
	enum err e;

	(void)snprintf(path, sizeof(path), "%s/faulty.yaml", scratch_directory());
	scratch_write("faulty.yaml", data, size);
	scratch_write("key", NULL, 0);
	e = signer_config_inspect(path, &faults, &signer);
	end(&faults, e, signer != NULL);
	signer_config_free(&signer);
	e = hsm_config_inspect(path, &faults, &hsm);
	end(&faults, e, hsm != NULL);
	hsm_config_free(&hsm);
	e = collector_config_inspect(path, &faults, &collector);
	end(&faults, e, collector != NULL);
	for (size_t i = 0; collector != NULL && i < collector->workload_count; i++) {
		const struct collector_workload *w = &collector->workloads[i];
		const int ways = (w->pid_file != NULL) + (w->executable != NULL) +
				 (w->unit != NULL) + (w->control_group != NULL) + w->is_container;

		if (ways > 1 || (ways == 0 && e == ERR_OK))
			abort();
	}
	collector_config_free(&collector);
	return 0;
}

static void
end(struct faults *faults, enum err e, bool some)
{
	if ((e == ERR_OK) != (faults->count == 0) || (e == ERR_OK && !some))
		abort();
	faults_free(faults);
}
