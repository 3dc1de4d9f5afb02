/* What a person types: single keys on a terminal, whole lines elsewhere. The terminal is changed only while a
 * key is waited for, and given back as it was on every way out: the key, a signal that ends the program,
 * Ctrl-Z. */
#ifndef USHER_CLI_KEYS_H
#define USHER_CLI_KEYS_H

#include <glib.h>

#define KEYS_END (-1)      /* end of input, Ctrl-D */
#define KEYS_PREVIOUS (-2) /* arrow up or left */
#define KEYS_NEXT (-3)     /* arrow down or right */

/* TRUE when standard input and output are a terminal, so that keys_wait() can be used. */
gboolean keys_available(void);

/* Prints prompt and waits for a key: a character, or one of the above. What was typed before the prompt stood
 * there is forgotten: it was not meant for what the prompt asks. After Ctrl-Z and back the prompt is printed
 * again. */
int keys_wait(const char *prompt);

/* Prints prompt on a terminal and reads a line, without its end; NULL at the end of input. The caller frees.
 */
char *keys_line(const char *prompt);

#endif
