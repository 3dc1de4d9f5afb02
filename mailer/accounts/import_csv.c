/* CSV (RFC 4180) through libcsv, which knows neither line numbers nor ragged rows: it is fed one physical
 * line at a time, so the line is known when its callbacks run, and cells are counted here. */
#include "accounts/fact_convert.h"
#include "accounts/import_private.h"
#include "base/error.h"

#include <csv.h>
#include <string.h>

struct column {
    char *name;
    const struct fact *fact; /* NULL: undeclared */
    char *json_key;          /* "\"plan\":" */
    int contact_field;       /* enum contact_field, -1 for none; contact files only */
};

struct cell {
    gsize offset, length; /* in data; every cell is followed by a NUL */
    gboolean missing;     /* empty and not quoted */
};

struct reader {
    struct import *import;
    GArray *columns; /* struct column, from the header */
    guint *order;    /* account files: columns by name, the order of canonical JSON */
    int account, email;
    GString *data;
    GArray *cells;
    gint64 row_line; /* line the row began on */
    GError *error;   /* a callback cannot return one */
};

static void
clear_column(gpointer data)
{
    struct column *column = data;
    g_free(column->name);
    g_free(column->json_key);
}

static char *
cell_text(const struct reader *reader, guint index)
{
    const struct cell *cell = &g_array_index(reader->cells, struct cell, index);
    return cell->missing ? NULL : reader->data->str + cell->offset;
}

static const struct column *
column_at(const struct reader *reader, guint index)
{
    return &g_array_index(reader->columns, struct column, index);
}

/* ---- header ---- */

static gboolean refuse_header(struct reader *reader, const char *format, ...) G_GNUC_PRINTF(2, 3);

static gboolean
refuse_header(struct reader *reader, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(&reader->error, USHER_ERROR, USHER_ERROR_DATA, "%s:%" G_GINT64_FORMAT ": %s",
                reader->import->filename, reader->row_line, what);
    return FALSE;
}

static int
find_column(const struct reader *reader, const char *name)
{
    for (guint i = 0; i < reader->columns->len; i++)
        if (strcmp(column_at(reader, i)->name, name) == 0)
            return (int)i;
    return -1;
}

static gboolean
add_column(struct reader *reader, guint index)
{
    const char *text = cell_text(reader, index);
    g_autofree char *name = g_strstrip(g_strdup(text ? text : ""));
    if (!*name)
        return refuse_header(reader, "column %u of the header has no name", index + 1);
    if (*name == '@' || strlen(name) > 200 || strpbrk(name, "\r\n"))
        return refuse_header(reader, "column %u of the header: \"%.60s\" cannot be a name", index + 1, name);
    if (find_column(reader, name) >= 0)
        return refuse_header(reader, "the header has the column \"%s\" twice", name);
    struct column column = {.fact = facts_find(reader->import->set, name), .contact_field = -1};
    if (column.fact && column.fact->engine)
        column.fact = NULL;
    for (int f = 0; f < CONTACT_FIELDS; f++)
        if (strcmp(name, contact_field_names[f]) == 0)
            column.contact_field = f;
    GString *key = g_string_new(NULL);
    fact_append_string(key, name, strlen(name));
    g_string_append_c(key, ':');
    column.json_key = g_string_free(key, FALSE);
    column.name = g_steal_pointer(&name);
    g_array_append_val(reader->columns, column);
    return TRUE;
}

static int
compare_columns(gconstpointer a, gconstpointer b, gpointer user)
{
    const struct reader *reader = user;
    return strcmp(column_at(reader, *(const guint *)a)->name, column_at(reader, *(const guint *)b)->name);
}

static gboolean
check_account_columns(struct reader *reader)
{
    const char *source = reader->import->options->source;
    for (guint i = 0; i < reader->columns->len; i++) {
        const struct column *column = column_at(reader, i);
        if ((int)i == reader->account)
            continue;
        if (!column->fact)
            import_note_undeclared(reader->import, column->name);
        else if (column->fact->source && strcmp(column->fact->source, source) != 0)
            return refuse_header(
                reader,
                "column \"%s\": this fact belongs to the source \"%s\", and this import is from \"%s\"",
                column->name, column->fact->source, source);
    }
    reader->import->columns = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < reader->columns->len; i++)
        g_hash_table_add(reader->import->columns, g_strdup(column_at(reader, i)->name));
    reader->order = g_new(guint, reader->columns->len);
    for (guint i = 0; i < reader->columns->len; i++)
        reader->order[i] = i;
    g_qsort_with_data(reader->order, (gint)reader->columns->len, sizeof *reader->order, compare_columns,
                      reader);
    return TRUE;
}

static gboolean
read_header(struct reader *reader)
{
    for (guint i = 0; i < reader->cells->len; i++)
        if (!add_column(reader, i))
            return FALSE;
    reader->account = find_column(reader, "account");
    reader->email = find_column(reader, "email");
    if (reader->account < 0) {
        const char *first = column_at(reader, 0)->name;
        const char *hint =
            reader->columns->len == 1 && strpbrk(first, ";\t|") ? "; cells are parted by commas" : "";
        return refuse_header(reader, "the header has no column \"account\", it begins with \"%.60s\"%s",
                             first, hint);
    }
    if (reader->email < 0)
        return check_account_columns(reader);
    reader->import->report->contact_file = TRUE;
    for (guint i = 0; i < reader->columns->len; i++)
        if ((int)i != reader->account && (int)i != reader->email && column_at(reader, i)->contact_field < 0)
            import_note_undeclared(reader->import, column_at(reader, i)->name);
    return TRUE;
}

