/* See screen.h. The pager is a child that reads our standard output from a pipe; while it runs, an interrupt
 * is its own business. */
#include "cli/screen.h"

#include "base/text.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t pager;          /* 0: none */
static int terminal_fd = -1; /* standard output, while the pager stands in its place */

gboolean
screen_is_terminal(void)
{
    return pager || isatty(STDOUT_FILENO);
}

int
screen_width(void)
{
    guint64 columns;
    const char *said = g_getenv("COLUMNS");
    struct winsize size;
    if (!screen_is_terminal())
        return 0;
    if (said && g_ascii_string_to_unsigned(said, 10, 20, 10000, &columns, NULL))
        return (int)columns;
    if (ioctl(pager ? terminal_fd : STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20)
        return size.ws_col;
    return 80;
}

/* ---- the pager ---- */

/* The command for /bin/sh, NULL: none. */
static const char *
pager_command(void)
{
    const char *none = g_getenv("NO_PAGER"), *said = g_getenv("PAGER");
    if ((none && *none) || !isatty(STDOUT_FILENO))
        return NULL;
    const char *command = said ? said : "less -FRX";
    g_autofree char *trimmed = g_strstrip(g_strdup(command));
    g_auto(GStrv) words = g_strsplit(trimmed, " ", 2);
    g_autofree char *program = words[0] ? g_find_program_in_path(words[0]) : NULL;
    return program && strcmp(words[0], "cat") != 0 ? command : NULL;
}

static void
become_pager(const char *command, const int *ends)
{
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    close(ends[1]);
    signal(SIGINT, SIG_DFL);
    signal(SIGQUIT, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

void
screen_page(void)
{
    const char *command = pager ? NULL : pager_command();
    int ends[2];
    if (!command || pipe(ends) != 0)
        return;
    fflush(stdout);
    terminal_fd = dup(STDOUT_FILENO);
    pid_t child = terminal_fd < 0 ? -1 : fork();
    if (child == 0)
        become_pager(command, ends);
    close(ends[0]);
    if (child > 0) {
        pager = child;
        dup2(ends[1], STDOUT_FILENO);
        signal(SIGPIPE, SIG_IGN);
        signal(SIGINT, SIG_IGN);
        signal(SIGQUIT, SIG_IGN);
    } else if (terminal_fd >= 0) {
        close(terminal_fd);
    }
    close(ends[1]);
}

void
screen_page_end(void)
{
    if (!pager)
        return;
    gboolean left_early = fflush(stdout) != 0 && errno == EPIPE;
    if (left_early || (ferror(stdout) && errno == EPIPE))
        clearerr(stdout); /* whoever leaves a pager has seen enough */
    dup2(terminal_fd, STDOUT_FILENO);
    close(terminal_fd);
    while (waitpid(pager, NULL, 0) < 0 && errno == EINTR)
        ;
    pager = 0;
    signal(SIGINT, SIG_DFL);
    signal(SIGQUIT, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
}

/* ---- text ---- */

char *
screen_clean(const char *text)
{
    GString *out = g_string_new(NULL);
    g_autofree char *valid = g_utf8_make_valid(text ? text : "", -1);
    for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (c == '\n' || c == '\t' || c == '\r')
            g_string_append_c(out, ' ');
        else if (g_unichar_iscntrl(c) || text_turns_direction(c))
            g_string_append(out, "\xEF\xBF\xBD");
        else
            g_string_append_unichar(out, c);
    }
    return g_string_free(out, FALSE);
}

static int
width_of(gunichar c)
{
    return g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
}

/* Prints as much of line as fits into width, up to a blank where there is one; returns what is left. */
static const char *
print_piece(const char *line, int width)
{
    int used = 0;
    const char *blank = NULL, *p = line;
    for (; *p && used + width_of(g_utf8_get_char(p)) <= width; p = g_utf8_next_char(p)) {
        used += width_of(g_utf8_get_char(p));
        if (*p == ' ' && p > line && p[-1] != ' ')
            blank = p;
    }
    if (*p == ' ')
        blank = p;
    const char *next = strchr(p, ' '); /* a word that fits nowhere, such as a link, is not broken */
    const char *end = !*p ? p : blank ? blank : next ? next : p + strlen(p);
    fwrite(line, 1, (size_t)(end - line), stdout);
    while (*end == ' ')
        end++;
    return end;
}

static void
print_line(const char *line, int width, guint more)
{
    int indent = (int)strspn(line, " >");
    int hang = MIN(indent + (int)more, width / 2);
    g_autofree char *quote = g_strndup(line, (gsize)MIN(indent, hang));
    printf("%s", quote);
    line += strlen(quote);
    line = print_piece(line, width - (int)strlen(quote));
    while (*line) {
        printf("\n%-*s", hang, quote);
        line = print_piece(line, width - hang);
    }
    putchar('\n');
}

void
screen_print(const char *text, guint more)
{
    int width = screen_width();
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        if (!**line && !line[1])
            break; /* the last line's end */
        g_autofree char *clean = screen_clean(*line);
        if (width)
            print_line(clean, width, more);
        else
            puts(clean);
    }
}
