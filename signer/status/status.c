#include "signer/status/status.h"

#include <time.h>
#include <unistd.h>

#include "journal/logger.h"
#include "policy/policy_rollout.h"
#include "policy/words/revoked_words.h"
#include "proto/encoding.h"
#include "proto/text.h"
#include "proto/utc.h"
#include "signer/ledger/heads/judged.h"
#include "signer/ledger/heads/verdict.h"
#include "signer/ledger/ledger_stage.h"
#include "signer/loading/ends.h"
#include "signer/session/key_retired.h"
#include "signer/status/status_feeds.h"

#define REVOKED_SHOWN_MAX 64 /* more are counted, and in the log */

static void write_chronicle(struct buf *to, const struct service *s);
static void write_token(struct buf *to, const struct service *s);
static void write_time(struct buf *to, bool known, uint64_t time_s);
static void write_clock(struct buf *to, const struct service *s);
static void write_ends(struct buf *to, const struct service *s);
static void write_verdicts(struct buf *to, const struct service *s);
static void write_revoked(struct buf *to, const struct service *s);
static size_t write_groups(struct buf *to, const struct service *s);
static void write_group(
    struct buf *to, struct view name, enum report_enforce enforce, const struct judged_count *c);
static void write_known(struct buf *to, const char *name, uint64_t number, uint64_t unit);
static void write_log_lines(struct buf *to);
static void write_latency(struct buf *to, const char *name, const struct latency *l, bool last);

void
status_write(struct service *s, uint64_t uptime_s, struct buf *to)
{
	struct counters all;
	const struct counters *c = &all;
	struct ledger_status l;
	const char *comma = "";

	counters_with_traffic(&s->counters, &s->traffic, &all);
	ledger_status(s->ledger, &l);
	buf_append_string(to, "{\"log\":");
	json_append_string(to, view_of_string(s->config->log_origin));
	buf_append_string(to, ",\"policy\":");
	json_append_string(to, policy_id(s->policy));
	buf_append_format(
	    to, ",\"uptime_s\":%llu,\"pid\":%d", (unsigned long long)uptime_s, (int)getpid());
	buf_append_format(to, ",\"log_size\":%llu,\"signed_size\":%llu,\"published_size\":%llu",
	    (unsigned long long)l.size, (unsigned long long)l.signed_size,
	    (unsigned long long)l.published_size);
	buf_append_format(to, ",\"in_flight\":%llu,\"connections\":%llu,\"workloads\":%zu",
	    (unsigned long long)l.in_flight, (unsigned long long)traffic_connections(&s->traffic),
	    workload_count(s->workloads));
	buf_append_format(to, ",\"evidence\":%zu,\"evidence_receiving_bytes\":%llu",
	    evidence_count(s->evidence), (unsigned long long)s->evidence_bytes);
	buf_append_format(to, ",\"challenges_waiting\":%zu", s->challenges.count);
	buf_append_format(to, ",\"evidence_unsynced_bytes\":%zu", evidence_held_bytes(s->evidence));
	buf_append_format(
	    to, ",\"judgement_bytes\":%zu,\"batch_bytes\":%zu", s->verdicts.bytes, l.batch_bytes);
	buf_append_format(
	    to, ",\"key_process\":\"%s\",\"key_process_pid\":%d", l.key_process, l.key_process_pid);
	buf_append_string(to, ",\"key_process_end\":");
	if (l.key_process_end[0] != '\0')
		json_append_string(to, view_of_string(l.key_process_end));
	else
		buf_append_string(to, "null");
	write_token(to, s);
	write_chronicle(to, s);
	write_revoked(to, s);
	status_feeds_write(s, (uint64_t)time(NULL), to);
	write_clock(to, s);
	write_verdicts(to, s);
	buf_append_format(to, ",\"storage\":\"%s\"", s->storage.low ? "low" : "ok");
	write_known(to, "storage_free_mib", s->storage.free_bytes, 1024 * 1024);
	write_known(to, "signature_age_ms", l.signature_age_ms, 1);
	buf_append_format(to, ",\"loop_gap_max_us\":%llu",
	    (unsigned long long)traffic_loop_gap_max_us(&s->traffic));
	write_ends(to, s);
	buf_append_string(to, ",\"counters\":{");
#define COUNTER_WRITE(field, name, help)                                                           \
	buf_append_format(to, "%s\"%s\":%llu", comma, name, (unsigned long long)c->field);         \
	comma = ",";
	COUNTER_MAP(COUNTER_WRITE)
#undef COUNTER_WRITE
	buf_append_string(to, "},\"refusals\":{");
	comma = "";
	for (unsigned i = 0; i < err_count(); i++) {
		if (c->refusals[i] == 0)
			continue;
		buf_append_format(to, "%s\"%s\":%llu", comma, err_name(err_at(i)),
		    (unsigned long long)c->refusals[i]);
		comma = ",";
	}
	buf_append_string(to, "},");
	write_log_lines(to);
	buf_append_string(to, ",\"latency_us\":{");
	write_latency(to, "receipt", &c->receipt, false);
	write_latency(to, "storage", &c->storage, false);
	write_latency(to, "token", &c->token, true);
	buf_append_string(to, "}}\n");
}

