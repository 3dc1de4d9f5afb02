/* See fault.h. Only the test build has anything here. */
#include "base/fault.h"

#ifdef USHER_FAULT_POINTS

#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static void
keep_name(const char *name)
{
    const char *path = g_getenv("USHER_FAULT_LOG");
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    if (fd < 0)
        return;
    g_autofree char *line = g_strconcat(name, "\n", NULL);
    if (write(fd, line, strlen(line)) < 0)
        g_warning("%s: nothing could be written", path);
    close(fd);
}

void
fault_point(const char *name)
{
    static gint64 passes;
    const char *wanted = g_getenv("USHER_FAULT");
    gsize length = strlen(name);
    keep_name(name);
    if (!wanted || strncmp(wanted, name, length) != 0 || wanted[length] != ':')
        return;
    if (++passes == g_ascii_strtoll(wanted + length + 1, NULL, 10))
        kill(getpid(), SIGKILL);
}

#endif
