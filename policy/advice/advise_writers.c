/*
 * Of the files that a policy is read from: those that somebody may change who is to change no
 * policy. Whoever may write to a directory puts another file in a file's place.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/yaml_check.h"
#include "policy/advice/advising.h"
#include "policy/advice/policy_advice.h"
#include "policy/compile/draft.h"
#include "policy/compile/policy_families.h"

#define OF_ALL "name" /* the key whose line stands for the policy's own */

struct looking {
	struct advising a;
	uint32_t service_uid;
};

static void look_at(const struct looking *l, const char *key, const char *path);
static bool others_may_write(const struct looking *l, const struct stat *st);
static void file_key(const struct policy *p, const struct policy_file *f, char key[DRAFT_KEY_MAX]);

void
policy_advise_writers(
    const struct policy *p, const char *file, uint32_t service_uid, struct advices *to)
{
	const struct looking l = {{p, 0, to}, service_uid};

	look_at(&l, OF_ALL, file);
	for (size_t i = 0; i < p->file_count; i++) {
		char *path = yaml_resolve_path(file, p->files[i].file);
		char key[DRAFT_KEY_MAX];

		file_key(p, &p->files[i], key);
		look_at(&l, key, path);
		free(path);
	}
	advices_sort(to);
}

/* The file, and the directories above it, which most files have in common. */
static void
look_at(const struct looking *l, const char *key, const char *path)
{
	char *place = realpath(path, NULL);
	struct stat st;

	for (; place != NULL; key = OF_ALL) {
		char *end = strrchr(place, '/');

		if (stat(place, &st) == 0 && others_may_write(l, &st)) {
			advise(&l->a, key,
			    "others than root and the service can change this policy: %s belongs "
			    "to user %u and has mode %04o",
			    place, (unsigned)st.st_uid, (unsigned)(st.st_mode & 07777));
			advices_mend(l->a.to,
			    "see that it is as it should be, then chown root and chmod go-w %s",
			    place);
		}
		if (end == NULL || strcmp(place, "/") == 0)
			break;
		end[end == place ? 1 : 0] = '\0';
	}
	free(place);
}

/* In a directory such as /tmp they may, and not replace what is another's. */
static bool
others_may_write(const struct looking *l, const struct stat *st)
{
	return (st->st_uid != 0 && st->st_uid != l->service_uid) ||
	       ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0 &&
		   !(S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX) != 0));
}

/* Where it is named, if that is one place of the policy that can be told. */
static void
file_key(const struct policy *p, const struct policy_file *f, char key[DRAFT_KEY_MAX])
{
	(void)snprintf(
	    key, DRAFT_KEY_MAX, "%s", f->kind == MANIFEST_OPERATORS ? "operators" : OF_ALL);
	for (size_t i = 0; f->kind == MANIFEST_REFERENCE && i < p->reference_count; i++)
		if (strcmp(p->references[i].name, f->name) == 0)
			policy_families_file_key(p, i, key);
}
