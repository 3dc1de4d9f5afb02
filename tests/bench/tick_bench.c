/* The row "tick" of the bench: one round of the service's tick on a database where nothing is due.
 *
 *   tick_bench CONFIG [ROUNDS]        prints one line of JSON */
#include "base/clock.h"
#include "service/tick.h"

#include <stdio.h>
#include <stdlib.h>

int
main(int argc, char **argv)
{
    if (argc < 2) {
        fputs("tick_bench: CONFIG [ROUNDS]\n", stderr);
        return 64;
    }
    int rounds = argc > 2 ? (int)g_ascii_strtoll(argv[2], NULL, 10) : 1000;
    g_autoptr(GError) error = NULL;
    scoped(service_close) struct service *s = service_open(argv[1], &error);
    guint looked_at = 0, all = 0;
    gint64 began_us = g_get_monotonic_time();
    for (int i = 0; s && !error && i < rounds; i++) {
        tick_run(s, clock_now_us(), NULL, &looked_at, &error);
        all += looked_at;
    }
    if (error) {
        fprintf(stderr, "tick_bench: %s\n", error->message);
        return 65;
    }
    printf("{\"rounds\": %d, \"accounts\": %u, \"ms_per_round\": %.4f}\n", rounds, all,
           (double)(g_get_monotonic_time() - began_us) / 1e3 / rounds);
    return 0;
}
