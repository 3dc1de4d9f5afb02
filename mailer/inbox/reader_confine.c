/* Purpose: take everything from a process that it does not need to turn bytes into a record.
 *
 * Order matters: first open what will be needed (charsets, the conversion modules of the C library), then
 * close descriptors, then limits, then the filter, which cannot be lifted again. What is not on the list
 * kills the process; opening a file is refused with EACCES instead, because the C library tries to open
 * conversion modules when a mail names a charset that nobody knows, and such a mail is no attack. */
#define _GNU_SOURCE /* close_range */
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "inbox/reader.h"
#include "wire/mime_read.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED                                                                                            \
    1 /* its shadow memory needs terabytes of address space, and its reports need more system calls */
#else
#define SANITIZED 0
#endif

/* Runs one small mail through everything, so that lazily initialised parts are there before the filter. */
static void
warm_up(void)
{
    static const char mail[] =
        "From: =?iso-2022-jp?B?GyRCRnxLXBsoQg==?= <a@example.org>\n"
        "To: =?koi8-r?Q?=C1?= <b@example.org>\n"
        "Subject: =?gb2312?B?xOO6ww==?= =?big5?B?p0E=?= =?euc-kr?B?vsg=?=\n"
        "Date: Mon, 02 Mar 2026 10:00:00 +0100\n"
        "MIME-Version: 1.0\n"
        "Content-Type: multipart/alternative; boundary=b\n\n"
        "--b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n"
        "SSBhbSBvdXQgb2YgdGhlIG9mZmljZSB1bnRpbCBNYXJjaCA5Lg==\n"
        "--b\nContent-Type: text/html; charset=windows-1251\nContent-Transfer-Encoding: quoted-printable\n\n"
        "<p>=C4=E0</p>\n--b--\n";
    struct mail_record record;
    mail_classify((const guint8 *)mail, sizeof mail - 1, FALSE, NULL, &record);
    mail_record_clear(&record);
}

static gboolean
set_limit(int resource, rlim_t value, GError **error)
{
    struct rlimit limit = {.rlim_cur = value, .rlim_max = value};
    if (setrlimit((__rlimit_resource_t)resource, &limit) == 0)
        return TRUE;
    g_set_error(error, USHER_ERROR, USHER_ERROR_OS, "a limit of the mail reader cannot be set: %s",
                g_strerror(errno));
    return FALSE;
}

static gboolean
install_filter(GError **error)
{
    static const int allowed[] = {
        SCMP_SYS(read),
        SCMP_SYS(write),
        SCMP_SYS(recvfrom),
        SCMP_SYS(sendto),
        SCMP_SYS(poll),
        SCMP_SYS(ppoll),
        SCMP_SYS(close),
        SCMP_SYS(munmap),
        SCMP_SYS(brk),
        SCMP_SYS(madvise),
        SCMP_SYS(futex),
        SCMP_SYS(exit),
        SCMP_SYS(exit_group),
        SCMP_SYS(rt_sigreturn),
        SCMP_SYS(clock_gettime),
        SCMP_SYS(gettimeofday),
        SCMP_SYS(getrandom),
        SCMP_SYS(getpid),
        SCMP_SYS(gettid),
        SCMP_SYS(rt_sigprocmask),
        SCMP_SYS(restart_syscall),
        SCMP_SYS(sched_yield),
#if SANITIZED
        SCMP_SYS(sigaltstack),
        SCMP_SYS(clone),
        SCMP_SYS(wait4),
        SCMP_SYS(prctl),
        SCMP_SYS(ptrace),
        SCMP_SYS(process_vm_readv),
        SCMP_SYS(readlink),
        SCMP_SYS(rt_sigaction),
        SCMP_SYS(sched_getaffinity),
        SCMP_SYS(getrlimit),
        SCMP_SYS(prlimit64),
#endif
    };
    /* Looking for files fails, quietly. */
    static const int refused[] = {SCMP_SYS(open),      SCMP_SYS(openat),     SCMP_SYS(stat),
                                  SCMP_SYS(lstat),     SCMP_SYS(newfstatat), SCMP_SYS(access),
                                  SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(statx),
                                  SCMP_SYS(fstat),     SCMP_SYS(tgkill)};
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int failure = filter ? 0 : -ENOMEM;
    for (gsize i = 0; i < G_N_ELEMENTS(allowed) && failure == 0; i++)
        failure = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    for (gsize i = 0; i < G_N_ELEMENTS(refused) && failure == 0; i++)
        failure = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), refused[i], 0);
    /* Memory, but none that can be executed, and no file behind it. */
    if (failure == 0)
        failure = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
                                   SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                                   SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));
    if (failure == 0)
        failure = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                                   SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (failure == 0)
        failure = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mremap), 0);
    if (failure == 0)
        failure = seccomp_load(filter);
    if (filter)
        seccomp_release(filter);
    if (failure == 0)
        return TRUE;
    g_set_error(error, USHER_ERROR, USHER_ERROR_OS, "the mail reader's system-call filter cannot be set: %s",
                g_strerror(-failure));
    return FALSE;
}

gboolean
reader_confine(int fd, GError **error)
{
    mime_read_open_charsets();
    warm_up();
    /* Nothing inherited stays open but the socket. Standard output and error go nowhere. */
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int i = 0; i <= 2 && nowhere >= 0; i++)
        if (i != fd)
            dup2(nowhere, i);
    if (fd > 3)
        close_range(3, (unsigned)fd - 1, 0);
    close_range((unsigned)fd + 1, ~0u, 0);

    if (!set_limit(RLIMIT_CORE, 0, error) || !set_limit(RLIMIT_FSIZE, 0, error) ||
        !set_limit(RLIMIT_NPROC, 0, error))
        return FALSE;
    if (!SANITIZED && !set_limit(RLIMIT_AS, 512u * 1024 * 1024, error))
        return FALSE;
    if (!set_limit(RLIMIT_NOFILE, (rlim_t)fd + 1, error))
        return FALSE;
    /* A reader that spins must not outlive the watcher that would have killed it. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_OS, "the mail reader cannot give up privileges: %s",
                    g_strerror(errno));
        return FALSE;
    }
    return install_filter(error);
}
