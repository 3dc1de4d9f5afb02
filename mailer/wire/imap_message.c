/* Messages of the selected folder: listing, fetching, searching, and appending to any folder.
 *
 * Lists come in two steps: SEARCH names the UIDs, then FETCH asks for them some hundreds at a time, so that
 * the first look at a mailbox of a million messages costs numbers, not a million parsed answers held at once.
 */
#include "wire/imap_client.h"

#include <stdlib.h>
#include <string.h>

#include "wire/imap_private.h"

enum {
    FETCH_AT_ONCE = 500,
    DEFAULT_MAX_BYTES = 1024 * 1024,
    LONGEST_MESSAGE_ID_BYTES = 998, /* a line of RFC 5322 */
    LITERAL_SLACK_BYTES = 64 * 1024,
};

static int
compare_uids(gconstpointer a, gconstpointer b)
{
    guint32 left = *(const guint32 *)a;
    guint32 right = *(const guint32 *)b;
    return left < right ? -1 : left > right;
}

/* What one answer of FETCH says about a message; its strings belong to the answer. */
struct fetched {
    guint32 uid;
    guint32 size;
    gboolean has_size;
    const struct mailimap_date_time *date;
    const struct mailimap_msg_att_body_section *section;
};

static struct fetched
read_fetched(const struct mailimap_msg_att *answer)
{
    struct fetched result = {0};
    for (clistiter *at = answer->att_list ? clist_begin(answer->att_list) : NULL; at; at = clist_next(at)) {
        const struct mailimap_msg_att_item *item = clist_content(at);
        if (item->att_type != MAILIMAP_MSG_ATT_ITEM_STATIC || !item->att_data.att_static)
            continue;
        const struct mailimap_msg_att_static *part = item->att_data.att_static;
        if (part->att_type == MAILIMAP_MSG_ATT_UID)
            result.uid = part->att_data.att_uid;
        else if (part->att_type == MAILIMAP_MSG_ATT_RFC822_SIZE) {
            result.size = part->att_data.att_rfc822_size;
            result.has_size = TRUE;
        } else if (part->att_type == MAILIMAP_MSG_ATT_INTERNALDATE)
            result.date = part->att_data.att_internal_date;
        else if (part->att_type == MAILIMAP_MSG_ATT_BODY_SECTION)
            result.section = part->att_data.att_body_section;
    }
    return result;
}

/* Microseconds UTC, 0 for a date that is none. libetpan gives the zone as +hhmm. */
static gint64
internaldate_us(const struct mailimap_date_time *date)
{
    if (!date || ABS(date->dt_zone) > 1400)
        return 0;
    g_autoptr(GDateTime) local = g_date_time_new_utc(date->dt_year, date->dt_month, date->dt_day,
                                                     date->dt_hour, date->dt_min, MIN(date->dt_sec, 59));
    if (!local)
        return 0;
    gint64 zone_minutes = date->dt_zone / 100 * 60 + date->dt_zone % 100;
    return (g_date_time_to_unix(local) - zone_minutes * 60) * G_USEC_PER_SEC;
}

/* UID FETCH; wanted is consumed. On success the caller frees *answers with mailimap_fetch_list_free(). */
static gboolean
uid_fetch(struct imap_client *client, struct mailimap_set *set, struct mailimap_fetch_type *wanted,
          gint64 max_literal, clist **answers, GError **error)
{
    *answers = NULL;
    gboolean fit = imap_begin(client, max_literal + IMAP_SMALL_ANSWER_BYTES, max_literal, error);
    if (fit) {
        int outcome = mailimap_uid_fetch(client->session, set, wanted, answers);
        if (outcome != MAILIMAP_NO_ERROR)
            *answers = NULL; /* freed by libetpan, or never set */
        fit = imap_end(client, outcome, "reading messages", USHER_ERROR_TEMP, error);
    }
    mailimap_fetch_type_free(wanted);
    if (!fit && *answers) {
        mailimap_fetch_list_free(*answers);
        *answers = NULL;
    }
    return fit;
}

/* UID SEARCH; key is consumed. The UIDs, ascending and each once: the caller frees them with g_array_unref().
 * NULL with error. */
