/* Purpose: the record of one mail, and its bytes between the confined reader and the watcher.
 *
 * Bytes: magic "UMR", version, then every member in the order of the tables below. Numbers are little endian
 * and of fixed width, strings and lists carry a length in front. The reading side applies the same limits as
 * the writing side: the writer may have been taken over by the mail it read. */
#include "inbox/mail_record.h"

#include <stddef.h>
#include <string.h>

#include "base/error.h"

#define RECORD_VERSION 2u

static const char magic[3] = {'U', 'M', 'R'};

/* ---- names ---- */

static const char *const class_names[] = {
    [MAIL_CLASS_OWN] = "own",
    [MAIL_CLASS_BOUNCE] = "bounce",
    [MAIL_CLASS_DELAY] = "delay",
    [MAIL_CLASS_COMPLAINT] = "complaint",
    [MAIL_CLASS_RECEIPT] = "receipt",
    [MAIL_CLASS_CHALLENGE] = "challenge",
    [MAIL_CLASS_AUTO_REPLY] = "auto_reply",
    [MAIL_CLASS_OPT_OUT] = "opt_out",
    [MAIL_CLASS_BOOKING] = "booking",
    [MAIL_CLASS_REPLY] = "reply",
    [MAIL_CLASS_OTHER] = "other",
};

static const char *const reason_names[] = {
    [BOUNCE_REASON_NONE] = "none",
    [BOUNCE_REASON_ADDRESS_DEAD] = "address_dead",
    [BOUNCE_REASON_DOMAIN_DEAD] = "domain_dead",
    [BOUNCE_REASON_FULL] = "full",
    [BOUNCE_REASON_POLICY] = "policy",
    [BOUNCE_REASON_SPAM] = "spam",
    [BOUNCE_REASON_SIZE] = "size",
    [BOUNCE_REASON_OTHER] = "other",
};

static const char *const booking_names[] = {
    [BOOKING_ACT_NONE] = "none",           [BOOKING_ACT_NEW] = "new",
    [BOOKING_ACT_ACCEPTED] = "accepted",   [BOOKING_ACT_TENTATIVE] = "tentative",
    [BOOKING_ACT_DECLINED] = "declined",   [BOOKING_ACT_MOVED] = "moved",
    [BOOKING_ACT_CANCELLED] = "cancelled",
};

const char *
mail_class_name(enum mail_class mail_class)
{
    return class_names[mail_class];
}

const char *
bounce_reason_name(enum bounce_reason reason)
{
    return reason_names[reason];
}

const char *
booking_act_name(enum booking_act act)
{
    return booking_names[act];
}

gboolean
mail_class_parse(const char *name, enum mail_class *out)
{
    for (guint i = 0; i < G_N_ELEMENTS(class_names); i++)
        if (strcmp(class_names[i], name) == 0) {
            *out = (enum mail_class)i;
            return TRUE;
        }
    return FALSE;
}

/* ---- members ---- */

static const struct {
    gsize offset;
    gsize max;
} string_members[] = {
    {offsetof(struct mail_record, rule), 64},
    {offsetof(struct mail_record, evidence), MAIL_RECORD_MAX_EVIDENCE},
    {offsetof(struct mail_record, message_id), MAIL_RECORD_MAX_ID},
    {offsetof(struct mail_record, original_message_id), MAIL_RECORD_MAX_ID},
    {offsetof(struct mail_record, in_reply_to), MAIL_RECORD_MAX_ID},
    {offsetof(struct mail_record, from), MAIL_RECORD_MAX_ADDRESS},
    {offsetof(struct mail_record, from_name), MAIL_RECORD_MAX_LINE},
    {offsetof(struct mail_record, subject), MAIL_RECORD_MAX_LINE},
    {offsetof(struct mail_record, status), 16},
    {offsetof(struct mail_record, returned_message_id), MAIL_RECORD_MAX_ID},
    {offsetof(struct mail_record, return_date), 10},
    {offsetof(struct mail_record, booking_zone), MAIL_RECORD_MAX_ZONE},
    {offsetof(struct mail_record, text), MAIL_RECORD_MAX_TEXT},
};

static const struct {
    gsize offset;
    gsize max;
} list_members[] = {
    {offsetof(struct mail_record, references), MAIL_RECORD_MAX_ID},
    {offsetof(struct mail_record, reply_to), MAIL_RECORD_MAX_ADDRESS},
    {offsetof(struct mail_record, recipients), MAIL_RECORD_MAX_ADDRESS},
    {offsetof(struct mail_record, returned), MAIL_RECORD_MAX_ADDRESS},
};