/* As the key process has told it. */
static void
write_token(struct buf *to, const struct service *s)
{
	const struct token_seen *t = ledger_token(s->ledger);

	if (t == NULL) {
		buf_append_string(to, ",\"token\":null");
		return;
	}
	buf_append_string(to, ",\"token\":{\"label\":");
	json_append_string(to, t->label);
	buf_append_string(to, ",\"serial\":");
	json_append_string(to, t->serial);
	buf_append_string(to, ",\"firmware\":");
	json_append_string(to, t->firmware);
	buf_append_format(to, ",\"changes\":%llu,\"waiting\":%s}", (unsigned long long)t->number,
	    token_log_lacks(&s->chronicle.notices.tokens, t) ? "true" : "false");
}

/* What is in force, what waits to be, and who is silent. */
static void
write_chronicle(struct buf *to, const struct service *s)
{
	uint64_t retired_s = 0;
	const bool retired = key_retired_since(s, &retired_s);
	const bool waits = s->waiting != NULL && s->waiting_said;

	buf_append_string(to, ",\"log_time\":");
	write_time(to, s->looked_s > 0, s->looked_s);
	buf_append_format(
	    to, ",\"silent_workloads\":%llu", (unsigned long long)s->chronicle.absences.silent);
	buf_append_string(to, ",\"key_retired_since\":");
	write_time(to, retired, retired_s);
	buf_append_format(to, ",\"statements_in_force\":%zu,\"policy_waiting\":",
	    standing_statement_count(s->chronicle.notices.standing));
	if (waits)
		json_append_string(to, policy_id(s->waiting));
	else
		buf_append_string(to, "null");
	buf_append_format(to, ",\"approvals_needed\":%u,\"approvals_found\":%u",
	    waits ? s->waiting_needed : 0, waits ? s->waiting_found : 0);
	buf_append_string(to, ",\"reload_refused\":");
	write_time(to, s->reload_refused_s > 0, s->reload_refused_s);
}

/* What operators have revoked and is not over; those that there is no room for are counted. */
static void
write_revoked(struct buf *to, const struct service *s)
{
	const struct amendments *a = standing_amendments(s->chronicle.notices.standing);
	size_t in_force = 0;

	buf_append_string(to, ",\"revoked\":[");
	for (size_t i = 0; a != NULL && i < a->revoke_count; i++) {
		const struct revoke *r = &a->revoke[i];

		if (r->until_s <= s->last_issued_s || in_force++ >= REVOKED_SHOWN_MAX)
			continue;
		buf_append_string(to, in_force > 1 ? ",{" : "{");
		revoked_write(r, to);
		buf_append_byte(to, '}');
	}
	buf_append_format(to, "],\"revoked_count\":%zu", in_force);
}

static void
write_time(struct buf *to, bool known, uint64_t time_s)
{
	if (known) {
		buf_append_byte(to, '"');
		utc_append(to, time_s);
		buf_append_byte(to, '"');
	} else {
		buf_append_string(to, "null");
	}
}

/* As it was when it was looked at last, which is at most a tick ago. */
static void
write_clock(struct buf *to, const struct service *s)
{
	buf_append_format(to,
	    ",\"clock\":\"%s\",\"clock_identities\":%zu,\"clock_identities_against\":%zu",
	    clock_state_name(s->clock_state), s->clock_facts.heard, s->clock_facts.against);
}

/* What is not there, or has no end, is null. */
static void
write_ends(struct buf *to, const struct service *s)
{
	const int64_t now_s = (int64_t)time(NULL);

	buf_append_string(to, ",\"expiry\":{");
	for (unsigned i = 0; i < ENDS; i++) {
		const struct expiry *e = &s->ends[i];

		buf_append_format(to, "%s\"%s\":{\"name\":", i > 0 ? "," : "", ends_name(i));
		if (e->key != NULL)
			json_append_string(to, view_of_string(e->name));
		else
			buf_append_string(to, "null");
		if (e->key == NULL || e->to_s == INT64_MAX) {
			buf_append_string(
			    to, ",\"not_after\":null,\"left_s\":null,\"state\":null}");
			continue;
		}
		buf_append_string(to, ",\"not_after\":\"");
		utc_append(to, (uint64_t)e->to_s);
		buf_append_format(to, "\",\"left_s\":%lld,\"state\":\"%s\"}",
		    (long long)(e->to_s - now_s), expiry_state_name(expiry_state(e, now_s)));
	}
	buf_append_byte(to, '}');
}

