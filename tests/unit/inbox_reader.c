/* The confined reader: what it answers, what it is not able to do, and what its parent does when it dies.
 * This program is its own child: "worker reader" serves as the real one, "misbehave WHAT" tries something
 * forbidden behind the same confinement and reports on its socket whether it came through. */
#define _GNU_SOURCE /* environ */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "inbox/reader.h"

static const char *self;

#define TIMEOUT_MS 60000

static const char reply_mail[] =
    "From: Ada <ada@customer.example>\r\nTo: onboarding+tok123@usher.example\r\n"
    "Subject: Re: Your usage\r\nMessage-ID: <r1@customer.example>\r\n"
    "In-Reply-To: <m1@usher.example>\r\nDate: Mon, 2 Mar 2026 10:00:00 +0100\r\n\r\n"
    "Thanks, done!\r\n";

/* ---- the children ---- */

static int
report(char what)
{
    while (send(READER_CHILD_FD, &what, 1, 0) < 0 && errno == EINTR)
        ;
    return 0;
}

/* Tries what; 'y' on the socket means that it came through, 'n' that it was refused. A killed child says
 * nothing. */
static int
misbehave(const char *what)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/tmp/usher-test-no-such"};
    GError *error = NULL;
    if (!reader_confine(READER_CHILD_FD, &error))
        return 2;
    report('r');
    gboolean through = FALSE;
    if (strcmp(what, "open") == 0)
        through = open("/etc/passwd", O_RDONLY) >= 0;
    else if (strcmp(what, "create") == 0)
        through = open("/tmp/usher-test-created", O_WRONLY | O_CREAT, 0600) >= 0;
    else if (strcmp(what, "socket") == 0)
        through = socket(AF_INET, SOCK_STREAM, 0) >= 0;
    else if (strcmp(what, "connect") == 0)
        through = connect(READER_CHILD_FD, (struct sockaddr *)&address, sizeof address) == 0;
    else if (strcmp(what, "fork") == 0)
        through = fork() >= 0;
    else if (strcmp(what, "exec") == 0)
        through = execl("/bin/true", "true", (char *)NULL) == 0;
    else if (strcmp(what, "kill") == 0)
        through = kill(getppid(), 0) == 0;
    else if (strcmp(what, "unlink") == 0)
        through = unlink("/tmp/usher-test-no-such") == 0;
    else if (strcmp(what, "code") == 0)
        through = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
                  MAP_FAILED;
    else if (strcmp(what, "database") == 0) /* SQLite's own way to a file */
        through = openat(AT_FDCWD, "usher.db", O_RDWR | O_CLOEXEC) >= 0;
    else if (strcmp(what, "truncate") == 0)
        through = truncate("/tmp/usher-test-no-such", 0) == 0;
    else if (strcmp(what, "rename") == 0)
        through = rename("/tmp/usher-test-no-such", "/tmp/usher-test-neither") == 0;
    else if (strcmp(what, "listen") == 0)
        through = listen(READER_CHILD_FD, 1) == 0;
    else if (strcmp(what, "environment") == 0)
        through = environ && *environ; /* started with an empty one */
    else if (strcmp(what, "memory") == 0)
        through = mmap(NULL, (size_t)4 << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
                  MAP_FAILED;
    else if (strcmp(what, "heap") == 0) {
        for (size_t taken = 0; taken < (size_t)4 << 30; taken += (size_t)16 << 20)
            if (!calloc(1, (size_t)16 << 20))
                _exit(report('n'));
        through = TRUE;
    } else if (strcmp(what, "limits") == 0) {
        struct rlimit more = {RLIM_INFINITY, RLIM_INFINITY};
        through = setrlimit(RLIMIT_AS, &more) == 0;
    } else if (strcmp(what, "inherited") == 0)
        through = read(9, address.sun_path, 1) > 0;
    report(through ? 'y' : 'n');
    return 0;
}

