#include "collector/tell/status_client.h"

#include <jansson.h>
#include <stdio.h>

#include "collector/tell/answering.h"
#include "collector/tell/status_metrics.h"
#include "collector/tell/status_page.h"
#include "journal/asking.h"

/* Some who do not take theirs may come before. */
#define ANSWER_TIMEOUT_S (5 * ANSWERING_PATIENCE_S)

static json_t *ask(const struct asked *of);

int
status_client(const char *path, enum status_form form)
{
	const struct asked of = {"hallmark-collector", "collector", path};
	json_t *status = ask(&of);
	int result = status == NULL ? 1 : 0;

	if (result == 0) {
		switch (form) {
		case STATUS_PAGE:
			result = status_page(status, stdout);
			break;
		case STATUS_JSON:
			(void)json_dumpf(status, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
			(void)putchar('\n');
			break;
		case STATUS_PROMETHEUS:
			status_metrics(status, stdout);
			break;
		}
	}
	json_decref(status);
	return result != 0 || fflush(stdout) != 0;
}

/* NULL, which is said, if it is no status: whole, and with what is looked into without a question.
 */
static json_t *
ask(const struct asked *of)
{
	struct buf answer = BUF_INIT;
	json_t *status = NULL;

	if (asking(of, (struct view){NULL, 0}, ANSWER_TIMEOUT_S, &answer) == 0) {
		status = asking_parse(&answer);
		if (!json_is_array(json_object_get(status, "workloads"))) {
			asking_say_refusal(of, &answer, "a status");
			json_decref(status);
			status = NULL;
		}
	}
	buf_free(&answer);
	return status;
}
