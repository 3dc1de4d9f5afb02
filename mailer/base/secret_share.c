/* A memfd of equal slots, one a program: the key's SHA-256, then the value behind a NUL-padded field.
 *
 * Invariants: a slot belongs to its key for good; its value is read and written under the program's own lock;
 * slots are handed out under a record lock, which (unlike flock) is one process's even on an inherited
 * descriptor. */
#define _GNU_SOURCE /* memfd_create */

#include "base/secret_share.h"

#include "base/secret.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SLOTS = 256 };

struct slot {
    char key[65]; /* hexadecimal */
    char value[SECRET_TOKEN_BYTES + 1];
};

static int shared_fd = -1;

int
secret_share_new(void)
{
#ifndef __SANITIZE_ADDRESS__ /* as in secret.c */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
    return memfd_create("usher-logins", MFD_CLOEXEC);
}

void
secret_share_take_up(void)
{
    struct stat status;
    /* Something else under that number, in a worker started by hand, is no nameless file. */
    if (fstat(SECRET_SHARE_FD, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 0 &&
        fcntl(SECRET_SHARE_FD, F_SETFD, FD_CLOEXEC) == 0)
        shared_fd = SECRET_SHARE_FD;
}

static gboolean
record_lock(short type)
{
    struct flock whole = {.l_type = type, .l_whence = SEEK_SET};
    return fcntl(shared_fd, F_SETLKW, &whole) == 0;
}

/* Where key's slot begins, made when there is none; -1 when all are taken. */
static off_t
find_slot(const char *key)
{
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, key, -1);
    off_t found = -1;
    if (!record_lock(F_WRLCK))
        return -1;
    for (off_t i = 0; i < SLOTS && found < 0; i++) {
        char held[sizeof((struct slot *)0)->key] = "";
        off_t at = i * (off_t)sizeof(struct slot);
        gboolean used = pread(shared_fd, held, sizeof held, at) == (ssize_t)sizeof held && *held;
        if (used ? memcmp(held, hash, sizeof held) == 0
                 : pwrite(shared_fd, hash, sizeof held, at) == (ssize_t)sizeof held)
            found = at;
        else if (!used)
            break;
    }
    record_lock(F_UNLCK);
    return found;
}

char *
secret_share_get(const char *key)
{
    off_t at = shared_fd < 0 ? -1 : find_slot(key);
    if (at < 0)
        return NULL;
    char *value = g_malloc0(SECRET_TOKEN_BYTES + 1);
    if (pread(shared_fd, value, SECRET_TOKEN_BYTES, at + (off_t)offsetof(struct slot, value)) < 0)
        *value = '\0';
    return value;
}

void
secret_share_put(const char *key, const char *value)
{
    off_t at = shared_fd < 0 ? -1 : find_slot(key);
    gsize length = strlen(value);
    if (at < 0 || length > SECRET_TOKEN_BYTES)
        return;
    char *padded = g_malloc0(SECRET_TOKEN_BYTES + 1);
    memcpy(padded, value, length);
    /* A write that fails leaves what was there, which a server refuses, or which is worth as much as this. */
    gssize put = pwrite(shared_fd, padded, SECRET_TOKEN_BYTES + 1, at + (off_t)offsetof(struct slot, value));
    (void)put;
    explicit_bzero(padded, SECRET_TOKEN_BYTES + 1);
    g_free(padded);
}
