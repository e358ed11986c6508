#include "register/answer/resources.h"
#include "register/answer/workload_item.h"
#include "register/view/view_sql.h"

void
answer_artifact(struct answering *x)
{
	answering_not_found(x);
}
