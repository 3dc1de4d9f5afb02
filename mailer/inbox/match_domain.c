/* The last key, and the weakest: a colleague answers from an address nobody told us of. It decides only where
 * one account alone can be meant. And the folding of subjects. */
#include "inbox/match.h"

#include "base/error.h"

#include <string.h>

#define LIST_NAME "shared-domains.txt"

/* ---- subjects ---- */

/* How long the prefix is with which subject begins, "Re: ", "AW:", "Re[2]:"; 0: none. */
static gsize
prefix_length(const char *subject)
{
    static const char *const prefixes[] = {"Re", "Aw",  "Antw", "Antwort", "Sv",  "Vs", "Rv",
                                           "Ri", "Res", "Odp",  "Ynt",     "Fwd", "Fw", "Wg",
                                           "Tr", "Vl",  "Vb",   "Enc",     "I",   "R",  "Doorst"};
    for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        gsize n = strlen(prefixes[i]);
        if (g_ascii_strncasecmp(subject, prefixes[i], n) != 0)
            continue;
        if (subject[n] == '[')
            n += strcspn(subject + n, "]") + (strchr(subject + n, ']') != NULL);
        n += strspn(subject + n, " ");
        if (subject[n] == ':')
            return n + 1;
    }
    return 0;
}

gboolean
match_is_answer_subject(const char *subject)
{
    return prefix_length(subject + strspn(subject, " \t")) > 0;
}

char *
match_fold_subject(const char *subject)
{
    gsize n;
    for (;;) {
        subject += strspn(subject, " \t");
        if ((n = prefix_length(subject)) == 0)
            break;
        subject += n;
    }
    g_autofree char *folded = g_utf8_casefold(subject, -1);
    return g_strdup(g_strchomp(folded));
}

/* ---- domains ---- */

static const char *
domain_of(const char *address)
{
    const char *at = strrchr(address, '@');
    return at && strchr(at + 1, '.') ? at + 1 : NULL;
}

/* TRUE when domain is below or equal to other. */
static gboolean
is_within(const char *domain, const char *other)
{
    gsize n = strlen(domain), m = strlen(other);
    return n >= m && g_ascii_strcasecmp(domain + n - m, other) == 0 && (n == m || domain[n - m - 1] == '.');
}

static gboolean
is_team_domain(const struct config *config, const char *domain)
{
    for (guint i = 0; i < config->specialists->len; i++) {
        const char *own = domain_of(((struct specialist *)config->specialists->pdata[i])->address);
        if (own && (is_within(domain, own) || is_within(own, domain)))
            return TRUE;
    }
    return FALSE;
}

/* Whether the list says that everybody can have an address there. Without a list nobody is matched so: better
 * no match than a stranger's. */
static gboolean
is_shared(const struct config *config, const char *domain)
{
    g_autofree char *path = g_build_filename(config->sequences_dir, LIST_NAME, NULL);
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return TRUE;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        const char *entry = g_strstrip(*line);
        if (*entry && *entry != '#' && is_within(domain, entry))
            return TRUE;
    }
    return FALSE;
}

/* Accounts with a present contact in just this domain. */
static GArray *
accounts_in(struct store *db, const char *domain, GError **error)
{
    return store_ids(
        db,
        "SELECT DISTINCT c.account_id FROM contact c JOIN account a ON a.id = c.account_id WHERE "
        "substr(c.address, instr(c.address, '@') + 1) = ? AND NOT c.absent AND NOT a.absent LIMIT 2",
        error, "t", domain);
}

/* Accounts with a present contact in a domain below this one. */
static GArray *
accounts_below(struct store *db, const char *domain, GError **error)
{
    return store_ids(
        db,
        "SELECT DISTINCT c.account_id FROM contact c JOIN account a ON a.id = c.account_id WHERE "
        "substr(c.address, -length(?1) - 1) = '.' || ?1 AND NOT c.absent AND NOT a.absent LIMIT 2",
        error, "t", domain);
}

static gboolean
add_all(GArray *to, GArray *ids)
{
    if (!ids)
        return FALSE;
    for (guint i = 0; i < ids->len; i++) {
        gint64 id = g_array_index(ids, gint64, i);
        gboolean there = FALSE;
        for (guint j = 0; j < to->len; j++)
            there = there || g_array_index(to, gint64, j) == id;
        if (!there)
            g_array_append_val(to, id);
    }
    g_array_unref(ids);
    return TRUE;
}

static gboolean
is_from_a_person(const struct mail_record *r)
{
    switch (r->mail_class) {
    case MAIL_CLASS_REPLY:
    case MAIL_CLASS_AUTO_REPLY:
    case MAIL_CLASS_OPT_OUT:
    case MAIL_CLASS_BOOKING:
        return TRUE;
    case MAIL_CLASS_OTHER:
        return r->personal;
    case MAIL_CLASS_OWN:
    case MAIL_CLASS_BOUNCE:
    case MAIL_CLASS_DELAY:
    case MAIL_CLASS_COMPLAINT:
    case MAIL_CLASS_RECEIPT:
    case MAIL_CLASS_CHALLENGE:
        break;
    }
    return FALSE;
}

gboolean
match_colleague(struct store *db, const struct config *config, const struct mail_record *r,
                struct mail_match *out, GError **error)
{
    const char *domain = domain_of(r->from);
    if (!domain || !is_from_a_person(r) || is_team_domain(config, domain) || is_shared(config, domain))
        return TRUE;
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    /* support.acme.example and acme.example are one house; co.uk is none, and nobody has an address there. */
    for (const char *up = domain; up && strchr(up, '.'); up = strchr(up, '.') + 1)
        if ((up == domain || !is_shared(config, up)) && !add_all(ids, accounts_in(db, up, error)))
            return FALSE;
    if (!add_all(ids, accounts_below(db, domain, error)))
        return FALSE;
    if (ids->len == 1) {
        out->account_id = g_array_index(ids, gint64, 0);
        out->by = "colleague's domain";
    }
    return TRUE;
}
