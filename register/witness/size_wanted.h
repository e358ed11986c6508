/* How many entries an answer is to cover: `size` in the query of a request. */
#ifndef HALLMARK_REGISTER_WITNESS_SIZE_WANTED_H
#define HALLMARK_REGISTER_WITNESS_SIZE_WANTED_H

#include <stdbool.h>
#include <stdint.h>

#include "register/front/route.h"

/* 0 where the query has none. False, and the request is refused, if it is no decimal number. */
bool size_wanted(const struct request *r, uint64_t *size, struct response *out);

#endif
