#include "lib/base/heap.h"

#include <atf-c.h>

#include "tests/unit/choice.h"

#define ROOM 100

static ms key[ROOM];
static unsigned slot[ROOM], at[ROOM];

static struct heap
fresh(size_t room)
{
	struct heap h = { .key = key, .slot = slot, .at = at };

	heap_init(&h, room);
	return h;
}

ATF_TC_WITHOUT_HEAD(empty_is_never_due);
ATF_TC_BODY(empty_is_never_due, tc)
{
	struct heap h = fresh(ROOM);

	ATF_CHECK_EQ(heap_due(&h), MS_NEVER);
	heap_set(&h, 3, MS_NEVER);
	ATF_CHECK_EQ(heap_due(&h), MS_NEVER);
	heap_set(&h, 3, 10);
	heap_set(&h, 3, MS_NEVER);
	ATF_CHECK_EQ(heap_due(&h), MS_NEVER);
}

ATF_TC_WITHOUT_HEAD(equal_times_in_order_of_numbers);
ATF_TC_BODY(equal_times_in_order_of_numbers, tc)
{
	struct heap h = fresh(ROOM);

	for (unsigned i = 0; i < ROOM; i++)
		heap_set(&h, (i * 37) % ROOM, 5);
	for (unsigned i = 0; i < ROOM; i++) {
		ATF_CHECK_EQ(heap_first(&h), i);
		heap_set(&h, i, MS_NEVER);
	}
}

ATF_TC_WITHOUT_HEAD(grows);
ATF_TC_BODY(grows, tc)
{
	struct heap h = fresh(1);

	heap_set(&h, 0, 7);
	heap_grow(&h, 1, ROOM);
	ATF_CHECK_EQ(heap_due(&h), 7);
	heap_set(&h, ROOM - 1, -3);
	ATF_CHECK_EQ(heap_first(&h), ROOM - 1);
	ATF_CHECK_EQ(heap_due(&h), -3);
}

/* Against a plain array that is searched from end to end. */
ATF_TC_WITHOUT_HEAD(a_million_changes);
ATF_TC_BODY(a_million_changes, tc)
{
	struct choice from = { .seed = 1 };

	for (walk.seed = 0; walk.seed < 100; walk.seed++) {
		unsigned room = 1 + choose(&from, ROOM), range = 1 + choose(&from, 1000);
		struct heap h = fresh(room);
		ms plain[ROOM];

		for (unsigned i = 0; i < room; i++)
			plain[i] = MS_NEVER;
		for (walk.step = 0; walk.step < 10000; walk.step++) {
			unsigned i = choose(&from, room), first = 0;

			plain[i] = chance(&from, 3) ? MS_NEVER : (ms)choose(&from, range);
			heap_set(&h, i, plain[i]);
			for (unsigned k = 1; k < room; k++)
				if (plain[k] < plain[first])
					first = k;
			MUST(heap_due(&h) == plain[first]);
			MUST(plain[first] == MS_NEVER || heap_first(&h) == first);
		}
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, empty_is_never_due);
	ATF_TP_ADD_TC(tp, equal_times_in_order_of_numbers);
	ATF_TP_ADD_TC(tp, grows);
	ATF_TP_ADD_TC(tp, a_million_changes);
	return atf_no_error();
}
