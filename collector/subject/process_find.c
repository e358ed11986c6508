#include "collector/subject/process_find.h"

#include "collector/subject/pid_file.h"
#include "collector/subject/process_scan.h"

enum err
process_find(const struct collector_workload *w, struct process *out, struct trouble *t)
{
	if (w->pid_file != NULL)
		return pid_file_find(w->pid_file, out, t);
	if (w->executable != NULL)
		return process_scan_executable(w->executable, out, t);
	return process_scan_unit(w->unit, out, t);
}
