/* Who may do a role's work: one process each, by a lock on a file beside the database (worker.h). */
#include "base/error.h"
#include "service/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

int
worker_lock(const struct config *config, const char *role, const char *mailbox, GError **error)
{
    g_autofree char *path =
        g_strdup_printf("%s-%s%s%s.lock", config->database, role, mailbox ? "-" : "", mailbox ? mailbox : "");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
    if (fd < 0) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_CANT_CREATE, "%s: %s", path, g_strerror(errno));
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    g_set_error(error, USHER_ERROR, USHER_ERROR_TEMP, "another usher already runs on %s (%s is locked)",
                config->database, path);
    close(fd);
    return -1;
}
