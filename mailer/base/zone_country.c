/* zone.tab names the zones of each country, as a rule the most populous one first. Where it lists them from
 * east to west instead, the zone with most people is named here. */
#include "base/zone_country.h"

#include "base/zone.h"

#include <string.h>

/* The countries whose first line in zone.tab is an island or an outlying region. */
static const struct {
    const char *country, *zone;
} main_zones[] = {
    {"AU", "Australia/Sydney"}, {"BR", "America/Sao_Paulo"}, {"CA", "America/Toronto"},
    {"RU", "Europe/Moscow"},    {"UA", "Europe/Kyiv"},
};

gboolean
country_fold(const char *code, char out[3])
{
    if (!code || !g_ascii_isalpha(code[0]) || !g_ascii_isalpha(code[1]) || code[2])
        return FALSE;
    out[0] = g_ascii_toupper(code[0]);
    out[1] = g_ascii_toupper(code[1]);
    out[2] = '\0';
    if (strcmp(out, "UK") == 0)
        memcpy(out, "GB", sizeof "GB");
    return TRUE;
}

/* country → name of its zone, from zone.tab; empty where the file is missing. */
static GHashTable *
read_zone_tab(void)
{
    GHashTable *zones = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    const char *dir = g_getenv("TZDIR");
    g_autofree char *path = g_build_filename(dir && *dir ? dir : "/usr/share/zoneinfo", "zone.tab", NULL);
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return zones;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        g_auto(GStrv) cells = g_strsplit(*line, "\t", 4);
        char code[3];
        if (**line != '#' && g_strv_length(cells) >= 3 && country_fold(cells[0], code) &&
            !g_hash_table_contains(zones, code))
            g_hash_table_insert(zones, g_strdup(code), g_strdup(cells[2]));
    }
    for (gsize i = 0; i < G_N_ELEMENTS(main_zones); i++)
        if (g_hash_table_contains(zones, main_zones[i].country))
            g_hash_table_replace(zones, g_strdup(main_zones[i].country), g_strdup(main_zones[i].zone));
    return zones;
}

GTimeZone *
zone_of_country(const char *country)
{
    static GHashTable *zones;
    char code[3];
    if (!country_fold(country, code))
        return NULL;
    if (!zones)
        zones = read_zone_tab();
    const char *name = g_hash_table_lookup(zones, code);
    return name ? zone_find(name, NULL) : NULL;
}
