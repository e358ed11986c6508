#include "collector/subject/container_state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/ground/rooted.h"

#define STATE_SIZE_MAX (16 * 1024 * 1024) /* bytes: containers.json of some thousand containers */
#define MATCHED_SIZE   1024               /* bytes with NUL: no reference of an image is longer */
#define CONTAINERD     "/run/containerd/io.containerd.runtime.v2.task"
#define STORAGE        "/var/lib/containers/storage"

static enum err read_docker(
    int root, const char *id, struct container_state *out, struct trouble *t);
static enum err read_containerd(
    int root, const char *id, struct container_state *out, struct trouble *t);
static enum err read_task(
    int root, const char *path, struct container_state *out, struct trouble *t);
static enum err read_storage(
    int root, const char *id, struct container_state *out, struct trouble *t);
static void take_storage(const json_t *one, struct container_state *out);
static void take_names(struct values *to, const json_t *list);
static enum err read_image(
    int root, const char *id, struct container_state *out, struct trouble *t);
static const json_t *entry_of(const json_t *list, const char *id);
static enum err load(int root, const char *path, json_t **out, struct trouble *t);
static bool is_roots(int root, const char *path, const struct stat *file);
static void take(struct values *to, const json_t *value);
static void take_digest(struct values *to, const json_t *value);
static void take_pod(struct container_state *out, const json_t *space, const json_t *name);

enum err
container_state_read(int root, const char *id, struct container_state *out, struct trouble *t)
{
	static enum err (*const runtimes[])(int, const char *, struct container_state *,
	    struct trouble *) = {read_docker, read_containerd, read_storage};
	enum err e = ERR_NOT_FOUND;

	*out = (struct container_state){VALUES_INIT, VALUES_INIT, VALUES_INIT, VALUES_INIT};
	for (size_t i = 0; e == ERR_NOT_FOUND && i < sizeof(runtimes) / sizeof(runtimes[0]); i++)
		e = runtimes[i](root, id, out, t);
	return e == ERR_NOT_FOUND
		   ? trouble_set(t, e, "no runtime's state has the container %.12s", id)
		   : e;
}

void
container_state_free(struct container_state *s)
{
	values_free(&s->names);
	values_free(&s->images);
	values_free(&s->digests);
	values_free(&s->pods);
}

bool
container_state_matches(const struct values *v, const char *pattern)
{
	struct view *views = values_views(v);
	char text[MATCHED_SIZE];
	bool yes = false;

	for (size_t i = 0; views != NULL && !yes && i < v->count; i++) {
		if (views[i].size >= sizeof(text))
			continue;
		if (views[i].size > 0)
			memcpy(text, views[i].data, views[i].size);
		text[views[i].size] = '\0';
		yes = fnmatch(pattern, text, 0) == 0;
	}
	free(views);
	return yes;
}

static enum err
read_docker(int root, const char *id, struct container_state *out, struct trouble *t)
{
	char path[PATH_MAX];
	const char *name;
	json_t *all;
	enum err e;

	(void)snprintf(path, sizeof(path), "/var/lib/docker/containers/%s/config.v2.json", id);
	if ((e = load(root, path, &all, t)) != ERR_OK)
		return e;
	name = json_string_value(json_object_get(all, "Name"));
	if (name != NULL)
		values_add(&out->names, view_of_string(name[0] == '/' ? name + 1 : name));
	take(&out->images, json_object_get(json_object_get(all, "Config"), "Image"));
	take_digest(&out->digests, json_object_get(all, "Image"));
	json_decref(all);
	return ERR_OK;
}

