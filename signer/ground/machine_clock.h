/*
 * The machine's clocks, and what the kernel says of the one on the wall (adjtimex(2)).
 */
#ifndef HALLMARK_SIGNER_GROUND_MACHINE_CLOCK_H
#define HALLMARK_SIGNER_GROUND_MACHINE_CLOCK_H

#include <stdint.h>

/* X(identifier, words) */
#define MACHINE_CLOCK_KEPT_MAP(X)                                                                  \
	X(MACHINE_CLOCK_SYNCHRONISED, "synchronised")                                              \
	X(MACHINE_CLOCK_UNSYNCHRONISED, "not synchronised")                                        \
	X(MACHINE_CLOCK_NOT_TOLD, "not to be asked")

#define MACHINE_CLOCK_KEPT_ENUM(identifier, words) identifier,
enum machine_clock_kept { MACHINE_CLOCK_KEPT_MAP(MACHINE_CLOCK_KEPT_ENUM) };
#undef MACHINE_CLOCK_KEPT_ENUM

/*
 * Reads both at the same moment: milliseconds since 1970 (CLOCK_REALTIME_COARSE), and since boot,
 * sleep included (CLOCK_BOOTTIME).
 */
void machine_clock_read(uint64_t *wall_ms, uint64_t *boot_ms);

/* The second alone. */
uint64_t machine_clock_boot_ms(void);

/*
 * Whether somebody keeps the kernel's clock right, by the kernel's word: STA_UNSYNC, which each
 * setting of the clock sets, and which whoever keeps it (NTP, PTP) clears. It is a word about the
 * clock that `wall_ms` was read from; where the kernel's own is another, it is none.
 */
enum machine_clock_kept machine_clock_is_kept(uint64_t wall_ms);

const char *machine_clock_words(enum machine_clock_kept kept);

#endif
