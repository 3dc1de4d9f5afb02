/* Purpose: header fields: of the mail, of parts, and of texts that look like headers; their addresses,
 * identifiers and dates. Values are bounded before GMime's parsers of addresses and encoded words see them.
 */
#include <string.h>

#include "wire/mime_read_internal.h"

gboolean
mime_line_is_field(const guint8 *line, gsize len)
{
    gsize i = 0;
    while (i < len && line[i] > 32 && line[i] < 127 && line[i] != ':')
        i++;
    gsize name = i;
    while (i < len && (line[i] == ' ' || line[i] == '\t'))
        i++;
    return name > 0 && i < len && line[i] == ':';
}

void
mime_fields_clear(struct mime_fields *fields)
{
    for (guint i = 0; i < fields->count; i++) {
        g_free(fields->items[i].name);
        g_free(fields->items[i].raw);
        g_free(fields->items[i].value);
    }
    g_free(fields->items);
    fields->items = NULL;
    fields->count = 0;
}

static void
free_fields(gpointer data)
{
    struct mime_fields *fields = data;
    mime_fields_clear(fields);
    g_free(fields);
}

static char *
unfold(const char *raw)
{
    char *out = g_malloc(MIN(strlen(raw), MIME_READ_MAX_VALUE) + 1);
    gsize n = 0;
    for (const char *p = raw; *p && n < MIME_READ_MAX_VALUE; p++) {
        gsize run = MIN(strcspn(p, "\r\n\t"), MIME_READ_MAX_VALUE - n);
        memcpy(out + n, p, run);
        n += run;
        p += run;
        if (!*p || n == MIME_READ_MAX_VALUE)
            break;
        if (*p == '\t' || (n > 0 && p[1] != ' ' && p[1] != '\t' && p[1] != '\n'))
            out[n++] = ' ';
    }
    out[n] = '\0';
    return g_strstrip(out);
}

static char *
decode_value(const char *raw)
{
    gboolean plain = TRUE, printable = TRUE;
    for (const char *p = raw; *p && plain; p++) {
        plain = (guchar)*p < 0x80 && !(p[0] == '=' && p[1] == '?') && *p != 0x1b;
        printable = printable && *p >= ' ' && *p != 0x7f;
    }
    if (plain)
        return printable ? g_strdup(raw) : mime_text_bounded(raw, MIME_READ_MAX_VALUE);
    g_autofree char *decoded = g_mime_utils_header_decode_text(mime_read_options(), raw);
    char *value = mime_text_bounded(decoded ? decoded : raw, MIME_READ_MAX_VALUE);
    return g_strstrip(g_strdelimit(value, "\n\t", ' '));
}

static struct mime_field
make_field(const char *name, const char *raw)
{
    struct mime_field field;
    g_autofree char *lower = g_ascii_strdown(name, (gssize)MIN(strlen(name), 200));
    g_autofree char *unfolded = unfold(raw);
    field.name = g_utf8_make_valid(g_strstrip(lower), -1);
    field.value = decode_value(unfolded);
    field.raw = g_steal_pointer(&unfolded);
    return field;
}

struct mime_fields
mime_read_header(GMimeObject *object)
{
    struct mime_fields fields = {0};
    GMimeHeaderList *list = object ? g_mime_object_get_header_list(object) : NULL;
    int count = list ? g_mime_header_list_get_count(list) : 0;
    if (count <= 0)
        return fields;
    guint keep = MIN((guint)count, MIME_READ_MAX_FIELDS);
    fields.items = g_new0(struct mime_field, keep);
    for (guint i = 0; i < keep; i++) {
        GMimeHeader *header = g_mime_header_list_get_header_at(list, (int)i);
        const char *name = header ? g_mime_header_get_name(header) : NULL;
        const char *raw = header ? g_mime_header_get_raw_value(header) : NULL;
        if (name && raw)
            fields.items[fields.count++] = make_field(name, raw);
    }
    return fields;
}

const struct mime_field *
mime_fields_find(const struct mime_fields *fields, const char *name)
{
    for (guint i = 0; i < fields->count;
         i++) /* asked a hundred times a mail: most differ in the first letter */
        if (*fields->items[i].name == *name && strcmp(fields->items[i].name, name) == 0)
            return &fields->items[i];
    return NULL;
}

const char *
mime_fields_value(const struct mime_fields *fields, const char *name)
{
    const struct mime_field *field = mime_fields_find(fields, name);
    return field ? field->value : NULL;
}