/* ---- rows ---- */

static gboolean
stage_account_row(struct reader *reader, const char *key)
{
    struct import *import = reader->import;
    gboolean good = TRUE;
    g_string_assign(import->scratch, "{");
    for (guint n = 0; n < reader->columns->len; n++) {
        guint i = reader->order[n];
        const struct column *column = column_at(reader, i);
        const struct cell *cell = &g_array_index(reader->cells, struct cell, i);
        if ((int)i == reader->account || cell->missing)
            continue;
        if (import->scratch->len > 1)
            g_string_append_c(import->scratch, ',');
        g_string_append(import->scratch, column->json_key);
        good &= import_append_text(import, reader->row_line, column->name, column->fact,
                                   reader->data->str + cell->offset, cell->length);
    }
    g_string_append_c(import->scratch, '}');
    return !good || import_stage_account(import, reader->row_line, key, NULL, FALSE, &reader->error);
}

static gboolean
stage_contact_row(struct reader *reader, const char *key)
{
    const char *fields[CONTACT_FIELDS] = {NULL};
    guint given = 0;
    for (guint i = 0; i < reader->columns->len; i++) {
        int field = column_at(reader, i)->contact_field;
        if (field < 0)
            continue;
        given |= 1u << field;
        fields[field] = cell_text(reader, i);
    }
    return import_stage_contact(reader->import, reader->row_line, key,
                                cell_text(reader, (guint)reader->email), fields, given, &reader->error);
}

static void
check_width(struct reader *reader)
{
    guint have = reader->cells->len, want = reader->columns->len;
    if (have < want)
        import_problem(reader->import, reader->row_line,
                       "the header has %u columns and this row %u: the first without a cell is \"%s\"", want,
                       have, column_at(reader, have)->name);
    else
        import_problem(
            reader->import, reader->row_line,
            "the header has %u columns and this row %u: the first cell without a column holds \"%.60s\"",
            want, have, cell_text(reader, want) ? cell_text(reader, want) : "");
}

static void
take_row(struct reader *reader)
{
    if (!reader->columns->len) {
        read_header(reader);
        return;
    }
    if (reader->cells->len != reader->columns->len) {
        check_width(reader);
        return;
    }
    const char *key = import_check_key(reader->import, reader->row_line, "account",
                                       cell_text(reader, (guint)reader->account));
    if (key && reader->email < 0)
        stage_account_row(reader, key);
    else if (key)
        stage_contact_row(reader, key);
}

static void
on_cell(void *text, size_t length, void *user)
{
    struct reader *reader = user;
    struct cell cell = {.offset = reader->data->len, .length = length, .missing = text == NULL};
    g_string_append_len(reader->data, text ? text : "", (gssize)length);
    g_string_append_c(reader->data, '\0');
    g_array_append_val(reader->cells, cell);
}

static void
on_row(int terminator, void *user)
{
    (void)terminator;
    struct reader *reader = user;
    if (!reader->error)
        take_row(reader);
    g_string_truncate(reader->data, 0);
    g_array_set_size(reader->cells, 0);
}

/* ---- the file ---- */

static void
refuse_quote(struct reader *reader, gint64 line, const char *what)
{
    guint at = reader->cells->len;
    if (at < reader->columns->len)
        g_set_error(&reader->error, USHER_ERROR, USHER_ERROR_DATA,
                    "%s:%" G_GINT64_FORMAT ": column \"%s\": %s", reader->import->filename, line,
                    column_at(reader, at)->name, what);
    else
        g_set_error(&reader->error, USHER_ERROR, USHER_ERROR_DATA, "%s:%" G_GINT64_FORMAT ": cell %u: %s",
                    reader->import->filename, line, at + 1, what);
}

static void
read_rows(struct reader *reader, struct csv_parser *parser)
{
    struct import *import = reader->import;
    const char *text;
    gsize length;
    while (!reader->error && import_line(import, &text, &length, &reader->error)) {
        if (parser->pstate == 0) /* between rows */
            reader->row_line = import->line;
        gsize parsed = csv_parse(parser, text, length, on_cell, on_row, reader);
        if (!reader->error && parsed < length)
            refuse_quote(reader, import->line,
                         "a quote in the middle of a cell: quote the whole cell, and double quotes in it");
        else if (!reader->error && parser->entry_pos > FACT_LENGTH_LIMIT)
            refuse_quote(reader, reader->row_line, "a cell over 1 MiB: is a quote left open?");
    }
    if (!reader->error && csv_fini(parser, on_cell, on_row, reader) != 0)
        refuse_quote(reader, reader->row_line, "the quote that opens here is never closed");
}

gboolean
import_read_csv(struct import *import, GError **error)
{
    struct reader reader = {
        .import = import,
        .columns = g_array_new(FALSE, TRUE, sizeof(struct column)),
        .cells = g_array_new(FALSE, FALSE, sizeof(struct cell)),
        .data = g_string_new(NULL),
    };
    g_array_set_clear_func(reader.columns, clear_column);
    struct csv_parser parser;
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_EMPTY_IS_NULL) != 0)
        g_error("csv: out of memory");
    read_rows(&reader, &parser);
    csv_free(&parser);
    g_array_unref(reader.columns);
    g_array_unref(reader.cells);
    g_string_free(reader.data, TRUE);
    g_free(reader.order);
    if (!reader.error)
        return TRUE;
    g_propagate_error(error, reader.error);
    return FALSE;
}
