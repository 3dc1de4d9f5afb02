/* The row "render" of the bench: a template file, parsed once, rendered COUNT times with the same data.
 *
 *   render_bench TEMPLATE DATA.json [COUNT]        prints one line of JSON, like liquidjs_render.js */
#include "liquid/liquid.h"

#include <stdio.h>
#include <stdlib.h>

int
main(int argc, char **argv)
{
    if (argc < 3) {
        fputs("render_bench: TEMPLATE DATA.json [COUNT]\n", stderr);
        return 64;
    }
    long count = argc > 3 ? (long)g_ascii_strtoll(argv[3], NULL, 10) : 200000;
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    gsize length;
    json_error_t where;
    json_t *data = json_load_file(argv[2], 0, &where);
    if (!data || !g_file_get_contents(argv[1], &text, &length, &error)) {
        fprintf(stderr, "render_bench: %s\n", data ? error->message : where.text);
        return 66;
    }
    scoped(liquid_template_free) struct liquid_template *tpl = liquid_template_parse(argv[1], text, length, &error);
    struct liquid_options options = {.data = liquid_data_json(data), .lax = true, .now_us = g_get_real_time()};
    g_autoptr(GString) out = g_string_new(NULL);
    gint64 began_us = g_get_monotonic_time();
    for (long i = 0; tpl && i < count; i++) {
        g_string_truncate(out, 0);
        if (!liquid_template_render(tpl, &options, out, &error))
            break;
    }
    double seconds = (double)(g_get_monotonic_time() - began_us) / 1e6;
    json_decref(data);
    if (error) {
        fprintf(stderr, "render_bench: %s\n", error->message);
        return 65;
    }
    printf("{\"renders\": %ld, \"bytes\": %zu, \"seconds\": %.3f, \"renders_per_s\": %.0f}\n", count, out->len, seconds, (double)count / seconds);
    return 0;
}
