/*
 * The text of a policy file with a window put in, or taken out: all else stays as it is, to the
 * byte.
 */
#ifndef HALLMARK_SIGNER_POLICIES_WINDOW_EDIT_H
#define HALLMARK_SIGNER_POLICIES_WINDOW_EDIT_H

#include <stdbool.h>

#include "proto/bytes.h"

/* As it is to be written. */
struct window_words {
	const char *family, *from, *to, *until;
};

/*
 * Writes the text with the window to `to`: of one that is there already, from and to the same
 * releases, the end is written anew; else it comes behind the others, or, where there is none, as a
 * list behind the families or at the end. What comes out is read again, and is right if it says
 * that and else what the text said. False where no such text is found: the file is written in a way
 * that this does not know.
 */
bool window_edit(
    const char *path, struct view text, const struct window_words *window, struct buf *to);

/*
 * The same without the window, and without the list if it was alone in it. Its lines go, with what
 * stands behind it on them.
 */
bool window_take_out(
    const char *path, struct view text, const struct window_words *window, struct buf *to);

/* Appends the window as an entry of a list, without what stands before it. */
void window_words_append(const struct window_words *window, struct buf *to);

#endif
