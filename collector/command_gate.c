/*
 * `hallmark-collector gate`: a program is measured before it starts, and this process goes on as it
 * if the verdict allows that.
 *
 * The file of the program is opened first, and it is that open file which is measured and run.
 * While it is looked at, a lease (fcntl(2), F_SETLEASE) tells of whoever opens it for writing,
 * where the file system has leases and the right is there; in any case it has to be unchanged, as
 * the kernel says, in the moment before it is run.
 *
 * Asking is the work of a child, which gives up its rights as every command does, and says in a
 * pipe what came of it. So the program gets the rights, signals and files that this process was
 * begun with, and its number. Whatever becomes of the child but a whole answer is no verdict.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/command.h"
#include "collector/command_gate_options.h"
#include "collector/commands.h"
#include "collector/gate/gate.h"
#include "collector/gate/gate_program.h"
#include "collector/gate/scratch.h"
#include "collector/ground/interrupt.h"
#include "collector/store/savefile.h"
#include "proto/text.h"

#define REAP_MS 1000 /* children that are killed are gone in one */

struct gating {
	struct gate_options options;
	struct gate_program program;
	struct collector_start start;
	struct collector_start_image image;
	char scratch[SCRATCH_SIZE]; /* directory of components; empty: none was made */
	size_t number;
};

/* What the child says first; the receipt follows, and the summary. */
struct said {
	enum gate_answer answer;
	size_t receipt_size;
	struct trouble words;
};

static volatile sig_atomic_t stopped;

static enum gate_answer judge(struct gating *g, struct gate_given *given, struct trouble *t);
static void reap(void);
static bool find(struct gating *g, struct trouble *t);
static void say_unknown(const struct collector_workload *w, struct trouble *t);
static bool take_environment(struct gating *g, struct trouble *t);
static void ask(struct gating *g, int to) __attribute__((noreturn));
static void prepare(void *context, struct collector_config *config);
static bool put(int to, const void *data, size_t size);
static enum gate_answer hear(
    const struct gating *g, int from, struct gate_given *given, struct trouble *t);
static enum gate_answer take(const struct buf *all, struct gate_given *given, struct trouble *t);
static bool save(const char *path, struct view bytes, struct trouble *t);
static int finish(const struct gating *g, enum gate_answer answer, const struct trouble *t);
static void on_stop(int number);

int
command_gate(int count, char **arguments)
{
	struct gating g = {.program = GATE_PROGRAM_INIT};
	struct trouble t = TROUBLE_INIT;
	struct gate_given given = {BUF_INIT, BUF_INIT};
	enum gate_answer answer;
	int status;

	if (!gate_options_parse(count, arguments, &g.options))
		return GATE_UNKNOWN;
	/* One of an answer before must not be taken for this one's. */
	if (g.options.summary != NULL)
		(void)unlink(g.options.summary);
	if (g.options.receipt != NULL)
		(void)unlink(g.options.receipt);
	answer = judge(&g, &given, &t);
	if (g.scratch[0] != '\0')
		scratch_remove(g.scratch);
	if (!save(g.options.receipt, buf_view(&given.receipt), &t) ||
	    !save(g.options.summary, buf_view(&given.summary), &t))
		answer = GATE_UNKNOWN;
	buf_free(&given.receipt);
	buf_free(&given.summary);
	status = finish(&g, answer, &t);
	gate_program_close(&g.program);
	return status;
}

static enum gate_answer
judge(struct gating *g, struct gate_given *given, struct trouble *t)
{
	const struct sigaction on = {.sa_handler = on_stop};
	enum gate_answer answer;
	int ends[2];
	pid_t child;

	(void)sigaction(SIGTERM, &on, NULL);
	(void)sigaction(SIGINT, &on, NULL);
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (!find(g, t))
		return GATE_UNKNOWN;
	if (pipe2(ends, O_CLOEXEC) != 0 || (child = fork()) < 0) {
		(void)trouble_set(t, ERR_IO, "nobody can be started to ask: %s", strerror(errno));
		return GATE_UNKNOWN;
	}
	if (child == 0) {
		(void)close(ends[0]);
		ask(g, ends[1]);
	}
	(void)close(ends[1]);
	answer = hear(g, ends[0], given, t);
	(void)close(ends[0]);
	(void)kill(child, SIGKILL);
	reap();
	if (answer == GATE_ALLOWED && !gate_program_is_unchanged(&g->program, t))
		return GATE_UNKNOWN;
	return answer;
}

/*
 * All that it has started, down to the last: the program would be told of their ends. They are
 * killed with it; what the kernel cannot end is not waited for.
 */
static void
reap(void)
{
	const uint64_t until_ms = interrupt_clock_ms() + REAP_MS;
	pid_t ended = 0;

	while (ended >= 0 && interrupt_clock_ms() < until_ms)
		if ((ended = waitpid(-1, NULL, WNOHANG)) == 0)
			(void)poll(NULL, 0, 1);
	(void)prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
}

