/* See context.h. */
#include "service/context.h"

#include <pwd.h>
#include <unistd.h>

const char *
service_actor(void)
{
    const struct passwd *user = getpwuid(getuid());
    return user ? user->pw_name : "unknown";
}

gboolean
service_note(struct service *s, gint64 account_id, gint64 now_us, const char *kind, json_t *data,
             GError **error)
{
    struct event event = {.at_us = now_us,
                          .account_id = account_id,
                          .cause = s->cause,
                          .kind = kind,
                          .actor = "usher",
                          .data = data};
    gboolean ok = state_record(s->db, &event, error);
    json_decref(data);
    return ok;
}

gboolean
service_task_once(struct service *s, gint64 account_id, gint64 now_us, const char *kind, const char *title,
                  GError **error)
{
    if (store_int(s->db,
                  "SELECT 1 FROM task WHERE account_id = ? AND kind = ? AND title = ? AND done_at IS NULL", 0,
                  NULL, "itt", account_id, kind, title))
        return TRUE;
    json_t *data = json_pack("{s:s, s:s, s:I}", "task", kind, "title", title, "due_at", (json_int_t)now_us);
    return service_note(s, account_id, now_us, "task_made", data, error);
}
