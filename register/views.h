/*
 * The views of all logs: who writes each, told by who follows, and what is answered from them below
 * /v1/.
 */
#ifndef HALLMARK_REGISTER_VIEWS_H
#define HALLMARK_REGISTER_VIEWS_H

#include "config/register_config.h"
#include "proto/err.h"
#include "register/follow/followed.h"
#include "register/front/route.h"

struct views;

/*
 * Opens or makes `view.db` of each log below the state directory. The configuration must outlive
 * it. ERR_IO, said in the log; ERR_MEMORY.
 */
enum err views_open(const struct register_config *config, struct views **out) MUST_USE;

/* Commits what there is. Behind those who follow and those who answer. Takes NULL. */
void views_free(struct views **v);

struct followed_listener views_listener(struct views *v);

/* Whether the view of log number `log` cannot be written any more; from any thread. */
bool views_failed(const struct views *v, unsigned log);

/* Everything below /v1/ that no route before it takes; in a thread. */
struct route views_route(struct views *v);

#endif