#define STRING_AT(record, i) ((char **)(void *)((char *)(record) + string_members[i].offset))
#define LIST_AT(record, i) ((GPtrArray **)(void *)((char *)(record) + list_members[i].offset))

static void
free_failed(gpointer data)
{
    struct failed_recipient *failed = data;
    g_free(failed->address);
    g_free(failed->status);
    g_free(failed);
}

void
mail_record_init(struct mail_record *record)
{
    memset(record, 0, sizeof *record);
    record->mail_class = MAIL_CLASS_OTHER;
    record->permanent = TRI_STATE_UNKNOWN;
    for (gsize i = 0; i < G_N_ELEMENTS(string_members); i++)
        *STRING_AT(record, i) = g_strdup("");
    for (gsize i = 0; i < G_N_ELEMENTS(list_members); i++)
        *LIST_AT(record, i) = g_ptr_array_new_with_free_func(g_free);
    record->failed = g_ptr_array_new_with_free_func(free_failed);
}

void
mail_record_clear(struct mail_record *record)
{
    for (gsize i = 0; i < G_N_ELEMENTS(string_members); i++)
        g_clear_pointer(STRING_AT(record, i), g_free);
    for (gsize i = 0; i < G_N_ELEMENTS(list_members); i++)
        g_clear_pointer(LIST_AT(record, i), g_ptr_array_unref);
    g_clear_pointer(&record->failed, g_ptr_array_unref);
}

/* No control characters; a text may have lines. The end of the string is none to keep. */
static gboolean
is_kept(char c, gsize max)
{
    return ((guchar)c >= 0x20 && c != 0x7f) || (max == MAIL_RECORD_MAX_TEXT && (c == '\n' || c == '\t'));
}

static char *
bounded_copy(const char *text, gsize max)
{
    if (!text)
        text = "";
    g_autofree char *valid = g_utf8_validate(text, -1, NULL) ? NULL : g_utf8_make_valid(text, -1);
    const char *from = valid ? valid : text;
    gsize n = 0, size = MIN(strlen(from), max);
    char *out = g_malloc(size + 1);
    for (const char *p = from; *p && n < size; p++) {
        gsize run = 0;
        while (is_kept(p[run], max))
            run++;
        gsize fits = MIN(run, size - n);
        while (fits < run && fits > 0 && ((guchar)p[fits] & 0xc0) == 0x80)
            fits--; /* no character is cut in two */
        memcpy(out + n, p, fits);
        n += fits;
        p += run;
        if (fits < run || !*p)
            break;
    }
    out[n] = '\0';
    return out;
}

void
mail_record_set(char **field, const char *text, gsize max)
{
    char *copy = bounded_copy(text, max);
    g_free(*field);
    *field = copy;
}

void
mail_record_add(GPtrArray *list, const char *text, gsize max)
{
    g_autofree char *copy = bounded_copy(text, max);
    if (*copy == '\0' || list->len >= MAIL_RECORD_MAX_LIST ||
        g_ptr_array_find_with_equal_func(list, copy, g_str_equal, NULL))
        return;
    g_ptr_array_add(list, g_steal_pointer(&copy));
}

struct failed_recipient *
mail_record_add_failed(struct mail_record *record, const char *address)
{
    g_autofree char *bounded = bounded_copy(address, MAIL_RECORD_MAX_ADDRESS);
    g_autofree char *folded = g_ascii_strdown(bounded, -1);
    for (guint i = 0; i < record->failed->len; i++) {
        struct failed_recipient *there = record->failed->pdata[i];
        if (strcmp(there->address, folded) == 0)
            return there;
    }
    if (record->failed->len >= MAIL_RECORD_MAX_LIST)
        return NULL;
    struct failed_recipient *failed = g_new0(struct failed_recipient, 1);
    failed->address = g_steal_pointer(&folded);
    failed->status = g_strdup("");
    failed->reason = BOUNCE_REASON_OTHER;
    failed->permanent = TRI_STATE_UNKNOWN;
    g_ptr_array_add(record->failed, failed);
    return failed;
}

/* ---- writing ---- */

static void
put_u8(GByteArray *out, guint value)
{
    guint8 byte = (guint8)value;
    g_byte_array_append(out, &byte, 1);
}

static void
put_u32(GByteArray *out, guint32 value)
{
    guint32 little = GUINT32_TO_LE(value);
    g_byte_array_append(out, (const guint8 *)&little, sizeof little);
}

