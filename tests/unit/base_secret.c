/* Where a login's secret comes from: files, credentials, programs; what is refused, and what is never shown.
 */
#include "base/config_load.h"
#include "base/error.h"
#include "base/secret.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static char *folder;

static char *
in_folder(const char *name)
{
    return g_build_filename(folder, name, NULL);
}

static char *
put(const char *name, const char *text, gssize length)
{
    char *path = in_folder(name);
    g_assert_true(g_file_set_contents(path, text, length, NULL));
    return path;
}

static void
assert_says(const GError *error, int code, const char *words)
{
    g_assert_error(error, USHER_ERROR, code);
    g_test_message("%s", error->message);
    g_assert_null(strchr(error->message, '\n'));
    if (!strstr(error->message, words))
        g_error("\"%s\" does not say \"%s\"", error->message, words);
}

static void
test_file(void)
{
    g_autofree char *longest = g_strnfill(255, 'x');
    g_autofree char *too_long = g_strnfill(256, 'x');
    const struct {
        const char *text;
        const char *value; /* NULL: refused */
        enum secret_kind kind;
    } rows[] = {
        {"pass word\n", "pass word", SECRET_PASSWORD},
        {"a\r\nb\n", "a", SECRET_PASSWORD},
        {"no end", "no end", SECRET_PASSWORD},
        {"", NULL, SECRET_PASSWORD},
        {"\nsecond\n", NULL, SECRET_PASSWORD},
        {longest, longest, SECRET_PASSWORD},
        {too_long, NULL, SECRET_PASSWORD},
        {too_long, too_long, SECRET_XOAUTH2},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = put("file", rows[i].text, -1);
        scoped(secret_source_free) struct secret *secret =
            secret_new_file(rows[i].kind, "password_file", path);
        scoped(secret_free) char *value = NULL;
        g_autoptr(GError) error = NULL;
        g_assert_cmpint(secret_read(secret, &value, &error), ==, rows[i].value != NULL);
        g_assert_cmpstr(value, ==, rows[i].value);
        if (!rows[i].value)
            assert_says(error, USHER_ERROR_CONFIG, "password_file");
    }
    g_autofree char *with_nul = put("file", "pass\0word\n", 10);
    scoped(secret_source_free) struct secret *cut =
        secret_new_file(SECRET_PASSWORD, "password_file", with_nul);
    scoped(secret_source_free) struct secret *none =
        secret_new_file(SECRET_PASSWORD, "password_file", "/nowhere/x");
    g_autoptr(GError) error = NULL, nul = NULL;
    char *value = NULL;
    g_assert_false(secret_read(cut, &value, &nul));
    assert_says(nul, USHER_ERROR_CONFIG, "without NUL");
    g_assert_false(secret_read(none, &value, &error));
    assert_says(error, USHER_ERROR_CONFIG, "/nowhere/x: No such file");
#ifndef __SANITIZE_ADDRESS__
    g_assert_cmpint(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), ==, 0);
#endif
}

/* A file that has changed is worth another login, the same one is not. */
static void
test_file_renewed(void)
{
    g_autofree char *path = put("rotated", "old\n", -1);
    scoped(secret_source_free) struct secret *secret = secret_new_file(SECRET_XOAUTH2, "token_file", path);
    g_autoptr(GError) error = NULL;
    char *value = NULL;
    g_assert_false(secret_renew(secret, "old", &value, &error));
    g_assert_no_error(error);
    g_assert_null(value);
    g_free(put("rotated", "new\n", -1));
    g_assert_true(secret_renew(secret, "old", &value, &error));
    g_assert_cmpstr(value, ==, "new");
    secret_free(value);
}

static void
test_warning(void)
{
    static const struct {
        guint mode;
        gboolean bad;
    } rows[] = {{0600, FALSE}, {0640, FALSE}, {0644, TRUE}, {0602, TRUE}, {0400, FALSE}};
    g_autofree char *path = put("modes", "x\n", -1);
    scoped(secret_source_free) struct secret *secret =
        secret_new_file(SECRET_PASSWORD, "password_file", path);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_cmpint(g_chmod(path, rows[i].mode), ==, 0);
        g_autofree char *warning = secret_warning(secret);
        g_assert_cmpint(warning != NULL, ==, rows[i].bad);
    }
}

