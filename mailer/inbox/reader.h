/* The confined reader: the process that parses hostile mail. A watcher starts one by exec and keeps it; it
 * reads one request at a time from one socket and answers with a record. It holds no database, no secret and
 * no network, may open no file, start no process and make no socket; before its first request it has opened
 * all it needs. */
#ifndef USHER_INBOX_READER_H
#define USHER_INBOX_READER_H

#include <glib.h>

#include "inbox/classify.h"
#include "inbox/mail_record.h"

#define READER_MAX_MAIL_BYTES (2u * 1024 * 1024)
#define READER_CHILD_FD 3 /* the child's end of the socket pair */

/* ---- the child ---- */

/* Serves requests on fd until the other end closes it: the whole of `usher worker reader`, with
 * READER_CHILD_FD. Closes all other descriptors above 2, sets limits and a system-call filter first, and
 * refuses to work without them. Returns the exit status. */
int reader_main(int fd);

/* Confines the calling process as reader_main does, keeping fd. Part of the interface so that a test can
 * misbehave behind it. USHER_ERROR_OS when the kernel refuses. */
gboolean reader_confine(int fd, GError **error);

/* ---- the parent ---- */

struct reader;

/* Starts executable with the arguments "worker" and "reader". The caller frees it with reader_free.
 * USHER_ERROR_OS. */
struct reader *reader_start(const char *executable, GError **error);

/* Has len bytes of a mail classified; partial tells that they were cut, ctx may be NULL. On TRUE the caller
 * clears out. USHER_ERROR_DATA when the mail is longer than READER_MAX_MAIL_BYTES (nothing was sent, the
 * reader lives), else the reader died, took longer than timeout_ms or broke its protocol: USHER_ERROR_TEMP,
 * and from then on every call fails so; free it and start another. Whether the mail is to blame is for the
 * caller to count. */
gboolean reader_read_mail(struct reader *reader, const guint8 *bytes, gsize len, gboolean partial,
                          const struct classify_context *ctx, int timeout_ms, struct mail_record *out,
                          GError **error);

/* TRUE once the reader can no longer be used. */
gboolean reader_is_dead(const struct reader *reader);

/* The process id, for reports. */
int reader_pid(const struct reader *reader);

/* Ends the child and waits for it. NULL is fine. */
void reader_free(struct reader *reader);

#endif