static void
put_i64(GByteArray *out, gint64 value)
{
    gint64 little = GINT64_TO_LE(value);
    g_byte_array_append(out, (const guint8 *)&little, sizeof little);
}

static void
put_string(GByteArray *out, const char *text)
{
    gsize len = strlen(text);
    put_u32(out, (guint32)len);
    g_byte_array_append(out, (const guint8 *)text, (guint)len);
}

GBytes *
mail_record_write(const struct mail_record *record)
{
    GByteArray *out = g_byte_array_new();
    g_byte_array_append(out, (const guint8 *)magic, sizeof magic);
    put_u8(out, RECORD_VERSION);
    put_u8(out, record->mail_class);
    put_u8(out, record->permanent);
    put_u8(out, record->reason);
    put_u8(out, record->booking);
    put_u8(out, record->personal ? 1 : 0);
    put_u8(out, record->partial ? 1 : 0);
    put_i64(out, record->date_us);
    put_i64(out, record->booking_at_us);
    put_i64(out, record->booking_length_us);
    put_i64(out, record->zone_s);
    for (gsize i = 0; i < G_N_ELEMENTS(string_members); i++)
        put_string(out, *(char *const *)(const void *)((const char *)record + string_members[i].offset));
    for (gsize i = 0; i < G_N_ELEMENTS(list_members); i++) {
        const GPtrArray *list =
            *(GPtrArray *const *)(const void *)((const char *)record + list_members[i].offset);
        put_u32(out, list->len);
        for (guint j = 0; j < list->len; j++)
            put_string(out, list->pdata[j]);
    }
    put_u32(out, record->failed->len);
    for (guint i = 0; i < record->failed->len; i++) {
        const struct failed_recipient *failed = record->failed->pdata[i];
        put_string(out, failed->address);
        put_string(out, failed->status);
        put_u8(out, failed->reason);
        put_u8(out, failed->permanent);
    }
    g_assert(out->len <= MAIL_RECORD_MAX_BYTES);
    return g_byte_array_free_to_bytes(out);
}

/* ---- reading ---- */

struct cursor {
    const guint8 *at;
    gsize left;
    const char *wrong; /* what was wrong first, NULL while all is well */
};

static gboolean
take(struct cursor *c, void *to, gsize len)
{
    if (c->wrong || c->left < len) {
        if (!c->wrong)
            c->wrong = "it ends too early";
        memset(to, 0, len);
        return FALSE;
    }
    memcpy(to, c->at, len);
    c->at += len;
    c->left -= len;
    return TRUE;
}

static guint
take_u8(struct cursor *c, guint max, const char *what)
{
    guint8 value;
    if (take(c, &value, 1) && value > max) {
        c->wrong = what;
        return 0;
    }
    return value;
}

static guint32
take_u32(struct cursor *c, guint32 max, const char *what)
{
    guint32 value;
    take(c, &value, sizeof value);
    value = GUINT32_FROM_LE(value);
    if (!c->wrong && value > max)
        c->wrong = what;
    return c->wrong ? 0 : value;
}

static gint64
take_i64(struct cursor *c, gint64 min, gint64 max, const char *what)
{
    gint64 value;
    take(c, &value, sizeof value);
    value = GINT64_FROM_LE(value);
    if (!c->wrong && (value < min || value > max))
        c->wrong = what;
    return c->wrong ? 0 : value;
}

/* A string of at most max bytes: UTF-8, no control characters. "" when something is wrong. */
static char *
take_string(struct cursor *c, gsize max)
{
    guint32 len = take_u32(c, (guint32)max, "a string is too long");
    if (c->wrong || c->left < len) {
        if (!c->wrong)
            c->wrong = "it ends too early";
        return g_strdup("");
    }
    const char *text = (const char *)c->at;
    c->at += len;
    c->left -= len;
    gboolean valid = g_utf8_validate_len(text, len, NULL);
    for (guint32 i = 0; i < len && valid; i++) {
        guchar byte = (guchar)text[i];
        gboolean control = byte < 0x20 || byte == 0x7f;
        valid = !control || (max == MAIL_RECORD_MAX_TEXT && (byte == '\n' || byte == '\t'));
    }
    if (!valid) {
        c->wrong = "a string is not clean UTF-8";
        return g_strdup("");
    }
    return g_strndup(text, len);
}

static gboolean
is_status(const char *s)
{
    if (*s == '\0')
        return TRUE;
    guint dots = 0, digits = 0;
    for (const char *p = s; *p; p++) {
        if (*p == '.' && digits > 0) {
            dots++;
            digits = 0;
        } else if (g_ascii_isdigit(*p) && digits < 3) {
            digits++;
        } else {
            return FALSE;
        }
    }
    return dots == 2 && digits > 0 && strchr("245", s[0]) != NULL && s[1] == '.';
}

