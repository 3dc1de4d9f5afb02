/* Lint of a draft, as preview shows it and approval demands it. */
#ifndef USHER_SERVICE_DRAFT_LINT_H
#define USHER_SERVICE_DRAFT_LINT_H

#include "compose/draft.h"
#include "compose/lint.h"
#include "service/context.h"

/* The lint lines of a draft; NULL only with error. Free with g_ptr_array_unref(). */
GPtrArray *draft_lint(struct service *service, const struct draft *draft, GError **error);

/* Refuses a draft with a line of level error: USHER_ERROR_DATA names the first one's rule, text and line. */
gboolean draft_lint_allows(struct service *service, const struct draft *draft, GError **error);

#endif
