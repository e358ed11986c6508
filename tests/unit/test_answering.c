/* Who answers on the status socket: an asker that takes little at a time holds up no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "collector/ground/interrupt.h"
#include "collector/tell/answering.h"

#define WORKLOADS 20000 /* so that an answer is many times what a socket holds */
#define SIP       65536 /* bytes */
#define SIP_MS    100

static int
ask(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)address, sizeof(*address)), 0);
	return fd;
}

/* Until the end of the answer; closes. */
static size_t
take(int fd, int pause_ms, char *last)
{
	static char bytes[SIP];
	size_t all = 0;
	ssize_t got;

	while ((got = read(fd, bytes, sizeof(bytes))) > 0) {
		*last = bytes[got - 1];
		all += (size_t)got;
		(void)poll(NULL, 0, pause_ms);
	}
	assert_int_equal(got, 0);
	close(fd);
	return all;
}

static void
who_sips_is_done_with_in_time(void **state)
{
	struct collector_workload *workloads = calloc(WORKLOADS, sizeof(*workloads));
	struct collector_config config = {.workload_count = WORKLOADS, .workloads = workloads};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct trouble t = TROUBLE_INIT;
	char dir[] = "/tmp/hallmark-answering-XXXXXX", last = 0;
	static char name[] = "w";
	struct answering *a;
	struct board *board;
	uint64_t begun_ms;
	size_t part;
	int listening;

	(void)state;
	assert_non_null(workloads);
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < WORKLOADS; i++)
		workloads[i].name = name;
	assert_int_equal(board_new("collector.yaml", &config, &board), ERR_OK);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/status", dir);
	assert_int_equal(answering_listen(address.sun_path, &listening, &t), ERR_OK);
	assert_int_equal(answering_begin(listening, board, &a, &t), ERR_OK);
	begun_ms = interrupt_clock_ms();
	part = take(ask(&address), SIP_MS, &last);
	assert_true(interrupt_clock_ms() - begun_ms < ANSWERING_PATIENCE_S * 1000 + 1500);
	assert_true(part > SIP && last != '\n');
	assert_true(take(ask(&address), 0, &last) > part && last == '\n');
	answering_end(&a);
	board_free(&board);
	free(workloads);
	assert_int_equal(unlink(address.sun_path), 0);
	assert_int_equal(rmdir(dir), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_sips_is_done_with_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
