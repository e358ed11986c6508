/*
 * The deadline of calls into the token, and what is said when one crashes: a timer for each thread,
 * and so for each session, because a thread is in one call at a time. Whichever runs out, its
 * signal goes to the process and ends it: no thread can be taken out of a module that hangs.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/token/token_state.h"

static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

static _Thread_local timer_t timer;
static _Thread_local bool has_timer;
static _Thread_local volatile sig_atomic_t in_call;

static const char *text = TOKEN_DEADLINE_TEXT;

static int told_socket;
static struct view told;

static void timer_make(void);
static void on_deadline(int number);
static void on_crash(int number);

/* A module's broken transport must not end us silently; the deadline must end us whatever comes. */
void
token_deadline_prepare(void)
{
	struct sigaction deadline = {
	    .sa_handler = on_deadline, .sa_flags = (int)(SA_RESETHAND | SA_NODEFER)};
	struct sigaction crash = {
	    .sa_handler = on_crash, .sa_flags = (int)(SA_RESETHAND | SA_NODEFER)};
	sigset_t unblocked;

	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGALRM, &deadline, NULL);
	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		sigaction(crashes[i], &crash, NULL);
	sigemptyset(&unblocked);
	sigaddset(&unblocked, SIGALRM);
	pthread_sigmask(SIG_UNBLOCK, &unblocked, NULL);
}

void
token_deadline_tell(int socket, struct view bytes)
{
	told_socket = socket;
	told = bytes;
}

void
token_deadline_say(const char *what)
{
	text = what != NULL ? what : TOKEN_DEADLINE_TEXT;
}

void
token_call_begin(const struct token *t)
{
	struct itimerspec end = {.it_value = {.tv_sec = t->config->deadline_ms / 1000,
				     .tv_nsec = t->config->deadline_ms % 1000 * 1000000L}};

	if (!has_timer)
		timer_make();
	timer_settime(timer, 0, &end, NULL);
	in_call = 1;
}

void
token_call_end(void)
{
	struct itimerspec none = {.it_value = {0, 0}};

	in_call = 0;
	if (has_timer)
		timer_settime(timer, 0, &none, NULL);
}

/* No call without a deadline: it would be the one that hangs. */
static void
timer_make(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};

	if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) {
		complain("no timer for the deadline of a call: %s", strerror(errno));
		_exit(1);
	}
	has_timer = true;
}

/* SIGALRM has its default action again: it kills, even if stderr blocks. */
static void
on_deadline(int number)
{
	alarm(1);
	complain_from_signal(text);
	if (told.data != NULL)
		(void)send(told_socket, told.data, told.size, MSG_DONTWAIT | MSG_NOSIGNAL);
	raise(number);
}

/* Its default action follows, with what a core or a debugger shows of it. */
static void
on_crash(int number)
{
	if (in_call != 0)
		complain_from_signal(
		    "the PKCS#11 module crashed in a call, and this process with it: see what "
		    "the module logs, and whether its vendor has a newer one");
	raise(number);
}
