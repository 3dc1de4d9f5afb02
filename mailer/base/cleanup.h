/* Locals that free themselves: `scoped(query_end) struct query *q = …;`, for our own structs (GLib's have
 * g_autoptr). */
#ifndef USHER_BASE_CLEANUP_H
#define USHER_BASE_CLEANUP_H

#define SCOPED_FUNC(type, func)                                                                              \
    static inline void func##_scoped(type **p)                                                               \
    {                                                                                                        \
        if (*p)                                                                                              \
            func(*p);                                                                                        \
    }
#define scoped(func) __attribute__((cleanup(func##_scoped)))

#endif
