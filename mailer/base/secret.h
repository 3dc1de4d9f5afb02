/* What a mailbox logs in with: a password or an OAuth access token, from a file, a systemd credential or a
 * command. It is in memory only, the process that holds one leaves no core file and cannot be looked into by
 * its user's other processes (prctl(2), PR_SET_DUMPABLE), and every copy is wiped when it is given up. */
#ifndef USHER_BASE_SECRET_H
#define USHER_BASE_SECRET_H

#include "base/cleanup.h"

#include <glib.h>

/* How it is shown to a server. */
enum secret_kind {
    SECRET_PASSWORD,    /* PLAIN, LOGIN */
    SECRET_XOAUTH2,     /* a token, as Gmail and Microsoft 365 take it */
    SECRET_OAUTHBEARER, /* a token, by RFC 7628 */
};

/* Bytes at most. A password's limit is libesmtp's, whose fields are that long; tokens are signed documents.
 */
enum { SECRET_PASSWORD_BYTES = 255, SECRET_TOKEN_BYTES = 8192 };

struct secret;

/* A secret in the first line of the file at path, read each time. key is the setting's name, for errors. */
struct secret *secret_new_file(enum secret_kind kind, const char *key, const char *path);

/* The same for a credential of systemd's (LoadCredential=, systemd.exec(5)). */
struct secret *secret_new_credential(enum secret_kind kind, const char *key, const char *name);

/* The first line that a program prints, within 30 seconds. command_line is split as a shell would, but no
 * shell runs; relative paths are seen from dir. What it printed is kept in this process until secret_renew().
 * Of the processes that name the same lock file, which stands for the program, one at a time runs it; a token
 * it told serves all of them that share (secret_share.h) until it is refused. NULL with USHER_ERROR_CONFIG
 * for a line that cannot be split. */
struct secret *secret_new_command(enum secret_kind kind, const char *key, const char *command_line,
                                  const char *dir, const char *lock, GError **error);

/* Wipes and frees. NULL is fine. */
void secret_source_free(struct secret *secret);
SCOPED_FUNC(struct secret, secret_source_free)

enum secret_kind secret_kind(const struct secret *secret);

/* The secret as it is now; the caller frees it with secret_free(). USHER_ERROR_CONFIG when it cannot be read,
 * is empty or too long; USHER_ERROR_UNAVAILABLE when the program fails or does not end. */
gboolean secret_read(struct secret *secret, char **value, GError **error);

/* The server did not take refused: forgets it and asks the source again, once. TRUE with another value, which
 * is worth one more login. FALSE without error when the source still says the same; errors as above. */
gboolean secret_renew(struct secret *secret, const char *refused, char **value, GError **error);

/* What a person should change about how the secret is kept, in one line; NULL when it is well. Free it. */
char *secret_warning(const struct secret *secret);

/* Overwrites, then frees. NULL is fine. */
void secret_free(char *secret);
SCOPED_FUNC(char, secret_free)

/* What of a problem may be written to the database: not what a program that tells a secret said of it, which
 * may be the secret. Lives as long as the problem. */
const char *secret_problem_to_keep(const GError *problem);

/* Runs argv in dir without a shell, standard input empty, and gives the first line of its output (at most
 * max_bytes, wiped by secret_free()). What it says on standard error goes to the log, cleaned, cut, and
 * without anything that looks like a secret. USHER_ERROR_UNAVAILABLE when it cannot be run, fails, takes
 * longer than timeout_ms (it is killed with its children), prints nothing or too much. */
gboolean secret_command_run(char **argv, const char *dir, int timeout_ms, gsize max_bytes, char **line,
                            GError **error);

#endif