static GArray *
uid_search(struct imap_client *client, struct mailimap_search_key *key, GError **error)
{
    clist *numbers = NULL;
    gboolean fit = imap_begin(client, IMAP_LARGE_ANSWER_BYTES, IMAP_SMALL_LITERAL_BYTES, error);
    if (fit) {
        int outcome = mailimap_uid_search(client->session, NULL, key, &numbers);
        fit = imap_end(client, outcome, "searching", USHER_ERROR_TEMP, error);
    }
    mailimap_search_key_free(key);
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(guint32));
    for (clistiter *at = numbers ? clist_begin(numbers) : NULL; at; at = clist_next(at)) {
        const uint32_t *number = clist_content(at);
        g_array_append_val(found, *number);
    }
    if (numbers)
        mailimap_search_result_free(numbers);
    if (!fit)
        return NULL;
    g_array_sort(found, compare_uids);
    guint kept = 0;
    for (guint i = 0; i < found->len; i++) {
        guint32 uid = g_array_index(found, guint32, i);
        if (kept == 0 || g_array_index(found, guint32, kept - 1) != uid)
            g_array_index(found, guint32, kept++) = uid;
    }
    g_array_set_size(found, kept);
    return g_steal_pointer(&found);
}

/* The UIDs from uid on, and perhaps some below: RFC 3501 section 6.4.8 has "n:*" always name the last
 * message. A server must answer with SEARCH even when nothing was found (section 6.4.4), and one that is
 * widely used does not (iCloud). So where the line is missing the whole folder is asked for, which has an
 * answer as long as there is a message in it. */
static GArray *
search_from(struct imap_client *client, guint32 uid, GError **error)
{
    gboolean news;
    struct mailimap_search_key *key = mailimap_search_key_new_uid(mailimap_set_new_interval(uid, 0));
    g_autoptr(GArray) uids = uid_search(client, key, error);
    if (!uids || imap_guard_has_searched(client->guard) || imap_guard_exists(client->guard, &news) == 0)
        return g_steal_pointer(&uids);
    g_autoptr(GArray) all = uid_search(client, mailimap_search_key_new_all(), error);
    if (!all || imap_guard_has_searched(client->guard))
        return g_steal_pointer(&all);
    imap_break(client, USHER_ERROR_PROTOCOL, "the server answers UID SEARCH without saying what it found",
               error);
    return NULL;
}

/* The UIDs from first to end (exclusive) as a set, runs of neighbours as ranges. */
static struct mailimap_set *
uid_set(const GArray *uids, guint first, guint end)
{
    struct mailimap_set *set = mailimap_set_new_empty();
    while (first < end) {
        guint last = first;
        while (last + 1 < end &&
               g_array_index(uids, guint32, last + 1) == g_array_index(uids, guint32, last) + 1)
            last++;
        mailimap_set_add_interval(set, g_array_index(uids, guint32, first),
                                  g_array_index(uids, guint32, last));
        first = last + 1;
    }
    return set;
}

static struct mailimap_fetch_type *
wanted_new(void)
{
    struct mailimap_fetch_type *wanted = mailimap_fetch_type_new_fetch_att_list_empty();
    mailimap_fetch_type_new_fetch_att_list_add(wanted, mailimap_fetch_att_new_uid());
    return wanted;
}

/* Adds the envelopes of the UIDs from first to end (exclusive). */
static gboolean
list_some(struct imap_client *client, const GArray *uids, guint first, guint end, GArray *envelopes,
          GError **error)
{
    struct mailimap_fetch_type *wanted = wanted_new();
    mailimap_fetch_type_new_fetch_att_list_add(wanted, mailimap_fetch_att_new_rfc822_size());
    mailimap_fetch_type_new_fetch_att_list_add(wanted, mailimap_fetch_att_new_internaldate());
    struct mailimap_set *set = uid_set(uids, first, end);
    clist *answers;
    gboolean fit = uid_fetch(client, set, wanted, IMAP_SMALL_LITERAL_BYTES, &answers, error);
    mailimap_set_free(set);
    if (!fit)
        return FALSE;
    guint32 lowest = g_array_index(uids, guint32, first);
    guint32 highest = g_array_index(uids, guint32, end - 1);
    for (clistiter *at = answers ? clist_begin(answers) : NULL; at; at = clist_next(at)) {
        struct fetched each = read_fetched(clist_content(at));
        if (each.uid < lowest || each.uid > highest || !each.has_size)
            continue; /* a change of flags somebody else made, told in passing */
        struct imap_envelope envelope = {each.uid, each.size, internaldate_us(each.date)};
        g_array_append_val(envelopes, envelope);
    }
    if (answers)
        mailimap_fetch_list_free(answers);
    return TRUE;
}

