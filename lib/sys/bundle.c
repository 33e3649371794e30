#include "bundle.h"

#include "call.h"
#include "loop.h"

#define BATCH 32

int
bundle_open(struct bundle *b, uint64_t tag)
{
	*b = (struct bundle){ .epoll = call_epoll_create(), .tag = tag };
	return b->epoll < 0 ? -1 : loop_watch(b->epoll, tag, false);
}

static int
control(const struct bundle *b, int op, int fd, uint32_t key, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.u32 = key };

	return call_epoll_ctl(b->epoll, op, fd, &e);
}

int
bundle_watch(const struct bundle *b, int fd, uint32_t key)
{
	return control(b, EPOLL_CTL_ADD, fd, key, EPOLLIN);
}

int
bundle_edge(const struct bundle *b, int fd, uint32_t key, bool edge)
{
	return control(b, EPOLL_CTL_MOD, fd, key, EPOLLIN | (edge ? (uint32_t)EPOLLET : 0u));
}

void
bundle_forget(const struct bundle *b, int fd)
{
	(void)control(b, EPOLL_CTL_DEL, fd, 0, 0); /* it was watched, or is a file */
}

void
bundle_mute(struct bundle *b, bool muted)
{
	if (muted != b->muted && loop_rewatch(b->epoll, b->tag, !muted, false) == 0)
		b->muted = muted;
}

size_t
bundle_ready(const struct bundle *b, uint32_t *keys, size_t room)
{
	struct epoll_event ready[BATCH];
	int n = call_epoll_wait(b->epoll, ready, (int)(room < BATCH ? room : BATCH), 0);

	for (int i = 0; i < n; i++)
		keys[i] = ready[i].data.u32;
	return n > 0 ? (size_t)n : 0;
}
