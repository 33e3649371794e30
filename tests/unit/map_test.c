#include "lib/base/map.h"

#include <atf-c.h>
#include <limits.h>

#include "tests/unit/choice.h"

#define ENTRIES 50
#define KEYS    200

static struct map_cell cell[128];

static struct map
fresh(void)
{
	struct map m = { .cell = cell, .room = map_room(ENTRIES) };

	MUST(m.room <= sizeof cell / sizeof *cell);
	map_init(&m);
	return m;
}

ATF_TC_WITHOUT_HEAD(room_is_a_power_of_two_and_twice_as_much);
ATF_TC_BODY(room_is_a_power_of_two_and_twice_as_much, tc)
{
	for (size_t n = 0; n < 20000; n++) {
		size_t room = map_room(n);

		ATF_CHECK((room & (room - 1)) == 0);
		ATF_CHECK(room >= 2 * n && room > 0);
	}
}

ATF_TC_WITHOUT_HEAD(edges);
ATF_TC_BODY(edges, tc)
{
	static const int none[] = { 0, -1, INT_MIN, 1 };
	struct map m = fresh();
	unsigned v = 99;

	for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
		ATF_CHECK(!map_get(&m, none[i], &v));
		map_remove(&m, none[i]);
	}
	ATF_CHECK_EQ(v, 99);
	map_put(&m, INT_MAX, 7);
	map_put(&m, 1, 0);
	ATF_CHECK(map_get(&m, INT_MAX, &v) && v == 7);
	ATF_CHECK(map_get(&m, 1, &v) && v == 0);
	for (size_t i = 0; i < 3; i++) {
		ATF_CHECK(!map_get(&m, none[i], &v));
		map_remove(&m, none[i]);
	}
	ATF_CHECK(map_get(&m, INT_MAX, &v) && v == 7);
}

/* Against a plain array, as full as it may get; keys that fall on each other. */
ATF_TC_WITHOUT_HEAD(a_million_changes);
ATF_TC_BODY(a_million_changes, tc)
{
	struct choice from = { .seed = 1 };

	for (walk.seed = 0; walk.seed < 20; walk.seed++) {
		int stride = walk.seed % 2 ? 1 : 128 << walk.seed % 16;
		unsigned plain[KEYS], count = 0;
		bool there[KEYS] = { false };
		struct map m = fresh();

		for (walk.step = 0; walk.step < 50000; walk.step++) {
			unsigned i = choose(&from, KEYS), v = 0;
			int key = 1 + (int)i * stride;

			MUST(map_get(&m, key, &v) == there[i]);
			MUST(!there[i] || v == plain[i]);
			if (there[i]) {
				map_remove(&m, key);
				map_remove(&m, key);
				count--;
			} else if (count < ENTRIES) {
				map_put(&m, key, plain[i] = walk.step);
				count++;
			} else {
				continue;
			}
			there[i] = !there[i];
			if (walk.step % 512)
				continue;
			for (unsigned k = 0; k < KEYS; k++)
				MUST(map_get(&m, 1 + (int)k * stride, &v) == there[k]);
		}
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, room_is_a_power_of_two_and_twice_as_much);
	ATF_TP_ADD_TC(tp, edges);
	ATF_TP_ADD_TC(tp, a_million_changes);
	return atf_no_error();
}
