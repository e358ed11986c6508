#include "collector/runtime/count_class.h"

const char *
count_class(size_t count)
{
	static const struct {
		size_t below;
		const char *word;
	} classes[] = {
	    {1, "0"},
	    {2, "1"},
	    {10, "2-9"},
	    {100, "10-99"},
	    {1000, "100-999"},
	    {10000, "1000-9999"},
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (count < classes[i].below)
			return classes[i].word;
	return "10000-";
}
