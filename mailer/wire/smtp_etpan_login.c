/* AUTH (RFC 4954) on libetpan's line: PLAIN, LOGIN and the token methods.
 *
 * Invariants: a secret goes from our buffers to the stream and nowhere else, and each buffer is wiped; after
 * a refusal nothing but QUIT follows (smtp_run_allows); no answer but a 2xx counts as a login. */
#include "wire/smtp_etpan.h"

#include "base/error.h"
#include "wire/sasl.h"

#include <string.h>

/* With CR LF, RFC 5321 section 4.5.3.1.4; what is longer waits for the 334. */
enum { AUTH_LINE_BYTES = 512 };

/* The answer to a line that holds a secret, after which the line is wiped. */
static struct smtp_answer
say_secret(struct smtp_etpan *etpan, const char *before, const char *secret)
{
    char *line = g_strconcat(before, secret, "\r\n", NULL);
    struct smtp_answer answer = smtp_etpan_say(etpan, line);

    secret_free(line);
    return answer;
}

static struct smtp_answer
say_base64(struct smtp_etpan *etpan, const char *text)
{
    char *coded = g_base64_encode((const guchar *)text, strlen(text));
    struct smtp_answer answer = say_secret(etpan, "", coded);

    secret_free(coded);
    return answer;
}

/* The one message of PLAIN and of the token methods, with AUTH where it fits into a line (RFC 4954 section
 * 4).
 */
static struct smtp_answer
auth_at_once(struct smtp_etpan *etpan, const char *mechanism, const char *response)
{
    g_autofree char *bare = g_strdup_printf("AUTH %s\r\n", mechanism);
    g_autofree char *before = g_strdup_printf("AUTH %s ", mechanism);

    if (strlen(bare) + 1 + strlen(response) <= AUTH_LINE_BYTES)
        return say_secret(etpan, before, response);
    struct smtp_answer answer = smtp_etpan_say(etpan, bare);
    return answer.code == 334 ? say_secret(etpan, "", response) : answer;
}

static struct smtp_answer
auth_login(struct smtp_etpan *etpan)
{
    struct smtp_answer answer = smtp_etpan_say(etpan, "AUTH LOGIN\r\n");

    if (answer.code == 334)
        answer = say_base64(etpan, etpan->run->server->user);
    return answer.code == 334 ? say_base64(etpan, etpan->run->secret) : answer;
}

/* A token's refusal comes as a challenge that explains it, and is complete when that was answered. */
static struct smtp_answer
auth_hear_refusal(struct smtp_etpan *etpan, struct smtp_answer answer)
{
    struct smtp_run *run = etpan->run;
    g_autofree char *why = sasl_refusal_text(answer.text);
    g_autofree char *line = g_strconcat(sasl_refusal_answer(run->server->auth), "\r\n", NULL);

    answer = smtp_etpan_say(etpan, line);
    if (answer.code == 334 || smtp_answer_consents(answer)) {
        smtp_run_fail(run, USHER_ERROR_PROTOCOL, "goes on with a login that it has refused");
    } else if (answer.code > 0 && why != NULL) {
        g_autofree char *text = g_strdup_printf("%s (%s)", answer.text, why);
        g_free(run->dialogue.text);
        run->dialogue.text = g_steal_pointer(&text);
        answer.text = run->dialogue.text;
    }
    return answer;
}

static struct smtp_answer
auth_try(struct smtp_etpan *etpan, const char *mechanism)
{
    struct smtp_run *run = etpan->run;
    const struct smtp_server *server = run->server;
    g_autoptr(GError) error = NULL;

    if (strcmp(mechanism, "LOGIN") == 0)
        return auth_login(etpan);
    char *response =
        sasl_response(server->auth, server->user, run->secret, server->host, server->port, &error);
    if (response == NULL) {
        smtp_run_fail(run, error->code, "cannot be logged in to: %s", error->message);
        return (struct smtp_answer){0};
    }
    struct smtp_answer answer = auth_at_once(etpan, mechanism, response);
    secret_free(response);
    if (answer.code == 334 && server->auth != SECRET_PASSWORD)
        answer = auth_hear_refusal(etpan, answer);
    return answer;
}

gboolean
smtp_etpan_log_in(struct smtp_etpan *etpan)
{
    struct smtp_run *run = etpan->run;
    const char *const methods[] = {sasl_mechanism(run->server->auth),
                                   run->server->auth == SECRET_PASSWORD ? "LOGIN" : NULL};

    for (gsize i = 0; i < G_N_ELEMENTS(methods) && methods[i] != NULL && !run->authenticated; i++) {
        if (!smtp_dialogue_offers_login(&run->dialogue, methods[i]))
            continue;
        struct smtp_answer answer = auth_try(etpan, methods[i]);
        if (run->failure == NULL && answer.code > 0)
            smtp_run_note_login(run);
        if (run->failure != NULL)
            return FALSE;
        /* RFC 4954 section 4: an exchange that is not over is cancelled. */
        if (answer.code == 334)
            smtp_etpan_say(etpan, "*\r\n");
    }
    return run->failure == NULL;
}
