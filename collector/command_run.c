/*
 * `hallmark-collector run`, and `status`, by which the one that runs is asked.
 */
#include <stdio.h>
#include <unistd.h>

#include "collector/commands.h"

#include "collector/command.h"
#include "collector/runner.h"
#include "collector/tell/answering.h"
#include "collector/tell/board.h"

static enum err tell_of(const char *path, const struct collector_config *config, int listening,
    struct board **board, struct answering **answering, struct trouble *t);

int
command_run(const char *path)
{
	struct answering *answering = NULL;
	struct board *board = NULL;
	struct collector_config *config;
	struct measurer *measurer;
	struct trouble t = TROUBLE_INIT;
	enum err e = ERR_CONFIG;
	int listening = -1;
	struct giver *giver = NULL;
	struct actor *actor = NULL;
	struct lender *lender = NULL;
	const struct command_ways ways = {
	    .listening = &listening, .giver = &giver, .actor = &actor, .lender = &lender};

	if (command_begin(path, &ways, &config, &measurer) &&
	    ((e = tell_of(path, config, listening, &board, &answering, &t)) != ERR_OK ||
		(e = runner_run(path, &config, measurer, board, giver, actor, lender, &t)) !=
		    ERR_OK))
		command_trouble(t.text[0] != '\0' ? "cannot run" : err_text(e), &t);
	answering_end(&answering);
	board_free(&board);
	measurer_free(&measurer);
	giver_free(&giver);
	actor_free(&actor);
	lender_free(&lender);
	collector_config_free(&config);
	return e == ERR_OK ? 0 : 1;
}

int
command_status(const char *path, enum status_form form)
{
	struct collector_config *config;
	int status = 1;

	if (!command_load(path, &config))
		return 1;
	if (config->status_socket == NULL)
		(void)fprintf(stderr,
		    "hallmark-collector: %s: expected `status: {socket: PATH}`, by which the "
		    "running collector is asked\n",
		    path);
	else
		status = status_client(config->status_socket, form);
	collector_config_free(&config);
	return status;
}

/* Where a socket is configured, somebody may ask. */
static enum err
tell_of(const char *path, const struct collector_config *config, int listening,
    struct board **board, struct answering **answering, struct trouble *t)
{
	enum err e;

	if (listening < 0)
		return ERR_OK;
	if ((e = board_new(path, config, board)) == ERR_OK)
		return answering_begin(listening, *board, answering, t);
	(void)close(listening);
	return e;
}
