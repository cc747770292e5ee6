/* loop_lab.h - loop devices, file systems and faulty files for tests, which leave nothing behind however the test ends.
 *
 * Loop devices are set to clear themselves when the test's descriptor closes; mounts are made in a mount namespace of the test's own;
 * the file server is told to end with its parent. Needs root; lab_open() says what is missing. Include after cmocka.h. */
#ifndef EXH_TESTS_LOOP_LAB_H
#define EXH_TESTS_LOOP_LAB_H

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "formats/model/text.h"

struct lab_loop {
    int fd;
    char path[32]; /* "/dev/loop3" */
};

static char lab_folder[64];

/* A path in the test's own folder; four can be in use at once. */
static inline const char *lab_path(const char *name)
{
    static char paths[4][160];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", lab_folder, name);
    return path;
}

static inline bool lab_run(const char *const *arguments, int *status)
{
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_RDWR);
        (void)dup2(null, 1), (void)dup2(null, 2);
        (void)execvp(arguments[0], (char *const *)(uintptr_t)arguments);
        _exit(127);
    }
    return child > 0 && waitpid(child, status, 0) == child;
}

/* A file of pseudo-random bytes, the same for each size and seed. */
static inline void lab_file(const char *name, size_t bytes, uint32_t seed)
{
    uint8_t *data = malloc(bytes + 1);
    assert_non_null(data);
    for (size_t i = 0; i < bytes; i++) {
        seed = seed * 1664525u + 1013904223u;
        data[i] = (uint8_t)(seed >> 24);
    }
    int fd = open(lab_path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && write(fd, data, bytes) == (ssize_t)bytes && close(fd) == 0);
    free(data);
}

/* Other tests take loop devices at the same time: a free one may be gone when it is asked for. */
static inline bool lab_loop_open(const char *file, uint32_t sector_bytes, bool writable, struct lab_loop *out)
{
    int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), backing = open(file, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    bool done = false;
    out->fd = -1;
    for (int tries = 0; tries < 50 && !done && control >= 0 && backing >= 0; tries++) {
        struct loop_config config = {.fd = (uint32_t)backing, .block_size = sector_bytes};
        config.info.lo_flags = LO_FLAGS_AUTOCLEAR | (writable ? 0 : LO_FLAGS_READ_ONLY);
        int number = ioctl(control, LOOP_CTL_GET_FREE);
        (void)snprintf(out->path, sizeof out->path, "/dev/loop%d", number);
        out->fd = number < 0 ? -1 : open(out->path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
        if (out->fd < 0)
            break;
        done = ioctl(out->fd, LOOP_CONFIGURE, &config) == 0;
        if (!done) {
            (void)close(out->fd);
            out->fd = -1;
            (void)usleep(20000);
        }
    }
    if (control >= 0)
        (void)close(control);
    if (backing >= 0)
        (void)close(backing);
    return done;
}

static inline void lab_loop_close(struct lab_loop *loop)
{
    if (loop->fd >= 0)
        (void)close(loop->fd);
    loop->fd = -1;
}

/* The faulty file server, built beside the tests; 0 when there is none. Its file is lab_path("mnt")/disk. */
static inline pid_t lab_faulty(const char *image, const char *const *rules)
{
    char program[512], disk[200];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    program[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(program, '/');
    if (slash == NULL || (size_t)(slash - program) + sizeof "/faulty_file" > sizeof program)
        return 0;
    memcpy(slash, "/faulty_file", sizeof "/faulty_file");
    if (access(program, X_OK) != 0 || access("/dev/fuse", R_OK | W_OK) != 0)
        return 0;
    (void)mkdir(lab_path("mnt"), 0700);
    char *arguments[40] = {program, exh_text_copy(lab_path(image), strlen(lab_path(image))), exh_text_copy(lab_path("mnt"), strlen(lab_path("mnt")))};
    for (size_t i = 0; rules[i] != NULL && i < 36; i++)
        arguments[3 + i] = (char *)(uintptr_t)rules[i];
    pid_t child = fork();
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        (void)execv(program, arguments);
        _exit(127);
    }
    free(arguments[1]);
    free(arguments[2]);
    (void)snprintf(disk, sizeof disk, "%s/disk", lab_path("mnt"));
    for (int i = 0; i < 500 && child > 0 && access(disk, R_OK) != 0; i++)
        (void)usleep(10000);
    return child;
}

static inline void lab_faulty_end(pid_t server)
{
    if (server > 0) {
        (void)umount2(lab_path("mnt"), MNT_DETACH);
        (void)kill(server, SIGTERM);
        (void)waitpid(server, NULL, 0);
    }
}

/* False when this machine has no loop devices for us: the caller exits 77. */
static inline bool lab_open(void)
{
    struct lab_loop loop;
    (void)snprintf(lab_folder, sizeof lab_folder, "/tmp/exhibit-lab-XXXXXX");
    if (mkdtemp(lab_folder) == NULL)
        return false;
    lab_file("probe", 4096, 1);
    bool works =
        unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && lab_loop_open(lab_path("probe"), 0, false, &loop);
    if (works)
        lab_loop_close(&loop);
    else
        (void)fprintf(stderr, "no loop devices or no mount namespace here (%s): needs root\n", strerror(errno));
    return works;
}

static inline void lab_close(void)
{
    int status;
    (void)lab_run((const char *const[]){"rm", "-rf", "--one-file-system", lab_folder, NULL}, &status);
}

#endif
