/* IMAP servers that do one thing wrong (tests/rig/fake_imap.py), one a scenario. */
#ifndef USHER_TESTS_WIRE_IMAP_RIG_H
#define USHER_TESTS_WIRE_IMAP_RIG_H

#include "base/error.h"
#include "wire/imap_client.h"

#include <gio/gio.h>
#include <string.h>

/* Short where the case must end by the clock; long, so that load cannot end it, elsewhere. */
enum { SOON_MS = 400, LONG_MS = 20 * 1000 };

struct fake {
    GSubprocess *process;
    guint16 port;
};

/* One server a scenario, in one process. ports has room for as many. */
static inline GSubprocess *
fakes_start(const char *const *scenarios, guint16 *ports)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_ptr_array_add(argv, (char *)(gsize) "python3");
    g_ptr_array_add(argv, (char *)(gsize)USHER_SOURCE_DIR "/tests/rig/fake_imap.py");
    for (gsize i = 0; scenarios[i]; i++)
        g_ptr_array_add(argv, (char *)(gsize)scenarios[i]);
    g_ptr_array_add(argv, NULL);
    GSubprocess *process =
        g_subprocess_newv((const char *const *)argv->pdata, G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error);
    g_assert_no_error(error);
    g_autoptr(GDataInputStream) output = g_data_input_stream_new(g_subprocess_get_stdout_pipe(process));
    for (gsize i = 0; scenarios[i]; i++) {
        g_autofree char *line = g_data_input_stream_read_line(output, NULL, NULL, &error);
        g_assert_nonnull(line);
        ports[i] = (guint16)g_ascii_strtoull(line, NULL, 10);
        g_assert_cmpuint(ports[i], !=, 0);
    }
    return process;
}

static inline struct fake
fake_start(const char *scenario)
{
    const char *const scenarios[] = {scenario, NULL};
    struct fake fake = {0};
    fake.process = fakes_start(scenarios, &fake.port);
    return fake;
}

static inline void
fake_stop(struct fake *fake)
{
    g_subprocess_force_exit(fake->process);
    g_assert_true(g_subprocess_wait(fake->process, NULL, NULL));
    g_object_unref(fake->process);
}

static inline struct imap_server
fake_server(const struct fake *fake)
{
    return (struct imap_server){
        .host = "127.0.0.1",
        .port = fake->port,
        .security = IMAP_PLAIN_LOOPBACK,
        .user = "ann",
        .password = "secret",
        .timeout_ms = LONG_MS,
    };
}

static inline void
assert_failure(const GError *error, enum usher_error code, const char *words)
{
    g_assert_error(error, USHER_ERROR, (int)code);
    g_test_message("%s", error->message);
    g_assert_null(strchr(error->message, '\n'));
    g_assert_null(strstr(error->message, "secret"));
    if (words && !strstr(error->message, words))
        g_error("\"%s\" does not say \"%s\"", error->message, words);
}

#endif