/* Speaks nonsense in the place of a reader. */
static int
lie(const char *how)
{
    char byte;
    if (recv(READER_CHILD_FD, &byte, 1, MSG_PEEK) <= 0)
        return 0;
    if (strcmp(how, "lie-long") == 0)
        send(READER_CHILD_FD, "\xff\xff\xff\x7f", 4, 0);
    else if (strcmp(how, "lie-garbage") == 0)
        send(READER_CHILD_FD, "\x04\x00\x00\x00UMR\x09", 8, 0);
    else if (strcmp(how, "lie-spin") == 0)
        for (;;)
            ;
    else if (strcmp(how, "lie-flood") ==
             0) /* an answer of the length it says, but of nothing that makes sense */
        for (guint32 i = 0, length = GUINT32_TO_LE(MAIL_RECORD_MAX_BYTES); i <= MAIL_RECORD_MAX_BYTES; i += 4)
            send(READER_CHILD_FD, i == 0 ? (const void *)&length : "\xff\xff\xff\xff", 4, MSG_NOSIGNAL);
    else if (strcmp(how, "lie-slow") == 0) /* a byte now and then keeps nobody waiting for ever */
        for (send(READER_CHILD_FD, "\x00\x01\x00\x00", 4, MSG_NOSIGNAL);
             send(READER_CHILD_FD, "x", 1, MSG_NOSIGNAL) == 1;)
            g_usleep(20 * 1000);
    else if (strcmp(how, "lie-silent") == 0)
        while (recv(READER_CHILD_FD, &byte, 1, 0) > 0)
            ;
    return 0; /* "lie-die": without an answer */
}

/* ---- the tests ---- */

static void
check_reply(struct reader *reader)
{
    struct mail_record record;
    GError *error = NULL;
    const char *own[] = {"specialist@usher.example", NULL};
    struct classify_context ctx = {.own_addresses = own};
    gboolean ok = reader_read_mail(reader, (const guint8 *)reply_mail, strlen(reply_mail), FALSE, &ctx,
                                   TIMEOUT_MS, &record, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
    g_assert_cmpstr(mail_class_name(record.mail_class), ==, "reply");
    g_assert_cmpstr(record.from, ==, "ada@customer.example");
    g_assert_cmpstr(record.recipients->pdata[0], ==, "onboarding+tok123@usher.example");
    g_assert_cmpstr(record.in_reply_to, ==, "m1@usher.example");
    g_assert_cmpstr(record.text, ==, "Thanks, done!");
    g_assert_cmpint(record.date_us, ==, G_GINT64_CONSTANT(1772442000000000));
    mail_record_clear(&record);
}

static void
test_serves(void)
{
    GError *error = NULL;
    struct reader *reader = reader_start(self, &error);
    g_assert_no_error(error);
    check_reply(reader);
    check_reply(reader);
    reader_free(reader);
}

static void
test_own_from_context(void)
{
    GError *error = NULL;
    struct mail_record record;
    struct reader *reader = reader_start(self, &error);
    const char *own[] = {"ada@customer.example", NULL};
    struct classify_context ctx = {.own_addresses = own};
    g_assert_true(reader_read_mail(reader, (const guint8 *)reply_mail, strlen(reply_mail), TRUE, &ctx,
                                   TIMEOUT_MS, &record, &error));
    g_assert_cmpstr(mail_class_name(record.mail_class), ==, "own");
    g_assert_true(record.partial);
    mail_record_clear(&record);
    reader_free(reader);
}

/* Charsets are at hand behind the confinement, in bodies and in headers; an unknown one is no reason to die.
 */
static void
test_charsets_confined(void)
{
    static const struct {
        const char *charset, *base64, *utf8;
    } cases[] = {
        {"iso-8859-1", "6Q==", "é"},
        {"windows-1251", "xOA=", "Да"},
        {"koi8-r", "5ME=", "Да"},
        {"iso-2022-jp", "GyRCRnxLXBsoQg==", "日本"},
        {"shift_jis", "k/qWew==", "日本"},
        {"euc-jp", "xvzL3A==", "日本"},
        {"gb2312", "xOO6ww==", "你好"},
        {"gb18030", "xOO6ww==", "你好"},
        {"big5", "p0Gmbg==", "你好"},
        {"euc-kr", "vsiz5w==", "안녕"},
        {"ks_c_5601-1987", "vsiz5w==", "안녕"},
        {"iso-8859-9", "/Q==", "ı"},
        {"windows-1256", "48Q=", "مؤ"},
        {"utf-16be", "AEEA6Q==", "Aé"},
        {"x-never-heard-of", "QQ==", "A"},
        {"cp1047", "wQ==", "Á"},
    };
    GError *error = NULL;
    struct reader *reader = reader_start(self, &error);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct mail_record record;
        g_autofree char *mail =
            g_strdup_printf("From: a@b.example\nSubject: Re: =?%s?B?%s?=\nMIME-Version: 1.0\n"
                            "Content-Type: text/plain; charset=%s\nContent-Transfer-Encoding: base64\n\n%s\n",
                            cases[i].charset, cases[i].base64, cases[i].charset, cases[i].base64);
        gboolean ok = reader_read_mail(reader, (const guint8 *)mail, strlen(mail), FALSE, NULL, TIMEOUT_MS,
                                       &record, &error);
        g_assert_no_error(error);
        g_assert_true(ok);
        if (strcmp(cases[i].charset, "cp1047") != 0) { /* EBCDIC: refused, repaired as Latin */
            g_autofree char *subject = g_strdup_printf("Re: %s", cases[i].utf8);
            g_assert_cmpstr(record.text, ==, cases[i].utf8);
            if (i < 14)
                g_assert_cmpstr(record.subject, ==, subject);
        }
        mail_record_clear(&record);
    }
    reader_free(reader);
}

