/* What kind of line a line of a mail is, for reply_text.c. Internal. */
#ifndef USHER_INBOX_REPLY_LINES_H
#define USHER_INBOX_REPLY_LINES_H

#include <glib.h>

enum line_kind {
    LINE_EMPTY,
    LINE_TEXT,
    LINE_QUOTE,       /* "> …" */
    LINE_DELIMITER,   /* "-- ", "____", "====" */
    LINE_ATTRIBUTION, /* "On …, … wrote:", all lines of it */
    LINE_ORIGINAL,    /* "-----Original Message-----" and all of a header block */
    LINE_SENT_FROM,   /* "Sent from my phone" */
    LINE_DISCLAIMER,  /* begins a legal notice */
};

struct line {
    const char *start;
    gsize len;
    enum line_kind kind;
};

/* The lines of text (borrowed) with their kinds, as an array of struct line. */
GArray *reply_lines_read(const char *text);

#endif
