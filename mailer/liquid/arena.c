/* Purpose: see arena.h. Chunks double from 4 KiB to 256 KiB; a large request gets a chunk of its own size. */
#include "liquid/arena.h"

#include <glib.h>
#include <string.h>

#define CHUNK_MIN 4096u
#define CHUNK_MAX (256u * 1024u)
#define CHUNK_HEADER ((sizeof(struct arena_chunk) + 15) & ~(size_t)15)

void
arena_init(struct arena *arena, void *first, size_t size)
{
    *arena = (struct arena){.at = first, .end = (char *)first + size, .next_size = CHUNK_MIN};
}

void
arena_clear(struct arena *arena)
{
    for (struct arena_chunk *chunk = arena->chunks; chunk;) {
        struct arena_chunk *next = chunk->next;
        g_free(chunk);
        chunk = next;
    }
    arena->chunks = NULL;
    arena->at = arena->end = NULL;
}

void *
arena_alloc_slow(struct arena *arena, size_t size)
{
    if (size > G_MAXSIZE / 4)
        g_error("liquid: a value of %zu bytes", size);

    size_t rounded = (size + 15) & ~(size_t)15;
    size_t chunk_size = MAX(arena->next_size, rounded);
    struct arena_chunk *chunk = g_malloc(CHUNK_HEADER + chunk_size);

    *chunk = (struct arena_chunk){.next = arena->chunks, .size = chunk_size};
    arena->chunks = chunk;
    arena->used += chunk_size;
    arena->next_size = MIN(arena->next_size * 2, CHUNK_MAX);

    char *memory = (char *)chunk + CHUNK_HEADER;
    /* A request larger than the rest of the current chunk must not throw that rest away. */
    if (chunk_size - rounded >= (size_t)(arena->end - arena->at)) {
        arena->at = memory + rounded;
        arena->end = memory + chunk_size;
    }
    return memory;
}

void *
arena_zero(struct arena *arena, size_t n, size_t size)
{
    void *memory = arena_alloc(arena, n * size);
    memset(memory, 0, n * size);
    return memory;
}

char *
arena_copy(struct arena *arena, const char *text, size_t len)
{
    char *copy = arena_alloc(arena, len + 1);
    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}
