/*
 * Failures of the system, on demand: a library that is loaded before libc and stands between a program and the calls
 * that write, flush, reserve, map, open and rename files.
 *
 * It is told what to do by a file that the environment variable MAPLEAF_FAULTS names and that it maps: `struct control`
 * below. Whoever writes that file, the program itself or another one, arms it between two operations. While it is
 * armed, calls of the chosen classes on files under the chosen path are counted, and the nth of them fails, alone or
 * with all behind it.
 *
 * Calls are handed on as system calls, not to libc, so nothing of libc's has to be looked up.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

/* Classes of calls. */
enum { PAGES = 1, META = 2, FLUSH = 4, SPACE = 8, MAP = 16, OPEN = 32, NAME = 64 };
/* How a call fails. */
enum {
    /* All later calls fail too, and are not made. */
    FOR_EVER = 1,
    /* The nth call is made all the same, and then reported as failed. */
    MADE = 2,
    /* The nth call, a write, is cut short and succeeds. */
    SHORT = 4,
};

struct control {
    uint64_t loaded;   /* set by this library */
    uint64_t armed;
    uint64_t classes;
    uint64_t nth;      /* from 1; 0: only count */
    uint64_t error;    /* errno of calls that fail */
    uint64_t how;
    uint64_t limit;    /* bytes that a short write writes */
    uint64_t calls;    /* counted */
    uint64_t failed;   /* calls that were made to fail */
    uint64_t lazy;     /* flushes are counted and can fail, and are else not made: the system is not to crash here */
    uint64_t first;    /* class of the first call that failed */
    uint64_t smallest; /* bytes: maps smaller than this are let through, uncounted */
    char path[1024];   /* how names of the files begin */
};

/* A meta page is one of the first two, and written by itself. */
#define METAS 8192

static struct control *control;

__attribute__((constructor)) static void load(void) {
    const char *name = getenv("MAPLEAF_FAULTS");
    if (!name) return;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, name, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0) return;
    void *map = (void *)syscall(SYS_mmap, NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0L);
    syscall(SYS_close, fd);
    if (map == MAP_FAILED) return;
    control = map;
    __atomic_store_n(&control->loaded, 1, __ATOMIC_SEQ_CST);
}

static int is_ours(const char *name) {
    return strncmp(name, control->path, strlen(control->path)) == 0;
}

static int is_ours_fd(int fd) {
    char link[32], name[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long length = syscall(SYS_readlinkat, AT_FDCWD, link, name, sizeof name - 1);
    if (length < 0) return 0;
    name[length] = 0;
    return is_ours(name);
}

static int is_armed(uint64_t class) {
    return control && __atomic_load_n(&control->armed, __ATOMIC_SEQ_CST) && (control->classes & class);
}

enum verdict { PASS, FAIL, FAIL_MADE, CUT };

/* Counts a call on one of our files. */
static enum verdict judge(uint64_t class) {
    uint64_t call = __atomic_add_fetch(&control->calls, 1, __ATOMIC_SEQ_CST);
    uint64_t nth = control->nth;
    if (!nth || call < nth || (call > nth && !(control->how & FOR_EVER))) return PASS;
    if (__atomic_fetch_add(&control->failed, 1, __ATOMIC_SEQ_CST) == 0) control->first = class;
    if (call > nth) return FAIL;
    if (control->how & SHORT) return CUT;
    return control->how & MADE ? FAIL_MADE : FAIL;
}

static enum verdict judge_fd(uint64_t class, int fd) {
    return is_armed(class) && is_ours_fd(fd) ? judge(class) : PASS;
}

static enum verdict judge_name(uint64_t class, const char *name) {
    return is_armed(class) && name && is_ours(name) ? judge(class) : PASS;
}

static int is_lazy(int fd) {
    return control && control->lazy && is_ours_fd(fd);
}

static long fail(void) {
    errno = (int)control->error;
    return -1;
}

/* What a call comes to that was judged and, where it is to be made, made. */
#define ANSWER(judgement, call)                     \
    do {                                            \
        enum verdict judged = (judgement);          \
        if (judged == PASS) return (call);          \
        if (judged == FAIL_MADE) (void)(call);      \
        return fail();                              \
    } while (0)

static uint64_t class_of_write(int64_t offset) {
    return offset >= 0 && offset < METAS ? META : PAGES;
}

static ssize_t write_at(int fd, const void *bytes, size_t count, int64_t offset) {
    enum verdict verdict = judge_fd(class_of_write(offset), fd);
    if (verdict == CUT) {
        size_t limit = count > 0 && control->limit >= count ? count - 1 : control->limit;
        return syscall(SYS_pwrite64, fd, bytes, limit, offset);
    }
    ANSWER(verdict, syscall(SYS_pwrite64, fd, bytes, count, offset));
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) { return write_at(fd, bytes, count, offset); }
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
    return write_at(fd, bytes, count, offset);
}

ssize_t write(int fd, const void *bytes, size_t count) {
    if (!is_armed(PAGES | META)) return syscall(SYS_write, fd, bytes, count);
    enum verdict verdict = judge_fd(class_of_write(syscall(SYS_lseek, fd, 0L, SEEK_CUR)), fd);
    if (verdict == CUT) {
        size_t limit = count > 0 && control->limit >= count ? count - 1 : control->limit;
        return syscall(SYS_write, fd, bytes, limit);
    }
    ANSWER(verdict, syscall(SYS_write, fd, bytes, count));
}

