#include "heap.h"

#include <stdbool.h>

void
heap_init(struct heap *h, size_t room)
{
	h->len = 0;
	heap_grow(h, 0, room);
}

void
heap_grow(struct heap *h, size_t old, size_t room)
{
	for (; old < room; old++)
		h->key[old] = MS_NEVER;
}

static bool
before(const struct heap *h, unsigned a, unsigned b)
{
	return h->key[a] != h->key[b] ? h->key[a] < h->key[b] : a < b;
}

static void
place(struct heap *h, size_t at, unsigned i)
{
	h->slot[at] = i;
	h->at[i] = (unsigned)at;
}

static void
up(struct heap *h, size_t at, unsigned i)
{
	while (at > 0 && before(h, i, h->slot[(at - 1) / 2])) {
		place(h, at, h->slot[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	place(h, at, i);
}

static void
down(struct heap *h, size_t at, unsigned i)
{
	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < h->len && before(h, h->slot[child + 1], h->slot[child]))
			child++;
		if (child >= h->len || !before(h, h->slot[child], i))
			break;
		place(h, at, h->slot[child]);
		at = child;
	}
	place(h, at, i);
}

static void
take_out(struct heap *h, unsigned i)
{
	size_t at = h->at[i];
	unsigned last = h->slot[--h->len];

	h->key[i] = MS_NEVER;
	if (last == i)
		return;
	up(h, at, last);
	down(h, h->at[last], last);
}

void
heap_set(struct heap *h, unsigned i, ms due)
{
	ms old = h->key[i];

	if (due == old)
		return;
	if (due == MS_NEVER) {
		take_out(h, i);
		return;
	}
	h->key[i] = due;
	if (old == MS_NEVER)
		up(h, h->len++, i);
	else if (due < old)
		up(h, h->at[i], i);
	else
		down(h, h->at[i], i);
}

ms
heap_due(const struct heap *h)
{
	return h->len > 0 ? h->key[h->slot[0]] : MS_NEVER;
}

unsigned
heap_first(const struct heap *h)
{
	return h->slot[0];
}
