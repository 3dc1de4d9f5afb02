/* Forgetting a person: an address and what was kept under it leave the database; a keyed hash stays on the
 * suppression list, so that nobody writes to them again and no import brings them back. */
#ifndef USHER_SERVICE_FORGET_H
#define USHER_SERVICE_FORGET_H

#include "service/service.h"

struct forget_result {
    gint64 contacts, messages, inbound, events; /* rows that were removed or changed */
};

/* Forgets address everywhere, in a transaction of its own: contacts go; mails that it was among the
 * recipients of lose their texts, earlier revisions and test copies, those not sent yet are withdrawn; what
 * came from it loses subject and text; journal, tasks, holds and every other text name a pseudonym instead
 * (the one place where journal rows are changed). USHER_ERROR_DATA when address is none, or when a mail to it
 * is just being sent or its fate is unknown. */
gboolean forget_address(struct service *service, const char *address, const char *actor,
                        struct forget_result *out, GError **error);

#endif
