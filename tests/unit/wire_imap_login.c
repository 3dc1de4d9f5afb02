/* The IMAP client's logins against scripted servers: by password and by token. */
#include "wire_imap_rig.h"

#include <glib/gstdio.h>

static void
test_logins(void)
{
    static const char special[] = "p\"a\\s\303\244 \342\202\254{3}";
    static const struct {
        const char *scenario;
        enum secret_kind auth;
        const char *secret; /* NULL: 8192 times "t" */
        const char *login;  /* NULL: refused */
        const char *words;
        enum usher_error code;
    } rows[] = {
        {"plain-ir", SECRET_PASSWORD, special, "PLAIN", NULL, 0},
        {"plain-ir", SECRET_PASSWORD, "guess", NULL, "wrong", USHER_ERROR_NO_PERMISSION},
        {"plain-asked", SECRET_PASSWORD, special, "PLAIN", NULL, 0},
        {"plain-asked", SECRET_PASSWORD, "guess", NULL, "wrong", USHER_ERROR_NO_PERMISSION},
        {"literals", SECRET_PASSWORD, special, "LOGIN by literals", NULL, 0},
        {"literals", SECRET_PASSWORD, "gu\303\244ss", NULL, "wrong", USHER_ERROR_NO_PERMISSION},
        {"quoted", SECRET_PASSWORD, "p\"a\\s s", "LOGIN", NULL, 0},
        {"token-ir", SECRET_XOAUTH2, "good", "XOAUTH2", NULL, 0},
        {"token-ir", SECRET_OAUTHBEARER, "good", "OAUTHBEARER", NULL, 0},
        {"token-ir", SECRET_XOAUTH2, "bad", NULL, "(status 400, scope wanted: https://mail.example/)",
         USHER_ERROR_NO_PERMISSION},
        {"token-ir", SECRET_OAUTHBEARER, "bad", NULL, "(status 400", USHER_ERROR_NO_PERMISSION},
        {"token-asked", SECRET_XOAUTH2, "good", "XOAUTH2", NULL, 0},
        {"token-asked", SECRET_OAUTHBEARER, "good", "OAUTHBEARER", NULL, 0},
        {"token-asked", SECRET_XOAUTH2, "bad", NULL, "(status 400", USHER_ERROR_NO_PERMISSION},
        {"token-asked", SECRET_OAUTHBEARER, "bad", NULL, "(status 400", USHER_ERROR_NO_PERMISSION},
        {"token-none", SECRET_XOAUTH2, "good", NULL, "no login that takes", USHER_ERROR_NO_PERMISSION},
        {"token-long", SECRET_XOAUTH2, NULL, "XOAUTH2", NULL, 0},
        {"token-long", SECRET_OAUTHBEARER, NULL, "OAUTHBEARER", NULL, 0},
        {"token-down", SECRET_XOAUTH2, "good", NULL, "token server down", USHER_ERROR_UNAVAILABLE},
        {"token-drop", SECRET_XOAUTH2, "good", NULL, "closed", USHER_ERROR_UNAVAILABLE},
    };
    g_autofree char *long_token = g_strnfill(SECRET_TOKEN_BYTES, 't');
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct fake fake = fake_start(rows[i].scenario);
        struct imap_server server = fake_server(&fake);
        g_autoptr(GError) error = NULL;
        server.auth = rows[i].auth;
        server.password = rows[i].secret ? rows[i].secret : long_token;
        struct imap_client *client = imap_client_connect(&server, &error);
        g_test_message("%s: %s", rows[i].scenario, error ? error->message : "ok");
        g_assert_cmpstr(client ? imap_client_login(client) : NULL, ==, rows[i].login);
        if (!rows[i].login)
            assert_failure(error, rows[i].code, rows[i].words);
        else
            g_assert_true(imap_client_noop(client, NULL, &error));
        imap_client_close(client);
        fake_stop(&fake);
    }
}

/* A refused token is asked for again once. */
static void
test_renewal(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_dir_make_tmp("usher-imap-XXXXXX", &error);
    g_autofree char *lock = g_build_filename(folder, "lock", NULL);
    g_autofree char *calls = g_build_filename(folder, "calls", NULL);
    struct fake fake = fake_start("token-ir");
    struct imap_server server = fake_server(&fake);
    scoped(secret_source_free) struct secret *secret = secret_new_command(
        SECRET_XOAUTH2, "token_command",
        "sh -c 'if test -e calls; then echo good; else touch calls; echo old; fi'", folder, lock, &error);
    scoped(secret_free) char *token = NULL;
    g_assert_no_error(error);
    g_assert_true(secret_read(secret, &token, &error));
    g_assert_cmpstr(token, ==, "old");
    server.auth = SECRET_XOAUTH2;
    server.password = token;
    server.secret = secret;
    struct imap_client *client = imap_client_connect(&server, &error);
    g_assert_no_error(error);
    g_assert_nonnull(client);
    scoped(secret_free) char *kept = NULL;
    g_assert_true(secret_read(secret, &kept, &error));
    g_assert_cmpstr(kept, ==, "good");
    imap_client_close(client);
    fake_stop(&fake);
    g_assert_cmpint(g_remove(calls) + g_remove(lock) + g_rmdir(folder), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wire/imap-faults/logins", test_logins);
    g_test_add_func("/wire/imap-faults/renewal", test_renewal);
    return g_test_run();
}
