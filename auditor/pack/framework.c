#include "auditor/pack/framework.h"

#include <string.h>

#define WHOLE ""

static const struct requirement pci[] = {
    {"11.5.2",
	"changes, additions and deletions of critical files are detected and alerted; compared at "
	"least weekly",
	"rows workload (longest gap against what was allowed), deviation; policies/ says which "
	"files",
	"that the policy lists all files that are critical; that somebody reads the alerts"},
    {"11.6.1", "changes of payment pages as browsers get them are detected", NULL,
	"only where served files are measured as a workload, see the rows interval; not what a "
	"browser gets"},
    {"6.4.3", "scripts of payment pages are authorised, whole, and listed", NULL,
	"likewise; the list and its reasons are the site's"},
    {"10.3.2", "records are protected from change",
	"checkpoints/, consistency.txt, receipts/: the log only grew; verify.sh", WHOLE},
    {"10.3.3", "records are promptly copied elsewhere", NULL,
	"a witness or a mirror: their own records"},
    {"10.3.4", "change detection on the records themselves", "checkpoints/ and verify.sh", WHOLE},
    {"10.4.1", "records are reviewed daily", NULL, "the site's review records"},
    {"10.5.1", "twelve months of records are kept, three at hand",
	"the first entry and the size in checkpoints/", "evidence that is older than the period"},
    {"10.7.2",
	"failures of critical controls are detected and addressed, change detection among them",
	"rows absence, and notices start with the time in which nothing was taken",
	"what was done about them"},
    {"10.7.3", "duration, cause and mending of such a failure are recorded",
	"rows absence: from, to, age_s", "cause and mending"},
    {"12.10.5", "alerts of change detection are in the incident plan", NULL,
	"dispositions: this log takes none; the site's tickets"},
    {"6.5.1", "changes of production have a reason, an approval, a test and a way back",
	"changes.csv: policies with author, reason and the keys that approved",
	"test and way back"},
    {"6.5.2", "after a significant change it is confirmed that all demands are met",
	"rows interval behind a change of policy", "which demands apply"},
    {"2.2.1", "configuration standards are verified", "rows interval by the policy in policies/",
	"that the policy is the standard"},
    {"6.3.2, 12.5.2", "an inventory of software and of the scope", "population against --inventory",
	"software that no policy measures"},
};

static const struct requirement dora[] = {
    {"Art. 8(1)(4)(6)", "assets are identified and listed", "population against --inventory",
	"assets that are not measured"},
    {"Art. 9(1)", "security of systems is monitored all the time",
	"rows workload: reports, longest gap", WHOLE},
    {"Art. 9(2)(3)", "integrity and authenticity of data and systems",
	"rows interval and deviation, receipts/", "data: programs and configuration are measured"},
    {"Art. 9(4)(e)", "changes are recorded, tested, assessed, approved",
	"changes.csv: policies with author, reason and keys", "test and assessment"},
    {"Art. 9(4)(f)", "patches", "rows interval: versions by their components' digests",
	"which patch is due"},
    {"Art. 10(1)-(3)", "anomalies are detected promptly, with thresholds and alerts",
	"rows deviation: from against measured; rows absence", "who was alerted"},
    {"Art. 12(7)", "integrity is checked at recovery", "rows interval behind a row absence",
	"recovery itself"},
    {"Art. 17(2)(3)", "incidents are recorded, followed and handled", NULL,
	"dispositions: this log takes none; the incident register"},
    {"Art. 24-25", "resilience is tested", NULL, "the test programme"},
    {"Art. 28", "risk of third parties", NULL, "contracts and registers"},
    {"RTS 2024/1774 Art. 11(2)(b)(c)",
	"a secure baseline is verified; only what is authorised is installed",
	"rows interval and deviation by policies/", "what no policy measures"},
    {"RTS 2024/1774 Art. 12(2)(d)", "records are protected against change and deletion",
	"checkpoints/, consistency.txt, verify.sh", WHOLE},
    {"RTS 2024/1774 Art. 12(2)(e)", "failure of recording is detected",
	"rows absence and notices start", WHOLE},
    {"RTS 2024/1774 Art. 12(2)(f)", "clocks are synchronised", NULL,
	"times are the signer's clock; notices clock tell where it was set back"},
    {"RTS 2024/1774 Art. 17(1)", "who approves a change is independent; emergency changes",
	"changes.csv: author and the keys that approved", "whose keys they are"},
    {"RTS 2024/1774 Art. 23(4)", "time of occurrence, time of detection, kind of an anomaly",
	"rows deviation: from is the detection; receipts have the time of measurement; code",
	WHOLE},
};

