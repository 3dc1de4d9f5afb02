/* A person's word on how a mail was read: what followed from the wrong class is taken back, the right one
 * takes its place. */
#ifndef USHER_SERVICE_CORRECTION_H
#define USHER_SERVICE_CORRECTION_H

#include "inbox/mail_record.h"
#include "service/service.h"

struct correction {
    gint64 inbound_id;
    enum mail_class mail_class;
    const char *return_date; /* of an auto_reply, "YYYY-MM-DD"; NULL: not said */
    const char
        *dead_address; /* of a bounce: the address that is dead for good; NULL: a bounce that only counts */
};

struct correction_result {
    gint64 inbound_id;   /* the mail corrected: the first copy, when another one was named */
    gint64 event_id;     /* of the correction */
    enum mail_class was; /* its class before */
    GArray *retracted;   /* gint64: events taken back */
    GArray *sent;        /* gint64: messages that went out because of them, and stay */
};
void correction_result_clear(struct correction_result *result);

/* Corrects the class of an inbound mail in one transaction of its own; actor is who says so. The caller
 * clears out. USHER_ERROR_NO_INPUT when there is no such mail; USHER_ERROR_DATA when it has this class
 * already, when it belongs to no account and the class would need one, or when the class does not fit its
 * folder. */
gboolean correction_apply(struct service *service, const struct correction *correction, const char *actor,
                          struct correction_result *out, GError **error);

#endif
