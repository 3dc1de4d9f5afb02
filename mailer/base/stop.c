/* See stop.h. */
#include "base/stop.h"

static int asked_fd = -1;

void
stop_listen(int fd)
{
    asked_fd = fd;
}

int
stop_fd(void)
{
    return asked_fd;
}
