/*
 * How many signatures a second a token makes when nothing is in its way: so many threads, a session
 * each, C_SignInit and C_Sign of one digest over and over. What JWT mode is compared with.
 *
 *   rawsign --module FILE --token LABEL --pin-file FILE --key LABEL [--sessions N] [--seconds N]
 *           [--libp11 [--verify CERTIFICATE]]
 *
 * With --libp11 the threads sign through libp11's EVP_PKEY and its pool of sessions instead: does
 * the library keep them apart? With --verify they verify each signature, too: what of the rate is
 * left to whoever lets none out unseen. Prints one JSON object; `busy` is its part of a core.
 */
#include <dlfcn.h>
#include <errno.h>
#include <libp11.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CRYPTOKI_GNU 1
#include <p11-kit/pkcs11.h>

#define SESSIONS_MAX  64
#define SLOTS_MAX     64
#define DIGEST_BYTES  32
#define SIGNATURE_MAX 512 /* bytes: RSA-4096 */

struct options {
	const char *module, *token, *pin_file, *key;
	const char *verify; /* PEM certificate, or NULL */
	unsigned sessions, seconds;
	bool libp11;
};

struct signer {
	pthread_t thread;
	ck_session_handle_t session;
	uint64_t signatures;
};

static struct options o = {.sessions = 2, .seconds = 3};
static char pin[256];
static struct ck_function_list *module;
static ck_object_handle_t key;
static ck_mechanism_type_t mechanism_type;
static EVP_PKEY *libp11_key, *public_key;
static pthread_barrier_t together;
static atomic_bool stopping;
static struct signer signers[SESSIONS_MAX];

static void parse_options(int argc, char **argv);
static void read_pin(void);
static ck_slot_id_t find_slot(void);
static void open_raw(void);
static void open_libp11(void);
static void read_public_key(void);
static void *sign_raw(void *argument);
static void *sign_libp11(void *argument);
static EVP_PKEY_CTX *context(EVP_PKEY *of, int (*init)(EVP_PKEY_CTX *ctx));
static double seconds(clockid_t clock);
static void die(const char *what, unsigned long number);

int
main(int argc, char **argv)
{
	uint64_t sum = 0;
	double began, took, used;

	parse_options(argc, argv);
	read_pin();
	if (o.libp11)
		open_libp11();
	else
		open_raw();
	pthread_barrier_init(&together, NULL, o.sessions + 1);
	for (unsigned i = 0; i < o.sessions; i++)
		if (pthread_create(&signers[i].thread, NULL, o.libp11 ? sign_libp11 : sign_raw,
			&signers[i]) != 0)
			die("no thread", i);
	pthread_barrier_wait(&together);
	began = seconds(CLOCK_MONOTONIC);
	used = seconds(CLOCK_PROCESS_CPUTIME_ID);
	while (seconds(CLOCK_MONOTONIC) < began + o.seconds) {
		struct timespec rest = {.tv_nsec = 1000000};

		clock_nanosleep(CLOCK_MONOTONIC, 0, &rest, NULL);
	}
	atomic_store(&stopping, true);
	for (unsigned i = 0; i < o.sessions; i++) {
		pthread_join(signers[i].thread, NULL);
		sum += signers[i].signatures;
	}
	took = seconds(CLOCK_MONOTONIC) - began;
	used = seconds(CLOCK_PROCESS_CPUTIME_ID) - used;
	printf("{\"sessions\":%u,\"signatures\":%llu,\"seconds\":%.3f,\"per_second\":%.1f,"
	       "\"busy\":%.3f}\n",
	    o.sessions, (unsigned long long)sum, took, (double)sum / took, used / took);
	fflush(stdout);
	if (!o.libp11)
		module->C_Finalize(NULL);
	_exit(0); /* some modules crash in their destructors */
}