/* uid stands first in struct imap_envelope, so compare_uids() orders envelopes too. */
G_STATIC_ASSERT(G_STRUCT_OFFSET(struct imap_envelope, uid) == 0);

gboolean
imap_client_list_since(struct imap_client *client, guint32 uid_from, guint max_count, GArray **envelopes,
                       GError **error)
{
    *envelopes = NULL;
    uid_from = MAX(uid_from, 1);
    if (!imap_need_selected(client, error))
        return FALSE;
    /* A server may search what it has announced so far; NOOP lets it announce the rest. What it announces
     * later may not be in the list, and stays news. */
    if (!imap_client_noop(client, NULL, error))
        return FALSE;
    imap_guard_clear_news(client->guard);
    g_autoptr(GArray) uids = search_from(client, uid_from, error);
    if (!uids)
        return FALSE;
    guint below = 0;
    while (below < uids->len && g_array_index(uids, guint32, below) < uid_from)
        below++;
    g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(struct imap_envelope));
    /* What was expunged meanwhile is made up for: a list that is shorter than asked for ends the folder. */
    for (guint first = below, next; first < uids->len && (max_count == 0 || list->len < max_count);
         first = next) {
        guint wanted = max_count == 0 ? FETCH_AT_ONCE : MIN(FETCH_AT_ONCE, max_count - list->len);
        next = MIN(first + wanted, uids->len);
        if (!list_some(client, uids, first, next, list, error))
            return FALSE;
    }
    g_array_sort(list, compare_uids);
    for (guint i = list->len; i > 1; i--)
        if (g_array_index(list, struct imap_envelope, i - 1).uid ==
            g_array_index(list, struct imap_envelope, i - 2).uid)
            g_array_remove_index(list, i - 1);
    *envelopes = g_steal_pointer(&list);
    return TRUE;
}

gboolean
imap_client_lists(struct imap_client *client, guint32 uid, gboolean *there, GError **error)
{
    *there = FALSE;
    if (!imap_need_selected(client, error))
        return FALSE;
    g_autoptr(GArray) uids = search_from(client, uid, error);
    if (!uids)
        return FALSE;
    for (guint i = 0; i < uids->len && !*there; i++)
        *there = g_array_index(uids, guint32, i) == uid;
    return TRUE;
}

/* RFC822.SIZE of one message; *exists is FALSE when it is gone. */
static gboolean
fetch_size(struct imap_client *client, guint32 uid, guint32 *size, gboolean *exists, GError **error)
{
    struct mailimap_fetch_type *wanted = wanted_new();
    mailimap_fetch_type_new_fetch_att_list_add(wanted, mailimap_fetch_att_new_rfc822_size());
    struct mailimap_set *set = mailimap_set_new_single(uid);
    clist *answers;
    gboolean fit = uid_fetch(client, set, wanted, IMAP_SMALL_LITERAL_BYTES, &answers, error);
    mailimap_set_free(set);
    *exists = FALSE;
    for (clistiter *at = answers ? clist_begin(answers) : NULL; at; at = clist_next(at)) {
        struct fetched each = read_fetched(clist_content(at));
        if (each.uid != uid || !each.has_size)
            continue;
        *exists = TRUE;
        *size = each.size;
    }
    if (answers)
        mailimap_fetch_list_free(answers);
    return fit;
}

/* Appends at most limit bytes of a section (consumed) to bytes; *exists is FALSE when the message is gone.
 * Asked for in part even when all of it is wanted, because servers have been known to announce a smaller
 * RFC822.SIZE than they send. */
