#include "signer/learn/learn.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log/evidence_reader.h"
#include "log/stored/recorded.h"
#include "proto/glob.h"
#include "signer/learn/propose.h"
#include "signer/learn/seen.h"
#include "signer/trial/trial.h"

struct learning {
	const struct learn_options *options;
	struct recorded *log;
	struct evidence_reader *evidence;
	struct seen *seen;
	uint64_t unreadable; /* entries and components */
};

static bool open_all(struct learning *l);
static enum err gather(struct learning *l);
static enum err take_report(void *context, uint64_t index, const struct report *report);
static bool write_proposal(struct learning *l, FILE *out);
static bool write_all(const char *directory, const struct proposal *p);
static bool write_file(int directory, const char *name, const struct buf *content);
static int try_proposal(const struct learning *l, FILE *out);
static bool fail(const char *what, const char *why);

int
learn_run(const struct learn_options *options, FILE *out)
{
	struct learning l = {.options = options};
	int result = LEARN_EXIT_UNKNOWN;
	enum err e;

	if (open_all(&l)) {
		if ((e = gather(&l)) != ERR_OK)
			(void)fail(options->log, err_text(e));
		else if (seen_summary(l.seen)->reports == 0)
			(void)fail(options->workloads, "no report of such a workload in that time");
		else if (write_proposal(&l, out))
			result = try_proposal(&l, out);
	}
	seen_free(&l.seen);
	evidence_reader_close(&l.evidence);
	recorded_close(&l.log);
	if (l.unreadable > 0)
		fprintf(stderr,
		    "hallmark-signer: %" PRIu64
		    " entries or components could not be read: hallmark-audit fsck\n",
		    l.unreadable);
	return result == 0 && l.unreadable > 0 ? LEARN_EXIT_UNKNOWN : result;
}

static bool
open_all(struct learning *l)
{
	const struct findings quiet = {.tell = NULL};
	const char *why;

	if (glob_check(view_of_string(l->options->workloads)) != ERR_OK)
		return fail(l->options->workloads, "no pattern: \\ stands before *, ? or \\ alone");
	if (recorded_open(l->options->log, &l->log, &why) != ERR_OK)
		return fail(l->options->log, why);
	if (evidence_reader_open(l->options->evidence, &quiet, &l->evidence) != OUTCOME_GOOD)
		return fail(l->options->evidence, "expected the signer's evidence, found none that "
						  "can be read");
	l->seen = seen_new();
	return l->seen != NULL || fail("policy learn", err_text(ERR_MEMORY));
}

static enum err
gather(struct learning *l)
{
	const struct recorded_listener to = {take_report, NULL, l};
	uint64_t lost = 0;
	enum err e = recorded_walk(l->log, l->options->last_s, &to, &l->unreadable);

	if (e == ERR_OK)
		e = seen_read(l->seen, l->evidence, &lost);
	l->unreadable += lost;
	return e;
}

static enum err
take_report(void *context, uint64_t index, const struct report *report)
{
	struct learning *l = context;

	(void)index;
	return glob_match(view_of_string(l->options->workloads), report->bundle.workload, GLOB_TEXT)
		   ? seen_report(l->seen, report)
		   : ERR_OK;
}

static bool
write_proposal(struct learning *l, FILE *out)
{
	struct proposal p = {.seen = l->seen, .workloads = l->options->workloads};
	bool good = propose(&p);

	if (!good)
		(void)fail(l->options->workloads, "nothing could be learned of it");
	good = good && write_all(l->options->to, &p);
	if (good)
		fprintf(out,
		    "%s/policy.yaml proposes what %" PRIu64 " report%s of %zu host%s had; "
		    "review.txt beside it: %zu line%s to look at\n\n",
		    l->options->to, seen_summary(l->seen)->reports,
		    seen_summary(l->seen)->reports == 1 ? "" : "s", seen_host_count(l->seen),
		    seen_host_count(l->seen) == 1 ? "" : "s", p.noted, p.noted == 1 ? "" : "s");
	proposal_free(&p);
	return good;
}

/* The directory is a new one: nothing that is there is written over. */
static bool
write_all(const char *directory, const struct proposal *p)
{
	bool good;
	int at;

	if (mkdir(directory, 0777) != 0 ||
	    (at = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)) < 0)
		return fail(directory, strerror(errno));
	good =
	    write_file(at, "policy.yaml", &p->policy) && write_file(at, "review.txt", &p->review);
	for (unsigned k = 0; good && k < COMPONENT_KIND_COUNT; k++) {
		char name[40];

		(void)snprintf(
		    name, sizeof(name), "%s.sha256", component_kind_name((enum component_kind)k));
		good = p->set[k].size == 0 || write_file(at, name, &p->set[k]);
	}
	for (size_t i = 0; good && i < p->releases.count; i++) {
		char name[40];

		(void)snprintf(name, sizeof(name), "release-%zu.sha256", i + 1);
		good = write_file(at, name, &p->release_set[i]);
	}
	if (!good)
		(void)fail(directory, strerror(errno));
	(void)close(at);
	return good;
}

static bool
write_file(int directory, const char *name, const struct buf *content)
{
	const int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	FILE *to = fd >= 0 ? fdopen(fd, "w") : NULL;
	bool good;

	if (to == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return false;
	}
	good = fwrite(content->data, 1, content->size, to) == content->size;
	return fclose(to) == 0 && good;
}

/* What it makes of what it was learned from. */
static int
try_proposal(const struct learning *l, FILE *out)
{
	char *policy;
	int result;

	if (asprintf(&policy, "%s/policy.yaml", l->options->to) < 0)
		abort();
	result = trial_run(&(struct trial_options){.policy = policy,
			       .workloads = l->options->workloads,
			       .log = l->options->log,
			       .evidence = l->options->evidence,
			       .last_s = l->options->last_s,
			       .wants_affirming = true},
	    out);
	free(policy);
	return result;
}

static bool
fail(const char *what, const char *why)
{
	fprintf(stderr, "hallmark-signer: %s: %s\n", what, why);
	return false;
}