/* Whom it is about, and what is to be measured. False with the trouble. */
static bool
find(struct gating *g, struct trouble *t)
{
	const struct gate_options *o = &g->options;
	const struct collector_workload *w;
	struct collector_config *config;
	const char *file = NULL;
	bool good = false;

	if (!command_load(o->config, &config) || (w = command_find(config, o->name)) == NULL) {
		(void)trouble_set(
		    t, ERR_CONFIG, "%s does not say what \"%s\" is", o->config, o->name);
		collector_config_free(&config);
		return false;
	}
	g->number = (size_t)(w - config->workloads);
	if (o->image != NULL) {
		g->image = (struct collector_start_image){
		    .file = o->image, .platform = o->platform, .tag = o->tag};
		g->start.image = &g->image;
	}
	if (o->root == NULL && o->image == NULL)
		file = o->program != NULL   ? o->program
		       : o->command != NULL ? o->command[0]
					    : w->executable;
	if (o->root == NULL && o->image == NULL && file == NULL)
		say_unknown(w, t);
	else
		good = (file == NULL || gate_program_open(&g->program, file, t)) &&
		       take_environment(g, t) &&
		       scratch_make(config->state_directory, g->scratch, t);
	collector_config_free(&config);
	return good;
}

/*
 * Of a unit systemd decides which program that is, by its files as they are when it starts: a line
 * of them that another one overrides is not it, and asking is of no use to who stands before it.
 */
static void
say_unknown(const struct collector_workload *w, struct trouble *t)
{
	if (w->unit != NULL)
		(void)trouble_set(t, ERR_CONFIG,
		    "it is not known which program the unit %s would start: name that of its "
		    "ExecStart by --program FILE, or a command behind -- (systemctl show -p "
		    "ExecStart "
		    "tells it)",
		    w->unit);
	else
		(void)trouble_set(t, ERR_CONFIG,
		    "it is not known which program would start: name it by --program FILE, or a "
		    "command behind --");
}

/* What the loader takes of it. Of a variable that is there twice loaders take another one. */
static bool
take_environment(struct gating *g, struct trouble *t)
{
	const struct {
		const char *name;
		const char **value;
	} looked_at[] = {{"LD_AUDIT=", &g->start.audit}, {"LD_PRELOAD=", &g->start.preload},
	    {"LD_LIBRARY_PATH=", &g->start.library_path}};

	g->start.program = g->program.fd;
	g->start.path = g->program.path;
	for (char **one = environ; *one != NULL; one++)
		for (size_t i = 0; i < sizeof(looked_at) / sizeof(looked_at[0]); i++) {
			const size_t size = strlen(looked_at[i].name);

			if (strncmp(*one, looked_at[i].name, size) != 0)
				continue;
			if (*looked_at[i].value != NULL) {
				(void)trouble_set(t, ERR_CONFIG,
				    "expected %.*s once in the environment, found it twice",
				    (int)size - 1, looked_at[i].name);
				return false;
			}
			*looked_at[i].value = *one + size;
		}
	return true;
}

static void
ask(struct gating *g, int to)
{
	const struct command_ways ways = {.prepare = prepare, .context = g};
	const struct gate_wish wish = {.workload = g->number,
	    .max_age_s = g->options.max_age_s,
	    .summary = g->options.summary != NULL,
	    .demanded = g->options.demanded,
	    .verifier = g->options.verifier};
	struct said said = {.answer = GATE_UNKNOWN};
	struct gate_given given = {BUF_INIT, BUF_INIT};
	struct collector_config *config;
	struct measurer *measurer;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	(void)signal(SIGTERM, SIG_DFL);
	(void)signal(SIGINT, SIG_DFL);
	interrupt_setup();
	logger_open("hallmark-collector");
	if (command_begin(g->options.config, &ways, &config, &measurer))
		said.answer = gate_ask(config, measurer, &wish, &given, &said.words);
	else
		(void)trouble_set(&said.words, ERR_CONFIG, "who asks could not begin");
	said.receipt_size = given.receipt.size;
	_exit(put(to, &said, sizeof(said)) && put(to, given.receipt.data, given.receipt.size) &&
		      put(to, given.summary.data, given.summary.size)
		  ? 0
		  : 1);
}

