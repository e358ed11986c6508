#include "pkcs11/serve/signing_job.h"

#include <stdlib.h>

struct signing_job *
signing_job_new(enum keychannel_type type, uint64_t id)
{
	struct signing_job *job = calloc(1, sizeof(*job));

	if (job == NULL)
		return NULL;
	job->type = type;
	job->id = id;
	job->input = BUF_INIT;
	job->body = BUF_INIT;
	job->beside = BUF_INIT;
	return job;
}

void
signing_job_free(struct signing_job **job)
{
	if (*job == NULL)
		return;
	buf_free(&(*job)->input);
	buf_free(&(*job)->body);
	buf_free(&(*job)->beside);
	free(*job);
	*job = NULL;
}

void
signing_jobs_append(struct signing_jobs *to, struct signing_jobs jobs)
{
	if (to->last != NULL)
		to->last->next = jobs.first;
	else
		to->first = jobs.first;
	to->last = jobs.last;
}

void
signing_jobs_add(struct signing_jobs *to, struct signing_job *job)
{
	job->next = NULL;
	signing_jobs_append(to, (struct signing_jobs){job, job});
}

void
signing_jobs_free(struct signing_job **list)
{
	struct signing_job *next;

	for (struct signing_job *job = *list; job != NULL; job = next) {
		next = job->next;
		signing_job_free(&job);
	}
	*list = NULL;
}
