/* init: a folder to start from. Nothing that exists is overwritten. */
#include "base/clock.h"
#include "base/config_load.h"
#include "base/error.h"
#include "cli/commands.h"
#include "service/clone_guard.h"
#include "service/demo.h"
#include "store/store.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>

/* Where sequences and templates are shipped: above the build folder, or installed. */
static char *
data_dir(void)
{
    g_autofree char *exe = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *dir = exe ? g_path_get_dirname(exe) : NULL;
    for (int up = 0; dir && up < 3; up++) {
        g_autofree char *below = dir;
        dir = g_path_get_dirname(below);
        g_autofree char *facts = g_build_filename(dir, "sequences", "facts.conf", NULL);
        g_autofree char *source = g_build_filename(dir, "mailer", "main.c", NULL);
        if (g_file_test(facts, G_FILE_TEST_EXISTS) && g_file_test(source, G_FILE_TEST_EXISTS))
            return g_steal_pointer(&dir);
    }
    g_autofree char *bin = exe ? g_path_get_dirname(exe) : NULL;
    g_autofree char *prefix = bin ? g_path_get_dirname(bin) : NULL;
    g_autofree char *shared = prefix ? g_build_filename(prefix, "share", "usher", NULL) : NULL;
    if (shared && g_file_test(shared, G_FILE_TEST_IS_DIR))
        return g_steal_pointer(&shared);
    return g_strdup(USHER_DATADIR);
}

static gboolean
copy_folder(const char *from, const char *to, GError **error)
{
    if (g_mkdir_with_parents(to, 0750) != 0) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_CANT_CREATE, "%s: %s", to, g_strerror(errno));
        return FALSE;
    }
    g_autoptr(GError) local = NULL;
    g_autoptr(GDir) dir = g_dir_open(from, 0, &local);
    if (!dir) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_NO_INPUT, "%s", local->message);
        return FALSE;
    }
    for (const char *name; (name = g_dir_read_name(dir));) {
        g_autofree char *source = g_build_filename(from, name, NULL);
        g_autofree char *target = g_build_filename(to, name, NULL);
        g_autofree char *text = NULL;
        gsize length;
        if (g_file_test(source, G_FILE_TEST_IS_DIR)) {
            if (!copy_folder(source, target, error))
                return FALSE;
        } else if (!g_file_test(target, G_FILE_TEST_EXISTS)) {
            if (!g_file_get_contents(source, &text, &length, error) ||
                !g_file_set_contents(target, text, (gssize)length, error))
                return FALSE;
        }
    }
    return TRUE;
}

static const char sample_config[] = "# usher's configuration: see usher.conf(5).\n"
                                    "database = \"usher.db\"\n"
                                    "sequences_dir = \"sequences\"\n"
                                    "templates_dir = \"templates\"\n"
                                    "sequences = {\"onboarding\"}\n\n"
                                    "team {\n"
                                    "    name = \"Onboarding\"\n"
                                    "    company = \"Example\"\n"
                                    "    timezone = \"Europe/London\"\n"
                                    "    booking_link = \"https://example.com/book\"\n"
                                    "    help_link = \"https://example.com/help\"\n"
                                    "    failsafe = \"ana\"\n"
                                    "}\n\n"
                                    "window {\n"
                                    "    days = {\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"}\n"
                                    "    from = \"09:00\"\n"
                                    "    to = \"17:00\"\n"
                                    "}\n\n"
                                    "mailbox ana {\n"
                                    "    smtp = \"smtp://localhost:587\"\n"
                                    "    imap = \"imaps://localhost:993\"\n"
                                    "    user = \"ana@team.example\"\n"
                                    "    password_file = \"ana.password\"\n"
                                    "    sent_copy = \"append\"\n"
                                    "}\n\n"
                                    "specialist ana {\n"
                                    "    name = \"Ana Ruiz\"\n"
                                    "    address = \"ana@team.example\"\n"
                                    "    mailbox = \"ana\"\n"
                                    "    regions = {\"emea\"}\n"
                                    "}\n";

/* Behind the sample, for the demo: a second specialist, so that there are owners to tell apart. */
static const char demo_config[] = "\nmailbox ben {\n"
                                  "    smtp = \"smtp://localhost:587\"\n"
                                  "    imap = \"imaps://localhost:993\"\n"
                                  "    user = \"ben@team.example\"\n"
                                  "    password_file = \"ben.password\"\n"
                                  "}\n\n"
                                  "specialist ben {\n"
                                  "    name = \"Ben Okafor\"\n"
                                  "    address = \"ben@team.example\"\n"
                                  "    mailbox = \"ben\"\n"
                                  "    regions = {\"americas\"}\n"
                                  "}\n";

static const char sample_accounts[] =
    "account,name,plan,region,timezone,forecast_mrr,next_renewal,bills_paid\n"
    "acme,Acme Ltd,payg,emea,Europe/London,640,2027-01-15,0\n"
    "globex,Globex GmbH,payg,emea,Europe/Berlin,220,2027-01-20,1\n";
static const char sample_contacts[] = "account,email,first_name,last_name,role,function,last_active\n"
                                      "acme,ada@acme.example,Ada,Byron,owner,engineering,2026-11-20\n"
                                      "acme,max@acme.example,Max,Meyer,admin,product,2026-11-18\n"
                                      "globex,eva@globex.example,Eva,Blum,owner,product,2026-11-19\n";

static gboolean
write_new(const char *dir, const char *name, const char *text, GError **error)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    return g_file_test(path, G_FILE_TEST_EXISTS) || g_file_set_contents(path, text, -1, error);
}