static gboolean
is_day(const char *s)
{
    if (*s == '\0')
        return TRUE;
    if (strlen(s) != 10 || s[4] != '-' || s[7] != '-')
        return FALSE;
    for (guint i = 0; i < 10; i++)
        if (i != 4 && i != 7 && !g_ascii_isdigit(s[i]))
            return FALSE;
    guint64 year = g_ascii_strtoull(s, NULL, 10), month = g_ascii_strtoull(s + 5, NULL, 10),
            day = g_ascii_strtoull(s + 8, NULL, 10);
    return year > 0 && month >= 1 && month <= 12 && day >= 1 &&
           g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)year);
}

static void
read_members(struct cursor *c, struct mail_record *out)
{
    const gint64 far_us = G_GINT64_CONSTANT(253402300799000000); /* the end of the year 9999 */
    out->mail_class = (enum mail_class)take_u8(c, MAIL_CLASS_OTHER, "the class is unknown");
    out->permanent =
        (enum tri_state)take_u8(c, TRI_STATE_UNKNOWN, "permanent is neither yes, no nor unknown");
    out->reason = (enum bounce_reason)take_u8(c, BOUNCE_REASON_OTHER, "the reason is unknown");
    out->booking = (enum booking_act)take_u8(c, BOOKING_ACT_CANCELLED, "the booking is unknown");
    out->personal = take_u8(c, 1, "personal is no boolean") != 0;
    out->partial = take_u8(c, 1, "partial is no boolean") != 0;
    out->date_us = take_i64(c, -far_us, far_us, "the date is out of range");
    out->booking_at_us = take_i64(c, -far_us, far_us, "the booking's time is out of range");
    out->booking_length_us = take_i64(c, 0, G_TIME_SPAN_DAY, "the booking's length is out of range");
    out->zone_s = (int)take_i64(c, -86400, 86400, "the zone is out of range");
    for (gsize i = 0; i < G_N_ELEMENTS(string_members) && !c->wrong; i++) {
        char **field = STRING_AT(out, i);
        g_free(*field);
        *field = take_string(c, string_members[i].max);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(list_members) && !c->wrong; i++) {
        guint32 count = take_u32(c, MAIL_RECORD_MAX_LIST, "a list is too long");
        for (guint32 j = 0; j < count && !c->wrong; j++)
            g_ptr_array_add(*LIST_AT(out, i), take_string(c, list_members[i].max));
    }
    guint32 count = take_u32(c, MAIL_RECORD_MAX_LIST, "there are too many failed recipients");
    for (guint32 i = 0; i < count && !c->wrong; i++) {
        struct failed_recipient *failed = g_new0(struct failed_recipient, 1);
        g_ptr_array_add(out->failed, failed);
        failed->address = take_string(c, MAIL_RECORD_MAX_ADDRESS);
        failed->status = take_string(c, 16);
        failed->reason =
            (enum bounce_reason)take_u8(c, BOUNCE_REASON_OTHER, "a recipient's reason is unknown");
        failed->permanent =
            (enum tri_state)take_u8(c, TRI_STATE_UNKNOWN, "a recipient's permanent is unknown");
        if (!c->wrong && !is_status(failed->status))
            c->wrong = "a recipient's status is no status code";
    }
    if (!c->wrong && !is_status(out->status))
        c->wrong = "the status is no status code";
    if (!c->wrong && !is_day(out->return_date))
        c->wrong = "the return date is no date";
    if (!c->wrong && c->left > 0)
        c->wrong = "something is left over";
}

gboolean
mail_record_read(const guint8 *bytes, gsize len, struct mail_record *out, GError **error)
{
    mail_record_init(out);
    struct cursor c = {.at = bytes, .left = len};
    char head[3];
    if (len > MAIL_RECORD_MAX_BYTES)
        c.wrong = "it is too long";
    if (take(&c, head, sizeof head) && memcmp(head, magic, sizeof magic) != 0)
        c.wrong = "it does not begin as one";
    guint version = take_u8(&c, 255, "");
    if (!c.wrong && version != RECORD_VERSION)
        c.wrong = "it has another version";
    if (!c.wrong)
        read_members(&c, out);
    if (c.wrong) {
        mail_record_clear(out);
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "the reader's record of a mail is not usable: %s",
                    c.wrong);
        return FALSE;
    }
    return TRUE;
}
