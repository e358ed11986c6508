#include "collector/machine/ports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RANGE_PATH   "proc/sys/net/ipv4/ip_local_port_range"
#define STATE_CLOSED 7  /* TCP_CLOSE: of UDP that is connected to nobody */
#define STATE_LISTEN 10 /* TCP_LISTEN */

static const struct {
	const char *name;
	const char *path;
	unsigned state;
	bool first; /* what is in that state comes before all else, so that the rest is not read */
} tables[] = {
    {"tcp", "proc/net/tcp", STATE_LISTEN, true},
    {"tcp6", "proc/net/tcp6", STATE_LISTEN, true},
    {"udp", "proc/net/udp", STATE_CLOSED, false},
    {"udp6", "proc/net/udp6", STATE_CLOSED, false},
};

struct range {
	unsigned least, most;
};

static void read_range(const struct machine *m, struct range *out);
static enum err take_table(
    const struct machine *m, size_t table, const struct range *r, struct values *to);
static bool address_text(const char *hex, size_t digits, char *to, size_t size);

enum err
ports_add(const struct machine *m)
{
	struct values values = VALUES_INIT;
	struct range range;
	enum err e = ERR_OK;

	read_range(m, &range);
	for (size_t i = 0; e == ERR_OK && i < sizeof(tables) / sizeof(tables[0]); i++)
		e = take_table(m, i, &range, &values);
	return machine_finish(m, e, &values, VALUES_DISTINCT, "listening");
}

/* "  0: 0100007F:0CEA 00000000:0000 0A ..." */
bool
ports_read_row(const char *line, struct port_row *out)
{
	unsigned port;
	char hex[33];
	int end = 0;

	if (sscanf(line, " %*u: %32[0-9A-F]:%4X %*32[0-9A-F]:%*4X %2X%n", hex, &port, &out->state,
		&end) != 3 ||
	    end == 0 || !address_text(hex, strlen(hex), out->address, sizeof(out->address)))
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
			(void)sscanf((const char *)text.data, "%5u %5u", &out->least, &out->most);
	}
	buf_free(&text);
}

static enum err
take_table(const struct machine *m, size_t table, const struct range *r, struct values *to)
{
	const int fd = openat(m->root, tables[table].path, O_RDONLY | O_CLOEXEC);
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
		if (row.state != tables[table].state) {
			if (tables[table].first)
				break;
			continue;
		}
		if (row.port >= r->least && row.port <= r->most)
			continue;
		buf_append_format(
		    &to->text, "%s %s:%u", tables[table].name, row.address, (unsigned)row.port);
		values_end(to);
	}
	free(line);
	(void)fclose(file);
	return ERR_OK;
}

/* Numbers of 32 bits as the machine has them, each of the bytes of the address in their order. */
static bool
address_text(const char *hex, size_t digits, char *to, size_t size)
{
	uint32_t words[4];
	char word[9], text[INET6_ADDRSTRLEN];

	if (digits != 8 && digits != 32)
		return false;
	for (size_t i = 0; i < digits / 8; i++) {
		memcpy(word, hex + 8 * i, 8);
		word[8] = '\0';
		words[i] = (uint32_t)strtoul(word, NULL, 16);
	}
	if (inet_ntop(digits == 8 ? AF_INET : AF_INET6, words, text, sizeof(text)) == NULL)
		return false;
	return (size_t)snprintf(to, size, digits == 8 ? "%s" : "[%s]", text) < size;
}
