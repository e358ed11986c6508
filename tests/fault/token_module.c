/*
 * A PKCS#11 module for tests: every call goes on to a real module (SoftHSM), and on the way has
 * what the test asks for: latency, a cap on sessions, errors, hangs, wrong signatures, lost
 * sessions.
 *
 *   HALLMARK_TOKEN_CONTROL  the control file (token_control.h); read in C_GetFunctionList. Not set:
 * no faults. Set but unusable: C_Initialize fails. HALLMARK_TOKEN_MODULE   the real module; not
 * set: Debian's SoftHSM.
 *
 * From Python: `with Site(token_module=True) as site: site.token.set(latency_us=114000)`. By hand:
 * make the file with tests/lib/token_control.py, name this module in hsm.yaml, and start the signer
 * with both variables in its environment; the key process inherits it.
 *
 * Latency is each session's: a caller with four sessions gets four signatures in that time, unless
 * the token is `serial`. It is part of the call, so the caller's deadline sees it. Faults come in
 * this order: of every call; of a lost session; of a lost login; of C_Sign. Nothing here needs a
 * system call that the key process's sandbox refuses: the file is mapped before the sandbox is
 * shut, and a sleep is a sleep.
 */
#define CRYPTOKI_GNU 1
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <p11-kit/pkcs11.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "tests/fault/token_control.h"

#define REAL_MODULE  "/usr/lib/softhsm/libsofthsm2.so"
#define SESSIONS_MAX 256 /* open at once; libp11 has 16 at most, and a test some of its own */
#define SHORT_SIZE   7   /* bytes of a signature cut short: odd, so that no half is whole */

struct session {
	ck_session_handle_t handle; /* 0: free; PKCS#11 has no session 0 */
	uint64_t sessions_lost;     /* the control's, when it was opened */
};

static struct token_control no_control = {.count = UINT64_MAX};
static struct token_control *control = &no_control;
static const struct ck_function_list *real;
static struct ck_function_list functions;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct session sessions[SESSIONS_MAX];
static _Thread_local enum token_call called; /* the one that goes on in this thread */
static _Atomic uint64_t login_seen;          /* the control's logged_out, at the last login */

/* --- faults ------------------------------------------------------------------------------------
 */

