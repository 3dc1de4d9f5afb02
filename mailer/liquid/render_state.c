/* What rendering spends and what it prints: errors, steps, memory, and the way of a value into the output. */
#include "liquid/render_state.h"

#include <string.h>

#include "liquid/number.h"

bool
render_fail(struct render *render, const char *format, ...)
{
    va_list args;

    /* the first error is the one that counts */
    if (render->error && *render->error)
        return false;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    return template_error(render->frame->tpl, render->at, render->error, "%s", message);
}

bool
render_charge_slow(struct render *render)
{
    render->steps = 0;
    return render_fail(render, "the template takes more than %" G_GUINT64_FORMAT " steps",
                       render->limits.steps);
}

bool
render_check_memory(struct render *render)
{
    if (!render->too_much_memory && render->arena.used <= render->limits.memory)
        return true;
    return render_fail(render, "the template needs more than %zu bytes of memory", render->limits.memory);
}

void *
render_alloc(struct render *render, size_t size)
{
    if (size > render->limits.memory || render->arena.used > render->limits.memory - size) {
        render->too_much_memory = true;
        render_check_memory(render);
        return NULL;
    }
    return arena_alloc(&render->arena, size);
}

GString *
render_scratch(struct render *render)
{
    if (!render->scratch)
        render->scratch = g_string_new(NULL);
    return g_string_truncate(render->scratch, 0);
}

bool
render_scratch_add(struct render *render, const char *text, size_t len)
{
    if (len > render->limits.memory || render->scratch->len > render->limits.memory - len) {
        render->too_much_memory = true;
        return render_check_memory(render);
    }
    g_string_append_len(render->scratch, text, (gssize)len);
    return true;
}

bool
render_scratch_take(struct render *render, struct liquid_value *out)
{
    size_t len = render->scratch->len;
    char *copy = render_alloc(render, len + 1);

    if (!copy)
        return false;
    memcpy(copy, render->scratch->str, len + 1);
    *out = liquid_string(copy, len);
    return true;
}

struct text
render_to_text(struct render *render, const struct liquid_value *value)
{
    char buffer[2 * NUMBER_TEXT_MAX];
    struct text text;

    if (value_scalar_text(value, buffer, &text)) {
        if (text.text == buffer)
            text.text = arena_copy(&render->arena, buffer, text.len);
        return text;
    }
    g_autoptr(GString) inspected = g_string_new(NULL);
    value_inspect(value, inspected, render->limits.memory);
    char *copy = render_alloc(render, inspected->len + 1);
    if (!copy)
        return (struct text){"", 0};
    memcpy(copy, inspected->str, inspected->len + 1);
    return (struct text){copy, inspected->len};
}

bool
render_to_integer(struct render *render, const struct liquid_value *value, gint64 *out)
{
    if (value->type == LIQUID_INT) {
        *out = value->integer;
        return true;
    }
    struct text text = render_to_text(render, value);
    return number_exact_integer(text.text, text.len, out) || render_fail(render, "expected an integer here");
}

static bool
check_output(struct render *render)
{
    if (render->out->len - render->out_start <= render->limits.output)
        return true;
    return render_fail(render, "the output is longer than %zu bytes", render->limits.output);
}

/* What g_string_append_len() does, without the call where there is room. */
static void
append(GString *out, const char *text, size_t len)
{
    if (out->len + len >= out->allocated_len) {
        g_string_append_len(out, text, (gssize)len);
        return;
    }
    memcpy(out->str + out->len, text, len);
    out->len += len;
    out->str[out->len] = '\0';
}

/* What is captured or dropped by ifchanged costs too, though it never counts as output. */
static bool
may_print(struct render *render, size_t len)
{
    if (len > render->limits.output)
        return render_fail(render, "the output is longer than %zu bytes", render->limits.output);
    return render_charge(render, len / 64);
}

bool
render_text(struct render *render, const char *text, size_t len)
{
    if (!may_print(render, len))
        return false;
    append(render->out, text, len);
    if (render->plain)
        append(render->plain, text, len);
    return check_output(render);
}

static bool
emit_text(struct render *render, const char *text, size_t len)
{
    const struct liquid_options *options = render->options;

    if (!options->emit)
        return render_text(render, text, len);
    if (len == 0)
        return true;
    if (!may_print(render, len))
        return false;
    if (render->plain)
        g_string_append_len(render->plain, text, (gssize)len);
    return options->emit(options->user, text, len, render->out, render->error) && check_output(render);
}

bool
render_value(struct render *render, const struct liquid_value *value)
{
    char buffer[2 * NUMBER_TEXT_MAX];
    struct text text;

    if (value->type == LIQUID_STRING && value->string.marked) {
        if (!may_print(render, value->string.marked->len))
            return false;
        if (render->plain)
            g_string_append_len(render->plain, value->string.text, (gssize)value->string.len);
        g_string_append_len(render->out, value->string.marked->text, (gssize)value->string.marked->len);
        return check_output(render);
    }
    if (value_scalar_text(value, buffer, &text))
        return emit_text(render, text.text, text.len);

    g_autoptr(GString) printed = g_string_new(NULL);
    value_print(value, printed, render->limits.output);
    return emit_text(render, printed->str, printed->len);
}
