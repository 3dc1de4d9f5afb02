/* When an account's programme ends, and which of its goals were seen: for the views. */
#ifndef USHER_SERVICE_OUTLOOK_H
#define USHER_SERVICE_OUTLOOK_H

#include "service/context.h"

struct outlook {
    gboolean has_end;   /* the sequence says when it ends */
    char *ends_at;      /* "2026-12-14", extensions included; NULL: not known yet */
    int extension_days; /* how much later than planned */
    guint goals, met;
    GString *open; /* titles of those not yet seen, comma between */
};
void outlook_free(struct outlook *outlook);
SCOPED_FUNC(struct outlook, outlook_free)

/* NULL with error. */
struct outlook *outlook_load(struct service *service, const struct sequence *sequence, gint64 account_id,
                             gint64 now_us, GError **error);

/* "ends on 2026-12-14, 7 days later than planned; 2 of 5 goals seen, open: Events arrive"; NULL where the
 * sequence has neither end nor goals. The caller frees. */
char *outlook_line(const struct outlook *outlook);

#endif
