/* key=value log lines on standard error, with a priority prefix where systemd reads them (sd-daemon(3)). */
#include "base/log.h"

#include <stdio.h>
#include <string.h>

static void
append_pair(GString *line, const char *key, const char *value)
{
    g_string_append_printf(line, "%s%s=", line->len ? " " : "", key);
    gboolean plain = *value != '\0';
    for (const char *p = value; *p && plain; p++)
        plain = (guchar)*p > ' ' && *p != 0x7f && !strchr("\"\\=", *p);
    if (plain) {
        g_string_append(line, value);
        return;
    }
    g_autofree char *escaped = g_strescape(value, NULL);
    g_string_append_printf(line, "\"%s\"", escaped);
}

static void
write_line(const char *priority, const char *event, const GError *error, va_list args)
{
    g_autoptr(GString) line = g_string_new(NULL);
    append_pair(line, "event", event);
    for (const char *key; (key = va_arg(args, const char *));) {
        const char *value = va_arg(args, const char *);
        append_pair(line, key, value ? value : "");
    }
    if (error)
        append_pair(line, "error", error->message);
    fprintf(stderr, "%s%s\n", g_getenv("JOURNAL_STREAM") ? priority : "", line->str);
}

void
log_event(const char *event, ...)
{
    va_list args;
    va_start(args, event);
    write_line("<6>", event, NULL, args);
    va_end(args);
}

void
log_problem(const char *event, const GError *error, ...)
{
    va_list args;
    va_start(args, error);
    write_line("<4>", event, error, args);
    va_end(args);
}
