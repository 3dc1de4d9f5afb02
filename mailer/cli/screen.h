/* The terminal that standard output goes to: its width, wrapping, and a pager for what is long. */
#ifndef USHER_CLI_SCREEN_H
#define USHER_CLI_SCREEN_H

#include <glib.h>

/* TRUE when standard output is a terminal, or a pager on one. */
gboolean screen_is_terminal(void);

/* Columns of that terminal: COLUMNS when it is set, else what the terminal says, else 80; 0 when standard
 * output is no terminal, where nothing is wrapped or cut. */
int screen_width(void);

/* From here on standard output goes through a pager, when it is a terminal: $PAGER, or `less -FRX`, which
 * ends by itself when all fits on the screen. None where NO_PAGER is set or the program is missing.
 * cli_main() ends it. */
void screen_page(void);

/* Waits for the pager to be left, and gives standard output back. Harmless without one. */
void screen_page_end(void);

/* text safe for a terminal: no control characters. The caller frees. */
char *screen_clean(const char *text);

/* Prints text of several lines, each made safe for a terminal and wrapped between words at the screen's
 * width; what follows a break is indented as far as the line, and by more columns. Line ends are kept. */
void screen_print(const char *text, guint more);

#endif
