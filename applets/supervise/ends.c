#include "ends.h"

#include <fcntl.h>
#include <unistd.h>

#include "../../lib/sys/call.h"
#include "../../lib/sys/loop.h"

int
ends_pipe(int *ours, uint64_t tag)
{
	int p[2];

	if (call_pipe(p, O_CLOEXEC) < 0)
		return -1;
	/* our end only: the other is entitled to a blocking write. A pipe's end: it cannot fail */
	(void)call_fcntl(p[0], F_SETFL, O_NONBLOCK);
	if (loop_watch(p[0], tag, false) == 0) {
		*ours = p[0];
		return p[1];
	}
	call_close(p[0]);
	return call_close(p[1]);
}

void
ends_close(int *ours, uint64_t tag)
{
	if (*ours < 0)
		return;
	loop_forget(*ours, tag);
	close(*ours);
	*ours = -1;
}
