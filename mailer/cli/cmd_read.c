/* read: going back to mail that was passed over. */
#include "base/error.h"
#include "base/zone.h"
#include "cli/commands.h"
#include "inbox/watch.h"
#include "service/worker.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* Reads one mailbox as the service's watcher would: once, so that its folders are known, and then from the
 * day asked for. */
static gboolean
read_now(struct service *s, const struct mailbox *m, gint64 since_us, guint *count, GError **error)
{
    struct intake intake = {.db = s->db, .config = s->config, .mailbox = m, .sink = &s->sink};
    g_autofree char *exe = g_file_read_link("/proc/self/exe", NULL);
    scoped(watch_free) struct watch *w = watch_new(&intake, exe ? exe : "usher");
    gboolean any;
    return watch_read(w, NULL, error) && watch_ask_since(s->db, m, since_us, &any, error) &&
           watch_read(w, count, error);
}

static gboolean
read_since(struct service *s, const struct mailbox *m, gint64 since_us, GError **error)
{
    guint count = 0;
    gboolean any;
    g_autoptr(GError) busy = NULL;
    int lock = worker_lock(s->config, "watch", m->name, &busy);
    if (lock < 0) {
        if (!watch_ask_since(s->db, m, since_us, &any, error))
            return FALSE;
        printf(any ? "%s: the service that runs goes back with its next reading, within a minute\n"
                   : "%s: the service that runs has not read it yet; try again in a minute\n",
               m->name);
        return TRUE;
    }
    gboolean ok = read_now(s, m, since_us, &count, error);
    close(lock);
    if (ok)
        printf("%s: %u mails looked at\n", m->name, count);
    else
        g_prefix_error(error, "mailbox %s: ", m->name);
    return ok;
}

int
cmd_read(struct cli *cli, int argc, char **argv)
{
    g_autofree char *since = NULL;
    g_autofree char *mailbox = NULL;
    const GOptionEntry entries[] = {
        {"since", 0, 0, G_OPTION_ARG_STRING, &since, "read mail that came on that day or later", "DATE"},
        {"mailbox", 0, 0, G_OPTION_ARG_STRING, &mailbox, "only this mailbox (default: all)", "NAME"},
        {0}};
    int rc = EX_OK;
    gint64 since_us;
    g_autoptr(GError) error = NULL;
    if (!cli_begin(cli, "read", entries, 0, 0, &argc, &argv, &rc))
        return rc;
    const struct config *config = cli->service->config;
    if (!since)
        return cli_usage("read: expected --since DATE");
    if (!zone_parse_time(config->timezone, since, &since_us, &error))
        return cli_fail(error);
    if (since_us > g_get_real_time())
        return cli_usage("read: --since %s is in the future", since);
    if (mailbox && !config_mailbox(config, mailbox))
        return cli_missing("read: there is no mailbox \"%s\" in usher.conf", mailbox);
    for (guint i = 0; i < config->mailboxes->len; i++) {
        const struct mailbox *m = config->mailboxes->pdata[i];
        g_clear_error(&error);
        if ((!mailbox || strcmp(m->name, mailbox) == 0) && !read_since(cli->service, m, since_us, &error))
            rc = cli_fail(error);
    }
    return rc;
}
