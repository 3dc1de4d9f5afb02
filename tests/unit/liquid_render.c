/* What the Golden Liquid suite does not say: strictness, error positions, limits, the emit hook, partials,
 * our own filters, and quirks of the language that templates in the wild lean on. Every table row is one
 * render. */
#include "liquid/liquid.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static const char facts[] =
    "{\"first_name\":\"Ana\",\"company\":\"Ac*me\",\"gone\":null,\"mrr\":1234.5,\"seats\":1200,\"loss\":-"
    "1234.5,"
    "\"zero\":0,\"html\":\"<b>&\",\"list\":[3,1,2],\"customer\":{\"name\":\"Bo\",\"plan\":\"pro\"},"
    "\"people\":[{\"name\":\"Zoe\",\"age\":5},{\"name\":\"adam\",\"age\":3},{\"name\":\"Bea\"}],"
    "\"umlaut\":\"\\u00e4rger\",\"when\":\"2024-02-29T13:05:09Z\",\"emoji\":"
    "\"\\ud83d\\ude00\\ud83d\\ude01x\"}";

static const char *const partials[][2] = {
    {"hello", "Hello {{ who }}!"},       {"broken", "line\n{% if %}"},
    {"self", "{% render 'self' %}"},     {"typo", "a\n b {{ nobody }}"},
    {"sets", "{% assign set = 'in' %}"}, {"item", "{{ forloop.index }}{{ item }} "},
    {"nested", "{% include 'hello' %}"}, {"stop", "{% break %}"},
    {"folder/card", "{{ card.name }}"},
};

struct fixture {
    json_t *data;
    GHashTable *parsed;
    GString *seen;
};

static void
free_template(gpointer tpl)
{
    liquid_template_free(tpl);
}

static const struct liquid_template *
load(void *user, const char *name, GError **error)
{
    struct fixture *fixture = user;
    struct liquid_template *tpl = g_hash_table_lookup(fixture->parsed, name);

    for (size_t i = 0; !tpl && i < G_N_ELEMENTS(partials); i++)
        if (strcmp(partials[i][0], name) == 0) {
            tpl = liquid_template_parse(name, partials[i][1], strlen(partials[i][1]), error);
            if (tpl)
                g_hash_table_insert(fixture->parsed, g_strdup(name), tpl);
            return tpl;
        }
    if (!tpl)
        g_set_error(error, USHER_ERROR, USHER_ERROR_NO_INPUT, "no such file");
    return tpl;
}

static bool
emit(void *user, const char *value, size_t len, GString *out, GError **error)
{
    (void)user;
    if (memchr(value, '!', len)) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "no shouting");
        return false;
    }
    g_string_append_printf(out, "<%.*s>", (int)len, value);
    return true;
}

static void
observe(void *user, const char *name, const struct liquid_value *value)
{
    struct fixture *fixture = user;
    g_string_append_printf(fixture->seen, "%s:%d ", name, (int)value->type);
}

static void
decide(void *user, const char *file, unsigned line, bool holds)
{
    struct fixture *fixture = user;
    g_string_append_printf(fixture->seen, "%s:%u=%d ", file, line, holds);
}

static struct fixture
fixture_new(void)
{
    json_error_t problem;
    struct fixture fixture = {
        .data = json_loads(facts, 0, &problem),
        .parsed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_template),
        .seen = g_string_new(NULL),
    };
    g_assert_nonnull(fixture.data);
    return fixture;
}

static void
fixture_free(struct fixture *fixture)
{
    json_decref(fixture->data);
    g_hash_table_unref(fixture->parsed);
    g_string_free(fixture->seen, TRUE);
}

/* The output, or the error's message after "ERROR ". */
static char *
render(const char *source, size_t len, const struct liquid_options *options)
{
    g_autoptr(GString) out = g_string_new("before ");
    g_autoptr(GError) error = NULL;
    scoped(liquid_template_free) struct liquid_template *tpl =
        liquid_template_parse("t.md", source, len, &error);

    if (tpl && liquid_template_render(tpl, options, out, &error)) {
        g_assert_no_error(error);
        g_assert_true(g_str_has_prefix(out->str, "before "));
        return g_strdup(out->str + strlen("before "));
    }
    g_assert_nonnull(error);
    g_assert_cmpint(error->domain, ==, USHER_ERROR);
    g_assert_cmpint(error->code, ==, USHER_ERROR_DATA);
    g_assert_cmpstr(out->str, ==, "before ");
    return g_strdup_printf("ERROR %s", error->message);
}

struct row {
    const char *source, *expected;
};

static void
check_rows(const struct row *rows, size_t n, const struct liquid_options *options)
{
    for (size_t i = 0; i < n; i++) {
        g_autofree char *got = render(rows[i].source, strlen(rows[i].source), options);
        if (strcmp(got, rows[i].expected) != 0) {
            g_test_message("%s\nexpected: %s\ngot:      %s", rows[i].source, rows[i].expected, got);
            g_test_fail();
        }
    }
}

