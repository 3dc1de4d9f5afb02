/* The TCP connection under a libesmtp session: the library neither shows its socket nor bounds connect(), and
 * after a write that timed out it goes on with a hole in the stream. This finds the socket, turns Nagle's
 * algorithm off, and cuts the line from a helper thread when a deadline has passed; a cut line is what
 * libesmtp copes with. */
#ifndef USHER_WIRE_SMTP_LINE_H
#define USHER_WIRE_SMTP_LINE_H

#include <glib.h>

struct smtp_line;

/* Starts the helper. Each address is given connect_timeout_ms from now on, or from the end of the one before
 * it. TCP sockets that exist now are never touched. Whenever cancel_fd (0 or less for none, borrowed) is
 * readable the line is cut, a connection that is being made included, unless it is held. */
struct smtp_line *smtp_line_new(gint64 connect_timeout_ms, int cancel_fd);
void smtp_line_free(struct smtp_line *line);

/* To be called when libesmtp has connected, and when it has closed. FALSE when the socket cannot be told. */
gboolean smtp_line_connected(struct smtp_line *line);
void smtp_line_closed(struct smtp_line *line);

/* The line is cut timeout_ms from now unless this is called again. */
void smtp_line_expect(struct smtp_line *line, gint64 timeout_ms);

/* From here on cancel_fd is not heeded, until smtp_line_release(). FALSE when it is readable already. */
gboolean smtp_line_hold(struct smtp_line *line);
void smtp_line_release(struct smtp_line *line);

/* Cuts the line at once: nothing written later leaves this host. */
void smtp_line_cut(struct smtp_line *line);

/* TRUE once a deadline has cut it. */
gboolean smtp_line_timed_out(struct smtp_line *line);

/* TRUE when the peer has closed its side or the connection is dead, cut included. */
gboolean smtp_line_hung_up(struct smtp_line *line);

/* TRUE when bytes wait that libesmtp has not read. Under TLS they may be a record of its own; 1.2 has none
 * that a server would send unasked in the middle of a message. */
gboolean smtp_line_has_input(struct smtp_line *line);

/* "192.0.2.1:587" or "[2001:db8::1]:587" of the last connection; NULL before it, and when the peer reset it
 * at once. Borrowed. */
const char *smtp_line_peer(struct smtp_line *line);
gboolean smtp_line_is_loopback(struct smtp_line *line);

#endif
