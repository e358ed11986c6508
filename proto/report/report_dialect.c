#include "proto/report/report_dialect.h"

#define PIECE(s) VIEW_LITERAL(s)

const struct view report_status_piece[4] = {
    PIECE("\"affirming\""), PIECE("\"none\""), PIECE("\"warning\""), PIECE("\"contraindicated\"")};

const struct view report_enforce_piece[3] = {
    [REPORT_ENFORCE_ON] = PIECE("\"on\""),
    [REPORT_ENFORCE_WARN] = PIECE("\"warn\""),
    [REPORT_ENFORCE_OFF] = PIECE("\"off\""),
};

#define CLAIM_PIECE(identifier, name) [identifier] = PIECE("\"" name "\":"),
const struct view report_claim_piece[REPORT_CLAIM_COUNT] = {REPORT_CLAIM_MAP(CLAIM_PIECE)};

#define COMPONENT_PIECE(identifier, name, shape) [identifier] = PIECE("\"" name "\":{\"sha256\":"),
const struct view report_component_piece[COMPONENT_KIND_COUNT] = {
    COMPONENT_KIND_MAP(COMPONENT_PIECE)};

#define KIND_PIECE(identifier, name, shape) [identifier] = PIECE("\"" name "\""),
const struct view report_kind_piece[COMPONENT_KIND_COUNT] = {COMPONENT_KIND_MAP(KIND_PIECE)};

const struct report_dialect *
report_dialect(enum report_profile profile)
{
	static const struct report_dialect dialects[] = {
	    [REPORT_PROFILE_DEPLOYED] =
		{
		    .begin = PIECE("{\"eat_profile\":\"tag:github.com,2023:veraison/ear\""),
		    .verifier = PIECE(",\"ear.verifier-id\":{\"developer\":"),
		    .status = PIECE(":{\"ear.status\":"),
		    .vector = PIECE(",\"ear.trustworthiness-vector\":{"),
		    .policy = PIECE(",\"ear.appraisal-policy-id\":"),
		    .policy_end = PIECE(""),
		    .references = PIECE(",\"hallmark.references\":["),
		    .findings = PIECE("],\"hallmark.findings\":["),
		    .count = PIECE("],\"hallmark.finding-count\":"),
		    .group = PIECE(",\"hallmark.group\":"),
		    .rollout = PIECE(",\"hallmark.rollout\":{\"enforce\":"),
		    .not_checked = PIECE(",\"hallmark.not-checked\":["),
		    .accepted = PIECE("],\"hallmark.accepted\":["),
		    .exceptions = PIECE("],\"hallmark.exceptions\":["),
		    .feeds = PIECE("],\"hallmark.feeds\":["),
		    .form = PIECE("]}},\"hallmark.form\":"),
		    .bundle = PIECE(",\"hallmark.bundle\":{\"seq\":"),
		    .notice = PIECE("},\"hallmark.notice\":"),
		    .previous = PIECE(",\"hallmark.previous-report\":"),
		    .signature = PIECE(",\"hallmark.signature\":{\"certificate\":"),
		    .last_signed = PIECE(",\"hallmark.last-signed\":"),
		    .extensions = PIECE(",\"hallmark.extensions\":"),
		    .end = PIECE("}"),
		    .nonce_is_claim = true,
		},
	    [REPORT_PROFILE_DRAFT] =
		{
		    .begin = PIECE("{\"eat_profile\":\"tag:ietf.org,2026:rats/ear#04\""),
		    .verifier = PIECE(",\"ear_verifier_id\":{\"developer\":"),
		    /* An appraisal with extensions names the profile that has them. */
		    .status = PIECE(":{\"eat_profile\":\"tag:github.com,2026:hallmark/ear#1\","
				    "\"ear_status\":"),
		    .vector = PIECE(",\"ear_trustworthiness_vector\":{"),
		    .policy = PIECE(",\"ear_appraisal_policy_ids\":["),
		    .policy_end = PIECE("]"),
		    .references = PIECE(",\"hallmark\":{\"references\":["),
		    .findings = PIECE("],\"findings\":["),
		    .count = PIECE("],\"finding-count\":"),
		    .group = PIECE(",\"group\":"),
		    .rollout = PIECE(",\"rollout\":{\"enforce\":"),
		    .not_checked = PIECE(",\"not-checked\":["),
		    .accepted = PIECE("],\"accepted\":["),
		    .exceptions = PIECE("],\"exceptions\":["),
		    .feeds = PIECE("],\"feeds\":["),
		    .form = PIECE("]}}},\"hallmark\":{\"form\":"),
		    .bundle = PIECE(",\"bundle\":{\"seq\":"),
		    .notice = PIECE("},\"notice\":"),
		    .previous = PIECE(",\"previous-report\":"),
		    .signature = PIECE(",\"signature\":{\"certificate\":"),
		    .last_signed = PIECE(",\"last-signed\":"),
		    .extensions = PIECE(",\"extensions\":"),
		    .end = PIECE("}}"),
		    .nonce_is_claim = false,
		},
	};

	return &dialects[profile];
}