static void
test_strict(void)
{
    static const struct row rows[] = {
        {"Hi {{ first_name }}", "Hi Ana"},
        {"a\nb {{ frist_name }}",
         "ERROR t.md:2:6: unknown variable frist_name, did you mean first_name?, near \"frist_name }}\""},
        {"{{ frist_name | default: 'there' }}", "ERROR t.md:1:4: unknown variable frist_name, did you mean "
                                                "first_name?, near \"frist_name | default: 'there' }}\""},
        {"{{ gone | default: 'there' }}", "there"},
        {"{% if gone == blank %}x{% endif %}", "x"},
        {"{% if nope %}x{% endif %}", "ERROR t.md:1:7: unknown variable nope, near \"nope %}x{% endif %}\""},
        {"{{ gone.anything }}", ""},
        {"{{ customer.plans }}",
         "ERROR t.md:1:13: unknown property plans, did you mean plan?, near \"plans }}\""},
        {"{{ customer['name'] }} {{ customer.size }} {{ customer.last }}", "Bo 2 "},
        {"{% assign key = 'none' %}{{ customer[key] }}", ""},
        {"{{ list.first }}{{ list.last }}{{ list.size }}{{ list[9] }}", "323"},
        {"{{ list.length }}", "ERROR t.md:1:9: unknown property length, near \"length }}\""},
        {"{% for x in list %}{{ forloop.indx }}{% endfor %}",
         "ERROR t.md:1:31: unknown property indx, near \"indx }}{% endfor %}\""},
        {"{% if gone %}{% assign x = 1 %}{% endif %}[{{ x }}]", "[]"},
        {"{% for x in list %}{% endfor %}{{ x }}", "ERROR t.md:1:35: unknown variable x, near \"x }}\""},
        {"{{ [\"first_name\"] }}", "Ana"},
        {"{{ [\"who\"] }}", "ERROR t.md:1:5: unknown variable who, near \"\"who\"] }}\""},
        {"{% assign n = 'company' %}{{ [n] }}", "Ac*me"},
        {"{% increment seats_seen %}{{ seats_seen }}", "01"},
    };
    struct fixture fixture = fixture_new();
    struct liquid_options options = {.data = liquid_data_json(fixture.data)};

    check_rows(rows, G_N_ELEMENTS(rows), &options);
    fixture_free(&fixture);
}

static void
test_refused(void)
{
    static const struct row rows[] = {
        {"{{ first_name", "ERROR t.md:1:1: expected }}, near \"{{ first_name\""},
        {"x {% if a", "ERROR t.md:1:3: expected %}, near \"{% if a\""},
        {"\n {% iff a %}", "ERROR t.md:2:5: unknown tag iff, did you mean if?, near \"iff a %}\""},
        {"{% if true %}", "ERROR t.md:1:4: expected {% endif %} after {% if %}, near \"if true %}\""},
        {"{% endif %}", "ERROR t.md:1:4: expected no {% endif %} here: nothing is open that it belongs to, "
                        "near \"endif %}\""},
        {"{% if true %}{% endfor %}",
         "ERROR t.md:1:17: expected no {% endfor %} here: nothing is open that it "
         "belongs to, near \"endfor %}\""},
        {"{{ x | upcas }}", "ERROR t.md:1:8: unknown filter upcas, did you mean upcase?, near \"upcas }}\""},
        {"{% if false %}{{ x | nope }}{% endif %}",
         "ERROR t.md:1:22: unknown filter nope, near \"nope }}{% endif %}\""},
        {"{{ x | append }}", "ERROR t.md:1:8: the filter append takes 1 argument, near \"append }}\""},
        {"{{ x | append: 1, b: 2 }}",
         "ERROR t.md:1:8: the filter append takes no named arguments, near \"append: 1, b: 2 }}\""},
        {"{{ x y }}", "ERROR t.md:1:6: expected the end of the tag, near \"y }}\""},
        {"{{ 'x }}", "ERROR t.md:1:4: expected a value, near \"'x }}\""},
        {"{{ x | }}", "ERROR t.md:1:8: expected the name of a filter, near \"}}\""},
        {"{{ x. }}", "ERROR t.md:1:7: expected a property name after the dot, near \"}}\""},
        {"{{ x[0 }}", "ERROR t.md:1:8: expected ], near \"}}\""},
        {"{{ (1..) }}", "ERROR t.md:1:8: expected a value, near \") }}\""},
        {"{{ (1...3) }}", "ERROR t.md:1:8: expected a value, near \".3) }}\""},
        {"{% if a = b %}{% endif %}",
         "ERROR t.md:1:9: expected and, or, a comparison or the end of the tag, near \"= b %}{% endif %}\""},
        {"{% if a == %}{% endif %}", "ERROR t.md:1:12: expected a value, near \"%}{% endif %}\""},
        {"{% if a && b %}{% endif %}",
         "ERROR t.md:1:9: expected and, or, a comparison or the end of the tag, near \"&& b %}{% endif %}\""},
        {"{% assign x %}", "ERROR t.md:1:13: expected = and a value, near \"%}\""},
        {"{% assign x.y = 1 %}", "ERROR t.md:1:12: expected = and a value, near \".y = 1 %}\""},
        {"{% capture %}{% endcapture %}",
         "ERROR t.md:1:12: expected a variable name, near \"%}{% endcapture %}\""},
        {"{% for x on list %}{% endfor %}",
         "ERROR t.md:1:10: expected in and what to loop over, near \"on list %}{% endfor %}\""},
        {"{% for x in list limt: 2 %}{% endfor %}",
         "ERROR t.md:1:18: expected limit, offset or the end of the tag, near \"limt: 2 %}{% endfor %}\""},
        {"{% for x in list %}{% else %}{% else %}{% endfor %}",
         "ERROR t.md:1:33: expected no {% else %} here: nothing is open that it belongs to, near \"else %}{% "
         "endfor %}\""},
        {"{% case x %}{% when 1 and 2 %}{% endcase %}",
         "ERROR t.md:1:23: expected a comma, or, or the end of the tag, near \"and 2 %}{% endcase %}\""},
        {"{% case x %}{% else y %}{% endcase %}",
         "ERROR t.md:1:21: expected the end of the tag, near \"y %}{% endcase %}\""},
        {"{% case %}{% endcase %}", "ERROR t.md:1:9: expected a value, near \"%}{% endcase %}\""},
        {"{% cycle %}", "ERROR t.md:1:10: expected a value, near \"%}\""},
        {"{% render name %}", "ERROR t.md:1:11: expected the name of a template in quotes, near \"name %}\""},
        {"{% raw %}x", "ERROR t.md:1:4: expected {% endraw %} after {% raw %}, near \"raw %}x\""},
        {"{% %}", "ERROR t.md:1:1: expected the name of a tag, near \"{% %}\""},
        {"{% liquid\n if true\n echo 1\n%}{% endif %}",
         "ERROR t.md:2:2: expected {% endif %} after {% if %}, near \"if true\""},
        {"{% liquid\n echo 1\n ?\n%}", "ERROR t.md:3:1: expected a tag, near \" ?\""},
        {"{% break now %}", "ERROR t.md:1:10: expected the end of the tag, near \"now %}\""},
        {"abc \xff def", "ERROR t.md:1:5: expected UTF-8 text, near \"\xef\xbf\xbd def\""},
        {"\xc3\xa4\xc3\xb6 {{ x", "ERROR t.md:1:4: expected }}, near \"{{ x\""},
    };

    check_rows(rows, G_N_ELEMENTS(rows), NULL);
}

