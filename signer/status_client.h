/*
 * `hallmark-signer status`: asks the running signer and prints the answer.
 */
#ifndef HALLMARK_SIGNER_STATUS_CLIENT_H
#define HALLMARK_SIGNER_STATUS_CLIENT_H

enum status_format { STATUS_TABLE, STATUS_JSON, STATUS_PROMETHEUS };

/* Exit status: 0, or 1 with a sentence on stderr if no signer answers at `path`. */
int status_client(const char *path, enum status_format format);

#endif