static void
test_command(void)
{
    static const struct {
        const char *command;
        const char *value; /* NULL: fails, and says words */
        const char *words;
    } rows[] = {
        {"echo tok", "tok", NULL},
        {"printf 'tok\\r\\nmore'", "tok", NULL},
        {"sh -c 'echo tok; echo noise >&2'", "tok", NULL},
        {"./helper", "helped", NULL}, /* seen from the folder */
        {"echo '$HOME;id'", "$HOME;id", NULL},
        {"sh -c 'echo tok; yes | head -c 300000'", "tok", NULL},
        {"sh -c 'sleep 300 & echo tok'", "tok", NULL}, /* a child that keeps the pipe open */
        {"true", NULL, "printed nothing"},
        {"false", NULL, "exit code 1"},
        {"sh -c 'echo no such account >&2; exit 3'", NULL, "exit code 3: no such account"},
        {"sh -c 'kill -9 $$'", NULL, "signal 9"},
        {"no-such-program-here", NULL, "no-such-program-here"},
        {"sh -c 'head -c 9000 /dev/zero | tr \"\\0\" x'", NULL, "more than 8192 bytes"},
        {"printf 'a\\001b'", NULL, "control character"},
        {"printf 'a\\000b'", NULL, "NUL"},
        {"sh -c 'echo bad password=Spring26 for ann, Token: abc >&2; exit 1'", NULL,
         "exit code 1: bad password=[...] for ann, Token: [...]"},
        {"sh -c 'echo eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.abc >&2; exit 1'", NULL, "exit code 1: [...]"},
    };
    g_autofree char *helper = put("helper", "#!/bin/sh\necho helped\n", -1);
    g_assert_cmpint(g_chmod(helper, 0700), ==, 0);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(GStrv) argv = NULL;
        scoped(secret_free) char *line = NULL;
        g_autoptr(GError) error = NULL;
        g_assert_true(g_shell_parse_argv(rows[i].command, NULL, &argv, NULL));
        g_test_message("%s", rows[i].command);
        gboolean ok = secret_command_run(argv, folder, 20000, SECRET_TOKEN_BYTES, &line, &error);
        g_assert_cmpstr(line, ==, rows[i].value);
        g_assert_cmpint(ok, ==, rows[i].value != NULL);
        if (!ok)
            assert_says(error, USHER_ERROR_UNAVAILABLE, rows[i].words);
    }
}

/* What it said is for the log, not for the database. */
static void
test_command_kept(void)
{
    g_autofree char *lock = g_build_filename(folder, "lock", NULL);
    scoped(secret_source_free) struct secret *secret = secret_new_command(
        SECRET_PASSWORD, "password_command", "sh -c 'echo Spring26 >&2; exit 1'", folder, lock, NULL);
    g_autoptr(GError) error = NULL;
    char *value = NULL;
    g_assert_nonnull(secret);
    g_assert_false(secret_read(secret, &value, &error));
    assert_says(error, USHER_ERROR_UNAVAILABLE, "Spring26");
    g_assert_null(strstr(secret_problem_to_keep(error), "Spring26"));
}

/* One that hangs is killed with what it started. */
static void
test_command_hangs(void)
{
    char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, (char[]){"echo $$ > pid; sleep 300; echo tok"}, NULL};
    g_autoptr(GError) error = NULL;
    char *line;
    g_assert_false(secret_command_run(argv, folder, 300, 100, &line, &error));
    assert_says(error, USHER_ERROR_UNAVAILABLE, "has not ended within");
    g_autofree char *path = in_folder("pid");
    g_autofree char *pid = NULL;
    g_assert_true(g_file_get_contents(path, &pid, NULL, NULL));
    g_autofree char *process = g_strconcat("/proc/", g_strstrip(pid), NULL);
    g_assert_false(g_file_test(process, G_FILE_TEST_EXISTS));
}