static void
test_runtime_errors(void)
{
    static const struct row rows[] = {
        {"{{ 1 | divided_by: 0 }}", "ERROR t.md:1:8: divided by 0, near \"divided_by: 0 }}\""},
        {"{% if 'a' < 1 %}{% endif %}",
         "ERROR t.md:1:7: cannot compare text with a number, near \"'a' < 1 %}{% endif %}\""},
        {"{{ list | sort: 'x' }}", "ERROR t.md:1:11: an item has no such property, near \"sort: 'x' }}\""},
        {"{% for x in list limit: 'y' %}{% endfor %}",
         "ERROR t.md:1:25: expected an integer here, near \"'y' %}{% endfor %}\""},
        {"{{ company | money }}", "ERROR t.md:1:14: expected a number, near \"money }}\""},
        {"{{ list | concat: company }}",
         "ERROR t.md:1:11: concat expected an array, near \"concat: company }}\""},
    };
    struct fixture fixture = fixture_new();
    struct liquid_options options = {.data = liquid_data_json(fixture.data)};

    check_rows(rows, G_N_ELEMENTS(rows), &options);
    fixture_free(&fixture);
}

static void
test_filters(void)
{
    static const struct row rows[] = {
        {"{{ mrr | money }}|{{ seats | money }}|{{ mrr | money: '$' }}|{{ seats | money: 'USD' }}",
         "1,234.50|1,200|$1,234.50|USD 1,200"},
        {"{{ loss | money: '$' }}|{{ -0.001 | money }}|{{ 0.005 | money }}|{{ '99.999' | money }}",
         "-$1,234.50|0|0.01|100"},
        {"{{ gone | money }}|{{ zero | money }}|{{ gone | money | default: 'free' }}", "|0|free"},
        {"{{ 1234567 | number }}|{{ 999 | number }}|{{ -1000.25 | number }}|{{ 3.14159 | number: 2 }}|{{ 5 | "
         "number: 1 }}",
         "1,234,567|999|-1,000.25|3.14|5.0"},
        {"{{ 0.1 | plus: 0.2 }} {{ 1.1 | times: 3 }} {{ 7 | divided_by: -2 }} {{ -7 | modulo: 3 }} {{ 1 | "
         "divided_by: 3.0 }}",
         "0.3 3.3 -4 2 0.3333333333333333"},
        {"{{ 9223372036854775807 | plus: 1 }} {{ 99999999999999999999 }} {{ 1e3 }}",
         "ERROR t.md:1:68: expected the end of the tag, near \"e3 }}\""},
        {"{{ 9223372036854775807 | plus: 1 }} {{ 99999999999999999999 | minus: 1 }}",
         "9223372036854775808 99999999999999999998"},
        {"{{ 2.5 | round }} {{ -2.5 | round }} {{ 1.005 | round: 2 }} {{ 1234 | round: -2 }} {{ 5.0 }} {{ "
         "1.0 | times: 2 }}",
         "3 -3 1.01 1200 5.0 2.0"},
        {"{{ 0.00001 | times: 1 }} {{ 12345678901234567000.5 }}", "1.0e-05 1.2345678901234567e+19"},
        {"{{ umlaut | upcase }} {{ umlaut | capitalize }} {{ 'STRASSE' | downcase }} {{ umlaut | size }}",
         "\xc3\x84RGER \xc3\x84rger strasse 5"},
        {"{{ emoji | size }} {{ emoji | slice: -2, 2 }} {{ emoji | truncate: 2, '' }} {{ emoji | split: '' | "
         "join: '.' }}",
         "3 \xf0\x9f\x98\x81x \xf0\x9f\x98\x80\xf0\x9f\x98\x81 \xf0\x9f\x98\x80.\xf0\x9f\x98\x81.x"},
        {"{{ people | map: 'name' | sort_natural | join: ',' }} {{ people | sort: 'age' | map: 'name' | "
         "join: ',' }}",
         "adam,Bea,Zoe adam,Zoe,Bea"},
        {"{{ people | where: 'age', 3 | map: 'name' }} {{ people | sum: 'age' }} {{ people | find: 'name', "
         "'Bea' }}",
         "adam 8 {\"name\"=>\"Bea\"}"},
        {"{{ people | has: 'age', 5 }} {{ people | reject: 'age' | map: 'name' }} {{ people | find_index: "
         "'age', 3 }}",
         "true Bea 1"},
        {"{{ html | escape }} {{ html | escape_once }} {{ '&lt;<' | escape_once }} {{ '<p>a<br/>b</p' | "
         "strip_html }}",
         "&lt;b&gt;&amp; &lt;b&gt;&amp; &lt;&lt; ab</p"},
        {"{{ list | sort | reverse | join }} {{ (1..3) | concat: list | uniq | size }} {{ list | slice: 1, 9 "
         "| join }}",
         "3 2 1 3 1 2"},
        {"{{ 'a b' | url_encode }} {{ 'a+b%21%' | url_decode }} {{ '\xc3\xa9' | url_encode }}",
         "a+b a b!% %C3%A9"},
        {"{{ 'a,,b,,' | split: ',' | size }} {{ ' a  b ' | split: ' ' | size }} {{ ',a' | split: ',' | size "
         "}}",
         "3 2 2"},
        {"{{ 'YQ' | base64_url_safe_decode }}{{ 'YQ==' | base64_decode }}", "aa"},
        {"{{ (1..5) }} {{ (3..1) | size }} {{ (1..3) | last }} {{ list }} {{ customer }}",
         "1..5 0 3 312 {\"name\"=>\"Bo\", \"plan\"=>\"pro\"}"},
        {"{{ 'one two three' | truncatewords: 2 }} {{ 'one two' | truncatewords: 2 }} {{ 'a b' | "
         "truncatewords: 0 }}",
         "one two... one two a..."},
        {"{{ false | default: 'x' }} {{ false | default: 'x', allow_false: true }} {{ '' | default: 'x' }} "
         "{{ 0 | default: 'x' }}",
         "x false x 0"},
    };
    struct fixture fixture = fixture_new();
    struct liquid_options options = {.data = liquid_data_json(fixture.data)};

    check_rows(rows, G_N_ELEMENTS(rows), &options);
    fixture_free(&fixture);
}

