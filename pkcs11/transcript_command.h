/*
 * `hallmark-hsm transcript`: those who were present at a ceremony sign its record, and anybody
 * looks at it.
 */
#ifndef HALLMARK_PKCS11_TRANSCRIPT_COMMAND_H
#define HALLMARK_PKCS11_TRANSCRIPT_COMMAND_H

/* Behind the word: 0 good, 1 not done, 2 usage; explained on stderr. */
int transcript_command(int argc, char **argv);

#endif
