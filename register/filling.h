/*
 * The table that decisions are made from (decide/decided.h), out of a log's view when the register
 * begins: those who follow go on where they were, and tell nothing again that lies behind.
 */
#ifndef HALLMARK_REGISTER_FILLING_H
#define HALLMARK_REGISTER_FILLING_H

#include "config/register_config.h"
#include "register/decide/decided.h"

/*
 * Of one log. Where it has no view yet nothing is put: its entries come from the first one on. What
 * cannot be read is said in the log, and the table does not count as filled: what was not heard of
 * since is then not decided.
 */
void filling_read(const struct register_config *config, unsigned log, struct decided_table *table);

#endif