static void
test_dates(void)
{
    static const struct row rows[] = {
        {"{{ when | date: '%Y-%m-%d %H:%M:%S %z %Z' }}", "2024-02-29 13:05:09 +0000 UTC"},
        {"{{ when | date: '%-d %B %Y, %A, %l:%M %p %j %U %W %V %u %w %s' }}",
         "29 February 2024, Thursday,  1:05 PM 060 08 09 09 4 4 1709211909"},
        {"{{ when | date: '%^a %e %y %C %D %F %T %R %r %I %k %P %% %Q %' }}",
         "THU 29 24 20 02/29/24 2024-02-29 13:05:09 13:05 01:05:09 PM 01 13 pm % %Q %"},
        {"{{ when | date: '%#A|%#b|%#p|%#Z|%-10a|%Ey|%Od|%Eq|%E' }}", "THURSDAY|FEB|pm|utc|Thu|24|29|%Eq|%E"},
        {"{{ '2016-03-14 10:30:00.1239' | date: '%L %6N' }} {{ '2016-03-14T10:30:00,5+02:00' | date: '%T.%L' "
         "}}",
         "123 123900 10:30:00.500"},
        {"{{ when | date: '%10Y|%-m|%_m|%03d|%L|%3N|%:z|%c|%x|%X|%v|%h' }}",
         "0000002024|2| 2|029|000|000|+00:00|Thu Feb 29 13:05:09 2024|02/29/24|13:05:09|29-FEB-2024|Feb"},
        {"{{ 'March 14, 2016' | date: '%F' }} {{ '14th of Mar 2016' | date: '%F' }} {{ '2016-3-4' | date: "
         "'%F' }}",
         "2016-03-14 2016-03-14 2016-03-04"},
        {"{{ '14/03/2016' | date: '%F' }} {{ '2016/03/14 5:30pm' | date: '%F %R' }} {{ '14.3.2016' | date: "
         "'%F' }}",
         "2016-03-14 2016-03-14 17:30 2016-03-14"},
        {"{{ 'Mon, 14 Mar 2016 10:00:00 +0200' | date: '%F %T %z' }} {{ '20160314T101112' | date: '%F %T' }}",
         "2016-03-14 10:00:00 +0200 2016-03-14 10:11:12"},
        {"{{ 'Thu Mar 14 10:00:00 UTC 2019' | date: '%F %T' }} {{ '2016-03-14T10:30:00.123-0530' | date: '%T "
         "%z' }}",
         "2019-03-14 10:00:00 10:30:00 -0530"},
        {"{{ 'now' | date: '%F' }} {{ 'today' | date: '%Y' }} {{ '10:30' | date: '%F %R' }} {{ 'March 3' | "
         "date: '%F' }}",
         "2024-05-01 2024 2024-05-01 10:30 2024-03-03"},
        {"{{ 0 | date: '%F' }} {{ '1152098955' | date: '%F' }} {{ -86400 | date: '%F' }}",
         "1970-01-01 2006-07-05 1969-12-31"},
        {"{{ '2016-02-30' | date: '%F' }} {{ 'soon' | date: '%F' }} {{ gone | date: '%F' }} {{ 1.5 | date: "
         "'%F' }} {{ '' | date: '%F' }}",
         "2016-02-30 soon  1.5 "},
        {"{{ when | date: '' }} {{ '25:00' | date: '%R' }} {{ '12 pm' | date: '%R' }} {{ '12 am' | date: "
         "'%R' }}",
         "2024-02-29T13:05:09Z 25:00 12:00 00:00"},
    };
    static const struct row zoned[] = {
        {"{{ when | date: '%F %R %Z' }} {{ '2024-07-01 10:00' | date: '%R %z' }}",
         "2024-02-29 08:05 EST 10:00 -0400"},
        {"{{ '2024-07-01T10:00:00+02:00' | date: '%R' }} {{ 0 | date: '%F %R' }}", "04:00 1969-12-31 19:00"},
    };
    struct fixture fixture = fixture_new();
    g_autoptr(GTimeZone) zone = g_time_zone_new_identifier("America/New_York");
    struct liquid_options options = {.data = liquid_data_json(fixture.data),
                                     .now_us = G_GINT64_CONSTANT(1714557600) * G_USEC_PER_SEC};

    check_rows(rows, G_N_ELEMENTS(rows), &options);
    g_assert_nonnull(zone);
    options.zone = zone;
    check_rows(zoned, G_N_ELEMENTS(zoned), &options);
    fixture_free(&fixture);
}