static uint64_t
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void
wait_until(uint64_t us)
{
	struct timespec at = {(time_t)(us / 1000000), (long)(us % 1000000 * 1000)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
		;
}

static void
raise_to(_Atomic uint64_t *peak, uint64_t value)
{
	uint64_t seen = *peak;

	while (seen < value && !atomic_compare_exchange_weak(peak, &seen, value))
		;
}

/* Takes one from a number that is not 0; false if it is. */
static bool
count_down(_Atomic uint64_t *number)
{
	uint64_t seen = *number;

	while (seen != 0)
		if (seen == UINT64_MAX || atomic_compare_exchange_weak(number, &seen, seen - 1))
			return true;
	return false;
}

/* Whether faults of every call are meant, or those that C_Sign has when it is done. */
static bool
is_meant(bool of_every_call)
{
	if (control->call == CALL_ANY)
		return (control->everywhere != 0) == of_every_call;
	return control->call == called && (called == CALL_C_Sign) != of_every_call;
}

/* The fault that this call is to have; each is counted once. */
static enum token_fault
next_fault(bool of_every_call)
{
	enum token_fault fault = (enum token_fault)control->fault;

	if (fault == FAULT_NONE || !is_meant(of_every_call) || count_down(&control->skip) ||
	    !count_down(&control->count))
		return FAULT_NONE;
	control->faults++;
	return fault;
}

/* The faults that any call can have. The others are C_Sign's own. */
static ck_rv_t
suffer(enum token_fault fault)
{
	switch (fault) {
	case FAULT_ERROR:
		return control->error;
	case FAULT_HANG:
		for (;;)
			pause();
	case FAULT_CRASH:
		raise(SIGSEGV);
		return CKR_GENERAL_ERROR;
	default:
		return CKR_OK;
	}
}

static ck_rv_t
check_token(void)
{
	if (control->call_us != 0)
		wait_until(now_us() + control->call_us);
	return suffer(next_fault(true));
}

static struct session *
find_session(ck_session_handle_t handle)
{
	for (size_t i = 0; i < SESSIONS_MAX; i++)
		if (sessions[i].handle == handle)
			return &sessions[i];
	return NULL;
}

static ck_rv_t
check_session(ck_session_handle_t handle)
{
	ck_rv_t rv = check_token();
	struct session *s;

	if (rv != CKR_OK)
		return rv;
	pthread_mutex_lock(&lock);
	s = find_session(handle);
	if (s != NULL && s->sessions_lost != control->sessions_lost) {
		control->faults++;
		rv = CKR_SESSION_HANDLE_INVALID;
	}
	pthread_mutex_unlock(&lock);
	return rv;
}

static ck_rv_t
check_login(ck_session_handle_t handle)
{
	ck_rv_t rv = check_session(handle);

	if (rv == CKR_OK && login_seen != control->logged_out) {
		control->faults++;
		rv = CKR_USER_NOT_LOGGED_IN;
	}
	return rv;
}

/* --- calls that only pass ----------------------------------------------------------------------
 */

/* check, name, parameters, arguments */
#define PASSED(X)                                                                                  \
	X(check_token(), C_GetSlotList,                                                            \
	    (unsigned char present, ck_slot_id_t *list, unsigned long *count),                     \
	    (present, list, count))                                                                \
	X(check_token(), C_GetSlotInfo, (ck_slot_id_t slot, struct ck_slot_info * info),           \
	    (slot, info))                                                                          \
	X(check_session(session), C_GetSessionInfo,                                                \
	    (ck_session_handle_t session, struct ck_session_info * info), (session, info))         \
	X(check_login(session), C_CreateObject,                                                    \
	    (ck_session_handle_t session, struct ck_attribute * t, unsigned long count,            \
		ck_object_handle_t *object),                                                       \
	    (session, t, count, object))                                                           \
	X(check_login(session), C_DestroyObject,                                                   \
	    (ck_session_handle_t session, ck_object_handle_t object), (session, object))           \
	X(check_session(session), C_FindObjectsInit,                                               \
	    (ck_session_handle_t session, struct ck_attribute * t, unsigned long count),           \
	    (session, t, count))                                                                   \
	X(check_session(session), C_FindObjects,                                                   \
	    (ck_session_handle_t session, ck_object_handle_t * objects, unsigned long max,         \
		unsigned long *count),                                                             \
	    (session, objects, max, count))                                                        \
	X(check_session(session), C_FindObjectsFinal, (ck_session_handle_t session), (session))    \
	X(check_login(session), C_GenerateKeyPair,                                                 \
	    (ck_session_handle_t session, struct ck_mechanism * mechanism,                         \
		struct ck_attribute * public, unsigned long public_count,                          \
		struct ck_attribute *private, unsigned long private_count,                         \
		ck_object_handle_t *public_key, ck_object_handle_t *private_key),                  \
	    (session, mechanism, public, public_count, private, private_count, public_key,         \
		private_key))

#define PASS(check, name, parameters, arguments)                                                   \
	static ck_rv_t pass_##name parameters                                                      \
	{                                                                                          \
		ck_rv_t rv;                                                                        \
                                                                                                   \
		called = CALL_##name;                                                              \
		rv = check;                                                                        \
		return rv != CKR_OK ? rv : real->name arguments;                                   \
	}
PASSED(PASS)
#undef PASS

/* SoftHSM has a point as PKCS#11 had it before Edwards curves: as an OCTET STRING in DER. */
static void
strip_point(struct ck_attribute *t)
{
	static const unsigned char of_32_bytes[] = {0x04, 32};

	if (t->type == CKA_EC_POINT && t->value != NULL && t->value_len == 34 &&
	    memcmp(t->value, of_32_bytes, sizeof(of_32_bytes)) == 0) {
		memmove(t->value, (unsigned char *)t->value + 2, 32);
		t->value_len = 32;
	}
}

static ck_rv_t
module_get_attribute_value(ck_session_handle_t session, ck_object_handle_t object,
    struct ck_attribute *t, unsigned long count)
{
	ck_rv_t rv;

	called = CALL_C_GetAttributeValue;
	if ((rv = check_session(session)) != CKR_OK)
		return rv;
	rv = real->C_GetAttributeValue(session, object, t, count);
	for (unsigned long i = 0; rv == CKR_OK && control->raw_points != 0 && i < count; i++)
		strip_point(&t[i]);
	for (unsigned long i = 0; i < count; i++)
		if (control->untold != 0 && t[i].type == control->untold) {
			t[i].value_len = (unsigned long)-1;
			rv = CKR_ATTRIBUTE_TYPE_INVALID;
		}
	return rv;
}

static ck_rv_t
module_get_token_info(ck_slot_id_t slot, struct ck_token_info *info)
{
	ck_rv_t rv;

	called = CALL_C_GetTokenInfo;
	if ((rv = check_token()) == CKR_OK && (rv = real->C_GetTokenInfo(slot, info)) == CKR_OK) {
		unsigned char *last = &info->serial_number[sizeof(info->serial_number) - 1];

		info->flags |= control->token_flags;
		info->firmware_version.minor =
		    (unsigned char)(info->firmware_version.minor + control->token_firmware);
		*last = (unsigned char)(*last + control->token_serial);
	}
	return rv;
}

/* --- start, sessions, login --------------------------------------------------------------------
 */

/* At the first call, which is C_GetFunctionList or, after C_Finalize, C_Initialize. */
static bool
map_control(void)
{
	const char *path = getenv("HALLMARK_TOKEN_CONTROL");
	void *mapped = MAP_FAILED;
	int fd;

	if (path == NULL || control != &no_control)
		return true;
	if ((fd = open(path, O_RDWR | O_CLOEXEC)) >= 0) {
		mapped = mmap(NULL, TOKEN_CONTROL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
	}
	if (mapped == MAP_FAILED) {
		fprintf(stderr, "token_module: %s: %s\n", path, strerror(errno));
		return false;
	}
	control = mapped;
	if (control->magic == TOKEN_CONTROL_MAGIC)
		return true;
	fprintf(stderr, "token_module: %s: not a control file of this module\n", path);
	return false;
}

static ck_rv_t
module_initialize(void *arguments)
{
	ck_rv_t rv;

	if (!map_control())
		return CKR_GENERAL_ERROR;
	called = CALL_C_Initialize;
	control->initialisations++;
	control->sessions = 0;
	control->signing = 0;
	login_seen = control->logged_out;
	return (rv = check_token()) != CKR_OK ? rv : real->C_Initialize(arguments);
}

/* The end of a process is never spoiled, save by a hang: errors there are nobody's business. */
static ck_rv_t
module_finalize(void *reserved)
{
	called = CALL_C_Finalize;
	if (control->call == CALL_C_Finalize)
		(void)check_token();
	memset(sessions, 0, sizeof(sessions));
	if (control != &no_control)
		munmap(control, TOKEN_CONTROL_SIZE);
	control = &no_control;
	return real->C_Finalize(reserved);
}

static ck_rv_t
open_counted(ck_slot_id_t slot, ck_flags_t flags, void *application, ck_notify_t notify,
    ck_session_handle_t *session)
{
	struct session *s = find_session(0);
	ck_rv_t rv;

	if (s == NULL ||
	    (control->sessions_max != 0 && control->sessions >= control->sessions_max)) {
		control->faults++;
		return CKR_SESSION_COUNT;
	}
	if ((rv = real->C_OpenSession(slot, flags, application, notify, session)) != CKR_OK)
		return rv;
	*s = (struct session){*session, control->sessions_lost};
	control->sessions_opened++;
	raise_to(&control->sessions_peak, ++control->sessions);
	return CKR_OK;
}

static ck_rv_t
module_open_session(ck_slot_id_t slot, ck_flags_t flags, void *application, ck_notify_t notify,
    ck_session_handle_t *session)
{
	ck_rv_t rv;

	called = CALL_C_OpenSession;
	if ((rv = check_token()) != CKR_OK)
		return rv;
	pthread_mutex_lock(&lock);
	rv = open_counted(slot, flags, application, notify, session);
	pthread_mutex_unlock(&lock);
	return rv;
}

/* Under the lock. */
static void
forget_session(struct session *s)
{
	s->handle = 0;
	control->sessions--;
}

static ck_rv_t
module_close_session(ck_session_handle_t session)
{
	struct session *s;
	ck_rv_t rv;

	called = CALL_C_CloseSession;
	rv = check_session(session);
	pthread_mutex_lock(&lock);
	if ((s = find_session(session)) != NULL)
		forget_session(s);
	pthread_mutex_unlock(&lock);
	real->C_CloseSession(session);
	return rv;
}

/* As if there were one token: that of the test. */
static ck_rv_t
module_close_all_sessions(ck_slot_id_t slot)
{
	ck_rv_t rv;

	called = CALL_C_CloseAllSessions;
	if ((rv = check_token()) != CKR_OK)
		return rv;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < SESSIONS_MAX; i++)
		if (sessions[i].handle != 0)
			forget_session(&sessions[i]);
	pthread_mutex_unlock(&lock);
	return real->C_CloseAllSessions(slot);
}

static ck_rv_t
module_login(
    ck_session_handle_t session, ck_user_type_t user, unsigned char *pin, unsigned long pin_size)
{
	bool was_out = login_seen != control->logged_out;
	uint64_t seen = control->logged_out;
	ck_rv_t rv;

	called = CALL_C_Login;
	control->login_tries++;
	if ((rv = check_session(session)) != CKR_OK || (rv = control->login_error) != CKR_OK)
		return rv;
	rv = real->C_Login(session, user, pin, pin_size);
	if (rv == CKR_USER_ALREADY_LOGGED_IN && was_out)
		rv = CKR_OK; /* only this module had thought it out */
	if (rv == CKR_OK) {
		login_seen = seen;
		control->logins++;
	}
	return rv;
}

static ck_rv_t
module_logout(ck_session_handle_t session)
{
	ck_rv_t rv;

	called = CALL_C_Logout;
	rv = check_session(session);
	return rv != CKR_OK ? rv : real->C_Logout(session);
}

/* --- signing -----------------------------------------------------------------------------------
 */

static ck_rv_t
find_other_key(ck_session_handle_t session, ck_object_handle_t *key)
{
	ck_object_class_t class = CKO_PRIVATE_KEY;
	char label[] = TOKEN_CONTROL_OTHER_KEY;
	struct ck_attribute wanted[] = {
	    {CKA_CLASS, &class, sizeof(class)}, {CKA_LABEL, label, sizeof(label) - 1}};
	unsigned long count = 0;
	ck_rv_t rv = real->C_FindObjectsInit(session, wanted, 2);

	if (rv == CKR_OK) {
		rv = real->C_FindObjects(session, key, 1, &count);
		real->C_FindObjectsFinal(session);
	}
	if (rv == CKR_OK && count != 1) {
		fprintf(stderr, "token_module: there is no key '%s' to sign with\n", label);
		rv = CKR_KEY_HANDLE_INVALID;
	}
	return rv;
}

static ck_rv_t
module_sign_init(
    ck_session_handle_t session, struct ck_mechanism *mechanism, ck_object_handle_t key)
{
	ck_rv_t rv;

	called = CALL_C_SignInit;
	rv = check_login(session);
	if (rv == CKR_OK && control->fault == FAULT_OTHER_KEY &&
	    next_fault(false) == FAULT_OTHER_KEY)
		rv = find_other_key(session, &key);
	return rv != CKR_OK ? rv : real->C_SignInit(session, mechanism, key);
}

/* The time that the signature takes: in its session, or in the token's one queue. */
static void
take_time(void)
{
	uint64_t latency = control->latency_us, now = now_us(), free_at, begin;

	if (latency == 0)
		return;
	if (control->serial == 0) {
		wait_until(now + latency);
		return;
	}
	free_at = control->busy_until_us;
	do
		begin = free_at > now ? free_at : now;
	while (!atomic_compare_exchange_weak(&control->busy_until_us, &free_at, begin + latency));
	wait_until(begin + latency);
}

static void
spoil(enum token_fault fault, unsigned char *signature, unsigned long *size)
{
	if (fault == FAULT_GARBAGE)
		for (unsigned long i = 0; i < *size; i++)
			signature[i] ^= 0x5a;
	else if (fault == FAULT_SHORT)
		*size = SHORT_SIZE;
}

static ck_rv_t
module_sign(ck_session_handle_t session, unsigned char *data, unsigned long data_size,
    unsigned char *signature, unsigned long *size)
{
	enum token_fault fault = FAULT_NONE;
	ck_rv_t rv;

	called = CALL_C_Sign;
	if ((rv = check_login(session)) != CKR_OK)
		return rv;
	if (signature == NULL) /* asks for the size alone */
		return real->C_Sign(session, data, data_size, NULL, size);
	raise_to(&control->signing_peak, ++control->signing);
	if (control->fault != FAULT_OTHER_KEY)
		fault = next_fault(false);
	take_time();
	/* An error is given after the real call, which ends the session's operation. */
	rv = fault == FAULT_HANG || fault == FAULT_CRASH ? suffer(fault) : CKR_OK;
	if (rv == CKR_OK)
		rv = real->C_Sign(session, data, data_size, signature, size);
	if (rv == CKR_OK)
		rv = suffer(fault);
	control->signing--;
	if (rv != CKR_OK)
		return rv;
	spoil(fault, signature, size);
	control->signs++;
	return CKR_OK;
}

/* --- the list ----------------------------------------------------------------------------------
 */

static ck_rv_t load_real(void);

static ck_rv_t
module_get_function_list(struct ck_function_list **list)
{
	ck_rv_t rv;

	pthread_mutex_lock(&lock);
	rv = real != NULL ? CKR_OK : load_real();
	pthread_mutex_unlock(&lock);
	*list = &functions;
	called = CALL_C_GetFunctionList;
	if (rv == CKR_OK && map_control() && control->call == called)
		rv = check_token();
	return rv;
}

static ck_rv_t
load_real(void)
{
	const char *path = getenv("HALLMARK_TOKEN_MODULE");
	struct ck_function_list *list = NULL;
	CK_C_GetFunctionList get = NULL;
	void *module = dlopen(path != NULL ? path : REAL_MODULE, RTLD_NOW | RTLD_LOCAL);

	if (module != NULL)
		*(void **)&get = dlsym(module, "C_GetFunctionList");
	if (get == NULL || get(&list) != CKR_OK) {
		fprintf(stderr, "token_module: cannot load the real module: %s\n", dlerror());
		return CKR_GENERAL_ERROR;
	}
	real = list;
	functions = *list;
	functions.C_Initialize = module_initialize;
	functions.C_Finalize = module_finalize;
	functions.C_GetFunctionList = module_get_function_list;
	functions.C_GetTokenInfo = module_get_token_info;
	functions.C_GetAttributeValue = module_get_attribute_value;
	functions.C_OpenSession = module_open_session;
	functions.C_CloseSession = module_close_session;
	functions.C_CloseAllSessions = module_close_all_sessions;
	functions.C_Login = module_login;
	functions.C_Logout = module_logout;
	functions.C_SignInit = module_sign_init;
	functions.C_Sign = module_sign;
#define PASS(check, name, parameters, arguments) functions.name = pass_##name;
	PASSED(PASS)
#undef PASS
	return CKR_OK;
}

__attribute__((visibility("default"))) ck_rv_t
C_GetFunctionList(struct ck_function_list **list)
{
	return module_get_function_list(list);
}
