/*
 * TCP sockets that listen, as the kernel answers a question for them alone (sock_diag(7)):
 * /proc/net/tcp walks the table of all connections behind them, which has a place for each 128 KiB
 * of memory, used or not.
 *
 * Asked is by a socket that was made before, by write and read: who measures makes none, and has no
 * right by which it could do more than ask. Of the process, not of a thread.
 *
 * The kernel has the answer in a module, tcp_diag, which a question loads where it is not: nobody
 * is asked there, for who measures a host puts nothing into its kernel.
 */
#ifndef HALLMARK_COLLECTOR_MACHINE_LISTENERS_H
#define HALLMARK_COLLECTOR_MACHINE_LISTENERS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/err.h"

/* Of NETLINK_SOCK_DIAG, that does not block; -1 where there is none. */
int listeners_socket(void);

/* From now on; `socket` is borrowed, -1 where there is none. Before it, nothing can be asked. */
void listeners_begin(int socket);

/*
 * A question loads no module into the kernel whose /sys and /proc are below `root`: that one is
 * there, or there are none.
 */
bool listeners_load_nothing(int root);

/* Takes one: 4 bytes of an address, or 16. */
typedef void listeners_visit(void *context, const uint8_t *address, uint16_t port);

/*
 * Each of AF_INET or AF_INET6, in the network namespace of the socket. ERR_UNSUPPORTED: nobody
 * answers, or not all; some may have been visited.
 */
enum err listeners_each(int family, listeners_visit *visit, void *context) MUST_USE;

#endif