static void
test_tags(void)
{
    static const struct row rows[] = {
        {"{% for i in (1..3) reversed limit: 2 %}{{ i }}{% endfor %}", "21"},
        {"{% for i in list offset: -1 limit: 2 %}{{ i }}{% endfor %}", "3"},
        {"{% for i in (1..3) %}{% if i == 2 %}{% continue %}{% endif %}{{ i }}{% endfor %}", "13"},
        {"a{% break %}b", "a"},
        {"{% for i in (1..2) %}{% for j in (1..9) %}{{ j }}{% if j == 2 %}{% break %}{% endif %}{% endfor "
         "%};{% endfor %}",
         "12;12;"},
        {"{% for p in customer %}{{ p[0] }}={{ p.last }};{% endfor %}", "name=Bo;plan=pro;"},
        {"{% for x in (1..1000000000) limit: 2 %}{{ forloop.rindex }}{{ x }} {% endfor %}", "21 12 "},
        {"{% assign f = '' %}{% for x in (1..2) %}{% assign f = forloop %}{% endfor %}{{ f.index }}", "3"},
        {"{% tablerow x in gone %}{% endtablerow %}|{% tablerow x in '' %}{% endtablerow %}",
         "|<tr class=\"row1\">\n</tr>\n"},
        {"{% case 5 %}{% when 1, 5 %}a{% when 5 %}b{% else %}c{% endcase %}", "ab"},
        {"{% case gone %}{% when blank %}empty{% endcase %}", "empty"},
        {"{% cycle 'a', 'b' %}{% cycle 'a', 'b' %}{% cycle 'x': 'a', 'b' %}{% cycle first_name, 'q' %}{% "
         "cycle first_name, 'q' %}",
         "abaAnaAna"},
        {"{% for c in 'abc' limit: 0 offset: 2 %}{{ c }}{% endfor %}", "abc"},
        {"{% increment zero %}{{ zero }}{% decrement n %}{% decrement n %}", "01-1-2"},
        {"{% for i in (1..4) %}{% ifchanged %}{{ i | divided_by: 2 }}{% endifchanged %}{% endfor %}", "012"},
        {"{% capture 'x' %}{{ first_name }}{% endcapture %}{{ x | upcase }}", "ANA"},
        {"{%- liquid\n assign a = 1\n # note\n for i in (1..2)\n  echo i\n endfor\n-%}  |{{ a }}", "12|1"},
        {"{%- # one\n # two -%} x", "x"},
        {"{% comment %}{% if %}{% raw %}{% endcomment %}{% endraw %}{% comment %}{% endcomment %}{% "
         "endcomment %}y",
         "y"},
        {"{% raw %}{{ x }}{% raw %}{% endraw %}", "{{ x }}{% raw %}"},
        {"{{-first_name-}} ! {{- ' a ' -}} !", "Ana! a !"},
        {"{% if true and false or true %}y{% else %}n{% endif %}{% if false and true or true %}y{% else "
         "%}n{% endif %}",
         "yn"},
        {"{% if list contains 2 %}y{% endif %}{% if customer contains 'name' %}y{% endif %}{% if (1..3) "
         "contains 4 %}n{% endif %}",
         "yy"},
        {"{% if list contains 2 and customer contains 'name' and 'abc' contains 'b' %}y{% endif %}", "y"},
        {"{% if '  ' == blank %}b{% endif %}{% if '  ' == empty %}e{% endif %}{% if gone == empty %}e{% "
         "endif %}",
         "b"},
        {"{% if 1 < gone %}n{% endif %}{% if list > 1 %}n{% endif %}{% if 1 == 1.0 %}y{% endif %}", "y"},
        {"{% unless gone %}a{% elsif true %}b{% endunless %}", "a"},
        {"{{ 'it''s' }}", "ERROR t.md:1:8: expected the end of the tag, near \"'s' }}\""},
        {"{{ }}{{ nil }}{{ true }}{{ empty }}{{ blank }}", "true"},
        {"{{ customer.name.first }}{{ customer.name.size }}", "B2"},
        {"{ {x} % } {", "{ {x} % } {"},
    };
    struct fixture fixture = fixture_new();
    struct liquid_options options = {.data = liquid_data_json(fixture.data)};

    check_rows(rows, G_N_ELEMENTS(rows), &options);
    fixture_free(&fixture);
}

