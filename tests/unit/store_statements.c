/* Every SQL text in the sources, prepared against the schema; and the scanner that finds them. */
#include "fixture_store.h"

#include <sqlite3.h>
#include <string.h>

struct scan {
    sqlite3 *db;
    GHashTable *macros; /* name → text, of #define NAME "text" "text" */
    const char *path;
    gboolean creating; /* first pass: only makes the temporary tables, which later files may use */
    int checked, failed;
};

/* Blanks out comments, in place. */
static void
strip_comments(char *p)
{
    while (*p) {
        if (*p == '"' || *p == '\'') {
            char quote = *p++;
            while (*p && *p != quote)
                p += *p == '\\' && p[1] ? 2 : 1;
            p += *p != '\0';
        } else if (p[0] == '/' && (p[1] == '*' || p[1] == '/')) {
            char *end = p[1] == '*' ? strstr(p + 2, "*/") : strchr(p, '\n');
            gsize length = end ? (gsize)(end - p) + (p[1] == '*' ? 2 : 0) : strlen(p);
            memset(p, ' ', length);
            p += length;
        } else {
            p++;
        }
    }
}

/* Behind blanks and continued lines. */
static const char *
skip_blank(const char *p)
{
    while (g_ascii_isspace(*p) || (*p == '\\' && p[1] == '\n'))
        p++;
    return p;
}

/* Appends the string literal that begins at p; returns what is behind it. */
static const char *
read_literal(const char *p, GString *out)
{
    const char *start = ++p;
    while (*p && *p != '"')
        p += *p == '\\' && p[1] ? 2 : 1;
    g_autofree char *raw = g_strndup(start, (gsize)(p - start));
    g_autofree char *plain = g_strcompress(raw);
    g_string_append(out, plain);
    return *p ? p + 1 : p;
}

/* Appends literals and known macros that stand side by side. *whole is FALSE when something unknown stands
 * among them. */
static const char *
read_group(struct scan *s, const char *p, GString *out, gboolean *whole)
{
    *whole = TRUE;
    for (p = skip_blank(p);; p = skip_blank(p)) {
        if (*p == '"') {
            p = read_literal(p, out);
        } else if (g_ascii_isupper(*p)) {
            const char *end = p;
            while (g_ascii_isalnum(*end) || *end == '_')
                end++;
            g_autofree char *name = g_strndup(p, (gsize)(end - p));
            const char *text = g_hash_table_lookup(s->macros, name);
            if (!text || *skip_blank(end) == '(')
                *whole = FALSE;
            g_string_append(out, text ? text : "");
            p = end;
        } else {
            return p;
        }
    }
}

static void
read_macros(struct scan *s, const char *source)
{
    for (const char *p = strstr(source, "#define "); p; p = strstr(p + 1, "#define ")) {
        const char *name = p + 8, *end = name;
        while (g_ascii_isalnum(*end) || *end == '_')
            end++;
        g_autoptr(GString) text = g_string_new(NULL);
        gboolean whole;
        if (*end == ' ' && *skip_blank(end) == '"') {
            read_group(s, end, text, &whole);
            g_hash_table_replace(s->macros, g_strndup(name, (gsize)(end - name)), g_strdup(text->str));
        }
    }
}

/* Those of the project's headers that the file includes. */
static void
read_header_macros(struct scan *s, const char *source)
{
    static const char include[] = "#include \"";
    for (const char *p = strstr(source, include); p; p = strstr(p + 1, include)) {
        const char *name = p + strlen(include);
        g_autofree char *path =
            g_strdup_printf(USHER_SOURCE_DIR "/mailer/%.*s", (int)strcspn(name, "\""), name);
        g_autofree char *header = NULL;
        if (g_file_get_contents(path, &header, NULL, NULL))
            read_macros(s, header);
    }
}

static gboolean
begins_statement(const char *sql)
{
    static const char *const verbs[] = {"SELECT ",       "INSERT ", "UPDATE ",      "DELETE FROM ",
                                        "REPLACE INTO ", "WITH ",   "CREATE TEMP ", "CREATE INDEX temp.",
                                        "DROP TABLE ",   "PRAGMA ", "VACUUM "};
    for (guint i = 0; i < G_N_ELEMENTS(verbs); i++)
        if (g_str_has_prefix(sql, verbs[i]))
            return TRUE;
    return FALSE;
}

static void
check_sql(struct scan *s, const char *sql)
{
    gboolean creates = g_str_has_prefix(sql, "CREATE TEMP") || g_str_has_prefix(sql, "CREATE INDEX temp.");
    sqlite3_stmt *stmt = NULL;
    const char *tail = "";
    if (s->creating != creates)
        return;
    s->checked++;
    if (sqlite3_prepare_v2(s->db, sql, -1, &stmt, &tail) != SQLITE_OK || !stmt || *tail ||
        (creates && sqlite3_step(stmt) != SQLITE_DONE)) {
        s->failed++;
        if (s->path)
            g_printerr("%s: %s\n  in: %s\n", s->path, sqlite3_errmsg(s->db), sql);
    }
    sqlite3_finalize(stmt);
}