/* The first bytes of the first part: shorter than the whole, as LMDB's parts are pages. */
static ssize_t cut(int fd, const struct iovec *parts, int64_t offset) {
    size_t limit = parts[0].iov_len > 0 && control->limit >= parts[0].iov_len ? parts[0].iov_len - 1 : control->limit;
    if (offset < 0) return syscall(SYS_write, fd, parts[0].iov_base, limit);
    return syscall(SYS_pwrite64, fd, parts[0].iov_base, limit, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    if (!is_armed(PAGES | META)) return syscall(SYS_writev, fd, parts, count);
    enum verdict verdict = judge_fd(class_of_write(syscall(SYS_lseek, fd, 0L, SEEK_CUR)), fd);
    if (verdict == CUT) return cut(fd, parts, -1);
    ANSWER(verdict, syscall(SYS_writev, fd, parts, count));
}

static ssize_t writev_at(int fd, const struct iovec *parts, int count, int64_t offset) {
    enum verdict verdict = judge_fd(class_of_write(offset), fd);
    if (verdict == CUT) return cut(fd, parts, offset);
    ANSWER(verdict, syscall(SYS_pwritev, fd, parts, count, offset, 0L));
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
    return writev_at(fd, parts, count, offset);
}
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset) {
    return writev_at(fd, parts, count, offset);
}

ssize_t copy_file_range(int from, off64_t *read, int to, off64_t *written, size_t count, unsigned flags) {
    enum verdict verdict = judge_fd(PAGES, to);
    if (verdict == CUT) return syscall(SYS_copy_file_range, from, read, to, written, (size_t)control->limit, flags);
    ANSWER(verdict, syscall(SYS_copy_file_range, from, read, to, written, count, flags));
}

static int flush(int fd, long call) {
    ANSWER(judge_fd(FLUSH, fd), is_lazy(fd) ? 0 : (int)syscall(call, fd));
}

int fdatasync(int fd) { return flush(fd, SYS_fdatasync); }
int fsync(int fd) { return flush(fd, SYS_fsync); }

int msync(void *start, size_t length, int flags) {
    /* Which file is mapped is not told; LMDB and mapleaf flush no map. */
    if (is_armed(FLUSH)) ANSWER(judge(FLUSH), (int)syscall(SYS_msync, start, length, flags));
    return (int)syscall(SYS_msync, start, length, flags);
}

static int truncate_to(int fd, int64_t length) {
    ANSWER(judge_fd(SPACE, fd), (int)syscall(SYS_ftruncate, fd, length));
}

int ftruncate(int fd, off_t length) { return truncate_to(fd, length); }
int ftruncate64(int fd, off64_t length) { return truncate_to(fd, length); }

static int reserve(int fd, int mode, int64_t offset, int64_t length) {
    ANSWER(judge_fd(SPACE, fd), (int)syscall(SYS_fallocate, fd, mode, offset, length));
}

int fallocate(int fd, int mode, off_t offset, off_t length) { return reserve(fd, mode, offset, length); }
int fallocate64(int fd, int mode, off64_t offset, off64_t length) { return reserve(fd, mode, offset, length); }

static void *map_file(void *start, size_t length, int protection, int flags, int fd, int64_t offset) {
    if (fd >= 0 && is_armed(MAP) && length >= control->smallest && is_ours_fd(fd) && judge(MAP) != PASS) {
        fail();
        return MAP_FAILED;
    }
    return (void *)syscall(SYS_mmap, start, length, protection, flags, fd, offset);
}

void *mmap(void *start, size_t length, int protection, int flags, int fd, off_t offset) {
    return map_file(start, length, protection, flags, fd, offset);
}
void *mmap64(void *start, size_t length, int protection, int flags, int fd, off64_t offset) {
    return map_file(start, length, protection, flags, fd, offset);
}

static int open_file(int directory, const char *name, int flags, mode_t mode) {
    if (judge_name(OPEN, name) != PASS) return (int)fail();
    if (control && control->lazy && is_ours(name)) flags &= ~(O_DSYNC | O_SYNC);
    return (int)syscall(SYS_openat, directory, name, flags, mode);
}

#define OPENS(signature, directory)                                          \
    signature {                                                              \
        mode_t mode = 0;                                                     \
        if (flags & (O_CREAT | __O_TMPFILE)) {                               \
            va_list rest;                                                    \
            va_start(rest, flags);                                           \
            mode = va_arg(rest, mode_t);                                     \
            va_end(rest);                                                    \
        }                                                                    \
        return open_file(directory, name, flags, mode);                      \
    }

OPENS(int open(const char *name, int flags, ...), AT_FDCWD)
OPENS(int open64(const char *name, int flags, ...), AT_FDCWD)
OPENS(int openat(int directory, const char *name, int flags, ...), directory)
OPENS(int openat64(int directory, const char *name, int flags, ...), directory)

int rename(const char *from, const char *to) {
    ANSWER(judge_name(NAME, to), (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

int unlink(const char *name) {
    ANSWER(judge_name(NAME, name), (int)syscall(SYS_unlinkat, AT_FDCWD, name, 0));
}

int mkdir(const char *name, mode_t mode) {
    ANSWER(judge_name(NAME, name), (int)syscall(SYS_mkdirat, AT_FDCWD, name, mode));
}