static void
test_partials(void)
{
    static const struct row rows[] = {
        {"{% render 'hello', who: first_name %}", "Hello Ana!"},
        {"{% assign who = 'x' %}{% render 'hello' %}",
         "ERROR hello:1:10: unknown variable who, near \"who }}!\""},
        {"{% assign who = 'x' %}{% include 'hello' %}", "Hello x!"},
        {"{% render 'missing' %}",
         "ERROR t.md:1:11: no template called missing: no such file, near \"'missing' %}\""},
        {"{% render 'broken' %}", "ERROR broken:2:7: expected a value, near \"%}\""},
        {"x{% render 'typo' %}", "ERROR typo:2:7: unknown variable nobody, near \"nobody }}\""},
        {"{% render 'self' %}", "ERROR self:1:11: nested more than 150 deep, near \"'self' %}\""},
        {"{% include 'sets' %}{{ set }}", "in"},
        {"{% render 'item' for list %}|{% render 'item' for (7..8) as item %}", "13 21 32 |17 28 "},
        {"{% render 'nested' %}", "ERROR nested:1:4: expected no include inside a rendered template: use "
                                  "render, near \"include 'hello' %}\""},
        {"{% for i in (1..3) %}{{ i }}{% include 'stop' %}{% endfor %}{% for i in (1..2) %}{{ i }}{% render "
         "'stop' %}{% endfor %}",
         "112"},
        {"{% render 'folder/card' with customer %}{% include 'folder/card' for people %}", "BoZoeadamBea"},
        {"{% assign file = 'hello' %}{% include file, who: 1 %}", "Hello 1!"},
        {"{% include gone %}", "ERROR t.md:1:12: expected the name of a template, near \"gone %}\""},
    };
    struct fixture fixture = fixture_new();
    struct liquid_options options = {.data = liquid_data_json(fixture.data), .user = &fixture, .load = load};

    check_rows(rows, G_N_ELEMENTS(rows), &options);
    fixture_free(&fixture);
}

static void
test_emit(void)
{
    static const struct row rows[] = {
        {"*Hi* {{ first_name }}, {{ gone }}{{ seats }} {% echo company %}", "*Hi* <Ana>, <1200> <Ac*me>"},
        {"{% capture x %}**{{ company }}**{% endcapture %}{{ x }}", "**<Ac*me>**"},
        {"{% capture x %}**{{ company }}**{% endcapture %}{{ x | upcase }} {% if x == '**Ac*me**' %}same{% "
         "endif %} {{ x.size }}",
         "<**AC*ME**> same <9>"},
        {"{% capture x %}{{ company }}{% endcapture %}{% assign y = x %}{{ y | default: 'z' }}", "<Ac*me>"},
        {"{% capture a %}({% capture b %}{{ seats }}{% endcapture %}{{ b }}){% endcapture %}{{ a }}{{ b | "
         "plus: 1 }}",
         "(<1200>)<1201>"},
        {"{% for i in (1..3) %}{% ifchanged %}{{ first_name }}{% endifchanged %}{% endfor %}", "<Ana>"},
        {"{% raw %}{{ x }}{% endraw %}{% cycle company, 'b' %}{% increment n %}", "{{ x }}<Ac*me><0>"},
        {"{{ 'loud!' }}", "ERROR no shouting"},
        {"{{ list }}", "<312>"},
    };
    struct fixture fixture = fixture_new();
    struct liquid_options options = {.data = liquid_data_json(fixture.data), .emit = emit};

    check_rows(rows, G_N_ELEMENTS(rows), &options);
    fixture_free(&fixture);
}

