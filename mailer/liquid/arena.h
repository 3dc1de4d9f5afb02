/* A bump allocator: everything in it is freed at once. The first chunk can be memory of the caller's, so that
 * a short render allocates nothing. */
#ifndef USHER_LIQUID_ARENA_H
#define USHER_LIQUID_ARENA_H

#include <stddef.h>

struct arena_chunk {
    struct arena_chunk *next;
    size_t size;
};

struct arena {
    char *at, *end;             /* the free part of the current chunk */
    struct arena_chunk *chunks; /* those to free */
    size_t used;                /* bytes handed out from chunks of our own */
    size_t next_size;
};

/* first may be NULL with size 0; it is aligned for any type and outlives the arena. */
void arena_init(struct arena *arena, void *first, size_t size);
void arena_clear(struct arena *arena);

/* size bytes aligned for any type, not zeroed. Never NULL. */
void *arena_alloc_slow(struct arena *arena, size_t size);

static inline void *
arena_alloc(struct arena *arena, size_t size)
{
    size_t rounded = (size + 15) & ~(size_t)15;

    if (rounded >= size && rounded <= (size_t)(arena->end - arena->at)) {
        void *memory = arena->at;
        arena->at += rounded;
        return memory;
    }
    return arena_alloc_slow(arena, size);
}

/* A zeroed array of n elements of size bytes. */
void *arena_zero(struct arena *arena, size_t n, size_t size);

/* A copy of len bytes with a NUL after them. */
char *arena_copy(struct arena *arena, const char *text, size_t len);

#endif
