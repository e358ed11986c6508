#include "collector/machine/ports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/machine/listeners.h"

#define RANGE_PATH   "proc/sys/net/ipv4/ip_local_port_range"
#define STATE_CLOSED 7  /* TCP_CLOSE: of UDP that is connected to nobody */
#define STATE_LISTEN 10 /* TCP_LISTEN */

static const struct port_table {
	const char *name;
	const char *path;
	int asked; /* for what listens, of this family; 0: it is read */
	unsigned state;
	bool first; /* what is in that state comes before all else, so that the rest is not read */
} tables[] = {
    {"tcp", "proc/net/tcp", AF_INET, STATE_LISTEN, true},
    {"tcp6", "proc/net/tcp6", AF_INET6, STATE_LISTEN, true},
    {"udp", "proc/net/udp", 0, STATE_CLOSED, false},
    {"udp6", "proc/net/udp6", 0, STATE_CLOSED, false},
};

struct range {
	unsigned least, most;
};

/* What one table has, as it is taken. */
struct taking {
	const struct port_table *table;
	const struct range *range;
	struct values *to;
};

static void read_range(const struct machine *m, struct range *out);
static enum err take_table(const struct machine *m, const struct taking *t);
static void take_port(const struct taking *t, const char *address, unsigned port);
static listeners_visit take_listener;
static enum err read_table(const struct machine *m, const struct taking *t);
static bool address_of_hex(const char *hex, size_t digits, char *to, size_t size);
static bool address_text(int family, const void *address, char *to, size_t size);

enum err
ports_add(const struct machine *m)
{
	struct values values = VALUES_INIT;
	struct range range;
	enum err e = ERR_OK;

	read_range(m, &range);
	for (size_t i = 0; e == ERR_OK && i < sizeof(tables) / sizeof(tables[0]); i++)
		e = take_table(m, &(struct taking){&tables[i], &range, &values});
	return machine_finish(m, e, &values, VALUES_DISTINCT, "listening");
}

/* "  0: 0100007F:0CEA 00000000:0000 0A ..." */
bool
ports_read_row(const char *line, struct port_row *out)
{
	unsigned port;
	char hex[33];
	int end = 0;

	/* NOLINTNEXTLINE(cert-err34-c): so few digits fit, and how many were found is looked at */
	if (sscanf(line, " %*u: %32[0-9A-F]:%4X %*32[0-9A-F]:%*4X %2X%n", hex, &port, &out->state,
		&end) != 3 ||
	    end == 0 || !address_of_hex(hex, strlen(hex), out->address, sizeof(out->address)))
		return false;
	out->port = (uint16_t)port;
	return true;
}

static void
read_range(const struct machine *m, struct range *out)
{
	struct buf text = BUF_INIT;

	*out = (struct range){32768, 60999}; /* what Linux begins with */
	if (machine_read(m, RANGE_PATH, &text) == ERR_OK) {
		buf_append_byte(&text, '\0');
		if (buf_status(&text) == ERR_OK)
			/* Five digits fit; without them the range stays.
			 * NOLINTNEXTLINE(cert-err34-c) */
			(void)sscanf((const char *)text.data, "%5u %5u", &out->least, &out->most);
	}
	buf_free(&text);
}

/* What was taken before nobody answered any more is read once more: each counts once. */
static enum err
take_table(const struct machine *m, const struct taking *t)
{
	if (t->table->asked != 0 && listeners_load_nothing(m->root) &&
	    listeners_each(t->table->asked, take_listener, (void *)(uintptr_t)t) == ERR_OK)
		return ERR_OK;
	return read_table(m, t);
}

static void
take_port(const struct taking *t, const char *address, unsigned port)
{
	if (port >= t->range->least && port <= t->range->most)
		return;
	buf_append_format(&t->to->text, "%s %s:%u", t->table->name, address, port);
	values_end(t->to);
}

static void
take_listener(void *context, const uint8_t *address, uint16_t port)
{
	const struct taking *t = context;
	char text[PORT_ADDRESS_SIZE];

	if (address_text(t->table->asked, address, text, sizeof(text)))
		take_port(t, text, port);
}

static enum err
read_table(const struct machine *m, const struct taking *t)
{
	const int fd = openat(m->root, t->table->path, O_RDONLY | O_CLOEXEC);
	FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
	size_t capacity = 0;
	char *line = NULL;
	struct port_row row;

	if (file == NULL) {
		const bool none = errno == ENOENT;

		if (fd >= 0)
			(void)close(fd);
		return none ? ERR_OK : ERR_IO;
	}
	while (getline(&line, &capacity, file) > 0) {
		if (!ports_read_row(line, &row))
			continue;
		if (row.state == t->table->state)
			take_port(t, row.address, row.port);
		else if (t->table->first)
			break;
	}
	free(line);
	(void)fclose(file);
	return ERR_OK;
}

/* Numbers of 32 bits as the machine has them, each of the bytes of the address in their order. */
static bool
address_of_hex(const char *hex, size_t digits, char *to, size_t size)
{
	uint32_t words[4];
	char word[9];

	if (digits != 8 && digits != 32)
		return false;
	for (size_t i = 0; i < digits / 8; i++) {
		memcpy(word, hex + 8 * i, 8);
		word[8] = '\0';
		words[i] = (uint32_t)strtoul(word, NULL, 16);
	}
	return address_text(digits == 8 ? AF_INET : AF_INET6, words, to, size);
}

static bool
address_text(int family, const void *address, char *to, size_t size)
{
	char text[INET6_ADDRSTRLEN];

	if (inet_ntop(family, address, text, sizeof(text)) == NULL)
		return false;
	return (size_t)snprintf(to, size, family == AF_INET ? "%s" : "[%s]", text) < size;
}
