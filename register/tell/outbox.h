/*
 * `hallmark-register tell`: whoever is to be told gets the events, each in their order and until it
 * is acknowledged. A process of its own: who follows logs has no business with other people's
 * machines, and what hangs here holds up nobody there.
 *
 *   events.db, written by `run` --inotify--> a thread for each who is told:
 *     the next event behind what is acknowledged -> try -> acknowledged, on the disk -> the next
 *     a try that fails is made again after 1 s, 2 s, 4 s, ... 5 minutes
 *
 * An end between a try and its acknowledgement on the disk has the event told again, with the same
 * id. So nothing is lost, and who is told twice knows it.
 */
#ifndef HALLMARK_REGISTER_TELL_OUTBOX_H
#define HALLMARK_REGISTER_TELL_OUTBOX_H

/* Until SIGTERM or SIGINT; the exit status. What is wrong is said on stderr. */
int outbox_run(const char *config_path);

#endif
