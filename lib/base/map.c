#include "map.h"

#include <string.h>

size_t
map_room(size_t n)
{
	size_t room = 16;

	while (room < 2 * n)
		room *= 2;
	return room;
}

void
map_init(struct map *m)
{
	memset(m->cell, 0, m->room * sizeof *m->cell);
}

static size_t
home(const struct map *m, int key)
{
	return ((unsigned)key * 2654435769u >> 7) & (m->room - 1);
}

/* Where key is, or the free cell where it would go. */
static size_t
find(const struct map *m, int key)
{
	size_t i = home(m, key);

	while (m->cell[i].key != 0 && m->cell[i].key != key)
		i = (i + 1) & (m->room - 1);
	return i;
}

void
map_put(struct map *m, int key, unsigned value)
{
	m->cell[find(m, key)] = (struct map_cell){ .key = key, .value = value };
}

bool
map_get(const struct map *m, int key, unsigned *value)
{
	size_t i = key > 0 ? find(m, key) : 0;

	if (key <= 0 || m->cell[i].key != key)
		return false;
	*value = m->cell[i].value;
	return true;
}

void
map_remove(struct map *m, int key)
{
	size_t hole = find(m, key), i;

	if (m->cell[hole].key != key)
		return;
	/* close the gap: whoever hashed at or before the hole moves into it */
	for (i = (hole + 1) & (m->room - 1); m->cell[i].key != 0; i = (i + 1) & (m->room - 1)) {
		size_t from_home = (i - home(m, m->cell[i].key)) & (m->room - 1);

		if (from_home >= ((i - hole) & (m->room - 1))) {
			m->cell[hole] = m->cell[i];
			hole = i;
		}
	}
	m->cell[hole].key = 0;
}
