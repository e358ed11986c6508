#include "pkcs11/token/failure.h"

#include <stddef.h>
#include <time.h>

#include "pkcs11/token/cryptoki.h"

struct failure {
	unsigned long rv;
	enum failure_class class;
	const char *text;
};

#define UNEXPECTED "no call here has this answer: ask the module's vendor"

#define RETRY(rv, text)                                                                            \
	{                                                                                          \
		rv, FAILURE_RETRY, #rv ": " text                                                   \
	}
#define SESSION(rv, text)                                                                          \
	{                                                                                          \
		rv, FAILURE_SESSION, #rv ": " text                                                 \
	}
#define PROCESS(rv, text)                                                                          \
	{                                                                                          \
		rv, FAILURE_PROCESS, #rv ": " text                                                 \
	}
#define OPERATOR(rv, text)                                                                         \
	{                                                                                          \
		rv, FAILURE_OPERATOR, #rv ": " text                                                \
	}

/* clang-format off */
static const struct failure failures[] = {
    /* The call was taken back, or the token is busy with others; it says so itself. */
    RETRY(CKR_CANCEL, "the call was cancelled"),
    RETRY(CKR_FUNCTION_CANCELED, "the call was cancelled"),
    RETRY(CKR_SESSION_COUNT, "all sessions of the token are in use: see `sessions` here, and who else has some"),

    SESSION(CKR_SESSION_CLOSED, "the session was closed"),
    SESSION(CKR_SESSION_HANDLE_INVALID, "the token has lost the session"),
    SESSION(CKR_OPERATION_ACTIVE, "the session is still busy with another call"),
    SESSION(CKR_OPERATION_NOT_INITIALIZED, "the session has forgotten what it was doing"),

    PROCESS(CKR_HOST_MEMORY, "the module has no memory"),
    PROCESS(CKR_SLOT_ID_INVALID, "the slot is gone"),
    PROCESS(CKR_GENERAL_ERROR, "the module says no more; its own log may"),
    PROCESS(CKR_FUNCTION_FAILED, "the module says no more; its own log may"),
    PROCESS(CKR_DEVICE_ERROR, "the token is gone or broken"),
    PROCESS(CKR_DEVICE_REMOVED, "the token is gone or broken"),
    PROCESS(CKR_TOKEN_NOT_PRESENT, "the token is gone or broken"),
    PROCESS(CKR_KEY_HANDLE_INVALID, "the key is not where it was found: the token was reset, or the key removed"),
    PROCESS(CKR_OBJECT_HANDLE_INVALID, "the object is not where it was found: the token was reset, or it was removed"),
    PROCESS(CKR_KEY_CHANGED, "the key is another than was found"),
    PROCESS(CKR_USER_NOT_LOGGED_IN, "the login is over: the token was reset, or has ended it"),
    PROCESS(CKR_CRYPTOKI_NOT_INITIALIZED, "the module has forgotten that it was started"),

    OPERATOR(CKR_NEED_TO_CREATE_THREADS, "the module wants to be used otherwise than by several threads"),
    OPERATOR(CKR_CANT_LOCK, "the module cannot be used by several threads"),
    OPERATOR(CKR_LIBRARY_LOAD_FAILED, "the module needs a library that cannot be loaded; see how the vendor installs it"),
    OPERATOR(CKR_TOKEN_NOT_RECOGNIZED, "the module does not know this token"),
    OPERATOR(CKR_TOKEN_WRITE_PROTECTED, "the token is write-protected"),
    OPERATOR(CKR_SESSION_READ_ONLY, "the token is write-protected"),
    OPERATOR(CKR_SESSION_READ_WRITE_SO_EXISTS, "the security officer is logged in; end that first"),
    OPERATOR(CKR_USER_ANOTHER_ALREADY_LOGGED_IN, "another user is logged in; end that first"),
    OPERATOR(CKR_USER_TOO_MANY_TYPES, "too many users are logged in; end that first"),
    OPERATOR(CKR_USER_TYPE_INVALID, "the token knows no user who signs"),
    OPERATOR(CKR_PIN_INCORRECT, "the PIN is wrong; too many tries lock the token"),
    OPERATOR(CKR_PIN_INVALID, "the PIN has characters that the token does not take"),
    OPERATOR(CKR_PIN_LEN_RANGE, "the PIN has a length that the token does not take"),
    OPERATOR(CKR_PIN_EXPIRED, "the PIN has expired; set a new one with the vendor's tool"),
    OPERATOR(CKR_PIN_LOCKED, "the PIN is locked; the security officer must set a new one"),
    OPERATOR(CKR_PIN_TOO_WEAK, "the token finds the PIN too weak; set a new one with the vendor's tool"),
    OPERATOR(CKR_USER_PIN_NOT_INITIALIZED, "the token has no user PIN yet; the security officer must set one"),
    OPERATOR(CKR_MECHANISM_INVALID, "the token does not know this algorithm, or not for this key"),
    OPERATOR(CKR_MECHANISM_PARAM_INVALID, "the token does not know this algorithm in this form"),
    OPERATOR(CKR_FUNCTION_NOT_SUPPORTED, "the token cannot do this at all"),
    OPERATOR(CKR_FUNCTION_REJECTED, "the token was told not to do this; see its settings"),
    OPERATOR(CKR_ACTION_PROHIBITED, "the token was told not to do this; see its settings"),
    OPERATOR(CKR_KEY_TYPE_INCONSISTENT, "the key is of another type than the algorithm"),
    OPERATOR(CKR_KEY_SIZE_RANGE, "the token does not take a key of this size"),
    OPERATOR(CKR_KEY_FUNCTION_NOT_PERMITTED, "the key may not sign (CKA_SIGN)"),
    OPERATOR(CKR_CURVE_NOT_SUPPORTED, "the token does not know this curve"),
    OPERATOR(CKR_DOMAIN_PARAMS_INVALID, "the token does not know this curve"),
    OPERATOR(CKR_ATTRIBUTE_TYPE_INVALID, "the token does not make a key with these attributes"),
    OPERATOR(CKR_ATTRIBUTE_VALUE_INVALID, "the token does not make a key with these attributes"),
    OPERATOR(CKR_ATTRIBUTE_READ_ONLY, "the token does not make a key with these attributes"),
    OPERATOR(CKR_TEMPLATE_INCONSISTENT, "the token does not make a key with these attributes"),
    OPERATOR(CKR_TEMPLATE_INCOMPLETE, "the token does not make a key with these attributes"),
    OPERATOR(CKR_DEVICE_MEMORY, "the token is full"),
    OPERATOR(CKR_FIPS_SELF_TEST_FAILED, "the token has found itself broken; see the vendor's tool"),

    /* Answers to what is never asked here. */
    PROCESS(CKR_ARGUMENTS_BAD, UNEXPECTED),
    PROCESS(CKR_NO_EVENT, UNEXPECTED),
    PROCESS(CKR_ATTRIBUTE_SENSITIVE, UNEXPECTED),
    PROCESS(CKR_DATA_INVALID, UNEXPECTED),
    PROCESS(CKR_DATA_LEN_RANGE, UNEXPECTED),
    PROCESS(CKR_ENCRYPTED_DATA_INVALID, UNEXPECTED),
    PROCESS(CKR_ENCRYPTED_DATA_LEN_RANGE, UNEXPECTED),
    PROCESS(CKR_FUNCTION_NOT_PARALLEL, UNEXPECTED),
    PROCESS(CKR_KEY_NOT_NEEDED, UNEXPECTED),
    PROCESS(CKR_KEY_NEEDED, UNEXPECTED),
    PROCESS(CKR_KEY_INDIGESTIBLE, UNEXPECTED),
    PROCESS(CKR_KEY_NOT_WRAPPABLE, UNEXPECTED),
    PROCESS(CKR_KEY_UNEXTRACTABLE, UNEXPECTED),
    PROCESS(CKR_SESSION_PARALLEL_NOT_SUPPORTED, UNEXPECTED),
    PROCESS(CKR_SESSION_EXISTS, UNEXPECTED),
    PROCESS(CKR_SESSION_READ_ONLY_EXISTS, UNEXPECTED),
    PROCESS(CKR_SIGNATURE_INVALID, UNEXPECTED),
    PROCESS(CKR_SIGNATURE_LEN_RANGE, UNEXPECTED),
    PROCESS(CKR_UNWRAPPING_KEY_SIZE_RANGE, UNEXPECTED),
    PROCESS(CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT, UNEXPECTED),
    PROCESS(CKR_USER_ALREADY_LOGGED_IN, UNEXPECTED),
    PROCESS(CKR_WRAPPED_KEY_INVALID, UNEXPECTED),
    PROCESS(CKR_WRAPPED_KEY_LEN_RANGE, UNEXPECTED),
    PROCESS(CKR_WRAPPING_KEY_HANDLE_INVALID, UNEXPECTED),
    PROCESS(CKR_WRAPPING_KEY_SIZE_RANGE, UNEXPECTED),
    PROCESS(CKR_WRAPPING_KEY_TYPE_INCONSISTENT, UNEXPECTED),
    PROCESS(CKR_RANDOM_SEED_NOT_SUPPORTED, UNEXPECTED),
    PROCESS(CKR_RANDOM_NO_RNG, UNEXPECTED),
    PROCESS(CKR_BUFFER_TOO_SMALL, UNEXPECTED),
    PROCESS(CKR_SAVED_STATE_INVALID, UNEXPECTED),
    PROCESS(CKR_INFORMATION_SENSITIVE, UNEXPECTED),
    PROCESS(CKR_STATE_UNSAVEABLE, UNEXPECTED),
    PROCESS(CKR_CRYPTOKI_ALREADY_INITIALIZED, UNEXPECTED),
    PROCESS(CKR_MUTEX_BAD, UNEXPECTED),
    PROCESS(CKR_MUTEX_NOT_LOCKED, UNEXPECTED),
    PROCESS(CKR_NEW_PIN_MODE, UNEXPECTED),
    PROCESS(CKR_NEXT_OTP, UNEXPECTED),
    PROCESS(CKR_EXCEEDED_MAX_ITERATIONS, UNEXPECTED),
    PROCESS(CKR_PUBLIC_KEY_INVALID, UNEXPECTED),
};
/* clang-format on */

