/* Events of the journal in words, for people. */
#ifndef USHER_CLI_EVENT_WORDS_H
#define USHER_CLI_EVENT_WORDS_H

#include "cli/cli.h"
#include "cli/table.h"

/* One event as a sentence on one line, safe for a terminal: "kim@birch.example replied: “Re: …”". A kind that
 * has no words of its own is told by its name and what it carries. The caller frees. */
char *event_words(const struct cli *cli, const char *kind, const json_t *data);

/* How much an event weighs on the screen: bad news, what people did and wrote, the engine's own decisions. */
enum tint event_tint(const char *kind);

/* TRUE for what belongs on the page of an account: not the engine's bookkeeping. */
gboolean event_is_milestone(const char *kind);

#endif