static void
test_limits(void)
{
    static const struct {
        const char *source, *expected;
        struct liquid_limits limits;
    } rows[] = {
        {"{% for i in (1..1000000000) %}{% endfor %}", "takes more than 1000000 steps", {0}},
        {"{{ (1..1000000000) | join }}", "takes more than 1000000 steps", {0}},
        {"{{ (1..1000000000) | size }}", NULL, {0}},
        {"{% for i in (1..20) %}{{ i }}{% endfor %}", "takes more than 30 steps", {.steps = 30}},
        {"0123456789{{ '0123456789' }}", "longer than 15 bytes", {.output = 15}},
        {"{% capture x %}0123456789{{ '0123456789' }}{% endcapture %}",
         "longer than 15 bytes",
         {.output = 15}},
        {"{% assign x = 'xxxxxxxxxxxxxxxx' %}{% for i in (1..40) %}{% assign x = x | append: x %}{% endfor "
         "%}",
         "needs more than 33554432 bytes",
         {0}},
        {"{% assign x = 'xxxxxxxxxxxxxxxx' %}{% for i in (1..16) %}{% assign x = x | append: x %}{% endfor "
         "%}{{ x | replace: '', x }}",
         "needs more than 33554432 bytes",
         {0}},
        {"{% if true %}{% if true %}{% if true %}x{% endif %}{% endif %}{% endif %}",
         "nested more than 3 deep",
         {.nesting = 3}},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct liquid_options options = {.limits = rows[i].limits};
        g_autofree char *got = render(rows[i].source, strlen(rows[i].source), &options);
        if (rows[i].expected ? !strstr(got, rows[i].expected) : g_str_has_prefix(got, "ERROR"))
            g_error("%s\nexpected: %s\ngot: %s", rows[i].source, rows[i].expected, got);
    }
}

static void
test_depth(void)
{
    static const struct {
        const char *open, *middle, *close;
    } rows[] = {{"{% if true %}", "x", "{% endif %}"},
                {"{{ [", "'a'", "] }}"},
                {"{% capture x %}", "", "{% endcapture %}"},
                {"{% liquid liquid ", "", " %}"}};

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GString) source = g_string_new(NULL);
        for (int n = 0; n < 5000; n++)
            g_string_append(source, i == 1 && n > 0 ? "[" : i == 3 && n > 0 ? "liquid " : rows[i].open);
        g_string_append(source, rows[i].middle);
        for (int n = 0; n < 5000 && i != 3; n++)
            g_string_append(source, i == 1 && n < 4999 ? "]" : rows[i].close);
        if (i == 3)
            g_string_append(source, rows[i].close);
        g_autofree char *got = render(source->str, source->len, NULL);
        if (!strstr(got, "nested more than 100 deep"))
            g_error("depth %zu: %.200s", i, got);
    }
}

static void
test_observe(void)
{
    static const char source[] =
        "{{ first_name }}{{ first_name }}{% if gone %}{{ mrr }}{% endif %}{{ customer.name }}"
        "{% assign x = 1 %}{{ x }}";
    struct fixture fixture = fixture_new();
    struct liquid_options options = {
        .data = liquid_data_json(fixture.data), .user = &fixture, .observe = observe};
    g_autofree char *got = render(source, strlen(source), &options);
    g_autofree char *expected =
        g_strdup_printf("first_name:%d gone:%d customer:%d ", LIQUID_STRING, LIQUID_NIL, LIQUID_JSON);

    g_assert_cmpstr(got, ==, "AnaAnaBo1");
    g_assert_cmpstr(fixture.seen->str, ==, expected);
    fixture_free(&fixture);
}

static void
test_decide(void)
{
    static const char source[] =
        "{% if gone %}a{% elsif mrr > 1 %}b{% else %}c{% endif %}\n{% unless seats %}d{% endunless %}"
        "{% if true %}{% if false %}{% endif %}{% endif %}";
    struct fixture fixture = fixture_new();
    struct liquid_options options = {
        .data = liquid_data_json(fixture.data), .user = &fixture, .decide = decide};
    g_autofree char *got = render(source, strlen(source), &options);

    g_assert_cmpstr(got, ==, "b\n");
    g_assert_cmpstr(fixture.seen->str, ==, "t.md:1=0 t.md:1=1 t.md:2=0 t.md:2=1 t.md:2=0 ");
    fixture_free(&fixture);
}