/* The secret behind Message-IDs, tokens and keyed hashes, and the marks of a new database. */
static gboolean
seed_database(const char *path, gboolean rehearsal, GError **error)
{
    unsigned char random[32];
    char hex[2 * sizeof random + 1];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_OS, "getrandom: %s", g_strerror(errno));
        return FALSE;
    }
    for (gsize i = 0; i < sizeof random; i++)
        g_snprintf(hex + 2 * i, 3, "%02x", random[i]);
    g_autofree char *made = g_strdup_printf("%" G_GINT64_FORMAT, g_get_real_time());
    g_autofree char *place = clone_guard_identity(path, error);
    scoped(store_close) struct store *db = place ? store_open(path, error) : NULL;
    if (!db || !store_begin(db, error))
        return FALSE;
    gboolean ok =
        store_exec(db, "INSERT INTO meta(key, value) VALUES('secret', ?) ON CONFLICT DO NOTHING", error, "t",
                   hex) &&
        store_exec(db, "INSERT INTO meta(key, value) VALUES('created_real_us', ?) ON CONFLICT DO NOTHING",
                   error, "t", made) &&
        store_exec(db, "INSERT INTO meta(key, value) VALUES('identity', ?) ON CONFLICT DO NOTHING", error,
                   "t", place) &&
        (!rehearsal || store_set_meta(db, "rehearsal", "1", error)) && store_commit(db, error);
    if (!ok)
        store_rollback(db);
    return ok;
}

/* The sample with a second specialist, and with whoever asks for it as the first: --mine needs a login. */
static char *
demo_config_text(void)
{
    static const char section[] = "specialist ana {\n";
    const char *login = service_actor();
    g_autoptr(GString) text = g_string_new(sample_config);
    g_autofree char *with_login = g_strdup_printf("%s    logins = {\"%s\"}\n", section, login);
    if (!strpbrk(login, "\"\\$\n"))
        g_string_replace(text, section, with_login, 1);
    g_string_append(text, demo_config);
    return g_strdup(text->str);
}

static gboolean
make_folder(const char *dir, const char *config_name, gboolean demo, gboolean rehearsal, GError **error)
{
    g_autofree char *data = data_dir();
    g_autofree char *from_sequences = g_build_filename(data, "sequences", NULL);
    g_autofree char *from_templates = g_build_filename(data, "templates", NULL);
    g_autofree char *sequences = g_build_filename(dir, "sequences", NULL);
    g_autofree char *templates = g_build_filename(dir, "templates", NULL);
    g_autofree char *config_path = g_build_filename(dir, config_name, NULL);
    g_autofree char *sample = demo ? demo_config_text() : g_strdup(sample_config);
    if (!copy_folder(from_sequences, sequences, error) || !copy_folder(from_templates, templates, error) ||
        !write_new(dir, config_name, sample, error))
        return FALSE;
    if (rehearsal && (!write_new(dir, "accounts.csv", sample_accounts, error) ||
                      !write_new(dir, "contacts.csv", sample_contacts, error)))
        return FALSE;
    scoped(config_free) struct config *config = config_load(config_path, error);
    if (!config)
        return FALSE;
    gboolean existed = g_file_test(config->database, G_FILE_TEST_EXISTS);
    if (existed && rehearsal) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_CANT_CREATE,
                    "%s exists already: a rehearsal starts with a database of its own", config->database);
        return FALSE;
    }
    if (!store_migrate(config->database, error) || !seed_database(config->database, rehearsal, error))
        return FALSE;
    g_chmod(config->database, 0660);
    return TRUE;
}

/* The eight weeks before now, in the database just made; when they fail it is removed again. */
static gboolean
live(const struct cli *cli, const char *dir, const char *config_name, GError **error)
{
    g_autofree char *path = g_build_filename(dir, config_name, NULL);
    scoped(service_close) struct service *s = service_open(path, error);
    if (s && demo_play(s, cli->now_us, service_actor(), error))
        return TRUE;
    service_close(g_steal_pointer(&s));
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    scoped(config_free) struct config *config = config_load(path, NULL);
    for (gsize i = 0; config && i < G_N_ELEMENTS(suffixes); i++) {
        g_autofree char *file = g_strconcat(config->database, suffixes[i], NULL);
        g_unlink(file);
    }
    return FALSE;
}

int
cmd_init(struct cli *cli, int argc, char **argv)
{
    gboolean demo = FALSE, rehearsal = FALSE;
    const GOptionEntry entries[] = {
        {"demo", 0, 0, G_OPTION_ARG_NONE, &demo, "a rehearsal with eight weeks of an invented team", NULL},
        {"rehearsal", 0, 0, G_OPTION_ARG_NONE, &rehearsal,
         "a database whose clock --now may set; its servers must be on loopback", NULL},
        {0}};
    int rc = EX_OK;
    g_autoptr(GError) error = NULL;
    if (!cli_begin(cli, "init", entries, 0, 1, &argc, &argv, &rc))
        return rc;
    g_autofree char *config_dir = cli->config_option ? g_path_get_dirname(cli->config_option) : NULL;
    g_autofree char *config_name =
        cli->config_option ? g_path_get_basename(cli->config_option) : g_strdup("usher.conf");
    const char *dir = argc > 1 ? argv[1] : config_dir ? config_dir : ".";
    if (!make_folder(dir, config_name, demo, demo || rehearsal, &error) ||
        (demo && !live(cli, dir, config_name, &error)))
        return cli_fail(error);
    if (demo) {
        printf(
            "%s is ready: twelve invented accounts, eight weeks of them. Try `usher daily`, `usher board`,\n"
            "`usher show corvid`, `usher why mesa`, `usher review`, `usher log -n 30`\n",
            dir);
        return EX_OK;
    }
    printf("%s is ready: edit usher.conf, then `usher check`, `usher import FILE`, `usher run%s`\n", dir,
           rehearsal ? " --once --now TIME" : "");
    return EX_OK;
}
