/* Evaluation: see evaluate.h. */
#include "liquid/evaluate.h"

#include "liquid/filter.h"
#include "liquid/scope.h"

bool
evaluate_filter(struct render *render, const struct filter_call *call, struct liquid_value *value)
{
    struct filter_args args = {.n = call->n_args};

    for (unsigned i = 0; i < call->n_args; i++)
        if (!scope_evaluate(render, call->args[i], &args.value[i]))
            return false;
    for (const struct keyword *keyword = call->keywords; keyword; keyword = keyword->next) {
        struct liquid_value allow;
        if (!scope_evaluate(render, keyword->value, &allow))
            return false;
        args.allow_false = value_truthy(&allow);
    }
    /* whatever a filter touches is a plain value again; default hands its input on as it is */
    if (value->type == LIQUID_STRING && call->filter->apply != filter_default)
        value->string.marked = NULL;
    render->at = call->at;
    guint64 work = value_weight(value);
    for (unsigned i = 0; i < args.n; i++)
        work += value_weight(&args.value[i]);
    return render_charge(render, work) && call->filter->apply(render, value, &args) &&
           render_check_memory(render);
}

bool
evaluate_output(struct render *render, const struct output *output, struct liquid_value *out)
{
    if (!output->value) {
        *out = value_nil();
        return true;
    }
    if (!scope_evaluate(render, output->value, out))
        return false;
    for (const struct filter_call *call = output->filters; call; call = call->next)
        if (!evaluate_filter(render, call, out))
            return false;
    return true;
}