/* The text behind the first comma of a call: its second argument. NULL for a declaration. */
static const char *
second_argument(const char *open)
{
    int depth = 0;
    for (const char *p = open; *p; p++) {
        depth += (*p == '(') - (*p == ')');
        if (depth == 0 || *p == ';' || *p == '{')
            return NULL;
        if (depth == 1 && *p == ',')
            return p + 1;
    }
    return NULL;
}

/* Checks what is given to the store as a literal, and every other literal that begins like a statement
 * (tables of statements, choices between two). */
static void
scan_source(struct scan *s, const char *source)
{
    static const char *const calls[] = {"store_query(", "store_exec(", "store_int(", "store_text("};
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint c = 0; c < G_N_ELEMENTS(calls); c++) {
        for (const char *p = strstr(source, calls[c]); p; p = strstr(p + 1, calls[c])) {
            const char *argument = second_argument(p + strlen(calls[c]) - 1);
            g_autoptr(GString) sql = g_string_new(NULL);
            gboolean whole;
            if (!argument || *skip_blank(argument) != '"')
                continue;
            read_group(s, argument, sql, &whole);
            if (!whole) {
                s->failed++;
                g_printerr("%s: this test cannot read the macro in: %s\n", s->path, sql->str);
            } else if (g_hash_table_add(seen, g_strdup(sql->str))) {
                check_sql(s, sql->str);
            }
        }
    }
    for (const char *p = source; *p;) {
        if (p[0] == '\'') {
            p += p[1] == '\\' ? 4 : 3;
        } else if (p[0] == '#') {
            do
                p += strcspn(p, "\n") + 1;
            while (p[-1] && p[-2] == '\\');
        } else if (*p == '"') {
            g_autoptr(GString) sql = g_string_new(NULL);
            gboolean whole;
            p = read_group(s, p, sql, &whole);
            if (whole && begins_statement(sql->str) && !strchr(sql->str, '%') &&
                g_hash_table_add(seen, g_strdup(sql->str)))
                check_sql(s, sql->str);
        } else {
            p++;
        }
    }
}

static void
scan_folder(struct scan *s, const char *folder)
{
    g_autoptr(GDir) d = g_dir_open(folder, 0, NULL);
    const char *name;
    while (d && (name = g_dir_read_name(d))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_autofree char *source = NULL;
        if (g_file_test(path, G_FILE_TEST_IS_DIR))
            scan_folder(s, path);
        /* The schema is what they are checked against; rules have a database of their own; what store.c runs
         * is given to it, and store_open.c opens and migrates. */
        if (!g_str_has_suffix(name, ".c") || g_str_equal(name, "schema.c") ||
            g_str_has_prefix(name, "rules") || g_str_has_suffix(path, "store/store.c") ||
            g_str_has_suffix(path, "store/store_open.c") || !g_file_get_contents(path, &source, NULL, NULL))
            continue;
        s->path = path;
        strip_comments(source);
        g_hash_table_remove_all(s->macros);
        read_header_macros(s, source);
        read_macros(s, source);
        scan_source(s, source);
    }
}

static void
test_every_statement(struct fixture *f, gconstpointer data)
{
    (void)data;
    struct scan s = {.macros = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free)};
    g_assert_cmpint(sqlite3_open(f->path, &s.db), ==, SQLITE_OK);
    sqlite3_db_config(s.db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    s.creating = TRUE;
    scan_folder(&s, USHER_SOURCE_DIR "/mailer");
    s.creating = FALSE;
    scan_folder(&s, USHER_SOURCE_DIR "/mailer");
    g_test_message("%d statements", s.checked);
    sqlite3_close(s.db);
    g_hash_table_unref(s.macros);
    g_assert_cmpint(s.checked, >, 60); /* the scanner finds them at all */
    g_assert_cmpint(s.failed, ==, 0);
}

/* The scanner itself: what it must find, and that it fails on SQL that is wrong. */
static void
test_scanner(struct fixture *f, gconstpointer data)
{
    (void)data;
    struct scan s = {.macros = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free)};
    g_assert_cmpint(sqlite3_open(f->path, &s.db), ==, SQLITE_OK);
    char source[] = "#define WHERE_ID \" WHERE id = ?\"\n"
                    "struct query *store_query(struct store *db, const char *sql);\n"
                    "/* store_exec(db, \"SELECT in_a_comment\") */\n"
                    "x = store_int(db, \"SELECT id FROM account\" WHERE_ID, 0);\n"
                    "y = store_text(get(a, b), \"SELECT \\\"key\\\" \" /* why */ \"FROM account\", error);\n"
                    "const char *z = a ? \"SELECT 1\" : \"SELECT 2\"; char q = '\"', r = '\\'';\n"
                    "puts(\"SELECTED by hand\");\n";
    strip_comments(source);
    read_macros(&s, source);
    scan_source(&s, source);
    g_assert_cmpint(s.checked, ==, 4);
    g_assert_cmpint(s.failed, ==, 0);
    scan_source(&s, "store_exec(db, \"UPDATE account SET nothing = 1\", error);");
    g_assert_cmpint(s.failed, ==, 1);
    sqlite3_close(s.db);
    g_hash_table_unref(s.macros);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST("scanner", test_scanner);
    TEST("every-statement", test_every_statement);
    return g_test_run();
}
