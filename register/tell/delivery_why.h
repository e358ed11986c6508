/*
 * How a form of delivery says why an event was not acknowledged: in words for people, which may
 * hold what the other side said.
 */
#ifndef HALLMARK_REGISTER_TELL_DELIVERY_WHY_H
#define HALLMARK_REGISTER_TELL_DELIVERY_WHY_H

#define DELIVERY_WHY_SIZE 400 /* bytes, with NUL */

#endif
