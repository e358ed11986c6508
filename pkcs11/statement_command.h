/*
 * `hallmark-hsm statement sign | show | key`: what operators do with statements. Signing is here
 * and nowhere else; whoever relays a statement prints it and changes nothing.
 */
#ifndef HALLMARK_PKCS11_STATEMENT_COMMAND_H
#define HALLMARK_PKCS11_STATEMENT_COMMAND_H

/* The words behind `statement`. Gives the exit status: 0 good; 1 not done, and why; 2 usage. */
int statement_command(int argc, char **argv);

#endif