static void
parse_options(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";

		if (strcmp(argv[i], "--libp11") == 0) {
			o.libp11 = true;
			continue;
		}
		if (strcmp(argv[i], "--module") == 0)
			o.module = value;
		else if (strcmp(argv[i], "--token") == 0)
			o.token = value;
		else if (strcmp(argv[i], "--pin-file") == 0)
			o.pin_file = value;
		else if (strcmp(argv[i], "--key") == 0)
			o.key = value;
		else if (strcmp(argv[i], "--verify") == 0)
			o.verify = value;
		else if (strcmp(argv[i], "--sessions") == 0)
			o.sessions = (unsigned)atoi(value);
		else if (strcmp(argv[i], "--seconds") == 0)
			o.seconds = (unsigned)atoi(value);
		else
			die(argv[i], 0);
		i++;
	}
	if (o.module == NULL || o.token == NULL || o.pin_file == NULL || o.key == NULL ||
	    o.sessions == 0 || o.sessions > SESSIONS_MAX)
		die("--module, --token, --pin-file and --key are needed; at most this many "
		    "sessions",
		    SESSIONS_MAX);
}

static void
read_pin(void)
{
	FILE *file = fopen(o.pin_file, "r");

	if (file == NULL || fgets(pin, sizeof(pin), file) == NULL)
		die(o.pin_file, (unsigned long)errno);
	fclose(file);
	pin[strcspn(pin, "\n")] = '\0';
}

static void
open_raw(void)
{
	struct ck_c_initialize_args arguments = {.flags = CKF_OS_LOCKING_OK};
	void *library = dlopen(o.module, RTLD_NOW | RTLD_LOCAL);
	ck_object_class_t class = CKO_PRIVATE_KEY;
	ck_key_type_t type = CKK_EC;
	struct ck_attribute wanted[] = {
	    {CKA_CLASS, &class, sizeof(class)}, {CKA_LABEL, (void *)o.key, strlen(o.key)}};
	struct ck_attribute kind = {CKA_KEY_TYPE, &type, sizeof(type)};
	CK_C_GetFunctionList get;
	unsigned long count = 0;
	ck_slot_id_t slot;
	ck_rv_t rv;

	if (library == NULL)
		die(dlerror(), 0);
	*(void **)&get = dlsym(library, "C_GetFunctionList");
	if (get == NULL || get(&module) != CKR_OK ||
	    (rv = module->C_Initialize(&arguments)) != CKR_OK)
		die("the module does not start", 0);
	slot = find_slot();
	for (unsigned i = 0; i < o.sessions; i++) {
		rv = module->C_OpenSession(
		    slot, CKF_SERIAL_SESSION, NULL, NULL, &signers[i].session);
		if (rv == CKR_OK && i == 0)
			rv = module->C_Login(
			    signers[i].session, CKU_USER, (unsigned char *)pin, strlen(pin));
		if (rv != CKR_OK)
			die("no session", rv);
	}
	if ((rv = module->C_FindObjectsInit(signers[0].session, wanted, 2)) != CKR_OK ||
	    (rv = module->C_FindObjects(signers[0].session, &key, 1, &count)) != CKR_OK ||
	    count != 1)
		die("no such key", rv);
	module->C_FindObjectsFinal(signers[0].session);
	if ((rv = module->C_GetAttributeValue(signers[0].session, key, &kind, 1)) != CKR_OK)
		die("what kind of key it is", rv);
	mechanism_type = type == CKK_EC ? CKM_ECDSA : CKM_RSA_PKCS;
}

static ck_slot_id_t
find_slot(void)
{
	ck_slot_id_t slots[SLOTS_MAX];
	unsigned long count = SLOTS_MAX;
	struct ck_token_info info;

	if (module->C_GetSlotList(1, slots, &count) != CKR_OK)
		die("no slots", 0);
	for (unsigned long i = 0; i < count; i++)
		if (module->C_GetTokenInfo(slots[i], &info) == CKR_OK &&
		    strlen(o.token) <= sizeof(info.label) &&
		    memcmp(info.label, o.token, strlen(o.token)) == 0 &&
		    (strlen(o.token) == sizeof(info.label) || info.label[strlen(o.token)] == ' '))
			return slots[i];
	die("no such token", 0);
	return 0;
}

