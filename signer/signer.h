/*
 * The daemon: builds all parts from a configuration, runs the loop, reloads, stops.
 */
#ifndef HALLMARK_SIGNER_SIGNER_H
#define HALLMARK_SIGNER_SIGNER_H

/*
 * Runs until SIGTERM or SIGINT (0), or until nothing can be acknowledged any more (1); the reason
 * is on stderr. SIGHUP loads certificates, policy and configuration anew: all of it or, if anything
 * is wrong, none.
 */
int signer_run(const char *config_path);

#endif
