#ifndef SE_SYS_BUNDLE_H
#define SE_SYS_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Many descriptors to read from, watched by the loop as one: all can be left alone at once. */
struct bundle {
	int epoll;
	uint64_t tag; /* in the loop */
	bool muted;
};

/* -1: errno. */
int bundle_open(struct bundle *, uint64_t tag);
/* Watches fd; EPERM: it is a file, which is always ready. -1: errno. */
int bundle_watch(const struct bundle *, int fd, uint32_t key);
/* Tells of a watched fd only once more, until something new comes; or every time again. */
int bundle_edge(const struct bundle *, int fd, uint32_t key, bool edge);
void bundle_forget(const struct bundle *, int fd);
/* Leaves all of them alone, or no more. */
void bundle_mute(struct bundle *, bool muted);
/* Up to room keys of those that are ready. */
size_t bundle_ready(const struct bundle *, uint32_t *keys, size_t room);

#endif
