/* Where a login's secret comes from.
 *
 *     unknown --read--> kept (commands only) --renew, a refusal--> unknown --read--> kept, or the same again
 *
 * Invariants: nothing is written to any file system; a value never stands in an error or a log line; before
 * the first byte of a secret is in memory the process has been made undumpable. */
#include "base/secret.h"

#include "base/error.h"
#include "base/secret_share.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    COMMAND_TIMEOUT_MS = 30 * 1000,
    LOCK_TIMEOUT_MS = 2 * COMMAND_TIMEOUT_MS, /* one that ran before us may need all of its time */
    LOCK_NAP_US = 20 * 1000,
    FILE_BYTES = 64 * 1024, /* only the first line counts */
};

struct secret {
    enum secret_kind kind;
    char *key;  /* "token_command" */
    char *path; /* of a file */
    char *credential;
    char **command;
    char *dir;
    char *lock;
    char *kept;
};

static struct secret *
secret_new(enum secret_kind kind, const char *key)
{
    struct secret *secret = g_new0(struct secret, 1);
    secret->kind = kind;
    secret->key = g_strdup(key);
    return secret;
}

struct secret *
secret_new_file(enum secret_kind kind, const char *key, const char *path)
{
    struct secret *secret = secret_new(kind, key);
    secret->path = g_strdup(path);
    return secret;
}

struct secret *
secret_new_credential(enum secret_kind kind, const char *key, const char *name)
{
    struct secret *secret = secret_new(kind, key);
    secret->credential = g_strdup(name);
    return secret;
}

struct secret *
secret_new_command(enum secret_kind kind, const char *key, const char *command_line, const char *dir,
                   const char *lock, GError **error)
{
    g_autoptr(GError) local = NULL;
    char **command = NULL;
    if (!g_shell_parse_argv(command_line, NULL, &command, &local)) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_CONFIG, "%s: %s", key, local->message);
        return NULL;
    }
    struct secret *secret = secret_new(kind, key);
    secret->command = command;
    secret->dir = g_strdup(dir);
    secret->lock = g_strdup(lock);
    return secret;
}

void
secret_source_free(struct secret *secret)
{
    if (!secret)
        return;
    secret_free(secret->kept);
    g_free(secret->key);
    g_free(secret->path);
    g_free(secret->credential);
    g_strfreev(secret->command);
    g_free(secret->dir);
    g_free(secret->lock);
    g_free(secret);
}

enum secret_kind
secret_kind(const struct secret *secret)
{
    return secret->kind;
}

void
secret_free(char *secret)
{
    if (!secret)
        return;
    explicit_bzero(secret, strlen(secret));
    g_free(secret);
}

/* The leak checker of the address sanitizer attaches to its own process, which an undumpable one forbids. */
static void
guard_process(void)
{
#ifndef __SANITIZE_ADDRESS__
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

static gsize
max_bytes(const struct secret *secret)
{
    return secret->kind == SECRET_PASSWORD ? SECRET_PASSWORD_BYTES : SECRET_TOKEN_BYTES;
}

static const char *
noun(const struct secret *secret)
{
    return secret->kind == SECRET_PASSWORD ? "password" : "token";
}

static gboolean
read_file(const struct secret *secret, const char *path, char **value, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hang us */
    gssize got = -1;
    gsize length = 0;
    char *buffer = g_malloc0(FILE_BYTES);
    while (fd >= 0 && length < FILE_BYTES - 1 &&
           (got = read(fd, buffer + length, FILE_BYTES - 1 - length)) > 0)
        length += (gsize)got;
    int problem = fd < 0 || got < 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    gsize line = strcspn(buffer, "\r\n");
    if (problem != 0)
        g_set_error(error, USHER_ERROR, USHER_ERROR_CONFIG, "%s: its %s: %s: %s%s%s%s", secret->key,
                    noun(secret), path, g_strerror(problem), problem == ENOENT ? "; make the file, the " : "",
                    problem == ENOENT ? noun(secret) : "",
                    problem == ENOENT ? " its only line, readable by you alone" : "");
    else if (line == 0 || line > max_bytes(secret) || (line < length && buffer[line] == '\0'))
        g_set_error(error, USHER_ERROR, USHER_ERROR_CONFIG,
                    "%s: %s: expected a %s of 1 to %" G_GSIZE_FORMAT " bytes, without NUL", secret->key, path,
                    noun(secret), max_bytes(secret));
    else
        *value = g_strndup(buffer, line);
    explicit_bzero(buffer, FILE_BYTES);
    g_free(buffer);
    return *value != NULL;
}

/* The descriptor that holds the lock, -1 with error. Its file stays: removing it would let two in. */
static int
lock_take(const struct secret *secret, GError **error)
{
    int fd = open(secret->lock, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
    if (fd < 0) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_CANT_CREATE, "%s: %s: %s", secret->key, secret->lock,
                    g_strerror(errno));
        return -1;
    }
    /* Whoever comes first makes it for the whole team, whatever the umask; the others may not, and need not.
     */
    (void)fchmod(fd, 0660);
    gint64 until_us = g_get_monotonic_time() + (gint64)LOCK_TIMEOUT_MS * 1000;
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if ((errno != EWOULDBLOCK && errno != EINTR) || g_get_monotonic_time() > until_us) {
            g_set_error(error, USHER_ERROR, USHER_ERROR_TEMP, "%s: another process has been asking for %d s",
                        secret->key, LOCK_TIMEOUT_MS / 1000);
            close(fd);
            return -1;
        }
        g_usleep(LOCK_NAP_US);
    }
    return fd;
}

