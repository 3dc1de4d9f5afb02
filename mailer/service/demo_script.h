/* What happens in the demo: accounts and acts, in days before now. Inside service/ only. */
#ifndef USHER_SERVICE_DEMO_SCRIPT_H
#define USHER_SERVICE_DEMO_SCRIPT_H

#include <glib.h>

struct demo_account {
    const char *key;
    int since;        /* days before now it is first delivered */
    int renews;       /* days from now to its next renewal; months before it, and after, it renews too */
    const char *json; /* its other members, as in a JSON-lines import */
};

enum demo_kind {
    DEMO_APPROVE, /* text: the step whose draft is approved */
    DEMO_REPLY,   /* who: a contact; text: what the mail says */
    DEMO_AWAY,    /* the same, by a robot; days: until the person is back */
    DEMO_BOUNCE,  /* who: the address that is dead */
    DEMO_ACT,     /* who: the event's kind; text: its data */
    DEMO_PAID,    /* the invoice is paid: text replaces the account's other members */
};

struct demo_act {
    int before; /* days before now */
    int hour;   /* by the team's clock */
    const char *account;
    enum demo_kind kind;
    const char *who, *text;
    int days;
};

extern const struct demo_account demo_accounts[];
extern const gsize demo_account_count;
extern const struct demo_act demo_acts[]; /* oldest first */
extern const gsize demo_act_count;

#endif