static void
open_libp11(void)
{
	PKCS11_CTX *ctx = PKCS11_CTX_new();
	PKCS11_SLOT *slots, *slot;
	PKCS11_KEY *keys;
	unsigned count;

	if (ctx == NULL || PKCS11_CTX_load(ctx, o.module) != 0 ||
	    PKCS11_enumerate_slots(ctx, &slots, &count) != 0)
		die("the module does not start", 0);
	for (slot = slots; slot < slots + count; slot++)
		if (slot->token != NULL && strcmp(slot->token->label, o.token) == 0)
			break;
	if (slot == slots + count || PKCS11_open_session(slot, 0) != 0 ||
	    PKCS11_login(slot, 0, pin) != 0 ||
	    PKCS11_enumerate_keys(slot->token, &keys, &count) != 0)
		die("the token does not take the PIN", 0);
	for (unsigned i = 0; i < count; i++)
		if (strcmp(keys[i].label, o.key) == 0)
			libp11_key = PKCS11_get_private_key(&keys[i]);
	if (libp11_key == NULL)
		die("no such key", 0);
	if (o.verify != NULL)
		read_public_key();
}

static void
read_public_key(void)
{
	FILE *file = fopen(o.verify, "r");
	X509 *certificate = file != NULL ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;

	if (certificate == NULL || (public_key = X509_get_pubkey(certificate)) == NULL)
		die(o.verify, (unsigned long)errno);
	X509_free(certificate);
	fclose(file);
}

static void *
sign_raw(void *argument)
{
	struct signer *s = argument;
	struct ck_mechanism mechanism = {mechanism_type, NULL, 0};
	unsigned char digest[DIGEST_BYTES] = {1}, signature[SIGNATURE_MAX];
	unsigned long size;
	ck_rv_t rv;

	pthread_barrier_wait(&together);
	while (!atomic_load(&stopping)) {
		size = sizeof(signature);
		if ((rv = module->C_SignInit(s->session, &mechanism, key)) != CKR_OK ||
		    (rv = module->C_Sign(s->session, digest, sizeof(digest), signature, &size)) !=
			CKR_OK)
			die("C_Sign", rv);
		s->signatures++;
	}
	return NULL;
}

static void *
sign_libp11(void *argument)
{
	struct signer *s = argument;
	unsigned char digest[DIGEST_BYTES] = {1}, signature[SIGNATURE_MAX];
	EVP_PKEY_CTX *sign = context(libp11_key, EVP_PKEY_sign_init), *verify = NULL;
	size_t size;

	if (public_key != NULL)
		verify = context(public_key, EVP_PKEY_verify_init);
	pthread_barrier_wait(&together);
	while (!atomic_load(&stopping)) {
		size = sizeof(signature);
		if (EVP_PKEY_sign(sign, signature, &size, digest, sizeof(digest)) != 1)
			die("EVP_PKEY_sign", 0);
		if (verify != NULL &&
		    EVP_PKEY_verify(verify, signature, size, digest, sizeof(digest)) != 1)
			die("EVP_PKEY_verify", 0);
		s->signatures++;
	}
	EVP_PKEY_CTX_free(sign);
	EVP_PKEY_CTX_free(verify);
	return NULL;
}

static EVP_PKEY_CTX *
context(EVP_PKEY *of, int (*init)(EVP_PKEY_CTX *ctx))
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(of, NULL);

	if (ctx == NULL || init(ctx) != 1 || EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) != 1)
		die("a context", 0);
	return ctx;
}

static double
seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
die(const char *what, unsigned long number)
{
	fprintf(stderr, "rawsign: %s (0x%lx)\n", what, number);
	_exit(1);
}