static void
test_listing(void)
{
    static const char source[] =
        "{{ a }}\n  {% for x in b.c[d] limit: e %}{{ x }}{{ forloop.index }}{{ f | append: g }}"
        "{% else %}{{ x }}{% endfor %}{% assign h = h | plus: i %}{{ h }}{{ a }}"
        "{% case j %}{% when k, l %}{{ m }}{% endcase %}{% render 'p', q: r %}"
        "{% include 's' %}{% include t %}{% tablerow u in v %}{{ tablerowloop.row }}"
        "{% endtablerow %}{% if w > (y..z) %}{% endif %}";
    static const char *const expected = "a b d e f g x i j k l m r t v w y z ";
    g_autoptr(GError) error = NULL;
    scoped(liquid_template_free) struct liquid_template *tpl =
        liquid_template_parse("t", source, strlen(source), &error);
    g_autoptr(GString) names = g_string_new(NULL);
    size_t n, n_partials;

    g_assert_no_error(error);
    g_autofree struct liquid_name *variables = liquid_template_variables(tpl, &n);
    g_autofree struct liquid_name *files = liquid_template_partials(tpl, &n_partials);
    for (size_t i = 0; i < n; i++)
        g_string_append_printf(names, "%s ", variables[i].name);
    g_assert_cmpstr(names->str, ==, expected);
    g_assert_cmpuint(variables[1].line, ==, 2);
    g_assert_cmpuint(variables[1].column, ==, 15);
    g_assert_cmpuint(n_partials, ==, 2);
    g_assert_cmpstr(files[0].name, ==, "p");
    g_assert_cmpstr(files[1].name, ==, "s");
}

/* Markup that begins again and again and never ends: looking for each end anew would take hours. */
static void
test_endless_markup(void)
{
    static const char *const begins[] = {"<", "<script", "<!--", "<style>", "<a "};
    static const char source[] = "{{ text | strip_html | size }}";
    enum { N = 500000 };

    for (size_t i = 0; i < G_N_ELEMENTS(begins); i++) {
        g_autoptr(GString) text = g_string_new(NULL), out = g_string_new(NULL);
        g_autoptr(GError) error = NULL;
        for (int n = 0; n < N; n++)
            g_string_append(text, begins[i]);
        json_t *data = json_pack("{s:s}", "text", text->str);
        struct liquid_options options = {.data = liquid_data_json(data)};
        scoped(liquid_template_free) struct liquid_template *tpl =
            liquid_template_parse("t", source, strlen(source), &error);
        g_assert_true(liquid_template_render(tpl, &options, out, &error));
        size_t left = strcmp(begins[i], "<style>") == 0 ? 0 : text->len; /* each of these is a tag */
        g_assert_cmpuint(strtoul(out->str, NULL, 10), ==, left);
        json_decref(data);
    }
}

/* Parsed lax, a word that means nothing in a parameter is left out, whatever the values are. */
static void
test_lax(void)
{
    static const struct row {
        const char *template, *expected;
    } rows[] = {
        {"{% case plan %}{% when 'a' %}a{% when 'b' and 'c' %}b{% else %}else{% endcase %}", "else"},
        {"{% case nosuch %}{% when 'a' %}a{% when 'b' and 'c' %}b{% else %}else{% endcase %}", "else"},
        {"{% case 'b' %}{% when 'b' and 'c' %}b{% else %}else{% endcase %}", "b"}};
    struct liquid_options options = {.data = liquid_data_json(json_object()), .lax = true};

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GString) out = g_string_new(NULL);
        g_autoptr(GError) error = NULL;
        scoped(liquid_template_free) struct liquid_template *tpl =
            liquid_template_parse_lax("t", rows[i].template, strlen(rows[i].template), &error);
        g_assert_no_error(error);
        g_assert_true(liquid_template_render(tpl, &options, out, &error));
        g_assert_cmpstr(out->str, ==, rows[i].expected);
        g_assert_null(liquid_template_parse("t", rows[i].template, strlen(rows[i].template), NULL));
    }
    json_decref(options.data.user);
}

/* A parsed template gives the same again and again, whatever a failed render left behind. */
static void
test_again(void)
{
    static const char source[] =
        "{% assign x = first_name | upcase %}{% cycle 'a', 'b' %}{% increment n %}{{ x }}";
    struct fixture fixture = fixture_new();
    struct liquid_options options = {.data = liquid_data_json(fixture.data)}, none = {0};
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    scoped(liquid_template_free) struct liquid_template *tpl =
        liquid_template_parse("t", source, strlen(source), &error);

    for (int i = 0; i < 3; i++) {
        g_string_truncate(out, 0);
        g_assert_true(liquid_template_render(tpl, &options, out, NULL));
        g_assert_cmpstr(out->str, ==, "a0ANA");
        g_assert_false(liquid_template_render(tpl, &none, out, &error));
        g_clear_error(&error);
    }
    fixture_free(&fixture);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/liquid/render/strict", test_strict);
    g_test_add_func("/liquid/render/refused", test_refused);
    g_test_add_func("/liquid/render/runtime-errors", test_runtime_errors);
    g_test_add_func("/liquid/render/filters", test_filters);
    g_test_add_func("/liquid/render/dates", test_dates);
    g_test_add_func("/liquid/render/tags", test_tags);
    g_test_add_func("/liquid/render/partials", test_partials);
    g_test_add_func("/liquid/render/emit", test_emit);
    g_test_add_func("/liquid/render/limits", test_limits);
    g_test_add_func("/liquid/render/depth", test_depth);
    g_test_add_func("/liquid/render/observe", test_observe);
    g_test_add_func("/liquid/render/decide", test_decide);
    g_test_add_func("/liquid/render/listing", test_listing);
    g_test_add_func("/liquid/render/lax", test_lax);
    g_test_add_func("/liquid/render/endless-markup", test_endless_markup);
    g_test_add_func("/liquid/render/again", test_again);
    return g_test_run();
}
