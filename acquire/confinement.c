/* confinement.c - gives up privileges. See confinement.h.
 * Linux: Documentation/userspace-api/{no_new_privs,seccomp_filter}.rst, <linux/capability.h>. */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/cdrom.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <scsi/sg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "acquire/blockdev.h"
#include "acquire/confinement.h"

/* True when only CAP_SYS_RAWIO is left, if that was there, and no way to more. */
static bool drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    memset(data, 0, sizeof data);
    if (syscall(SYS_capget, &header, data) != 0)
        return false;
    for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        data[i].permitted &= i == CAP_TO_INDEX(CAP_SYS_RAWIO) ? (uint32_t)CAP_TO_MASK(CAP_SYS_RAWIO) : 0;
        data[i].effective = data[i].permitted;
        data[i].inheritable = 0;
    }
    header.version = _LINUX_CAPABILITY_VERSION_3;
    return syscall(SYS_capset, &header, data) == 0;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FILTERED 0
#elif defined(__x86_64__)
#define FILTERED 1
#define THIS_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && defined(__AARCH64EL__)
#define FILTERED 1
#define THIS_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#define FILTERED 0
#endif

#if FILTERED

#define REFUSE (SECCOMP_RET_ERRNO | EPERM)
#define OPEN_TO_WRITE (O_ACCMODE | O_CREAT | O_TRUNC) /* none of these bits: O_RDONLY is 0 */

/* Reading, answering, waiting, and what the C library does by itself for memory, locks, signals and an abort. */
static const uint32_t calls[] = {
    SYS_pread64, SYS_read,   SYS_lseek,   SYS_close,     SYS_fstat,         SYS_newfstatat,     SYS_statx,           SYS_recvfrom,
    SYS_recvmsg, SYS_sendto, SYS_sendmsg, SYS_fadvise64, SYS_clock_gettime, SYS_nanosleep,      SYS_clock_nanosleep, SYS_restart_syscall,
    SYS_futex,   SYS_brk,    SYS_munmap,  SYS_madvise,   SYS_rt_sigreturn,  SYS_rt_sigprocmask, SYS_getpid,          SYS_getppid,
    SYS_gettid,  SYS_tgkill, SYS_exit,    SYS_exit_group};

static const uint32_t questions[] = {BLKGETSIZE64, BLKSSZGET, BLKPBSZGET, BLKROGET, BLKGETDISKSEQ, CDROM_DRIVE_STATUS, SG_GET_VERSION_NUM, SG_IO};

struct filter {
    struct sock_filter code[128];
    unsigned short length;
};
_Static_assert(2 * (sizeof calls + sizeof questions) / sizeof calls[0] + 20 <= 128, "two instructions for each, and the rest");

static void add(struct filter *f, uint16_t code, uint32_t value, uint8_t if_true, uint8_t if_false)
{
    f->code[f->length++] = (struct sock_filter){code, if_true, if_false, value};
}

/* The low half of an argument, on a little-endian machine. */
static void load_argument(struct filter *f, unsigned number)
{
    add(f, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offsetof(struct seccomp_data, args) + number * sizeof(uint64_t)), 0, 0);
}

static void give(struct filter *f, uint32_t verdict) { add(f, BPF_RET | BPF_K, verdict, 0, 0); }

/* If the value is equal, allow. */
static void allow_if(struct filter *f, uint32_t value)
{
    add(f, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    give(f, SECCOMP_RET_ALLOW);
}

/* If this is the call: allow it when none of the bits is set in the argument, else refuse. */
static void allow_without(struct filter *f, uint32_t call, unsigned argument, uint32_t bits)
{
    add(f, BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4);
    load_argument(f, argument);
    add(f, BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
    give(f, REFUSE);
    give(f, SECCOMP_RET_ALLOW);
}

static bool filter_calls(void)
{
    struct filter f = {.length = 0};
    add(&f, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
    add(&f, BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCHITECTURE, 1, 0);
    give(&f, REFUSE);
    add(&f, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        allow_if(&f, calls[i]);
    allow_without(&f, SYS_openat, 2, OPEN_TO_WRITE);
    allow_without(&f, SYS_mmap, 2, PROT_EXEC);
    add(&f, BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 1, 0);
    give(&f, REFUSE);
    load_argument(&f, 1);
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++)
        allow_if(&f, questions[i]);
    give(&f, REFUSE);
    const struct sock_fprog program = {.len = f.length, .filter = f.code};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

#else

static bool filter_calls(void) { return false; }

#endif

struct exh_reader_privileges exh_confine(void)
{
    struct exh_reader_privileges p;
    p.no_new_privileges = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    p.capabilities_dropped = drop_capabilities();
    p.seccomp = filter_calls();
    return p;
}
