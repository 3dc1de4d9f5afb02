/* What the Golden Liquid suite does not say of rendering: strictness, our own filters, and quirks of the
 * language that templates in the wild lean on. */
#include "fixture_liquid.h"

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
    g_test_add_func("/liquid/render/filters", test_filters);
    g_test_add_func("/liquid/render/dates", test_dates);
    g_test_add_func("/liquid/render/tags", test_tags);
    g_test_add_func("/liquid/render/lax", test_lax);
    g_test_add_func("/liquid/render/again", test_again);
    return g_test_run();
}