static const struct requirement rts6[] = {
    {"Art. 5(1)-(3)", "a method of development; who authorises each deployment; records of it",
	"changes.csv: policies with author, reason and keys", "the method"},
    {"Art. 5(7)", "of material changes of an algorithm: when, who made, who approved, what",
	"changes.csv, and rows interval: which digests ran from when", "what the change was for"},
    {"Art. 6", "conformance tests", NULL, "test records"},
    {"Art. 7", "testing apart from production", NULL,
	"rows interval say which digests ran in production alone"},
    {"Art. 8", "controlled deployment within limits",
	"rows interval: where a digest ran, since when", "limits of trading"},
    {"Art. 9", "yearly self-assessment and validation", "this pack, as a part of it",
	"the assessment"},
    {"Art. 11", "material changes are reviewed by a person whom senior management names",
	"changes.csv: keys that approved", "who has the key, and by whom named"},
    {"Art. 12", "kill functionality", NULL, "its tests"},
    {"Art. 14", "continuity", NULL, "plans and tests; rows absence say when nothing was heard"},
    {"Art. 16", "monitoring in real time", "rows workload: longest gap", "market monitoring"},
    {"Art. 18", "security and limits to access; yearly penetration test",
	"rows deviation: what was altered", "access and penetration tests"},
    {"Art. 28", "records of orders", NULL, "order records"},
};

static const struct requirement gdpr[] = {
    {"GDPR 32(1)(b)", "ongoing confidentiality, integrity, availability of systems",
	"rows interval, deviation, absence", "confidentiality"},
    {"GDPR 32(1)(c)", "restoring after an incident", NULL, "recovery tests"},
    {"GDPR 32(1)(d)", "effectiveness is tested regularly",
	"rows workload: reports and gaps; samples to be re-performed",
	"measures that are not technical"},
    {"GDPR 5(1)(f), 5(2)", "integrity, and that it can be shown", "receipts/, verify.sh", WHOLE},
    {"GDPR 17", "erasure", NULL,
	"a log erases nothing: no personal data may be in names, paths and arguments"},
    {"HIPAA 164.312(b)", "activity is recorded and examined", "rows deviation, absence",
	"that it was examined; user activity"},
    {"HIPAA 164.312(c)(1)(2)",
	"alteration without authority is prevented; integrity is corroborated",
	"rows deviation; policies/ says of which files", "records of patients themselves"},
    {"HIPAA 164.312(d)", "who asks for access is authenticated", NULL,
	"hosts are: their certificates vouch for reports"},
    {"HIPAA 164.308(a)(1)(ii)(D)", "activity is reviewed", NULL, "review records"},
    {"HIPAA 164.316(b)(2)(i)", "documentation is kept for six years",
	"the first entry and the size in checkpoints/", "evidence that is older than the period"},
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const struct framework all[] = {
    {"pci-dss-4.0.1", "PCI DSS v4.0.1", pci, COUNT(pci)},
    {"dora", "DORA (EU) 2022/2554 and RTS (EU) 2024/1774", dora, COUNT(dora)},
    {"rts6", "MiFID II RTS 6 (EU) 2017/589", rts6, COUNT(rts6)},
    {"gdpr-hipaa", "GDPR and HIPAA 45 CFR 164", gdpr, COUNT(gdpr)},
};

const struct framework *
framework_find(const char *name)
{
	for (size_t i = 0; i < COUNT(all); i++)
		if (strcmp(all[i].name, name) == 0)
			return &all[i];
	return NULL;
}
