/* See keys.h. Only calls that are safe in a signal handler are made there. */
#include "cli/keys.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define ESCAPE 27
#define CTRL_D 4
#define SEQUENCE_MS 50 /* between the bytes of one arrow key */

static struct termios found, single;
static const char *volatile shown; /* the prompt, to be printed again after Ctrl-Z */

gboolean
keys_available(void)
{
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

static void
say(const char *text)
{
    if (write(STDOUT_FILENO, text, strlen(text)) < 0)
        return; /* then nobody is there to read it */
}

/* The signal's own effect, on a terminal as it was found. Back from a stop, the wait goes on. */
static void
on_signal(int number)
{
    int saved = errno;
    sigset_t only;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &found);
    signal(number, SIG_DFL);
    sigemptyset(&only);
    sigaddset(&only, number);
    raise(number);
    sigprocmask(SIG_UNBLOCK, &only, NULL); /* here it ends or stops */
    struct sigaction act = {.sa_handler = on_signal};
    sigaction(number, &act, NULL);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &single);
    say("\n");
    say(shown);
    errno = saved;
}

/* A shell may have changed the terminal while we were stopped, however that came. */
static void
on_continue(int number)
{
    int saved = errno;
    (void)number;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &single);
    errno = saved;
}

static const int watched[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT};

static void
watch_signals(struct sigaction *before)
{
    for (gsize i = 0; i < G_N_ELEMENTS(watched); i++) {
        struct sigaction act = {.sa_handler = watched[i] == SIGCONT ? on_continue : on_signal};
        sigaction(watched[i], &act, &before[i]);
    }
}

static void
unwatch_signals(const struct sigaction *before)
{
    for (gsize i = 0; i < G_N_ELEMENTS(watched); i++)
        sigaction(watched[i], &before[i], NULL);
}

/* One byte, KEYS_END when there is no more. */
static int
read_byte(void)
{
    guint8 byte;
    ssize_t n;
    do
        n = read(STDIN_FILENO, &byte, 1);
    while (n < 0 && errno == EINTR);
    return n == 1 ? byte : KEYS_END;
}

static gboolean
more_follows(void)
{
    struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&p, 1, SEQUENCE_MS) == 1;
}

/* The rest of an escape sequence; keys without meaning give ESCAPE. */
static int
read_sequence(void)
{
    int byte = 0;
    if (!more_follows() || ((byte = read_byte()) != '[' && byte != 'O'))
        return ESCAPE;
    do
        byte = more_follows() ? read_byte() : 0;
    while (byte == ';' || (byte >= '0' && byte <= '9'));
    return byte == 'A' || byte == 'D' ? KEYS_PREVIOUS : byte == 'B' || byte == 'C' ? KEYS_NEXT : ESCAPE;
}

int
keys_wait(const char *prompt)
{
    struct sigaction before[G_N_ELEMENTS(watched)];
    fflush(stdout);
    if (tcgetattr(STDIN_FILENO, &found) != 0)
        return KEYS_END;
    single = found;
    single.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    single.c_cc[VMIN] = 1;
    single.c_cc[VTIME] = 0;
    shown = prompt;
    watch_signals(before);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &single);
    say(prompt);
    int key = read_byte();
    if (key == ESCAPE)
        key = read_sequence();
    tcsetattr(STDIN_FILENO, TCSADRAIN, &found);
    unwatch_signals(before);
    if (key == KEYS_END || key == CTRL_D || key == found.c_cc[VEOF])
        return KEYS_END;
    return key;
}

char *
keys_line(const char *prompt)
{
    g_autofree char *text = NULL;
    char *line = NULL;
    size_t size = 0;
    if (keys_available())
        fputs(prompt, stdout);
    fflush(stdout);
    ssize_t n = getline(&line, &size, stdin);
    if (n >= 0) {
        line[strcspn(line, "\r\n")] = '\0';
        text = g_strdup(line);
    } else if (keys_available()) {
        putchar('\n');
        clearerr(stdin);
    }
    free(line);
    return g_steal_pointer(&text);
}