GPtrArray *
mime_fields_parse(const char *text)
{
    mime_read_open_charsets();
    GPtrArray *groups = g_ptr_array_new_with_free_func(free_fields);
    g_autoptr(GArray) items = g_array_new(FALSE, FALSE, sizeof(struct mime_field));
    g_autoptr(GString) raw = g_string_new(NULL);
    g_autofree char *name = NULL;
    guint total = 0;
    for (const char *p = text; total < MIME_READ_MAX_FIELDS;) {
        gsize n = strcspn(p, "\n");
        gboolean blank = strspn(p, " \t\r") >= n;
        gboolean folded = n > 0 && (*p == ' ' || *p == '\t') && !blank;
        gboolean end = p[n] == '\0';
        if (folded && name) {
            if (raw->len < MIME_READ_MAX_VALUE) {
                g_string_append_c(raw, '\n');
                g_string_append_len(raw, p, (gssize)MIN(n, MIME_READ_MAX_VALUE));
            }
        } else if (name) {
            struct mime_field field = make_field(name, raw->str);
            g_array_append_val(items, field);
            g_clear_pointer(&name, g_free);
            total++;
        }
        if (!folded && !blank && mime_line_is_field((const guint8 *)p, n)) {
            gsize colon = strcspn(p, ":");
            name = g_strndup(p, colon);
            g_string_truncate(raw, 0);
            g_string_append_len(raw, p + colon + 1, (gssize)MIN(n - colon - 1, MIME_READ_MAX_VALUE));
        }
        if (end && name) { /* the text ended inside a field */
            struct mime_field field = make_field(name, raw->str);
            g_array_append_val(items, field);
            g_clear_pointer(&name, g_free);
        }
        if ((blank || end) && items->len > 0) {
            struct mime_fields *group = g_new0(struct mime_fields, 1);
            group->count = items->len;
            group->items = g_memdup2(items->data, items->len * sizeof(struct mime_field));
            g_array_set_size(items, 0);
            g_ptr_array_add(groups, group);
        }
        if (end)
            break;
        p += n + 1;
    }
    for (guint i = 0; i < items->len; i++) { /* stopped by the limit */
        struct mime_field *field = &g_array_index(items, struct mime_field, i);
        g_free(field->name);
        g_free(field->raw);
        g_free(field->value);
    }
    return groups;
}

/* ---- addresses, identifiers, dates ---- */

static void
free_address(gpointer data)
{
    struct mime_address *address = data;
    g_free(address->name);
    g_free(address->email);
    g_free(address);
}

static void
collect_addresses(InternetAddressList *list, guint depth, GPtrArray *out)
{
    int count = list ? internet_address_list_length(list) : 0;
    for (int i = 0; i < count && out->len < MIME_READ_MAX_ADDRESSES && depth < 4; i++) {
        InternetAddress *address = internet_address_list_get_address(list, i);
        if (INTERNET_ADDRESS_IS_GROUP(address)) {
            collect_addresses(internet_address_group_get_members(INTERNET_ADDRESS_GROUP(address)), depth + 1,
                              out);
            continue;
        }
        const char *email = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address));
        const char *name = internet_address_get_name(address);
        if (!email || !*email)
            continue;
        struct mime_address *found = g_new0(struct mime_address, 1);
        found->email = g_strstrip(mime_text_bounded(email, 320));
        found->name = name && *name ? g_strstrip(mime_text_bounded(name, 320)) : NULL;
        g_ptr_array_add(out, found);
    }
}

GPtrArray *
mime_fields_addresses(const struct mime_fields *fields, const char *name)
{
    mime_read_open_charsets();
    GPtrArray *out = g_ptr_array_new_with_free_func(free_address);
    for (guint i = 0; i < fields->count; i++) {
        if (*fields->items[i].name != *name || strcmp(fields->items[i].name, name) != 0)
            continue;
        InternetAddressList *list = internet_address_list_parse(mime_read_options(), fields->items[i].raw);
        collect_addresses(list, 0, out);
        if (list)
            g_object_unref(list);
    }
    return out;
}

char **
mime_fields_ids(const struct mime_fields *fields, const char *name, guint max)
{
    g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
    const struct mime_field *field = mime_fields_find(fields, name);
    for (const char *p = field ? strchr(field->raw, '<') : NULL; p; p = strchr(p, '<')) {
        p++;
        gsize n = strcspn(p, "<>");
        if (p[n] != '>')
            continue;
        g_autofree char *id = g_utf8_make_valid(p, (gssize)n);
        GString *bare = g_string_new(NULL);
        for (const char *q = id; *q; q++)
            if ((guchar)*q > 32 && *q != 127)
                g_string_append_c(bare, *q);
        if (bare->len > 0 && bare->len <= 512)
            g_ptr_array_add(ids, g_string_free(bare, FALSE));
        else
            g_string_free(bare, TRUE);
    }
    if (ids->len > max)
        g_ptr_array_remove_range(ids, 0, ids->len - max);
    g_ptr_array_add(ids, NULL);
    g_ptr_array_set_free_func(ids, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&ids), FALSE);
}

gboolean
mime_fields_date(const struct mime_fields *fields, const char *name, gint64 *at_us, int *offset_s)
{
    mime_read_open_charsets();
    const struct mime_field *field = mime_fields_find(fields, name);
    g_autoptr(GDateTime) when = field ? g_mime_utils_header_decode_date(field->raw) : NULL;
    if (!when)
        return FALSE;
    *at_us = g_date_time_to_unix(when) * G_USEC_PER_SEC;
    *offset_s = (int)(g_date_time_get_utc_offset(when) / G_USEC_PER_SEC);
    return TRUE;
}
