/* The service's log: one line an event, `key=value`, with a stable event name; never a secret or a message
 * body. Goes to the journal when started by systemd, else to standard error. */
#ifndef USHER_BASE_LOG_H
#define USHER_BASE_LOG_H

#include <glib.h>

/* Writes "event=NAME key=value …". The arguments are pairs of const char* key, const char* value, ended by
 * NULL; a value with blanks or quotes is quoted, control characters are escaped. */
void log_event(const char *event, ...) G_GNUC_NULL_TERMINATED;

/* The same for something a person should look at, with the error's message as error=. */
void log_problem(const char *event, const GError *error, ...) G_GNUC_NULL_TERMINATED;

#endif