static gboolean
fetch_section(struct imap_client *client, guint32 uid, struct mailimap_section *section, guint32 limit,
              GByteArray *bytes, gboolean *exists, GError **error)
{
    struct mailimap_fetch_type *wanted = wanted_new();
    mailimap_fetch_type_new_fetch_att_list_add(
        wanted, mailimap_fetch_att_new_body_peek_section_partial(section, 0, limit));
    struct mailimap_set *set = mailimap_set_new_single(uid);
    clist *answers;
    gboolean fit = uid_fetch(client, set, wanted, (gint64)limit + LITERAL_SLACK_BYTES, &answers, error);
    mailimap_set_free(set);
    *exists = FALSE;
    for (clistiter *at = answers ? clist_begin(answers) : NULL; at && !*exists; at = clist_next(at)) {
        struct fetched each = read_fetched(clist_content(at));
        if (each.uid != uid || !each.section)
            continue;
        *exists = TRUE;
        if (each.section->sec_body_part) /* NIL: an empty section */
            g_byte_array_append(bytes, (const guint8 *)each.section->sec_body_part,
                                (guint)MIN(each.section->sec_length, limit));
    }
    if (answers)
        mailimap_fetch_list_free(answers);
    return fit;
}

gboolean
imap_client_fetch(struct imap_client *client, guint32 uid, guint32 max_bytes, GBytes **bytes,
                  gboolean *partial, GError **error)
{
    *bytes = NULL;
    *partial = FALSE;
    if (max_bytes == 0)
        max_bytes = DEFAULT_MAX_BYTES;
    guint32 size = 0;
    gboolean exists;
    if (!imap_need_selected(client, error) || !fetch_size(client, uid, &size, &exists, error))
        return FALSE;
    if (!exists)
        return TRUE;
    g_autoptr(GByteArray) text = g_byte_array_new();
    if (size <= max_bytes) {
        if (!fetch_section(client, uid, mailimap_section_new(NULL), max_bytes, text, &exists, error))
            return FALSE;
        *partial = size < max_bytes && text->len == max_bytes;
    } else {
        *partial = TRUE;
        if (!fetch_section(client, uid, mailimap_section_new_header(), IMAP_PARTIAL_BYTES, text, &exists,
                           error))
            return FALSE;
        gboolean header_cut = text->len == IMAP_PARTIAL_BYTES;
        gboolean still_there = exists;
        if (exists && !header_cut &&
            !fetch_section(client, uid, mailimap_section_new_text(), IMAP_PARTIAL_BYTES, text, &still_there,
                           error))
            return FALSE;
    }
    if (exists)
        *bytes = g_byte_array_free_to_bytes(g_steal_pointer(&text));
    return TRUE;
}

/* "<a@b>" out of "a@b" or "<a@b>"; NULL when it holds what a quoted string cannot. */
static char *
bracketed_message_id(const char *message_id)
{
    gsize length = strlen(message_id);
    if (length == 0 || length > LONGEST_MESSAGE_ID_BYTES)
        return NULL;
    for (const char *at = message_id; *at; at++)
        if ((unsigned char)*at < 0x20 || (unsigned char)*at > 0x7e)
            return NULL;
    gboolean has_brackets = message_id[0] == '<' && message_id[length - 1] == '>';
    return has_brackets ? g_strdup(message_id) : g_strdup_printf("<%s>", message_id);
}

gboolean
imap_client_search_message_id(struct imap_client *client, const char *message_id, guint32 *uid,
                              GError **error)
{
    *uid = 0;
    g_autofree char *wanted = bracketed_message_id(message_id);
    if (!wanted) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "%s: this Message-ID cannot be searched for",
                    client->name);
        return FALSE;
    }
    /* libetpan puts it in quotes and escapes '"' and '\', which with the check above is all a quoted string
     * needs. */
    if (!imap_need_selected(client, error) || !imap_client_noop(client, NULL, error))
        return FALSE;
    struct mailimap_search_key *key = mailimap_search_key_new_header(strdup("Message-ID"), strdup(wanted));
    g_autoptr(GArray) uids = uid_search(client, key, error);
    if (!uids)
        return FALSE;
    if (uids->len > 0)
        *uid = g_array_index(uids, guint32, 0);
    return TRUE;
}

