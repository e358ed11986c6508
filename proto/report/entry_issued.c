#include "proto/report/entry_issued.h"

#include "proto/report/absence.h"
#include "proto/report/entry.h"
#include "proto/report/notice.h"
#include "proto/report/report.h"

enum err
entry_issued(struct view entry, uint64_t *issued_s)
{
	struct report_document report = REPORT_DOCUMENT_INIT;
	struct absence_document absence = ABSENCE_DOCUMENT_INIT;
	struct notice_document notice = NOTICE_DOCUMENT_INIT;
	enum err e = ERR_UNSUPPORTED;

	switch (entry_kind(entry)) {
	case ENTRY_REPORT:
		if ((e = report_parse(entry, &report)) == ERR_OK)
			*issued_s = report.report.issued_s;
		break;
	case ENTRY_ABSENCE:
		if ((e = absence_parse(entry, &absence)) == ERR_OK)
			*issued_s = absence.absence.issued_s;
		break;
	case ENTRY_NOTICE:
		if ((e = notice_parse(entry, &notice)) == ERR_OK)
			*issued_s = notice.notice.issued_s;
		break;
	case ENTRY_UNKNOWN:
	case ENTRY_NONE:
		break;
	}
	report_document_free(&report);
	absence_document_free(&absence);
	notice_document_free(&notice);
	return e;
}
