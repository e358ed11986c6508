/*
 * How token_module.so is told what to do: a file of TOKEN_CONTROL_SIZE bytes that the module maps
 * shared. It is an array of 64-bit numbers in the machine's byte order, named by the map below;
 * tests/lib/token_control.py reads the names from here and writes the numbers at any time, also
 * while the module is in a call. A change holds from the next call on.
 */
#ifndef HALLMARK_TESTS_TOKEN_CONTROL_H
#define HALLMARK_TESTS_TOKEN_CONTROL_H

#include <stdatomic.h>
#include <stdint.h>

/* The first number: a file that was made for another map is refused. */
#define TOKEN_CONTROL_MAGIC 0x484d544f4b454e31ULL /* "HMTOKEN1" */
#define TOKEN_CONTROL_SIZE  4096                  /* bytes; one page */

/* The label of the key that FAULT_OTHER_KEY signs with; the test makes it on the same token. */
#define TOKEN_CONTROL_OTHER_KEY "other"

/* X(field, who writes it: what it means) */
#define TOKEN_CONTROL_MAP(X)                                                                       \
	X(magic, "test")                                                                           \
	X(latency_us, "test: how long C_Sign takes at least; other sessions go on meanwhile")      \
	X(call_us, "test: how long any other call takes, as over a network")                       \
	X(serial, "test: 1: the whole token does one C_Sign at a time, over all processes")        \
	X(sessions_max, "test: C_OpenSession beyond gives CKR_SESSION_COUNT; 0: no cap")           \
	X(fault, "test: enum token_fault")                                                         \
	X(everywhere, "test: 1: the fault is that of every call, not of C_Sign alone")             \
	X(call, "test: enum token_call: the fault is that of this call alone; 0: see everywhere")  \
	X(error, "test: the CKR that FAULT_ERROR gives")                                           \
	X(skip, "test, counted down: calls that go well before the fault begins")                  \
	X(count, "test, counted down: calls that have the fault; UINT64_MAX: until told")          \
	X(sessions_lost, "test, counted up: sessions opened before are not valid any more")        \
	X(logged_out, "test, counted up: whoever logged in before is not any more")                \
	X(untold,                                                                                  \
	    "test: this attribute (CKA_...) is of a type that the token does not know; 0: none")   \
	X(token_flags, "test: set besides the real ones in CK_TOKEN_INFO")                         \
	X(token_firmware, "test: added to its minor version in CK_TOKEN_INFO")                     \
	X(token_serial, "test: added to the last byte of its serial number in CK_TOKEN_INFO")      \
	X(login_error, "test: the CKR that C_Login gives without a try; 0: the PIN is tried")      \
	X(raw_points,                                                                              \
	    "test: 1: CKA_EC_POINT of an Edwards curve without DER, as PKCS#11 3.0 has it")        \
	X(busy_until_us, "module: when the serial token is free again, by CLOCK_MONOTONIC")        \
	X(initialisations, "module: calls of C_Initialize")                                        \
	X(logins, "module: calls of C_Login that went well")                                       \
	X(login_tries, "module: calls of C_Login, whatever came of them")                          \
	X(sessions, "module: sessions open in the newest process")                                 \
	X(sessions_opened, "module: calls of C_OpenSession that went well")                        \
	X(sessions_peak, "module: the most of them")                                               \
	X(signing, "module: calls that are in C_Sign, in the newest process")                      \
	X(signing_peak, "module: the most of them at once")                                        \
	X(signs, "module: calls of C_Sign that returned a signature, right or wrong")              \
	X(faults, "module: calls that had a fault, also by lost session or login")

/* Calls that can have a fault of their own. */
#define TOKEN_CALL_MAP(X)                                                                          \
	X(C_GetFunctionList)                                                                       \
	X(C_Initialize)                                                                            \
	X(C_Finalize)                                                                              \
	X(C_GetSlotList)                                                                           \
	X(C_GetSlotInfo)                                                                           \
	X(C_GetTokenInfo)                                                                          \
	X(C_OpenSession)                                                                           \
	X(C_CloseSession)                                                                          \
	X(C_CloseAllSessions)                                                                      \
	X(C_GetSessionInfo)                                                                        \
	X(C_Login)                                                                                 \
	X(C_Logout)                                                                                \
	X(C_CreateObject)                                                                          \
	X(C_DestroyObject)                                                                         \
	X(C_GetAttributeValue)                                                                     \
	X(C_FindObjectsInit)                                                                       \
	X(C_FindObjects)                                                                           \
	X(C_FindObjectsFinal)                                                                      \
	X(C_GenerateKeyPair)                                                                       \
	X(C_SignInit)                                                                              \
	X(C_Sign)

enum token_call {
	CALL_ANY,
#define TOKEN_CALL_NAME(name) CALL_##name,
	TOKEN_CALL_MAP(TOKEN_CALL_NAME)
#undef TOKEN_CALL_NAME
};

enum token_fault {
	FAULT_NONE,
	FAULT_ERROR,     /* the call returns `error` */
	FAULT_HANG,      /* the call never returns, also not when the fault is taken away */
	FAULT_GARBAGE,   /* C_Sign: CKR_OK, but bytes that are no signature of anything */
	FAULT_SHORT,     /* C_Sign: CKR_OK, but only some of the bytes */
	FAULT_OTHER_KEY, /* C_SignInit takes the key TOKEN_CONTROL_OTHER_KEY */
	FAULT_CRASH,     /* the call ends the process by SIGSEGV */
};

struct token_control {
#define TOKEN_CONTROL_FIELD(field, meaning) _Atomic uint64_t field;
	TOKEN_CONTROL_MAP(TOKEN_CONTROL_FIELD)
#undef TOKEN_CONTROL_FIELD
};

#endif