/* The most that is done here about a failure of each class, call by call. */
static const enum failure_class reactions[][4] = {
    /*                 RETRY            SESSION          PROCESS          OPERATOR */
    [FAILURE_START] = {FAILURE_PROCESS, FAILURE_PROCESS, FAILURE_PROCESS, FAILURE_OPERATOR},
    [FAILURE_OPEN] = {FAILURE_RETRY, FAILURE_PROCESS, FAILURE_PROCESS, FAILURE_OPERATOR},
    [FAILURE_LOGIN] = {FAILURE_PROCESS, FAILURE_PROCESS, FAILURE_PROCESS, FAILURE_OPERATOR},
    [FAILURE_READ] = {FAILURE_PROCESS, FAILURE_PROCESS, FAILURE_PROCESS, FAILURE_OPERATOR},
    [FAILURE_SIGN] = {FAILURE_RETRY, FAILURE_SESSION, FAILURE_PROCESS, FAILURE_OPERATOR},
};

static const struct failure *find(unsigned long rv);

enum failure_class
failure_reaction(enum failure_call call, unsigned long rv)
{
	const struct failure *f = find(rv);

	return reactions[call][f != NULL ? f->class : FAILURE_PROCESS];
}

enum err
failure_error(enum failure_call call, unsigned long rv)
{
	return failure_reaction(call, rv) == FAILURE_OPERATOR ? ERR_TOKEN_UNFIT : ERR_TOKEN;
}

