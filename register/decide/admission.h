/*
 * Kubernetes asks whether a pod may be made (admission.k8s.io/v1, AdmissionReview): /v1/admission,
 * and /v1/admission/<group> for those of a group of the policy alone.
 *
 * Every image of a pod (containers, those that begin before and those for debugging, volumes that
 * are images) has to be named by its digest, and the newest report about that image has to be good
 * (decided_images.h); each container that is refused is named, with why. All else is denied, and
 * what is no review is answered by 400: the webhook's failurePolicy has to be Fail. A pod that is
 * deleted is nobody's start, and may be.
 */
#ifndef HALLMARK_REGISTER_DECIDE_ADMISSION_H
#define HALLMARK_REGISTER_DECIDE_ADMISSION_H

#include "register/decide/decider.h"
#include "register/front/route.h"

/* Bytes: etcd keeps objects of 1.5 MiB at most, a pod has some KiB; a longer one is refused. */
#define ADMISSION_SIZE_MAX (1024 * 1024)

/* A route_handler; the context is the decider. */
void admission_answer(void *context, const struct request *r, struct response *out);

#endif