/* A namespace of containerd's is a directory. */
static enum err
read_containerd(int root, const char *id, struct container_state *out, struct trouble *t)
{
	enum err e = ERR_NOT_FOUND;
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *spaces;
	int fd;

	if (rooted_open(root, CONTAINERD, O_DIRECTORY, &fd) != ERR_OK)
		return ERR_NOT_FOUND;
	if ((spaces = fdopendir(fd)) == NULL) {
		(void)close(fd);
		return ERR_NOT_FOUND;
	}
	while (e == ERR_NOT_FOUND && (entry = readdir(spaces)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(
		    path, sizeof(path), CONTAINERD "/%s/%s/config.json", entry->d_name, id);
		e = read_task(root, path, out, t);
	}
	(void)closedir(spaces);
	return e;
}

static enum err
read_task(int root, const char *path, struct container_state *out, struct trouble *t)
{
	const json_t *notes;
	json_t *all;
	enum err e;

	if ((e = load(root, path, &all, t)) != ERR_OK)
		return e;
	notes = json_object_get(all, "annotations");
	take(&out->names, json_object_get(notes, "io.kubernetes.cri.container-name"));
	take(&out->images, json_object_get(notes, "io.kubernetes.cri.image-name"));
	take(&out->pods, json_object_get(notes, "io.kubernetes.cri.sandbox-uid"));
	take_pod(out, json_object_get(notes, "io.kubernetes.cri.sandbox-namespace"),
	    json_object_get(notes, "io.kubernetes.cri.sandbox-name"));
	json_decref(all);
	return ERR_OK;
}

static enum err
read_storage(int root, const char *id, struct container_state *out, struct trouble *t)
{
	char image[PATH_MAX] = "";
	const json_t *one;
	const char *text;
	json_t *all;
	enum err e;

	if ((e = load(root, STORAGE "/overlay-containers/containers.json", &all, t)) != ERR_OK)
		return e;
	if ((one = entry_of(all, id)) == NULL) {
		e = ERR_NOT_FOUND;
	} else {
		take_storage(one, out);
		text = json_string_value(json_object_get(one, "image"));
		(void)snprintf(image, sizeof(image), "%s", text != NULL ? text : "");
	}
	json_decref(all);
	return e == ERR_OK && image[0] != '\0' ? read_image(root, image, out, t) : e;
}

/* `metadata` is a text that is JSON again. */
static void
take_storage(const json_t *one, struct container_state *out)
{
	const char *text = json_string_value(json_object_get(one, "metadata"));
	json_t *more = text != NULL ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;

	take_names(&out->names, json_object_get(one, "names"));
	take_digest(&out->digests, json_object_get(one, "image"));
	take(&out->names, json_object_get(more, "metadata-name"));
	take(&out->images, json_object_get(more, "image-name"));
	take(&out->pods, json_object_get(more, "uid"));
	take_pod(out, json_object_get(more, "namespace"), json_object_get(more, "pod-name"));
	json_decref(more);
}

static void
take_names(struct values *to, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		take(to, json_array_get(list, i));
}

/* What is there of it: an image may have been taken away while its container runs. */
static enum err
read_image(int root, const char *id, struct container_state *out, struct trouble *t)
{
	const json_t *one;
	json_t *all;
	enum err e = load(root, STORAGE "/overlay-images/images.json", &all, t);

	if (e != ERR_OK)
		return e == ERR_NOT_FOUND ? ERR_OK : e;
	if ((one = entry_of(all, id)) != NULL) {
		take_names(&out->images, json_object_get(one, "names"));
		take_digest(&out->digests, json_object_get(one, "digest"));
	}
	json_decref(all);
	return ERR_OK;
}

static const json_t *
entry_of(const json_t *list, const char *id)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);
		const char *found = json_string_value(json_object_get(one, "id"));

		if (found != NULL && strcmp(found, id) == 0)
			return one;
	}
	return NULL;
}

static enum err
load(int root, const char *path, json_t **out, struct trouble *t)
{
	struct buf text = BUF_INIT;
	json_error_t fault;
	struct stat s;
	enum err e = rooted_read(root, path, STATE_SIZE_MAX, &text, &s);

	*out = NULL;
	if (e == ERR_OK && !is_roots(root, path, &s))
		e = trouble_set(t, ERR_MISMATCH,
		    "%s, which says what a container is, can be written by others than root", path);
	else if (e == ERR_OK && (*out = json_loadb((const char *)text.data, text.size,
				     JSON_REJECT_DUPLICATES, &fault)) == NULL)
		e = trouble_set(
		    t, ERR_FORMAT, "%s: no JSON: line %d: %s", path, fault.line, fault.text);
	else if (e != ERR_OK && e != ERR_NOT_FOUND)
		e = trouble_set(t, e, "%s: %s", path, e == ERR_IO ? strerror(errno) : err_text(e));
	buf_free(&text);
	return e;
}

static bool
is_roots(int root, const char *path, const struct stat *file)
{
	const mode_t others = S_IWGRP | S_IWOTH;
	char directory[PATH_MAX];
	struct stat s;
	bool yes;
	int fd;

	(void)snprintf(directory, sizeof(directory), "%s", path);
	*strrchr(directory, '/') = '\0';
	if (rooted_open(root, directory, O_PATH | O_DIRECTORY, &fd) != ERR_OK)
		return false;
	yes = fstat(fd, &s) == 0 && s.st_uid == 0 && (s.st_mode & others) == 0;
	(void)close(fd);
	return yes && file->st_uid == 0 && (file->st_mode & others) == 0;
}

static void
take(struct values *to, const json_t *value)
{
	const char *text = json_string_value(value);

	if (text != NULL && text[0] != '\0')
		values_add(to, view_of_string(text));
}

/* In one spelling. */
static void
take_digest(struct values *to, const json_t *value)
{
	const char *text = json_string_value(value);

	if (text == NULL || text[0] == '\0')
		return;
	if (strchr(text, ':') == NULL)
		buf_append_string(&to->text, "sha256:");
	values_add(to, view_of_string(text));
}

static void
take_pod(struct container_state *out, const json_t *space, const json_t *name)
{
	if (!json_is_string(space) || !json_is_string(name))
		return;
	buf_append_format(
	    &out->pods.text, "%s/%s", json_string_value(space), json_string_value(name));
	values_end(&out->pods);
}
