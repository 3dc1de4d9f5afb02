/* Revisions of a draft: nobody decides about words they have not seen. A draft is called "12" in its first
 * revision and "12.3" in its third. */
#ifndef USHER_SERVICE_REVISION_H
#define USHER_SERVICE_REVISION_H

#include "compose/draft.h"
#include "service/context.h"

/* Reads "12" (*revision 0: not said) or "12.3". */
gboolean revision_parse(const char *text, gint64 *draft_id, gint64 *revision);

/* "12", or "12.3" from the second on. The caller frees. */
char *revision_name(gint64 draft_id, gint64 revision);

/* Whether actor, who says revision, speaks of the draft as it is now. 0 is taken for the present one only
 * while that is the first, or actor's own. USHER_ERROR_DATA says who changed it and the name to use. */
gboolean revision_is_meant(struct service *service, const struct draft *draft, gint64 revision,
                           const char *actor, GError **error);

/* What the draft says otherwise than in an earlier revision, as difference_lines() over sender, recipients,
 * subject and Markdown; of words that stayed because a person wrote them, what the template would say. *lines
 * is empty when it says the same or that revision is not kept; the caller frees. */
gboolean revision_difference(struct service *service, const struct draft *draft, gint64 since, char **lines,
                             GError **error);

/* The revision a reader should compare with: of a returned draft the one that was approved, else the one
 * before. 0 when there is none. */
gint64 revision_before(const struct draft *draft);

/* A specialist's edit of the draft as loaded, with its event, in a transaction of its own. text is the
 * editor's file, whatever the system: a byte order mark, CRLF and a missing last newline are mended.
 * *unchanged tells that nothing was to be saved. Errors as draft_save_edit(). */
gboolean revision_edit(struct service *service, struct draft *draft, const char *text, gsize length,
                       const char *actor, gboolean *unchanged, GError **error);

#endif