gboolean
imap_client_search_since(struct imap_client *client, gint64 since_us, guint32 *uid, GError **error)
{
    *uid = 0;
    g_autoptr(GDateTime) day = g_date_time_new_from_unix_utc(since_us / G_USEC_PER_SEC - 24 * 3600);
    if (!day || !imap_need_selected(client, error) || !imap_client_noop(client, NULL, error))
        return FALSE;
    struct mailimap_search_key *key = mailimap_search_key_new_since(mailimap_date_new(
        g_date_time_get_day_of_month(day), g_date_time_get_month(day), g_date_time_get_year(day)));
    g_autoptr(GArray) uids = uid_search(client, key, error);
    if (!uids)
        return FALSE;
    if (uids->len > 0)
        *uid = g_array_index(uids, guint32, 0);
    return TRUE;
}

/* Lines end in CRLF, no CR or LF stands alone, no NUL. */
static gboolean
is_canonical(const char *bytes, gsize length)
{
    for (gsize i = 0; i < length; i++) {
        if (bytes[i] == '\0' || bytes[i] == '\n')
            return FALSE;
        if (bytes[i] == '\r' && (++i == length || bytes[i] != '\n'))
            return FALSE;
    }
    return TRUE;
}

/* The line that begins APPEND (RFC 3501 section 6.3.11). */
static char *
append_command(const char *wire_name, gboolean seen, gint64 internaldate_us_or_0, gsize length)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    GString *command = g_string_new("APPEND \"");
    for (const char *at = wire_name; *at; at++) {
        if (*at == '"' || *at == '\\')
            g_string_append_c(command, '\\');
        g_string_append_c(command, *at);
    }
    g_string_append(command, seen ? "\" (\\Seen) " : "\" ");
    g_autoptr(GDateTime) date =
        internaldate_us_or_0 ? g_date_time_new_from_unix_utc(internaldate_us_or_0 / G_USEC_PER_SEC) : NULL;
    if (date)
        g_string_append_printf(command, "\"%02d-%s-%04d %02d:%02d:%02d +0000\" ",
                               g_date_time_get_day_of_month(date), months[g_date_time_get_month(date) - 1],
                               g_date_time_get_year(date), g_date_time_get_hour(date),
                               g_date_time_get_minute(date), g_date_time_get_second(date));
    g_string_append_printf(command, "{%" G_GSIZE_FORMAT "}", length);
    return g_string_free(command, FALSE);
}

/* The UID out of "[APPENDUID 38505 3955] ..." (RFC 4315 section 3), 0 when it is not there. */
static guint32
appended_uid(const char *words)
{
    const char *prefix = "[APPENDUID ";
    if (g_ascii_strncasecmp(words, prefix, strlen(prefix)) != 0)
        return 0;
    char *end = NULL;
    (void)g_ascii_strtoull(words + strlen(prefix), &end, 10);
    if (*end != ' ')
        return 0;
    guint64 uid = g_ascii_strtoull(end + 1, &end, 10);
    return *end == ']' && uid <= G_MAXUINT32 ? (guint32)uid : 0;
}

gboolean
imap_client_append(struct imap_client *client, const char *folder, GBytes *bytes, gboolean seen,
                   gint64 internaldate_us_or_0, guint32 *uid, GError **error)
{
    if (uid)
        *uid = 0;
    gsize length = 0;
    const char *text = g_bytes_get_data(bytes, &length);
    if (length == 0 || !is_canonical(text, length)) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA,
                    "%s: a message to be stored must have CRLF lines, no NUL, and not be empty",
                    client->name);
        return FALSE;
    }
    g_autofree char *wire = imap_folder_wire_name(client, folder, error);
    if (!wire || !imap_begin(client, IMAP_SMALL_ANSWER_BYTES, IMAP_SMALL_LITERAL_BYTES, error))
        return FALSE;
    g_autofree char *command = append_command(wire, seen, internaldate_us_or_0, length);
    int outcome = MAILIMAP_ERROR_STREAM;
    switch (imap_send_and_await(client, command)) {
    case IMAP_CONTINUE:
        outcome = imap_send_rest(client, text, length);
        break;
    case IMAP_ENDED: /* an OK here, before the message was sent, is no success */
    case IMAP_FAILED:
        break;
    }
    g_autofree char *what = g_strdup_printf("storing a message in \"%s\"", folder);
    if (!imap_end(client, outcome, what, USHER_ERROR_NO_INPUT, error))
        return FALSE;
    if (uid)
        *uid = appended_uid(imap_guard_text(client->guard));
    return TRUE;
}
