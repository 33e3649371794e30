#ifndef SE_BASE_MAP_H
#define SE_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Small positive numbers to numbers (pids to slots), by open addressing. The cells are the
 * caller's; room is a power of two and at least twice what is ever in the map at once.
 */
struct map_cell {
	int key; /* 0: free */
	unsigned value;
};

struct map {
	struct map_cell *cell;
	size_t room;
};

/* The room that a map for n entries needs. */
size_t map_room(size_t n);
/* Empties the map. */
void map_init(struct map *);
/* key must be positive and not yet in the map. */
void map_put(struct map *, int key, unsigned value);
/* False if key is not there. */
bool map_get(const struct map *, int key, unsigned *value);
/* Nothing happens if key is not there. */
void map_remove(struct map *, int key);

#endif