/* Of the workload what can be there before it runs; components in a directory of our own. */
static void
prepare(void *context, struct collector_config *config)
{
	struct gating *g = context;
	struct collector_workload *w = /* the configuration is our own */
	    (struct collector_workload *)(uintptr_t)&config->workloads[g->number];

	config->state_directory = g->scratch;
	config->watch_rest_s = 0;
	w->start = &g->start;
	w->measure[COMPONENT_RUNTIME] = w->measure[COMPONENT_IMAGE] = false;
	w->measure[COMPONENT_WEB] = false;
	/* What starts is judged, whatever else of it is. */
	w->measure[COMPONENT_EXECUTABLE] = g->program.fd >= 0;
	if (g->program.fd < 0)
		w->measure[COMPONENT_LIBRARIES] = false;
	w->scripts = w->main_only = false;
	w->view = VIEW_HOST;
	if (g->options.image != NULL) {
		/* Of an image there are its files: all else is of the machine that builds. */
		for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++)
			w->measure[k] = w->measure[k] && k == COMPONENT_FILES;
	}
	if (g->options.root != NULL) {
		w->host_root = g->options.root;
		/* The same tree has the same digest wherever it lies. */
		w->host_root_option = "host_root=.";
		w->measure[COMPONENT_HOST] = false; /* of the machine that builds */
	}
}

static bool
put(int to, const void *data, size_t size)
{
	const char *from = data;

	while (size > 0) {
		const ssize_t put = write(to, from, size);

		if (put < 0 && errno != EINTR)
			return false;
		if (put > 0) {
			from += put;
			size -= (size_t)put;
		}
	}
	return true;
}

/* All of it, in time. */
static enum gate_answer
hear(const struct gating *g, int from, struct gate_given *given, struct trouble *t)
{
	const uint64_t until_ms = interrupt_clock_ms() + g->options.timeout_s * 1000;
	struct pollfd news = {.fd = from, .events = POLLIN};
	enum gate_answer answer = GATE_UNKNOWN;
	struct buf all = BUF_INIT;
	ssize_t got = 1;

	while (got > 0 && !stopped && interrupt_clock_ms() < until_ms) {
		uint8_t *room = buf_reserve(&all, 65536);

		if (room == NULL)
			break;
		got = poll(&news, 1, 200) > 0 ? read(from, room, 65536) : 1;
		if (got > 0 && news.revents != 0)
			all.size += (size_t)got;
		news.revents = 0;
	}
	if (got == 0 && all.size >= sizeof(struct said))
		answer = take(&all, given, t);
	else
		(void)trouble_set(t, ERR_CLOSED, "%s",
		    stopped    ? "it was asked to stop"
		    : got == 0 ? "who asks ended without an answer"
			       : "there was no answer in time (--timeout)");
	buf_free(&all);
	return answer;
}

static enum gate_answer
take(const struct buf *all, struct gate_given *given, struct trouble *t)
{
	const struct view behind = {
	    all->data + sizeof(struct said), all->size - sizeof(struct said)};
	struct said said;

	memcpy(&said, all->data, sizeof(said));
	*t = said.words;
	if (said.receipt_size > behind.size)
		return GATE_UNKNOWN;
	buf_append(&given->receipt, behind.data, said.receipt_size);
	buf_append(
	    &given->summary, behind.data + said.receipt_size, behind.size - said.receipt_size);
	return buf_status(&given->receipt) == ERR_OK && buf_status(&given->summary) == ERR_OK
		   ? said.answer
		   : GATE_UNKNOWN;
}

/* Where it is wanted, and was had. */
static bool
save(const char *path, struct view bytes, struct trouble *t)
{
	const char *slash = path != NULL ? strrchr(path, '/') : NULL;
	const char *name = slash != NULL ? slash + 1 : path;
	char *above;
	bool good;
	int dir;

	if (path == NULL || bytes.size == 0)
		return true;
	above = slash != NULL ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	dir = above != NULL ? open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	good = dir >= 0 && savefile_write(dir, name, bytes, t) == ERR_OK;
	if (!good)
		(void)trouble_set(t, ERR_IO, "%s: it cannot be written", path);
	if (dir >= 0)
		(void)close(dir);
	free(above);
	return good;
}

/* Returns only where nothing is started. */
static int
finish(const struct gating *g, enum gate_answer answer, const struct trouble *t)
{
	static const char *const words[] = {
	    [GATE_ALLOWED] = "may start", [GATE_DENIED] = "denied", [GATE_UNKNOWN] = "not known"};
	struct buf line = BUF_INIT;

	text_append_printable(&line, view_of_string(t->text), SIZE_MAX);
	(void)fprintf(stderr, "hallmark-collector: %s: %s: %.*s\n", g->options.name, words[answer],
	    (int)line.size, line.size > 0 ? (const char *)line.data : "");
	buf_free(&line);
	if (answer != GATE_ALLOWED || g->options.command == NULL)
		return (int)answer;
	(void)signal(SIGTERM, SIG_DFL);
	(void)signal(SIGINT, SIG_DFL);
	if (stopped)
		return GATE_UNKNOWN;
	gate_program_run(&g->program, g->options.command);
	(void)fprintf(stderr, "hallmark-collector: %s: cannot be run: %s\n", g->options.command[0],
	    strerror(errno));
	return GATE_UNKNOWN;
}

static void
on_stop(int number)
{
	(void)number;
	stopped = 1;
}
