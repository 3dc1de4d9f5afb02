/* From a draft to the bytes of a mail. */
#ifndef USHER_COMPOSE_LETTER_H
#define USHER_COMPOSE_LETTER_H

#include "compose/draft.h"
#include "wire/mime_write.h"

/* The draft's Message-ID (without <>) and its token, both derived from the database's secret and the draft's
 * id, so that the same draft always gets the same. The caller frees both. */
gboolean letter_identity(struct store *db, const struct draft *draft, char **message_id, char **token,
                         GError **error);

/* The frozen bytes: everything but Date. USHER_ERROR_DATA names the field that cannot be written. */
GBytes *letter_bytes(const struct composer *composer, const struct draft *draft, const char *message_id,
                     const char *token, GError **error);

/* The address with +TOKEN before the at sign. The caller frees. */
char *letter_token_address(const char *address, const char *token);

#endif
