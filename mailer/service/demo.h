/* The sample team of `usher init --demo`: eight weeks of an invented life, through the real engine. */
#ifndef USHER_SERVICE_DEMO_H
#define USHER_SERVICE_DEMO_H

#include "service/service.h"

/* Fills the empty database of a rehearsal with twelve accounts in every stage and trouble, and what happened
 * to them in the eight weeks before now_us: imports, drafts, approvals, mails sent (to nobody: no server is
 * spoken to), answers, tasks, notes. actor is who acted. The rehearsal clock stands at now_us afterwards. */
gboolean demo_play(struct service *service, gint64 now_us, const char *actor, GError **error);

#endif
