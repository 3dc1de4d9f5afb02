/* One command on a session of libetpan, and its answer. No command passes that smtp_run_allows() does not
 * allow; each has one clock and one byte budget. */
#include "wire/smtp_etpan.h"

#include "base/error.h"

#include <string.h>

enum {
    BUDGET_BYTES = 128 * 1024, /* smtp_dialogue ends it at half of that, with better words */
    QUIT_TIMEOUT_MS = 5 * 1000,
};

void
smtp_etpan_begin(struct smtp_etpan *etpan, gint64 timeout_ms)
{
    tls_stream_begin(etpan->stream, (int)MIN(timeout_ms, G_MAXINT), BUDGET_BYTES);
    tls_stream_set_timeout(etpan->stream, (int)MIN(timeout_ms, G_MAXINT));
}

gboolean
smtp_etpan_write(struct smtp_etpan *etpan, const char *bytes, gsize length)
{
    struct smtp_run *run = etpan->run;
    struct smtp_dialogue *dialogue = &run->dialogue;

    if (!smtp_dialogue_wrote(dialogue, bytes, length))
        smtp_run_fail(run, USHER_ERROR_PROTOCOL, "answered with something that is not SMTP");
    if (!smtp_run_allows(run))
        return FALSE;
    smtp_etpan_begin(etpan, dialogue->step == SMTP_STEP_QUIT ? MIN(run->timeout_ms, QUIT_TIMEOUT_MS)
                                                             : run->timeout_ms);
    return tls_stream_write(etpan->stream, bytes, length) >= 0;
}

void
smtp_etpan_note_failure(struct smtp_etpan *etpan)
{
    const GError *error = tls_stream_error(etpan->stream);

    smtp_run_fail_line(etpan->run, g_error_matches(error, USHER_ERROR, USHER_ERROR_TEMP), "");
}

struct smtp_answer
smtp_etpan_answer(struct smtp_etpan *etpan)
{
    const struct smtp_dialogue *dialogue = &etpan->run->dialogue;

    if (dialogue->answered)
        return (struct smtp_answer){.code = dialogue->code, .text = dialogue->text};
    smtp_etpan_note_failure(etpan);
    return (struct smtp_answer){0};
}

static struct smtp_answer
await_answer(struct smtp_etpan *etpan)
{
    mailsmtp *session = etpan->session;
    mailstream *stream = session->stream;

    /* The dialogue knows of the last line before libetpan has handed out the first: none may stay behind, as
     * the answer to the next command. */
    while ((!etpan->run->dialogue.answered || stream->read_buffer_len > 0) &&
           mailstream_read_line_remove_eol(stream, session->line_buffer) != NULL)
        continue;
    return smtp_etpan_answer(etpan);
}

struct smtp_answer
smtp_etpan_say(struct smtp_etpan *etpan, const char *command)
{
    if (!smtp_etpan_write(etpan, command, strlen(command))) {
        if (etpan->run->failure == NULL)
            smtp_etpan_note_failure(etpan);
        return (struct smtp_answer){0};
    }
    return await_answer(etpan);
}
