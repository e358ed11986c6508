/*
 * `hallmark-register acknowledge`: somebody has looked at what is wrong with a log.
 */
#ifndef HALLMARK_REGISTER_ACKNOWLEDGE_H
#define HALLMARK_REGISTER_ACKNOWLEDGE_H

/*
 * All alarms of the log of this name, whether the register runs or not; what is still wrong with
 * the log as a whole is raised again. The exit status; what is wrong is said on stderr.
 */
int register_acknowledge(const char *config_path, const char *log);

#endif