/* Tokens alone: a password is asked for again when its process starts again. */
static gboolean
is_shared(const struct secret *secret)
{
    return secret->command && secret->kind != SECRET_PASSWORD;
}

/* Another one of the service's processes may have asked already: its answer serves unless it is refused, what
 * a server has just not taken (NULL for none). */
static gboolean
read_command(struct secret *secret, const char *refused, char **value, GError **error)
{
    int lock = lock_take(secret, error);
    if (lock < 0)
        return FALSE;
    char *told = is_shared(secret) ? secret_share_get(secret->lock) : NULL;
    gboolean ok = told && *told && g_strcmp0(told, refused) != 0;
    if (ok)
        *value = g_steal_pointer(&told);
    secret_free(told);
    if (!ok) {
        ok = secret_command_run(secret->command, secret->dir, COMMAND_TIMEOUT_MS, max_bytes(secret), value,
                                error);
        if (is_shared(secret)) /* the same again would be refused again: the next login asks */
            secret_share_put(secret->lock, ok && g_strcmp0(*value, refused) != 0 ? *value : "");
    }
    close(lock);
    if (!ok)
        g_prefix_error(error, "%s: ", secret->key);
    return ok;
}

static gboolean
read_source(struct secret *secret, const char *refused, char **value, GError **error)
{
    *value = NULL;
    guard_process();
    if (secret->command) {
        if (!secret->kept && !read_command(secret, refused, &secret->kept, error))
            return FALSE;
        *value = g_strdup(secret->kept);
        return TRUE;
    }
    if (secret->path)
        return read_file(secret, secret->path, value, error);
    const char *dir = g_getenv("CREDENTIALS_DIRECTORY");
    if (!dir) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_CONFIG,
                    "%s needs systemd's LoadCredential (CREDENTIALS_DIRECTORY is not set)", secret->key);
        return FALSE;
    }
    g_autofree char *path = g_build_filename(dir, secret->credential, NULL);
    return read_file(secret, path, value, error);
}

gboolean
secret_read(struct secret *secret, char **value, GError **error)
{
    return read_source(secret, NULL, value, error);
}

const char *
secret_problem_to_keep(const GError *problem)
{
    return strstr(problem->message, "_command: ")
               ? "the program that tells the login failed; `usher check` says how"
               : problem->message;
}

gboolean
secret_renew(struct secret *secret, const char *refused, char **value, GError **error)
{
    *value = NULL;
    if (g_strcmp0(secret->kept, refused) == 0) {
        secret_free(secret->kept);
        secret->kept = NULL;
    }
    if (!read_source(secret, refused, value, error))
        return FALSE;
    if (strcmp(*value, refused) != 0)
        return TRUE;
    secret_free(g_steal_pointer(value));
    secret_free(g_steal_pointer(&secret->kept)); /* the next login asks again */
    return FALSE;
}

char *
secret_warning(const struct secret *secret)
{
    struct stat status;
    if (!secret->path || stat(secret->path, &status) != 0 || (status.st_mode & (S_IROTH | S_IWOTH)) == 0)
        return NULL;
    return g_strdup_printf("%s: %s has mode %04o, so that everybody on this machine may read or change it: "
                           "chmod 600",
                           secret->key, secret->path, (unsigned)status.st_mode & 07777);
}
