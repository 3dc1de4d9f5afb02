/* The lines of an import's file, bounded and valid UTF-8, whatever the file is. */
#include "accounts/import_private.h"
#include "base/error.h"

#include <errno.h>
#include <string.h>

static const char byte_order_mark[] = "\xef\xbb\xbf";

/* Reads more behind what is there. FALSE at the end of the file or on an error. */
static gboolean
fill(struct import *import, GError **error)
{
    if (import->at > 0) {
        memmove(import->block, import->block + import->at, import->end - import->at);
        import->end -= import->at;
        import->at = 0;
    }
    if (import->end == import->size) {
        import->size *= 2;
        import->block = g_realloc(import->block, import->size);
    }
    errno = 0;
    gsize got = fread(import->block + import->end, 1, import->size - import->end, import->stream);
    if (got == 0 && ferror(import->stream))
        g_set_error(error, USHER_ERROR, USHER_ERROR_IO, "%s: %s", import->filename, g_strerror(errno));
    import->end += got;
    return got > 0;
}

static gboolean
check_text(struct import *import, const char *text, gsize length, GError **error)
{
    const char *bad;
    if (g_utf8_validate_len(text, length, &bad))
        return TRUE;
    g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "%s:%" G_GINT64_FORMAT ": byte %zu of the line %s",
                import->filename, import->line, (gsize)(bad - text) + 1, *bad ? "is not UTF-8" : "is NUL");
    return FALSE;
}

gboolean
import_line(struct import *import, const char **text, gsize *length, GError **error)
{
    g_autoptr(GError) local = NULL;
    gsize searched = 0;
    char *newline;
    while (!(newline =
                 memchr(import->block + import->at + searched, '\n', import->end - import->at - searched))) {
        searched = import->end - import->at;
        if (searched > IMPORT_LINE_LIMIT) {
            g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "%s:%" G_GINT64_FORMAT ": a line over %d MiB",
                        import->filename, import->line + 1, IMPORT_LINE_LIMIT / 1024 / 1024);
            return FALSE;
        }
        if (!fill(import, &local))
            break;
    }
    if (!error_pass(error, &local))
        return FALSE;
    gsize found = newline ? (gsize)(newline - (import->block + import->at)) + 1 : import->end - import->at;
    if (found == 0)
        return FALSE;
    import->line++;
    *text = import->block + import->at;
    *length = found;
    import->at += found;
    if (import->line == 1 && found >= 3 && memcmp(*text, byte_order_mark, 3) == 0) {
        *text += 3;
        *length -= 3;
    }
    return check_text(import, *text, *length, error);
}

void
import_unread(struct import *import, gsize length)
{
    import->at -= length;
    import->line--;
}
