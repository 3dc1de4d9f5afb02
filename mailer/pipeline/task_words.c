/* See task_words.h. */
#include "pipeline/task_words.h"

#include "base/conf.h"

#include <string.h>

#define TITLE_CHARS 240

gboolean
task_words_read_title(const struct program *program, cfg_t *section, struct liquid_template **title,
                      GError **error)
{
    const char *about = cfg_title(section);
    g_autofree char *text = conf_dup_str(section, "title");
    g_autoptr(GError) local = NULL;
    size_t n;
    if (!text || !*text)
        return conf_refuse(section, error, "%s \"%s\" lacks title: expected what is to be done",
                           cfg_name(section), about);
    *title = liquid_template_parse("title", text, strlen(text), &local);
    if (!*title)
        return conf_refuse_key(section, "title", error, "title of \"%s\": %s", about, local->message);
    g_autofree struct liquid_name *partials = liquid_template_partials(*title, &n);
    if (n)
        return conf_refuse_key(section, "title", error, "title of \"%s\": a title takes in no other file",
                               about);
    g_autofree struct liquid_name *names = liquid_template_variables(*title, &n);
    for (size_t i = 0; i < n; i++) {
        if (facts_find(program->facts, names[i].name))
            continue;
        const char *nearest = facts_nearest(program->facts, names[i].name);
        return conf_refuse_key(section, "title", error, "title of \"%s\": \"%s\" is no fact%s%s%s", about,
                               names[i].name, nearest ? "; nearest is \"" : "", nearest ? nearest : "",
                               nearest ? "\"" : "");
    }
    return TRUE;
}

gboolean
task_words_read_assignee(const struct program *program, cfg_t *section, const char *key, char **assignee,
                         GError **error)
{
    const struct config *config = program->config;
    g_autofree char *word = conf_dup_str(section, key);
    *assignee = NULL;
    if (!word || strcmp(word, "owner") == 0)
        return TRUE;
    if (strcmp(word, "failsafe") == 0)
        *assignee = g_strdup(config->failsafe);
    else if (strcmp(word, "sales") == 0)
        *assignee = g_strdup(config->sales ? config->sales : config->failsafe);
    else if (config->specialists->len && !config_specialist(config, word))
        return conf_refuse_key(
            section, key, error,
            "%s of \"%s\": there is no specialist \"%s\"; expected owner, failsafe, sales or a "
            "specialist of usher.conf",
            key, cfg_title(section), word);
    else
        *assignee = g_steal_pointer(&word);
    return TRUE;
}

static bool
look_up(void *user, const char *name, size_t len, struct liquid_value *out)
{
    const struct view *v = user;
    const struct fact_value *fact = fact_row_get(v->row, name);
    (void)len;
    if (!fact)
        return false;
    *out = fact->value ? liquid_json(fact->value) : (struct liquid_value){.type = LIQUID_NIL};
    return true;
}

/* Every run of spaces and control characters becomes one space. */
static char *
on_one_line(const char *text)
{
    GString *line = g_string_new(NULL);
    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (!g_unichar_iscntrl(c) && !g_unichar_isspace(c))
            g_string_append_unichar(line, c);
        else if (line->len && line->str[line->len - 1] != ' ')
            g_string_append_c(line, ' ');
    }
    return g_strchomp(g_string_free(line, FALSE));
}

char *
task_words_title(struct view *v, const struct liquid_template *title, const char *name)
{
    const struct liquid_options options = {
        .data = {.lookup = look_up, .user = v}, .zone = v->zone, .now_us = v->now_us};
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    if (!liquid_template_render(title, &options, text, &error))
        g_string_printf(text, "%s (its title cannot be written: %s)", name, error->message);
    g_autofree char *line = on_one_line(text->str);
    if (!*line)
        return g_strdup(name);
    if (g_utf8_strlen(line, -1) <= TITLE_CHARS)
        return g_steal_pointer(&line);
    g_autofree char *cut = g_utf8_substring(line, 0, TITLE_CHARS - 1);
    return g_strconcat(cut, "…", NULL);
}
