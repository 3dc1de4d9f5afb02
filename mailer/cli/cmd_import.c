/* import: accounts, contacts and facts from files or a pipe. */
#include "accounts/import.h"
#include "base/error.h"
#include "base/zone.h"
#include "cli/commands.h"
#include "cli/screen.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* What came out of a file must not speak to the terminal. */
static void
print_clean(const char *before, const char *text, FILE *out)
{
    g_autofree char *clean = screen_clean(text);
    fprintf(out, "%s%s\n", before, clean);
}

static void
print_list(const char *heading, const GPtrArray *lines, gint64 left_out)
{
    if (!lines || lines->len == 0)
        return;
    puts(heading);
    for (guint i = 0; i < lines->len; i++)
        print_clean("  ", lines->pdata[i], stdout);
    if (left_out)
        printf("  … and %" G_GINT64_FORMAT " more\n", left_out);
}

static void
print_report(struct cli *cli, const struct import_report *r, gboolean dry_run, gboolean verbose)
{
    if (cli->json) {
        cli_print_json(json_pack(
            "{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "dry_run", dry_run, "accounts_added",
            (json_int_t)r->accounts_added, "accounts_changed", (json_int_t)r->accounts_changed,
            "accounts_unchanged", (json_int_t)r->accounts_unchanged, "accounts_absent",
            (json_int_t)r->accounts_absent, "contacts_added", (json_int_t)r->contacts_added,
            "contacts_changed", (json_int_t)r->contacts_changed, "contacts_unchanged",
            (json_int_t)r->contacts_unchanged, "contacts_absent", (json_int_t)r->contacts_absent,
            "contacts_forgotten", (json_int_t)r->contacts_forgotten));
        return;
    }
    const char *word = dry_run ? "would be " : "";
    if (!r->contact_file)
        printf("accounts: %s%" G_GINT64_FORMAT " added, %" G_GINT64_FORMAT " changed, %" G_GINT64_FORMAT
               " left as they were, %" G_GINT64_FORMAT " absent\n",
               word, r->accounts_added, r->accounts_changed, r->accounts_unchanged, r->accounts_absent);
    if (r->contact_file || r->contacts_added || r->contacts_changed || r->contacts_unchanged ||
        r->contacts_absent)
        printf("contacts: %s%" G_GINT64_FORMAT " added, %" G_GINT64_FORMAT " changed, %" G_GINT64_FORMAT
               " left as they were, %" G_GINT64_FORMAT " absent\n",
               word, r->contacts_added, r->contacts_changed, r->contacts_unchanged, r->contacts_absent);
    if (r->contacts_forgotten)
        printf("contacts: %" G_GINT64_FORMAT " left out, because they were forgotten\n",
               r->contacts_forgotten);
    if (dry_run || verbose)
        print_list("differences:", r->differences, r->differences_left_out);
    if (r->undeclared && r->undeclared->len) {
        g_autoptr(GString) names = g_string_new(NULL);
        for (guint i = 0; i < r->undeclared->len; i++)
            g_string_append_printf(names, "%s%s", i ? ", " : "", (char *)r->undeclared->pdata[i]);
        print_clean("usher: kept, but not declared in facts.conf, so no rule or template can use it: ",
                    names->str, stderr);
    }
}

int
cmd_import(struct cli *cli, int argc, char **argv)
{
    g_autofree char *source = NULL;
    g_autofree char *as_of = NULL;
    gboolean dry_run = FALSE, complete = FALSE, force = FALSE, verbose = FALSE;
    const GOptionEntry entries[] = {
        {"source", 0, 0, G_OPTION_ARG_STRING, &source, "who says so: billing, crm… (default: import)",
         "NAME"},
        {"as-of", 0, 0, G_OPTION_ARG_STRING, &as_of, "when the source said so (default: now)", "TIME"},
        {"dry-run", 0, 0, G_OPTION_ARG_NONE, &dry_run, "show what would change, change nothing", NULL},
        {"complete", 0, 0, G_OPTION_ARG_NONE, &complete,
         "what this source delivered before and not now is absent", NULL},
        {"force", 0, 0, G_OPTION_ARG_NONE, &force, "allow more than 20 % absent", NULL},
        {"verbose", 'v', 0, G_OPTION_ARG_NONE, &verbose, "print every difference", NULL},
        {0}};
    int rc = EX_OK;
    g_autoptr(GError) error = NULL;
    if (!cli_begin(cli, "import", entries, 1, 1, &argc, &argv, &rc))
        return rc;
    struct service *s = cli->service;
    struct import_options options = {.source = source ? source : "import",
                                     .as_of_us = cli->now_us,
                                     .now_us = cli->now_us,
                                     .actor = service_actor(),
                                     .dry_run = dry_run,
                                     .complete = complete,
                                     .force = force,
                                     .team_zone = s->config->timezone};
    if (strcmp(options.source, FACTS_BY_HAND) == 0)
        return cli_usage("import: --source \"%s\" is what people set by hand (usher date)", FACTS_BY_HAND);
    if (as_of && !zone_parse_time(s->config->timezone, as_of, &options.as_of_us, &error))
        return cli_fail(error);
    FILE *stream = strcmp(argv[1], "-") == 0 ? stdin : fopen(argv[1], "re");
    if (!stream) {
        fprintf(stderr, "usher: %s: %s\n", argv[1], g_strerror(errno));
        return EX_NOINPUT;
    }
    struct import_report report = {0};
    if (import_file(s->db, s->program->facts, &options, stream, argv[1], &report, &error)) {
        print_report(cli, &report, dry_run, verbose);
    } else {
        rc = cli_fail(error);
        for (guint i = 1; report.problems && i < report.problems->len; i++)
            print_clean("usher: ", report.problems->pdata[i], stderr);
    }
    import_report_clear(&report);
    if (stream != stdin)
        fclose(stream);
    return rc;
}