static void
test_too_long(void)
{
    GError *error = NULL;
    struct mail_record record;
    struct reader *reader = reader_start(self, &error);
    g_autofree guint8 *big = g_malloc0(READER_MAX_MAIL_BYTES + 1);
    g_assert_false(
        reader_read_mail(reader, big, READER_MAX_MAIL_BYTES + 1, FALSE, NULL, TIMEOUT_MS, &record, &error));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_DATA);
    g_clear_error(&error);
    g_assert_true(
        reader_read_mail(reader, big, READER_MAX_MAIL_BYTES, FALSE, NULL, TIMEOUT_MS, &record, &error));
    g_assert_cmpstr(mail_class_name(record.mail_class), ==, "other");
    mail_record_clear(&record);
    check_reply(reader);
    reader_free(reader);
}

static void
test_killed(void)
{
    GError *error = NULL;
    struct mail_record record;
    struct reader *reader = reader_start(self, &error);
    check_reply(reader);
    kill(reader_pid(reader), SIGKILL);
    for (int i = 0; i < 2; i++) {
        g_assert_false(reader_read_mail(reader, (const guint8 *)reply_mail, strlen(reply_mail), FALSE, NULL,
                                        TIMEOUT_MS, &record, &error));
        g_assert_error(error, USHER_ERROR, USHER_ERROR_TEMP);
        g_clear_error(&error);
        g_assert_true(reader_is_dead(reader));
    }
    reader_free(reader);
}

static void
test_no_program(void)
{
    GError *error = NULL;
    if (g_getenv("USHER_VALGRIND")) {
        g_test_skip("under Valgrind a child ends before it says that there is no such program");
        return;
    }
    struct reader *reader = reader_start("/nonexistent/usher", &error);
    g_assert_null(reader);
    g_assert_error(error, USHER_ERROR, USHER_ERROR_OS);
    g_clear_error(&error);
}

/* A reader that was taken over cannot do worse than be buried. The link's name chooses how the child lies. */
static void
test_lies(void)
{
    static const char *const how[] = {"lie-long", "lie-garbage", "lie-flood", "lie-spin",
                                      "lie-slow", "lie-silent",  "lie-die"};
    g_autofree char *folder = g_dir_make_tmp("usher-reader-XXXXXX", NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(how); i++) {
        g_autofree char *link = g_build_filename(folder, how[i], NULL);
        g_assert_cmpint(symlink(self, link), ==, 0);
        GError *error = NULL;
        struct mail_record record;
        struct reader *reader = reader_start(link, &error);
        g_assert_no_error(error);
        static const char *const never_done[] = {"lie-silent", "lie-spin", "lie-slow", NULL};
        int pid = reader_pid(reader), timeout_ms = g_strv_contains(never_done, how[i]) ? 200 : TIMEOUT_MS;
        g_assert_false(reader_read_mail(reader, (const guint8 *)reply_mail, strlen(reply_mail), FALSE, NULL,
                                        timeout_ms, &record, &error));
        g_assert_error(error, USHER_ERROR, USHER_ERROR_TEMP);
        g_clear_error(&error);
        g_assert_true(reader_is_dead(reader));
        g_assert_cmpint(kill(pid, 0), ==, -1); /* gone, and waited for */
        reader_free(reader);
        unlink(link);
    }
    rmdir(folder);
}

