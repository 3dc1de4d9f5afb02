/* Commands that need no configuration: classify, render. */
#include "base/error.h"
#include "base/zone.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "inbox/classify.h"
#include "liquid/liquid.h"
#include "wire/mime_read.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* ---- classify ---- */

/* As much of stream as is looked at; cut tells that there is more. NULL with errno set when it cannot be
 * read: a directory opens like a file. */
static GBytes *
read_stream(FILE *stream, gboolean *cut)
{
    g_autoptr(GByteArray) all = g_byte_array_new();
    guint8 buffer[65536];
    size_t n = 0;
    while (all->len <= MIME_READ_MAX_BYTES && (n = fread(buffer, 1, sizeof buffer, stream)) > 0)
        g_byte_array_append(all, buffer, (guint)n);
    if (ferror(stream))
        return NULL;
    *cut = all->len > MIME_READ_MAX_BYTES;
    if (*cut)
        g_byte_array_set_size(all, MIME_READ_MAX_BYTES);
    return g_byte_array_free_to_bytes(g_steal_pointer(&all));
}

static void
print_class(struct cli *cli, const char *path, const struct mail_record *r)
{
    g_autofree char *file = g_filename_display_name(path); /* JSON is UTF-8, a file's name need not be */
    if (cli->json) {
        json_t *recipients = json_array();
        for (guint i = 0; i < r->failed->len; i++)
            json_array_append_new(recipients,
                                  json_string(((struct failed_recipient *)r->failed->pdata[i])->address));
        gboolean judged = r->mail_class == MAIL_CLASS_BOUNCE && r->permanent != TRI_STATE_UNKNOWN;
        cli_print_json(json_pack("{s:s, s:s, s:o, s:s?, s:s?, s:o, s:s?, s:s, s:s, s:s}", "file", file,
                                 "class", mail_class_name(r->mail_class), "permanent",
                                 judged ? json_boolean(r->permanent == TRI_STATE_YES) : json_null(), "status",
                                 *r->status ? r->status : NULL, "reason",
                                 r->reason == BOUNCE_REASON_NONE ? NULL : bounce_reason_name(r->reason),
                                 "recipients", recipients, "return_date",
                                 *r->return_date ? r->return_date : NULL, "rule", r->rule, "evidence",
                                 r->evidence, "text", r->text));
        return;
    }
    g_autofree char *evidence = screen_clean(r->evidence);
    printf("%s: %s (%s)%s%s\n", file, mail_class_name(r->mail_class), r->rule, *evidence ? ": " : "",
           evidence);
}

int
cmd_classify(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK;
    char name[] = "classify", dash[] = "-";
    char *standard_input[] = {name, dash, NULL};
    if (!cli_begin(cli, "classify", NULL, 0, -1, &argc, &argv, &rc))
        return rc;
    if (argc == 1) {
        argv = standard_input;
        argc = 2;
    }
    for (int i = 1; i < argc; i++) {
        FILE *stream = strcmp(argv[i], "-") == 0 ? stdin : fopen(argv[i], "re");
        gboolean cut = FALSE;
        g_autoptr(GBytes) bytes = stream ? read_stream(stream, &cut) : NULL;
        if (!bytes) {
            fprintf(stderr, "usher: %s: %s\n", argv[i], g_strerror(errno));
            rc = EX_NOINPUT;
        }
        if (stream && stream != stdin)
            fclose(stream);
        if (!bytes)
            continue;
        gsize size;
        const guint8 *data = g_bytes_get_data(bytes, &size);
        struct mail_record record;
        mail_classify(data, size, cut, NULL, &record);
        print_class(cli, argv[i], &record);
        mail_record_clear(&record);
    }
    return rc;
}

/* ---- render ---- */

/* Partials by name from one folder, each parsed once. */
struct partials {
    const char *dir;
    gboolean lax;
    GHashTable *parsed; /* name → struct liquid_template */
};

static gboolean
is_inside(const char *name)
{
    return *name && *name != '/' && !strstr(name, "..");
}

static const struct liquid_template *
load_partial(void *user, const char *name, GError **error)
{
    struct partials *p = user;
    struct liquid_template *tpl = g_hash_table_lookup(p->parsed, name);
    static const char *const endings[] = {"", ".liquid", ".md"};
    for (gsize i = 0; !tpl && p->dir && is_inside(name) && i < G_N_ELEMENTS(endings); i++) {
        g_autofree char *file = g_strconcat(name, endings[i], NULL);
        g_autofree char *path = g_build_filename(p->dir, file, NULL);
        g_autofree char *text = NULL;
        gsize length;
        if (!g_file_test(path, G_FILE_TEST_IS_REGULAR) || !g_file_get_contents(path, &text, &length, NULL))
            continue;
        tpl = p->lax ? liquid_template_parse_lax(path, text, length, error)
                     : liquid_template_parse(path, text, length, error);
        if (!tpl)
            return NULL;
        g_hash_table_insert(p->parsed, g_strdup(name), tpl);
    }
    if (!tpl)
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "there is no partial \"%s\"%s", name,
                    p->dir ? "" : " (no --partials folder was given)");
    return tpl;
}

int
cmd_render(struct cli *cli, int argc, char **argv)
{
    gboolean lax = FALSE;
    g_autofree char *dir = NULL;
    const GOptionEntry entries[] = {
        {"lax", 0, 0, G_OPTION_ARG_NONE, &lax, "unknown variables are empty", NULL},
        {"partials", 0, 0, G_OPTION_ARG_FILENAME, &dir, "folder of the partials", "DIR"},
        {0}};
    int rc = EX_OK;
    g_autoptr(GError) error = NULL;
    if (!cli_begin(cli, "render", entries, 1, 2, &argc, &argv, &rc))
        return rc;
    g_autofree char *text = NULL;
    gsize length;
    if (!g_file_get_contents(argv[1], &text, &length, &error)) {
        fprintf(stderr, "usher: %s\n", error->message);
        return EX_NOINPUT;
    }
    json_t *data = json_object();
    if (argc > 2) {
        json_error_t where;
        json_decref(data);
        data = json_load_file(argv[2], 0, &where);
        if (!json_is_object(data)) {
            fprintf(stderr, "usher: %s:%d: %s\n", argv[2], data ? 1 : where.line,
                    data ? "expected a JSON object" : where.text);
            json_decref(data);
            return EX_DATAERR;
        }
    }
    struct partials partials = {.dir = dir, .lax = lax};
    partials.parsed =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)liquid_template_free);
    scoped(liquid_template_free) struct liquid_template *tpl =
        lax ? liquid_template_parse_lax(argv[1], text, length, &error)
            : liquid_template_parse(argv[1], text, length, &error);
    struct liquid_options options = {
        .data = liquid_data_json(data), .lax = lax, .user = &partials, .load = load_partial};
    if (cli->has_now)
        options.now_us = cli->now_us;
    g_autoptr(GString) out = g_string_new(NULL);
    if (tpl && liquid_template_render(tpl, &options, out, &error))
        fwrite(out->str, 1, out->len, stdout);
    else
        rc = cli_fail(error);
    g_hash_table_unref(partials.parsed);
    json_decref(data);
    return rc;
}
