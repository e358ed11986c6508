#include "register/decide/admission.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/encoding.h"
#include "proto/text.h"
#include "register/decide/decided_images.h"

#define API        "admission.k8s.io/v1"
#define UID_MAX    128 /* bytes; a UUID has 36 */
#define IMAGES_MAX 256 /* of one pod */
#define TOLD_MAX   32  /* refusals that are told, of those; the others are counted */
#define WORDS_SIZE 512 /* bytes, with NUL, of each */

struct review {
	const struct decision_terms *terms;
	struct view group; /* size 0: any */
	size_t images;
	size_t refused;
	struct buf words;
};

static struct decision_terms terms_for(struct decider *d, const struct caller *c);
static void judge(struct review *v, const json_t *request);
static void judge_list(struct review *v, const json_t *spec, const char *name, bool needed);
static void judge_volumes(struct review *v, const json_t *spec);
static void judge_image(
    struct review *v, const char *list, const json_t *item, const json_t *image);
static bool digest_of_name(const char *name, struct digest *out);
static void deny(struct review *v, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void write_answer(struct review *v, const char *uid, struct response *out);

void
admission_answer(void *context, const struct request *r, struct response *out)
{
	const struct decision_terms terms = terms_for(context, r->caller);
	struct review v = {.terms = &terms};
	json_t *whole =
	    json_loadb((const char *)r->body.data, r->body.size, JSON_REJECT_DUPLICATES, NULL);
	const json_t *request = json_object_get(whole, "request");
	const char *uid = json_string_value(json_object_get(request, "uid"));
	const char *api = json_string_value(json_object_get(whole, "apiVersion"));
	const char *kind = json_string_value(json_object_get(whole, "kind"));

	if (api == NULL || strcmp(api, API) != 0 || kind == NULL ||
	    strcmp(kind, "AdmissionReview") != 0 || uid == NULL || uid[0] == '\0' ||
	    strlen(uid) > UID_MAX) {
		response_refuse(out, 400,
		    "expected an AdmissionReview of " API " with a request that has a uid");
	} else {
		if (r->parameters > 0)
			v.group = r->parameter[0];
		judge(&v, request);
		write_answer(&v, uid, out);
		buf_free(&v.words);
	}
	json_decref(whole);
}

/* Logs that are nothing to who asks say nothing to him. */
static struct decision_terms
terms_for(struct decider *d, const struct caller *c)
{
	struct decision_terms terms = decider_terms(d);

	terms.logs = decider_logs_of(d, c);
	return terms;
}

static void
judge(struct review *v, const json_t *request)
{
	const char *operation = json_string_value(json_object_get(request, "operation"));
	const json_t *kind = json_object_get(request, "kind");
	const char *name = json_string_value(json_object_get(kind, "kind"));
	const json_t *spec = json_object_get(json_object_get(request, "object"), "spec");

	if (name == NULL || strcmp(name, "Pod") != 0) {
		deny(v, "expected a Pod: nothing is known of other kinds");
		return;
	}
	if (operation != NULL && strcmp(operation, "DELETE") == 0)
		return;
	if (!json_is_object(spec)) {
		deny(v, "expected a pod with a spec");
		return;
	}
	judge_list(v, spec, "containers", true);
	judge_list(v, spec, "initContainers", false);
	judge_list(v, spec, "ephemeralContainers", false);
	judge_volumes(v, spec);
}

static void
judge_list(struct review *v, const json_t *spec, const char *name, bool needed)
{
	const json_t *list = json_object_get(spec, name), *one;
	size_t i;

	if (list == NULL || json_is_null(list)) {
		if (needed)
			deny(v, "expected %s", name);
		return;
	}
	if (!json_is_array(list) || (needed && json_array_size(list) == 0))
		deny(v, "expected %s as a list", name);
	json_array_foreach(list, i, one) judge_image(v, name, one, json_object_get(one, "image"));
}

/* A volume may be an image, too. */
static void
judge_volumes(struct review *v, const json_t *spec)
{
	const json_t *list = json_object_get(spec, "volumes"), *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		const json_t *image = json_object_get(one, "image");

		if (image != NULL && !json_is_null(image))
			judge_image(v, "volumes", one, json_object_get(image, "reference"));
	}
}

static void
judge_image(struct review *v, const char *list, const json_t *item, const json_t *image)
{
	const char *text = json_string_value(image);
	const char *name = json_string_value(json_object_get(item, "name"));
	struct digest digest;
	struct decision d;

	if (name == NULL)
		name = "without a name";
	if (++v->images > IMAGES_MAX) {
		if (v->images == IMAGES_MAX + 1)
			deny(v, "more than %d images", IMAGES_MAX);
	} else if (text == NULL) {
		deny(v, "%s, %.63s: a container without an image", list, name);
	} else if (!digest_of_name(text, &digest)) {
		deny(v,
		    "%s, %.63s: %.200s: expected an image by its digest (name@sha256:...): a tag "
		    "may be another one tomorrow",
		    list, name, text);
	} else {
		d = decision_of_image(v->terms, &digest, v->group);
		if (d.kind != DECISION_ALLOW)
			deny(v, "%s, %.63s: %.200s: %s", list, name, text, d.why);
	}
}

static bool
digest_of_name(const char *name, struct digest *out)
{
	static const char mark[] = "@sha256:";
	const char *at = strstr(name, mark);

	return at != NULL && at != name &&
	       hex_decode_exact(view_of_string(at + sizeof(mark) - 1), out->bytes, DIGEST_SIZE) ==
		   ERR_OK;
}

static void
deny(struct review *v, const char *format, ...)
{
	char words[WORDS_SIZE];
	va_list arguments;

	if (++v->refused > TOLD_MAX)
		return;
	va_start(arguments, format);
	(void)vsnprintf(words, sizeof(words), format, arguments);
	va_end(arguments);
	if (v->refused > 1)
		buf_append_string(&v->words, "; ");
	text_append_printable(&v->words, view_of_string(words), WORDS_SIZE);
}

static void
write_answer(struct review *v, const char *uid, struct response *out)
{
	json_t *answer = json_pack("{s:s, s:s, s:{s:s, s:b}}", "apiVersion", API, "kind",
	    "AdmissionReview", "response", "uid", uid, "allowed", v->refused == 0);
	char *text;

	if (v->refused > TOLD_MAX)
		buf_append_format(&v->words, "; and %zu more", v->refused - TOLD_MAX);
	if (answer != NULL && v->refused > 0) {
		(void)json_object_set_new(json_object_get(answer, "response"), "status",
		    json_pack("{s:i, s:s%}", "code", 403, "message", (const char *)v->words.data,
			v->words.size));
	}
	text = answer != NULL && buf_status(&v->words) == ERR_OK ? json_dumps(answer, JSON_COMPACT)
								 : NULL;
	if (text != NULL) {
		out->type = response_json;
		buf_append_string(&out->body, text);
	} else {
		response_refuse(out, 503, "out of memory; ask again");
	}
	free(text);
	json_decref(answer);
}
