/*
 * hallmark-register: follows logs as an auditor does, and answers people and programs.
 */
#include <stdio.h>
#include <string.h>

static const char usage[] = "usage: hallmark-register --version | --help\n";

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		(void)puts("hallmark-register " HALLMARK_VERSION);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		(void)fputs(usage, stdout);
		return 0;
	}
	(void)fputs(usage, stderr);
	return 2;
}
