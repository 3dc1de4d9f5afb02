/* Import: the files that are refused, each with the line and the column that is wrong. */
#include "fixture_import.h"

static void
test_bad_rows(struct fixture *f, gconstpointer data)
{
    (void)data;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", "a.csv: is empty"},
        {"\n \n", "a.csv: is empty"},
        {"name,plan\nx,y\n", "a.csv:1: the header has no column \"account\", it begins with \"name\""},
        {"account;name\nx;y\n", "cells are parted by commas"},
        {"account,name,name\n", "a.csv:1: the header has the column \"name\" twice"},
        {"account,\n", "column 2 of the header has no name"},
        {"account,@as_of\n", "cannot be a name"},
        {"account,forecast_mrr\nacme,\"12,5\"\n",
         "a.csv:2: column \"forecast_mrr\": expected a number such as 1250 or 12.5, found \"12,5\""},
        {"account,forecast_mrr\nacme,\"\"\n",
         "a.csv:2: column \"forecast_mrr\": expected a number such as 1250 or 12.5, found \"\""},
        {"account,next_renewal\na,\nb,2026-02-30\n", "a.csv:3: column \"next_renewal\": expected a date"},
        {"account,churned\na,maybe\n", "expected true or false, found \"maybe\""},
        {"account,timezone\na,PST\n", "a.csv:2: column \"timezone\": expected an IANA time zone"},
        {"account,name\n\na,x\n,y\n", "a.csv:4: column \"account\": expected the account's key"},
        {"account,name\na,\"x\ny\"\nb\n",
         "a.csv:4: the header has 2 columns and this row 1: the first without a cell is \"name\""},
        {"account,name\na,x,9\n",
         "a.csv:2: the header has 2 columns and this row 3: the first cell without a column holds \"9\""},
        {"account,name\na,x\nb,y\na,z\n", "a.csv:4: column \"account\": \"a\" is in line 2 already"},
        {"account,name\na,x\"y\n", "a.csv:2: column \"name\": a quote in the middle of a cell"},
        {"account,name\na,x\nb,\"y\nc,z\n",
         "a.csv:3: column \"name\": the quote that opens here is never closed"},
        {"account,name\na,\xff\n", "a.csv:2: byte 3 of the line is not UTF-8"},
        {"{\"account\":\"a\",\"forecast_mrr\":\"x\"}\n",
         "a.csv:1: column \"forecast_mrr\": expected a number"},
        {"{\"account\":\"a\",\"forecast_mrr\":true}\n", "found \"true\""},
        {"{\"account\":\"a\",\"churned\":2}\n", "expected true or false"},
        {"{\"account\":\"a\",\"bills_paid\":1.5}\n", "expected a whole number"},
        {"{\"account\":\"a\",\"products\":[{}]}\n", "expected a list"},
        {"{\"account\":\"a\"}\n{\"account\":\"b\",\"x\":1,\"x\":2}\n", "a.csv:2: character"},
        {"{\"account\":\"a\"}\n[]\n", "a.csv:2: expected a JSON object"},
        {"{\"account\":\"a\"}\n{\n", "a.csv:2: character"},
        {"{\"account\":\"a\"}\n{\"account\":\"a\"}\n",
         "a.csv:2: column \"account\": \"a\" is in line 1 already"},
        {"{\"account\":\"a\\u0000b\"}\n", "character 21: a text cannot hold \\u0000"},
        {"{\"account\":\"a\\u202eb\"}\n", "column \"account\": expected a key without control characters"},
        {"{\"name\":\"a\"}\n", "column \"account\": expected the account's key, found nothing"},
        {"{\"account\":\"a\",\"credit\":1}\n", "belongs to the source \"billing\""},
        {"{\"account\":\"a\",\"contacts\":{}}\n", "\"contacts\": expected an array"},
        {"{\"account\":\"a\",\"contacts\":[1]}\n", "\"contacts\": expected objects"},
        {"{\"account\":\"a\",\"contacts\":[{\"first_name\":\"x\"}]}\n",
         "column \"email\": expected an address"},
        {"{\"account\":\"a\",\"contacts\":[{\"email\":\"a@b.example\"},{\"email\":\"A@b.example\"}]}\n",
         "\"a@b.example\" is a contact of \"a\" in line 1 already"},
        {"account,email\nnobody,a@b.example\n",
         "a.csv:2: column \"account\": expected an account that was imported before"},
        {"account,email,role\nx,nonsense,boss\n", "a.csv:2: column \"email\": expected an address such as"},
        {"account,email,role\nx,a@b.example,boss\n",
         "a.csv:2: column \"role\": expected owner, admin or member, found \"boss\""},
        {"account,email,last_active\nx,a@b.example,yesterday\n", "column \"last_active\": expected a date"},
        {"email,role\na@b.example,owner\n", "no column \"account\""},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        import_bad(f, cases[i].text, cases[i].expected);
        g_assert_error(f->error, USHER_ERROR, USHER_ERROR_DATA);
        g_assert_null(strchr(f->error->message, '\n'));
        assert_int(f, "SELECT count(*) FROM account", 0);
    }
    static const char nul[] = "account,name\na,x\0y\n";
    g_assert_false(import_bytes(f, nul, sizeof nul - 1));
    g_assert_nonnull(strstr(f->error->message, "a.csv:2: byte 4 of the line is NUL"));
    /* Every bad row is told, the first one is the error. */
    import_bad(f, "account,forecast_mrr\na,x\nb,1\nc,y\n", "a.csv:2:");
    g_assert_cmpuint(f->report.problems->len, ==, 2);
    g_assert_true(g_str_has_prefix(g_ptr_array_index(f->report.problems, 1), "a.csv:4:"));
}

/* Large cells, long lines, and lines that lie across the reader's blocks. */
static void
test_sizes(struct fixture *f, gconstpointer data)
{
    (void)data;
    g_autofree char *long_name = g_strnfill(900 * 1024, 'n');
    g_autofree char *file = g_strdup_printf("account,name,plan\na,%s,x\nb,B,y\n", long_name);
    import_good(f, file);
    assert_int(f, "SELECT length(json_extract(facts, '$.name')) FROM account_facts WHERE account_id = 1",
               900 * 1024);
    g_autofree char *longer = g_strnfill(1100 * 1024, 'n');
    g_autofree char *too_long = g_strdup_printf("account,name\na,\"%s\"\n", longer);
    import_bad(f, too_long, "column \"name\": a cell over 1 MiB");
    g_autoptr(GString) open = g_string_new("account,name\na,\"x\n");
    for (int i = 0; i < 200000; i++)
        g_string_append(open, "more,cells\n");
    import_bad(f, open->str, "a.csv:2: column \"name\": a cell over 1 MiB: is a quote left open?");
    g_autoptr(GString) endless = g_string_new("account,name\na,");
    for (int i = 0; i < 17; i++)
        g_string_append_len(endless, longer, 1024 * 1024);
    import_bad(f, endless->str, "a.csv:2: a line over 16 MiB");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST("bad-rows", test_bad_rows);
    TEST("sizes", test_sizes);
    return g_test_run();
}
