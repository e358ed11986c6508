/*
 * Whether the process is there: /healthz. Whether it can answer truly is asked elsewhere.
 */
#ifndef HALLMARK_REGISTER_FRONT_HEALTH_H
#define HALLMARK_REGISTER_FRONT_HEALTH_H

#include "register/front/route.h"

/* The one row of a table of routes; without a context. */
extern const struct route health_route;

#endif
