/* See progress.h. */
#include "base/progress.h"

#include <stddef.h>

static void (*listener)(void);

void
progress_listen(void (*tell)(void))
{
    listener = tell;
}

void
progress_tell(void)
{
    if (listener)
        listener();
}
