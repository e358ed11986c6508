/*
 * `hallmark-signer policy`: the commands of who writes policies, tries and approves them.
 */
#ifndef HALLMARK_SIGNER_POLICY_COMMANDS_H
#define HALLMARK_SIGNER_POLICY_COMMANDS_H

#define POLICY_COMMANDS_USAGE 2 /* exit status */

/* `argv` begins with the command's name. Returns the exit status. */
int policy_commands_run(int argc, char **argv);

/* What --help says, on stdout. */
void policy_commands_help(void);

#endif
