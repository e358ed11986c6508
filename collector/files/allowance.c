#include "collector/files/allowance.h"

#include "collector/ground/interrupt.h"

static void tell(struct allowance *a);

void
allowance_begin(struct allowance *a)
{
	atomic_init(&a->left, UINT64_MAX);
	rate_begin(&a->rate, 0);
	(void)pthread_mutex_init(&a->telling, NULL);
	allowance_tell(a, NULL, NULL);
}

void
allowance_tell(struct allowance *a, allowance_told *to, void *context)
{
	a->to = to;
	a->context = context;
	a->due_ms = interrupt_clock_ms() + ALLOWANCE_TELL_MS;
	atomic_store(&a->files, 0);
	atomic_store(&a->bytes, 0);
}

bool
allowance_take(struct allowance *a, uint64_t bytes)
{
	uint64_t left = atomic_load(&a->left);

	while (bytes <= left && !atomic_compare_exchange_weak(&a->left, &left, left - bytes))
		;
	return bytes <= left;
}

bool
allowance_settle(struct allowance *a, uint64_t taken, uint64_t read)
{
	const uint64_t more = read > taken ? read - taken : 0;
	uint64_t left;

	if (read < taken)
		(void)atomic_fetch_add(&a->left, taken - read);
	left = atomic_load(&a->left);
	while (!atomic_compare_exchange_weak(&a->left, &left, more <= left ? left - more : 0))
		;
	return more <= left;
}

void
allowance_count_bytes(struct allowance *a, uint64_t bytes)
{
	rate_keep(&a->rate, bytes);
	(void)atomic_fetch_add(&a->bytes, bytes);
	tell(a);
}

void
allowance_count_file(struct allowance *a)
{
	(void)atomic_fetch_add(&a->files, 1);
	tell(a);
}

static void
tell(struct allowance *a)
{
	uint64_t now_ms;

	if (a->to == NULL || pthread_mutex_trylock(&a->telling) != 0)
		return;
	if ((now_ms = interrupt_clock_ms()) >= a->due_ms) {
		a->due_ms = now_ms + ALLOWANCE_TELL_MS;
		a->to(a->context, atomic_load(&a->files), atomic_load(&a->bytes));
	}
	(void)pthread_mutex_unlock(&a->telling);
}
