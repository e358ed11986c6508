/*
 * Configurations in TOML (1.0): a key for each value that is no table and no array, or an empty
 * one, called by its place (keypath.h); elements of arrays of tables by their number, too.
 *
 * Numbers, dates and booleans are as they are spelled. A string of each of the four kinds is its
 * text, escapes resolved and lines ended by a line feed, between two quotation marks. {} and [] are
 * an empty inline table and array; a table's header without a key before the next one is a value
 * {}.
 *
 * What is defined twice has both values, where TOML forbids it: whoever reads the file for its
 * purpose may not see that, or refuses it.
 */
#ifndef HALLMARK_COLLECTOR_KEYS_TOML_H
#define HALLMARK_COLLECTOR_KEYS_TOML_H

#include "collector/keys/keyed.h"

/* ERR_FORMAT for what is no TOML, ERR_FORMAT_SIZE over a limit, ERR_MEMORY. */
enum err toml_keys_read(struct view text, struct keyed *to) MUST_USE;

#endif