/* What the program says on standard error is logged, the secret in it is not. */
static void
test_command_log(void)
{
    if (g_test_subprocess()) {
        char *argv[] = {(char[]){"sh"}, (char[]){"-c"},
                        (char[]){"echo short-one; echo using short-one for ann >&2"}, NULL};
        scoped(secret_free) char *line = NULL;
        g_assert_true(secret_command_run(argv, folder, 20000, 100, &line, NULL));
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_passed();
    g_test_trap_assert_stderr("*event=login_command*using ?secret? for ann*");
    g_test_trap_assert_stderr_unmatched("*short-one*");
}

static int
count_lines(const char *name)
{
    g_autofree char *path = in_folder(name);
    g_autofree char *text = NULL;
    int lines = 0;
    if (g_file_get_contents(path, &text, NULL, NULL))
        for (const char *at = text; (at = strchr(at, '\n')); at++)
            lines++;
    return lines;
}

/* Kept until it is refused. */
static void
test_kept(void)
{
    g_autofree char *lock = in_folder("kept.lock");
    g_autoptr(GError) error = NULL;
    scoped(secret_source_free) struct secret *secret = secret_new_command(
        SECRET_XOAUTH2, "token_command", "sh -c 'echo x >> kept; wc -l < kept'", folder, lock, &error);
    g_assert_no_error(error);
    for (int i = 0; i < 3; i++) {
        scoped(secret_free) char *value = NULL;
        g_assert_true(secret_read(secret, &value, &error));
        g_assert_cmpstr(value, ==, "1");
    }
    char *value = NULL;
    g_assert_true(secret_renew(secret, "1", &value, &error));
    g_assert_cmpstr(value, ==, "2");
    g_clear_pointer(&value, secret_free);
    /* Refused is what somebody else had: ours is newer, and nobody is asked. */
    g_assert_true(secret_renew(secret, "1", &value, &error));
    g_assert_cmpstr(value, ==, "2");
    g_clear_pointer(&value, secret_free);
    g_assert_cmpint(count_lines("kept"), ==, 2);
}

static gpointer
ask(gpointer user)
{
    scoped(secret_free) char *value = NULL;
    g_assert_true(secret_read(user, &value, NULL));
    return NULL;
}

/* Of all that ask at once one program runs at a time: it would find the mark of another. */
static void
test_one_at_a_time(void)
{
    g_autofree char *lock = in_folder("one.lock");
    struct secret *secrets[4];
    GThread *threads[4];
    for (int i = 0; i < 4; i++)
        secrets[i] =
            secret_new_command(SECRET_PASSWORD, "password_command",
                               "sh -c 'mkdir busy || echo clash >> clashes; sleep 0.1; rmdir busy; echo pw'",
                               folder, lock, NULL);
    for (int i = 0; i < 4; i++)
        threads[i] = g_thread_new("asks", ask, secrets[i]);
    for (int i = 0; i < 4; i++)
        g_thread_join(threads[i]);
    for (int i = 0; i < 4; i++)
        secret_source_free(secrets[i]);
    g_assert_cmpint(count_lines("clashes"), ==, 0);
}

static void
test_config(void)
{
    static const struct {
        const char *lines;
        const char *words; /* NULL: it loads */
    } rows[] = {
        {"user = \"a\"\npassword_file = \"x\"", NULL},
        {"user = \"a\"\npassword_command = \"pass show 'mail box'\"", NULL},
        {"user = \"a\"\ntoken_command = \"tok\"", NULL},
        {"user = \"a\"\ntoken_file = \"tok\"\nauth = \"oauthbearer\"", NULL},
        {"", NULL},
        {"user = \"a\"", "expected one of password_file"},
        {"password_file = \"x\"", "expected a user too"},
        {"user = \"a\"\npassword_file = \"x\"\ntoken_command = \"y\"",
         "password_file and token_command: expected only one"},
        {"user = \"a\"\npassword_command = \"it's\"", "password_command: "},
        {"user = \"a\"\npassword_file = \"x\"\nauth = \"xoauth2\"", "expected token_command"},
        {"user = \"a\"\ntoken_command = \"x\"\nauth = \"plain\"", "expected xoauth2 or oauthbearer"},
        {"user = \"a\"\npassword_credential = \"../x\"", "without slash"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text =
            g_strdup_printf("team { name = \"T\" }\nmailbox ana {\nsmtp = \"smtps://x\"\nimap = "
                            "\"imaps://x\"\n%s\n}\nspecialist ana { name = \"A\" address = \"a@b\" "
                            "}\n",
                            rows[i].lines);
        g_autofree char *path = put("usher.conf", text, -1);
        g_autoptr(GError) error = NULL;
        scoped(config_free) struct config *config = config_load(path, &error);
        if (!rows[i].words) {
            g_assert_no_error(error);
            continue;
        }
        assert_says(error, USHER_ERROR_CONFIG, rows[i].words);
        g_assert_nonnull(strstr(error->message, "usher.conf:"));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    folder = g_dir_make_tmp("usher-secret-XXXXXX", NULL);
    g_test_add_func("/secret/file", test_file);
    g_test_add_func("/secret/file-renewed", test_file_renewed);
    g_test_add_func("/secret/warning", test_warning);
    g_test_add_func("/secret/command", test_command);
    g_test_add_func("/secret/command-kept", test_command_kept);
    g_test_add_func("/secret/command-hangs", test_command_hangs);
    g_test_add_func("/secret/command-log", test_command_log);
    g_test_add_func("/secret/kept", test_kept);
    g_test_add_func("/secret/one-at-a-time", test_one_at_a_time);
    g_test_add_func("/secret/config", test_config);
    int status = g_test_run();
    char *sweep[] = {(char[]){"rm"}, (char[]){"-rf"}, folder, NULL};
    g_spawn_sync(NULL, sweep, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
    g_free(folder);
    return status;
}
