#include "signer/check/check_rollout.h"

#include "policy/policy_rollout.h"
#include "signer/policies/in_force.h"

static void compare(const struct policy *p, const struct standing *standing, struct faults *faults);

void
check_rollout(const struct signer_config *c, const struct policy *p, struct faults *faults,
    struct faults *notes)
{
	const struct yaml_spot spot = policy_spot(p, "rollout.from");
	struct in_force in_force;
	enum err e;

	if (policy_rollout_from(p) == NULL)
		return;
	e = in_force_stand(c->log_directory, c->evidence_directory, &in_force);
	if (e == ERR_OK)
		compare(p, in_force.standing, faults);
	else
		faults_add(notes, spot.file, spot.line,
		    "rollout.from: whether it names the manifest in force could not be looked up "
		    "in %s (%s); `hallmark-signer status` has that, behind sha256: in `policy`",
		    c->log_directory, err_text(e));
	in_force_free(&in_force);
}

static void
compare(const struct policy *p, const struct standing *standing, struct faults *faults)
{
	const struct yaml_spot spot = policy_spot(p, "rollout.from");
	const struct digest *from = policy_rollout_from(p), *now = standing_manifest(standing);
	char hex[2][DIGEST_HEX_SIZE + 1] = {"none", ""};

	if (standing_may_follow(standing, from) ||
	    (now != NULL && digest_equal(now, policy_manifest_digest(p))))
		return;
	if (now != NULL)
		digest_to_hex(now, hex[0]);
	digest_to_hex(from, hex[1]);
	faults_add(faults, spot.file, spot.line,
	    "rollout.from: expected the manifest in force, %s, found %s: no policy decides that "
	    "has given way or never was in force%s",
	    hex[0], hex[1], now != NULL ? "; write the first one here" : "; take \"rollout\" out");
}
