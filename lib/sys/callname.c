#include "callname.h"

#include <stddef.h>
#include <sys/syscall.h>

#include "../base/text.h"

#define X(name) SYS_##name,
static const short numbers[] = {
#include "callname.def"
};
#undef X
#define X(name) #name "\0"
static const char names[] = ""
#include "callname.def"
    ;

const char *
callname(long number)
{
	for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (numbers[i] == number)
			return text_item(names, i);
	return NULL;
}