bool
failure_spares_pin(unsigned long rv)
{
	const struct failure *f = find(rv);

	switch (rv) {
	case CKR_HOST_MEMORY:
	case CKR_SLOT_ID_INVALID:
	case CKR_DEVICE_ERROR:
	case CKR_DEVICE_MEMORY:
	case CKR_DEVICE_REMOVED:
	case CKR_TOKEN_NOT_PRESENT:
	case CKR_CRYPTOKI_NOT_INITIALIZED:
	case CKR_SESSION_READ_ONLY_EXISTS:
	case CKR_USER_ANOTHER_ALREADY_LOGGED_IN:
	case CKR_USER_TOO_MANY_TYPES:
	case CKR_USER_TYPE_INVALID:
		return true;
	default:
		return f != NULL && (f->class == FAILURE_RETRY || f->class == FAILURE_SESSION);
	}
}

const char *
failure_text(unsigned long rv)
{
	const struct failure *f = find(rv);

	if (f != NULL)
		return f->text;
	return rv >= CKR_VENDOR_DEFINED ? "a number of the vendor's own; see its manual"
					: "see PKCS#11 for the number";
}

void
failure_pause(unsigned retry)
{
	struct timespec pause = {0, (FAILURE_PAUSE_MS << retry) * 1000000L};

	(void)nanosleep(&pause, NULL);
}

static const struct failure *
find(unsigned long rv)
{
	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
		if (failures[i].rv == rv)
			return &failures[i];
	return NULL;
}
