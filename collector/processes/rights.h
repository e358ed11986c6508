/*
 * What each process of the collector gives up before it does anything else: new privileges for
 * ever, capabilities, and the system calls that filter.h does not list for it.
 *
 * Measuring needs, as far as they are held:
 *
 *   CAP_SYS_PTRACE          to look into /proc/PID of other users' processes
 *   CAP_DAC_READ_SEARCH     to read files of other users
 *   CAP_CHECKPOINT_RESTORE  to open mapped files through /proc/PID/map_files
 *
 * Reporting needs none, and has neither them nor the files of others: landlock.h.
 *
 * Giving tokens needs to give files to their owners, as far as that is held: CAP_CHOWN.
 *
 * Each returns ERR_IO with the trouble in words: the program must not go on.
 */
#ifndef HALLMARK_COLLECTOR_PROCESSES_RIGHTS_H
#define HALLMARK_COLLECTOR_PROCESSES_RIGHTS_H

#include "collector/ground/trouble.h"
#include "collector/processes/filter.h"
#include "config/collector/collector_config.h"
#include "proto/err.h"

/*
 * Until one of the others is called, capabilities are held and not used: `check` reads a key as who
 * reports would.
 */
enum err rights_set_aside(struct trouble *t) MUST_USE;

/*
 * Of the process that starts measuring ones, and of these: they also stand back for all else, for
 * processors (nice) and disks (idle).
 */
enum err rights_start(struct trouble *t) MUST_USE;
enum err rights_measure(struct trouble *t) MUST_USE;

/*
 * Of a measuring process that was made by one that has called rights_start. It has no more than so
 * much memory of its own: what it asks for beyond that, it is refused. `filter`: made by its maker
 * before that; NULL: it is made now.
 */
enum err rights_measure_within(
    uint32_t memory_mebibytes, const struct filter_made *filter, struct trouble *t) MUST_USE;

/*
 * Reads what `config`, loaded from `path`, names, and what names are resolved with; keeps state and
 * receipts. No core dump, and not to be looked into by other processes of its user.
 */
enum err rights_report(
    const char *path, const struct collector_config *config, struct trouble *t) MUST_USE;

/*
 * Of the process that lends gates its connection: as who reports, but that it keeps nothing.
 */
enum err rights_lend(
    const char *path, const struct collector_config *config, struct trouble *t) MUST_USE;

/*
 * Of the process that gives tokens: writes only in the directories that they are put in, and reads
 * the configuration and who users are. It speaks to nobody but processes of this host.
 */
enum err rights_give(
    const char *path, const struct collector_config *config, struct trouble *t) MUST_USE;

/*
 * Of the process that reads receipts and says which hooks are to run: reads them, the configuration
 * and what is named there, and writes nothing but what it remembers. Of the one that runs them: no
 * capabilities and no new privileges, and else what its user may, for what it starts inherits that.
 */
enum err rights_act(
    const char *path, const struct collector_config *config, struct trouble *t) MUST_USE;
enum err rights_run_hooks(struct trouble *t) MUST_USE;

/*
 * Of the process that does what was granted: writes nowhere but below the control groups, whose
 * files are root's (CAP_DAC_OVERRIDE), and hands CAP_NET_ADMIN on to what it starts, which inherits
 * the rest of this, too.
 */
enum err rights_lay_hands(
    const char *path, const struct collector_config *config, struct trouble *t) MUST_USE;

/*
 * Of the program that starts processes that fetch pages: no capabilities, no new privileges, no
 * core dump. Of these: they also read the CAs that their workload names, and what names are
 * resolved with, write nothing, and have 512 MiB of memory. They speak over the network, and to no
 * process of this host that has no address there.
 */
enum err rights_serve_pages(struct trouble *t) MUST_USE;
enum err rights_fetch(const struct collector_workload *w, struct trouble *t) MUST_USE;

/*
 * Whether another configuration can be reported with by who has called rights_report before.
 * ERR_CONFIG with the trouble in words: it names what lies outside of the directories that were
 * named then.
 */
enum err rights_check_report(const struct collector_config *config, struct trouble *t) MUST_USE;

#endif