static void
write_verdicts(struct buf *to, const struct service *s)
{
	const char *comma = "";
	char time[UTC_TEXT_SIZE];
	size_t all = 0;

	buf_append_format(
	    to, ",\"time\":\"%s\",\"verdicts\":{", utc_text(service_wall_ms(s) / 1000, time));
	for (unsigned v = VERDICT_AFFIRMING; v < VERDICT_COUNT; v++) {
		buf_append_format(to, "%s\"%s\":%zu", comma, verdict_name((enum verdict_kind)v),
		    workload_class_count(s->workloads, v));
		all += workload_class_count(s->workloads, v);
		comma = ",";
	}
	buf_append_byte(to, '}');
	buf_append_format(to, ",\"unjudged_workloads\":%zu", all - write_groups(to, s));
}

/* What the policy in force has judged, by its groups; how many that are. */
static size_t
write_groups(struct buf *to, const struct service *s)
{
	const struct digest *from = policy_rollout_from(s->policy);
	const struct judged *j = workload_judged(s->workloads);
	size_t all = j->group[0].workloads;

	buf_append_string(to, ",\"rollout_from\":");
	if (from != NULL) {
		buf_append_byte(to, '"');
		hex_append(to, (struct view){from->bytes, DIGEST_SIZE});
		buf_append_byte(to, '"');
	} else {
		buf_append_string(to, "null");
	}
	buf_append_string(to, ",\"groups\":[");
	for (size_t i = 0; i < policy_group_count(s->policy); i++) {
		write_group(to, policy_group_name(s->policy, i), policy_group_enforce(s->policy, i),
		    &j->group[i + 1]);
		buf_append_byte(to, ',');
		all += j->group[i + 1].workloads;
	}
	write_group(to, (struct view){NULL, 0}, REPORT_ENFORCE_ON, &j->group[0]);
	buf_append_byte(to, ']');
	return all;
}

/* Without a name: those that are in none. */
static void
write_group(
    struct buf *to, struct view name, enum report_enforce enforce, const struct judged_count *c)
{
	buf_append_string(to, "{\"name\":");
	if (name.size > 0)
		json_append_string(to, name);
	else
		buf_append_string(to, "null");
	buf_append_format(to, ",\"enforce\":\"%s\",\"workloads\":%zu,\"falls\":%zu}",
	    report_enforce_name(enforce), c->workloads, c->falls);
}

/* UINT64_MAX stands for what is not known. */
static void
write_known(struct buf *to, const char *name, uint64_t number, uint64_t unit)
{
	if (number == UINT64_MAX)
		buf_append_format(to, ",\"%s\":null", name);
	else
		buf_append_format(to, ",\"%s\":%llu", name, (unsigned long long)(number / unit));
}

static void
write_log_lines(struct buf *to)
{
	struct logger_counts lines;

	logger_counts(&lines);
	buf_append_string(to, "\"log_lines\":{");
	for (int level = 0; level < LOGGER_LEVELS; level++)
		buf_append_format(to, "\"%s\":%llu,", logger_level_name((enum logger_level)level),
		    (unsigned long long)lines.said[level]);
	buf_append_format(to, "\"left_out\":%llu,\"dropped\":%llu}",
	    (unsigned long long)lines.left_out, (unsigned long long)lines.dropped);
}

static void
write_latency(struct buf *to, const char *name, const struct latency *l, bool last)
{
	uint64_t within = 0;

	buf_append_format(to,
	    "\"%s\":{\"count\":%llu,\"p50\":%llu,\"p99\":%llu,\"p999\":%llu,\"max\":%llu,"
	    "\"sum\":%llu,\"within\":{",
	    name, (unsigned long long)l->count, (unsigned long long)latency_quantile_us(l, 0.5),
	    (unsigned long long)latency_quantile_us(l, 0.99),
	    (unsigned long long)latency_quantile_us(l, 0.999), (unsigned long long)l->max_us,
	    (unsigned long long)l->sum_us);
	for (unsigned i = 0; i < LATENCY_BOUNDS; i++) {
		within += l->within[i];
		buf_append_format(to, "%s\"%llu\":%llu", i > 0 ? "," : "",
		    (unsigned long long)latency_bound_us[i], (unsigned long long)within);
	}
	buf_append_string(to, last ? "}}" : "}},");
}
