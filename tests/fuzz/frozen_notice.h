/*
 * The start notice that the frozen walks of the corpus name.
 */
#ifndef HALLMARK_TESTS_FUZZ_FROZEN_NOTICE_H
#define HALLMARK_TESTS_FUZZ_FROZEN_NOTICE_H

#define FROZEN_NOTICE                                                                              \
	"{\"hallmark.notice\":\"start\",\"iat\":1795514400,\"iss\":\"hallmark.test/unit\""         \
	",\"hallmark.form\":1,\"hallmark.in-force\":\"000000000000000000000000000000"              \
	"0000000000000000000000000000000000\",\"hallmark.subject\":{\"cause\":\"start"             \
	"\",\"from\":1795514400,\"to\":1795514400,\"build\":\"unit\"}}"

#endif
