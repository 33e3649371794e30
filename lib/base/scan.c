#include "scan.h"

#include <stdint.h>
#include <string.h>

/*
 * A block is what is compared at once; its mask has, from the lowest bit on, BLOCK_BITS equal bits
 * for each byte, set where that byte is a newline.
 */
#ifdef __SSE2__
#include <emmintrin.h>

#define BLOCK      16
#define BLOCK_BITS 1

static inline uint64_t
newlines(const char *p)
{
	__m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);

	return (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(x, _mm_set1_epi8('\n')));
}

/* Newlines in so many blocks, at most 255: a byte of the sum must not run over. */
static inline size_t
count_blocks(const char *p, size_t blocks)
{
	__m128i sum = _mm_setzero_si128();

	for (size_t i = 0; i < blocks; i++) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)(p + i * BLOCK));

		sum = _mm_sub_epi8(sum, _mm_cmpeq_epi8(x, _mm_set1_epi8('\n')));
	}
	sum = _mm_sad_epu8(sum, _mm_setzero_si128());
	return (size_t)_mm_cvtsi128_si32(sum) + (size_t)_mm_extract_epi16(sum, 4);
}
#else

#define BLOCK      8
#define BLOCK_BITS 8

/* Exact for every byte, unlike the shorter test that a borrow can fool; in memory's order. */
static inline uint64_t
newlines(const char *p)
{
	const uint64_t low = 0x7f7f7f7f7f7f7f7f;
	uint64_t x, mask;

	memcpy(&x, p, sizeof x);
	x ^= 0x0a0a0a0a0a0a0a0a;
	mask = ~(((x & low) + low) | x | low); /* the high bit of each byte that is zero */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	mask = __builtin_bswap64(mask);
#endif
	return (mask >> 7) * 0xff;
}

static inline size_t
count_blocks(const char *p, size_t blocks)
{
	const uint64_t ones = 0x0101010101010101;
	size_t n = 0;

	for (size_t i = 0; i < blocks; i++)
		n += (size_t)((newlines(p + i * BLOCK) & ones) * ones >> 56);
	return n;
}
#endif

/* The place of the lowest byte in a mask that is not 0. */
static inline size_t
lowest(uint64_t mask)
{
	return (size_t)__builtin_ctzll(mask) / BLOCK_BITS;
}

size_t
scan_count(const char *p, size_t len)
{
	size_t n = 0;

	while (len >= BLOCK) {
		size_t blocks = len / BLOCK < 255 ? len / BLOCK : 255;

		n += count_blocks(p, blocks);
		p += blocks * BLOCK;
		len -= blocks * BLOCK;
	}
	while (len > 0)
		n += p[--len] == '\n';
	return n;
}

size_t
scan_first(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i += BLOCK) {
		uint64_t mask = newlines(p + i);

		if (mask)
			return i + lowest(mask) < len ? i + lowest(mask) + 1 : 0;
	}
	return 0;
}

size_t
scan_last(const char *p, size_t len)
{
	const char *nl = len > 0 ? memrchr(p, '\n', len) : NULL;

	return nl ? (size_t)(nl - p) + 1 : 0;
}

/* Copies a line with its newline; 0: there is none before len, or it does not fit. */
static inline size_t
copy_line(char *to, size_t room, const char *from, size_t len)
{
	size_t most = len < room ? len : room;

	for (size_t i = 0; i < most; i += BLOCK) {
		uint64_t mask = newlines(from + i);

		memcpy(to + i, from + i, BLOCK);
		if (mask)
			return i + lowest(mask) < most ? i + lowest(mask) + 1 : 0;
	}
	return 0;
}

/* In whole blocks: a call of memcpy for each line would cost more than the line. */
static inline void
copy_head(char *to, const char *head, size_t len)
{
	for (size_t i = 0; i < len; i += BLOCK)
		memcpy(to + i, head + i, BLOCK);
}

size_t
scan_stamp(char *to, size_t room, const char *from, size_t len, const char *head, size_t head_len,
    size_t *taken, size_t *lines)
{
	char own[SCAN_HEAD + BLOCK] = ""; /* may be read in whole blocks */
	size_t at = 0, used = 0, n;

	memcpy(own, head, head_len);
	*lines = 0;
	for (;;) {
		if (room - at <= head_len)
			break;
		copy_head(to + at, own, head_len); /* its last block is overwritten by the line */
		n = copy_line(to + at + head_len, room - at - head_len, from + used, len - used);
		if (n == 0)
			break;
		at += head_len + n;
		used += n;
		++*lines;
	}
	*taken = used;
	return at;
}
