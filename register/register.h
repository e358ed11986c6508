/*
 * The register as it runs: which parts it has, in which order they begin and end.
 */
#ifndef HALLMARK_REGISTER_REGISTER_H
#define HALLMARK_REGISTER_REGISTER_H

/* Until SIGTERM or SIGINT; the exit status. What is wrong is said on stderr. */
int register_run(const char *config_path);

/* Tells every fault of the configuration and of the files that it names: 0 if there is none. */
int register_check(const char *config_path);

#endif
