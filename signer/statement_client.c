#include "signer/statement_client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "journal/asking.h"
#include "proto/encoding.h"
#include "proto/statement/statement.h"

/* As long as a slow token takes for what waits before it. */
#define ANSWER_TIMEOUT_S 40

static bool read_file(const char *file, struct buf *envelope);
static bool show(const char *file, struct view envelope);
static int judge(const char *path, const struct buf *answer);

int
statement_client(const char *path, const char *file)
{
	const struct asked of = {"hallmark-signer", "signer", path};
	struct buf envelope = BUF_INIT, request = BUF_INIT, answer = BUF_INIT;
	int result = STATEMENT_FAILED;

	if (read_file(file, &envelope) && show(file, buf_view(&envelope))) {
		buf_append_string(&request, "statement ");
		base64_append(&request, buf_view(&envelope));
		buf_append_byte(&request, '\n');
		if (buf_status(&request) == ERR_OK &&
		    asking(&of, buf_view(&request), ANSWER_TIMEOUT_S, &answer) == 0)
			result = judge(path, &answer);
	}
	buf_free(&envelope);
	buf_free(&request);
	buf_free(&answer);
	return result;
}

static bool
read_file(const char *file, struct buf *envelope)
{
	FILE *from = fopen(file, "re");
	uint8_t *room = buf_reserve(envelope, STATEMENT_SIZE_MAX + 1);
	bool good = from != NULL && room != NULL;

	if (good) {
		envelope->size = fread(room, 1, STATEMENT_SIZE_MAX + 1, from);
		good = ferror(from) == 0;
	}
	if (!good)
		fprintf(stderr, "hallmark-signer: %s: %s\n", file, strerror(errno));
	if (from != NULL)
		fclose(from);
	return good;
}

/* What is no statement the signer would refuse too, with less to say about it. */
static bool
show(const char *file, struct view envelope)
{
	struct statement_document *d;
	struct buf text = BUF_INIT;

	if (statement_parse(envelope, &d) != ERR_OK) {
		fprintf(stderr,
		    "hallmark-signer: %s: expected a statement as hallmark-hsm statement sign "
		    "writes it, to the byte\n",
		    file);
		return false;
	}
	statement_print(statement_document_statement(d), &text);
	fwrite(text.data, 1, text.size, stdout);
	buf_free(&text);
	statement_document_free(&d);
	return true;
}

static int
judge(const char *path, const struct buf *answer)
{
	const struct asked of = {"hallmark-signer", "signer", path};
	json_t *json = asking_parse(answer);
	json_t *index = json_object_get(json, "index");
	const char *sha256 = json_string_value(json_object_get(json, "sha256"));
	int result = STATEMENT_FAILED;

	if (json_is_integer(index) && sha256 != NULL) {
		printf("taken: index %" JSON_INTEGER_FORMAT ", sha256 %s\n",
		    json_integer_value(index), sha256);
		result = STATEMENT_TAKEN;
	} else {
		asking_say_refusal(&of, answer, "an index");
		if (json_is_object(json_object_get(json, "error")))
			result = STATEMENT_REFUSED;
	}
	json_decref(json);
	return result;
}
