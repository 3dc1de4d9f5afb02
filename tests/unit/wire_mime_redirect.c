/* A frozen message for another reader: what changes, and that nothing else does. */
#include "wire/mime_redirect.h"

#include "base/error.h"
#include "wire/mime_write.h"

#include <string.h>

static GBytes *
letter(const char *subject, gsize recipients)
{
    struct mime_mailbox to[20] = {{.name = "Pat Ö", .address = "pat@acme.example"}};
    for (gsize i = 1; i < recipients; i++)
        to[i] = (struct mime_mailbox){.name = "A rather long name so that the line is folded",
                                      .address = "x@acme.example"};
    struct mime_letter l = {.from = {"Ana", "ana@team.example"},
                            .to = to,
                            .to_count = 1,
                            .cc = to + 1,
                            .cc_count = recipients - 1,
                            .subject = subject,
                            .message_id = "m@team.example",
                            .text = "To: nobody\nCc: nobody\n",
                            .html = "<p>Subject: none</p>",
                            .boundary = "=_b"};
    GBytes *bytes = mime_write(&l, NULL);
    g_assert_nonnull(bytes);
    return bytes;
}

static char *
redirected(const char *subject, gsize n, char **original)
{
    g_autoptr(GBytes) bytes = letter(subject, n);
    g_autoptr(GPtrArray) who = g_ptr_array_new();
    g_autoptr(GError) error = NULL;
    for (gsize i = 0; i < n; i++)
        g_ptr_array_add(who, (char *)(gsize)(i ? "x@acme.example" : "pat@acme.example"));
    g_autoptr(GBytes) out = mime_redirect(bytes, "qa@team.example", who, &error);
    g_assert_no_error(error);
    gsize length;
    const char *data = g_bytes_get_data(out, &length);
    if (original) {
        gsize before;
        const char *old = g_bytes_get_data(bytes, &before);
        *original = g_strndup(old, before);
    }
    return g_strndup(data, length);
}

static void
test_headers(void)
{
    g_autofree char *original = NULL;
    g_autofree char *text = redirected("Two things", 12, &original);
    const char *body = strstr(text, "\r\n\r\n");
    g_assert_cmpstr(body, ==, strstr(original, "\r\n\r\n"));
    g_autofree char *head = g_strndup(text, (gsize)(body - text));
    g_assert_nonnull(strstr(head, "\r\nSubject: [for pat@acme.example and 11 more]\r\n Two things"));
    g_assert_nonnull(strstr(
        head, "\r\nTo: qa@team.example\r\nX-Usher-Redirected-For: pat@acme.example,\r\n x@acme.example"));
    g_assert_null(strstr(head, "\r\nCc:"));
    g_assert_null(strstr(head, "long name"));
    g_assert_null(strstr(head, "<pat@acme.example>"));
    g_assert_nonnull(strstr(head, "From: Ana <ana@team.example>"));
    g_assert_nonnull(strstr(head, "Message-ID: <m@team.example>"));
    /* Every line as before: CRLF, and none too long. */
    g_auto(GStrv) lines = g_strsplit(text, "\r\n", -1);
    for (char **line = lines; *line; line++) {
        g_assert_null(strpbrk(*line, "\r\n"));
        g_assert_cmpuint(strlen(*line), <=, 998);
    }
}

static void
test_one(void)
{
    g_autofree char *text = redirected("Zwölf", 1, NULL);
    g_assert_nonnull(strstr(text, "\r\nSubject: [for pat@acme.example]\r\n =?"));
    g_assert_nonnull(strstr(text, "\r\nX-Usher-Redirected-For: pat@acme.example\r\n\r\n"));
}

static void
test_refused(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) broken = g_bytes_new_static("Subject: x", 10);
    g_autoptr(GPtrArray) who = g_ptr_array_new();
    g_ptr_array_add(who, (char *)(gsize) "pat@acme.example");
    g_assert_null(mime_redirect(broken, "qa@team.example", who, &error));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_SOFTWARE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wire/mime_redirect/headers", test_headers);
    g_test_add_func("/wire/mime_redirect/one", test_one);
    g_test_add_func("/wire/mime_redirect/refused", test_refused);
    return g_test_run();
}