/* Starts a child that misbehaves; returns what it said ("r" confined, then "y" or "n") and its wait status.
 */
static char *
run_misbehaving(const char *what, int *status)
{
    int pair[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    int high = fcntl(pair[1], F_DUPFD_CLOEXEC, 20);
    posix_spawn_file_actions_adddup2(&actions, high, READER_CHILD_FD);
    posix_spawn_file_actions_addopen(&actions, 9, "/etc/passwd", O_RDONLY,
                                     0); /* something that ought not be inherited */
    char *arguments[] = {(char *)(guintptr)self, (char *)(guintptr) "misbehave", (char *)(guintptr)what,
                         NULL};
    char *environment[] = {NULL};
    pid_t pid;
    g_assert_cmpint(posix_spawn(&pid, self, &actions, NULL, arguments, environment), ==, 0);
    posix_spawn_file_actions_destroy(&actions);
    close(pair[1]);
    close(high);
    GString *said = g_string_new(NULL);
    char byte;
    while (recv(pair[0], &byte, 1, 0) == 1)
        g_string_append_c(said, byte);
    close(pair[0]);
    g_assert_cmpint(waitpid(pid, status, 0), ==, pid);
    return g_string_free(said, FALSE);
}

static void
test_misbehaviour_is_stopped(void)
{
    static const struct {
        const char *what;
        gboolean killed; /* else refused */
    } cases[] = {
        {"open", FALSE},    {"create", FALSE}, {"socket", TRUE}, {"connect", TRUE},      {"fork", TRUE},
        {"exec", TRUE},     {"kill", TRUE},    {"unlink", TRUE}, {"inherited", FALSE},   {"database", FALSE},
        {"truncate", TRUE}, {"rename", TRUE},  {"listen", TRUE}, {"environment", FALSE},
#ifndef __SANITIZE_ADDRESS__ /* its shadow memory and its reports need more */
        {"code", TRUE},     {"memory", FALSE}, {"heap", FALSE},  {"limits", TRUE},
#endif
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
#ifdef __SANITIZE_ADDRESS__
        if (strcmp(cases[i].what, "fork") == 0)
            continue; /* the sanitizer needs clone for its own reports */
#endif
        int status;
        g_autofree char *said = run_misbehaving(cases[i].what, &status);
        g_test_message("%s: said %s, status %x", cases[i].what, said, (unsigned)status);
        g_assert_cmpstr(said, ==, cases[i].killed ? "r" : "rn");
        if (cases[i].killed) {
            g_assert_true(WIFSIGNALED(status));
            g_assert_cmpint(WTERMSIG(status), ==, SIGSYS);
        }
    }
    g_assert_false(g_file_test("/tmp/usher-test-created", G_FILE_TEST_EXISTS));
}

int
main(int argc, char **argv)
{
    g_autofree char *name = g_path_get_basename(argv[0]);
    if (g_str_has_prefix(name, "lie-"))
        return lie(name);
    if (argc == 3 && strcmp(argv[1], "worker") == 0 && strcmp(argv[2], "reader") == 0)
        return reader_main(READER_CHILD_FD);
    if (argc == 3 && strcmp(argv[1], "misbehave") == 0)
        _exit(misbehave(argv[2]));
    g_test_init(&argc, &argv, NULL);
    g_autofree char *path = g_file_read_link("/proc/self/exe", NULL);
    self = path;
    g_test_add_func("/inbox/reader/serves", test_serves);
    g_test_add_func("/inbox/reader/own_from_context", test_own_from_context);
    g_test_add_func("/inbox/reader/charsets_confined", test_charsets_confined);
    g_test_add_func("/inbox/reader/too_long", test_too_long);
    g_test_add_func("/inbox/reader/killed", test_killed);
    g_test_add_func("/inbox/reader/no_program", test_no_program);
    g_test_add_func("/inbox/reader/lies", test_lies);
    g_test_add_func("/inbox/reader/misbehaviour_is_stopped", test_misbehaviour_is_stopped);
    return g_test_run();
}
