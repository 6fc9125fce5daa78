/*
 * System call failures on demand, and a log of what a program does to its files. This library is loaded before libc and
 * intercepts the calls that write, flush, reserve, map, open and rename files.
 *
 * A control file, which the environment variable MAPLEAF_FAULTS names, is mapped as `struct control` below. The program
 * itself or another process writes that file between two operations, and so arms and disarms the library. While it is
 * armed, it counts calls of the selected classes on files under the selected path. The nth of them fails, alone or with
 * all later ones; or the nth waits until it is released, so that others can act meanwhile.
 *
 * While it records, every change and flush of those files is written to the log that MAPLEAF_RECORD names, by all
 * processes that the library is loaded into, in one order: each change is made and logged under one lock. A flush is
 * logged when it begins and when it ends, since others write meanwhile. Bytes written to a file whose name ends with
 * ".ack" are logged and not written: a program reports its operations in this way, in order with its calls.
 *
 * Calls are made as system calls and not through libc, so no function of libc has to be looked up.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

/* Classes of calls. */
enum { PAGES = 1, META = 2, FLUSH = 4, SPACE = 8, MAP = 16, OPEN = 32, NAME = 64, NAMES_FLUSH = 128 };
/* How a call fails. */
enum {
    /* All later calls fail, too, and are not made. */
    FOR_EVER = 1,
    /* The nth call is made, and then reported as failed. */
    MADE = 2,
    /* The nth call, a write, writes fewer bytes and succeeds. */
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
    uint64_t lazy;     /* flushes are counted and may fail, but are not made: no test crashes the system */
    uint64_t first;    /* class of the first call that failed */
    uint64_t smallest; /* bytes: smaller maps are made and not counted */
    char path[1024];   /* prefix of the files' paths */
    uint64_t records;  /* whether changes and flushes are logged; then no flush is made */
    uint64_t tail;     /* length of the log's valid part */
    uint64_t tokens;   /* number of flushes that have begun */
    uint64_t pause;    /* duration of a flush in microseconds */
    uint64_t noted;    /* number of records of the kind that `last` counts */
    uint64_t last;     /* the process that makes this record is killed after it; 0: none */
    uint64_t last_of;  /* the kind of records that `last` counts; 0: all */
    uint64_t held;     /* this call, counted from 1 while armed, waits before it is made; 0: none */
    uint64_t holding;  /* number of calls that have waited or are waiting */
    uint64_t let_go;   /* number of them that are released */
};

/* Kinds of records. */
enum {
    WRITTEN = 1, /* bytes follow; with a token, they are being flushed from then on */
    LENGTH = 2,  /* the file has a new length */
    FLUSHING = 3,
    FLUSHED = 4,
    FLUSH_FAILED = 5,
    CREATED = 6, /* a name follows */
    ADDED = 7,   /* the same, for a directory */
    RENAMED = 8, /* two names follow, with a zero between them */
    REMOVED = 9,
    SAID = 10,   /* a text follows */
};

struct record {
    uint64_t kind;
    uint64_t file;   /* its inode */
    uint64_t at;     /* offset of the written bytes; or a length */
    uint64_t token;  /* number of the flush */
    uint64_t length; /* number of bytes that follow */
};

/* A meta page is one of the first two pages, and is written by a call of its own. */
#define METAS 8192

static struct control *control;
static int record_fd = -1;

__attribute__((constructor)) static void load(void) {
    const char *log = getenv("MAPLEAF_RECORD");
    if (log) record_fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CLOEXEC, 0);
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

/* Gets the path of an open file into a buffer of PATH_MAX bytes. Returns whether it is under the selected path. */
static int name_of(int fd, char *name) {
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long length = syscall(SYS_readlinkat, AT_FDCWD, link, name, PATH_MAX - 1);
    if (length < 0) return 0;
    name[length] = 0;
    return is_ours(name);
}

static int is_ours_fd(int fd) {
    char name[PATH_MAX];
    return name_of(fd, name);
}

static int is_armed(uint64_t class) {
    return control && __atomic_load_n(&control->armed, __ATOMIC_SEQ_CST) && (control->classes & class);
}

enum verdict { PASS, FAIL, FAIL_MADE, CUT };

/* Makes one call wait. No lock of this library is held meanwhile. */
static void hold(uint64_t call) {
    if (call != control->held) return;
    uint64_t waiting = __atomic_add_fetch(&control->holding, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&control->let_go, __ATOMIC_SEQ_CST) < waiting) usleep(200);
}

/* Counts a call on one of the selected files. */
static enum verdict judge(uint64_t class) {
    uint64_t call = __atomic_add_fetch(&control->calls, 1, __ATOMIC_SEQ_CST);
    hold(call);
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

static int records(void) {
    return record_fd >= 0 && control && __atomic_load_n(&control->records, __ATOMIC_SEQ_CST);
}

static int records_fd(int fd) {
    return records() && is_ours_fd(fd);
}

static int records_name(const char *name) {
    return records() && name && is_ours(name);
}

static pthread_mutex_t threads = PTHREAD_MUTEX_INITIALIZER;

/* One thread of one process at a time; the lock of a killed process is released. */
static void lock_log(void) {
    pthread_mutex_lock(&threads);
    while (syscall(SYS_flock, record_fd, LOCK_EX) < 0 && errno == EINTR);
}

static void unlock_log(void) {
    syscall(SYS_flock, record_fd, LOCK_UN);
    pthread_mutex_unlock(&threads);
}

static void append(const void *bytes, size_t count) {
    while (count > 0) {
        ssize_t written = syscall(SYS_pwrite64, record_fd, bytes, count, control->tail);
        if (written <= 0) abort();
        bytes = (const char *)bytes + written;
        count -= (size_t)written;
        control->tail += (uint64_t)written;
    }
}

/* Appends a record to the log, which must be locked. */
static void note(uint64_t kind, uint64_t file, uint64_t at, uint64_t token, const struct iovec *parts, size_t length) {
    struct record record = {kind, file, at, token, length};
    append(&record, sizeof record);
    for (; length > 0; parts++) {
        size_t part = parts->iov_len < length ? parts->iov_len : length;
        append(parts->iov_base, part);
        length -= part;
    }
    int counts = control->last && (!control->last_of || control->last_of == kind);
    if (counts && ++control->noted == control->last) syscall(SYS_kill, getpid(), SIGKILL);
}

static void note_name(uint64_t kind, uint64_t file, const char *name) {
    struct iovec part = {(void *)name, strlen(name)};
    note(kind, file, 0, 0, &part, part.iov_len);
}

static uint64_t inode_of(int fd) {
    struct stat stat;
    if (fstat(fd, &stat) < 0) abort();
    return stat.st_ino;
}

static uint64_t inode_at(const char *name) {
    struct stat stat;
    return fstatat(AT_FDCWD, name, &stat, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : stat.st_ino;
}

static uint64_t next_token(void) {
    return __atomic_add_fetch(&control->tokens, 1, __ATOMIC_SEQ_CST);
}

/* Waits for the duration of a flush, and logs its end. Others may write meanwhile. */
static void end_flush(uint64_t file, uint64_t token, int failed) {
    if (control->pause) usleep((useconds_t)control->pause);
    lock_log();
    note(failed ? FLUSH_FAILED : FLUSHED, file, 0, token, NULL, 0);
    unlock_log();
}

/* Whether the present call will be reported as failed. */
static __thread int fails;

static long fail(void) {
    errno = (int)control->error;
    return -1;
}

/* The result of a call after the decision, and after the call itself if it was made. */
#define ANSWER(judgement, call)                     \
    do {                                            \
        enum verdict judged = (judgement);          \
        if (judged == PASS) return (call);          \
        fails = 1;                                  \
        if (judged == FAIL_MADE) (void)(call);      \
        fails = 0;                                  \
        return fail();                              \
    } while (0)

static uint64_t class_of_write(int64_t offset) {
    return offset >= 0 && offset < METAS ? META : PAGES;
}

static ssize_t put_parts(int fd, const struct iovec *parts, int count, int64_t offset) {
    if (offset < 0) return syscall(SYS_writev, fd, parts, count);
    return syscall(SYS_pwritev, fd, parts, count, offset, 0L);
}

/* Writes, at the descriptor's own position if `offset` is negative. */
static ssize_t put(int fd, const struct iovec *parts, int count, int64_t offset) {
    char name[PATH_MAX];
    if (!records() || !name_of(fd, name)) return put_parts(fd, parts, count, offset);
    size_t length = strlen(name);
    lock_log();
    if (length > 4 && strcmp(name + length - 4, ".ack") == 0) {
        note(SAID, 0, 0, 0, parts, parts->iov_len);
        unlock_log();
        return (ssize_t)parts->iov_len;
    }
    int64_t at = offset < 0 ? syscall(SYS_lseek, fd, 0L, SEEK_CUR) : offset;
    ssize_t written = put_parts(fd, parts, count, offset);
    int error = errno;
    uint64_t file = inode_of(fd);
    uint64_t token = written > 0 && (fcntl(fd, F_GETFL) & O_DSYNC) ? next_token() : 0;
    if (written > 0) note(WRITTEN, file, (uint64_t)at, token, parts, (size_t)written);
    unlock_log();
    if (token) end_flush(file, token, fails);
    errno = error;
    return written;
}

static ssize_t put_one(int fd, const void *bytes, size_t count, int64_t offset) {
    struct iovec part = {(void *)bytes, count};
    return put(fd, &part, 1, offset);
}

static size_t cut_short(size_t count) {
    return count > 0 && control->limit >= count ? count - 1 : control->limit;
}

static ssize_t write_at(int fd, const void *bytes, size_t count, int64_t offset) {
    enum verdict verdict = judge_fd(class_of_write(offset), fd);
    if (verdict == CUT) return put_one(fd, bytes, cut_short(count), offset);
    ANSWER(verdict, put_one(fd, bytes, count, offset));
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) { return write_at(fd, bytes, count, offset); }
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
    return write_at(fd, bytes, count, offset);
}

ssize_t write(int fd, const void *bytes, size_t count) {
    if (!is_armed(PAGES | META)) return put_one(fd, bytes, count, -1);
    enum verdict verdict = judge_fd(class_of_write(syscall(SYS_lseek, fd, 0L, SEEK_CUR)), fd);
    if (verdict == CUT) return put_one(fd, bytes, cut_short(count), -1);
    ANSWER(verdict, put_one(fd, bytes, count, -1));
}

/* The first bytes of the first part: a short write, since LMDB's parts are pages. */
static ssize_t cut(int fd, const struct iovec *parts, int64_t offset) {
    return put_one(fd, parts[0].iov_base, cut_short(parts[0].iov_len), offset);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    if (!is_armed(PAGES | META)) return put(fd, parts, count, -1);
    enum verdict verdict = judge_fd(class_of_write(syscall(SYS_lseek, fd, 0L, SEEK_CUR)), fd);
    if (verdict == CUT) return cut(fd, parts, -1);
    ANSWER(verdict, put(fd, parts, count, -1));
}

static ssize_t writev_at(int fd, const struct iovec *parts, int count, int64_t offset) {
    enum verdict verdict = judge_fd(class_of_write(offset), fd);
    if (verdict == CUT) return cut(fd, parts, offset);
    ANSWER(verdict, put(fd, parts, count, offset));
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
    return writev_at(fd, parts, count, offset);
}
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset) {
    return writev_at(fd, parts, count, offset);
}

ssize_t copy_file_range(int from, off64_t *read, int to, off64_t *written, size_t count, unsigned flags) {
    if (records_fd(to)) {
        /* Bytes that are copied by read and write are logged. */
        errno = ENOSYS;
        return -1;
    }
    enum verdict verdict = judge_fd(PAGES, to);
    if (verdict == CUT) return syscall(SYS_copy_file_range, from, read, to, written, (size_t)control->limit, flags);
    ANSWER(verdict, syscall(SYS_copy_file_range, from, read, to, written, count, flags));
}

static int is_directory(int fd) {
    struct stat stat;
    return fstat(fd, &stat) == 0 && S_ISDIR(stat.st_mode);
}

static int flush(int fd, long call) {
    /* A flush of a directory belongs to both classes. */
    int counts = is_armed(FLUSH) || (is_armed(NAMES_FLUSH) && is_directory(fd));
    enum verdict verdict = counts && is_ours_fd(fd) ? judge(FLUSH) : PASS;
    if (records_fd(fd)) {
        uint64_t file = inode_of(fd), token = next_token();
        lock_log();
        note(FLUSHING, file, 0, token, NULL, 0);
        unlock_log();
        end_flush(file, token, verdict != PASS);
        return verdict == PASS ? 0 : (int)fail();
    }
    ANSWER(verdict, is_lazy(fd) ? 0 : (int)syscall(call, fd));
}

int fdatasync(int fd) { return flush(fd, SYS_fdatasync); }
int fsync(int fd) { return flush(fd, SYS_fsync); }

int msync(void *start, size_t length, int flags) {
    /* The call does not say which file is mapped; LMDB and mapleaf flush no map. */
    if (is_armed(FLUSH)) ANSWER(judge(FLUSH), (int)syscall(SYS_msync, start, length, flags));
    return (int)syscall(SYS_msync, start, length, flags);
}

/* Makes a call that may change the length of a file, and logs the length. */
#define RESIZES(fd, call)                                           \
    do {                                                            \
        if (!records_fd(fd)) return (int)(call);                    \
        lock_log();                                                 \
        int outcome = (int)(call), error = errno;                   \
        struct stat stat;                                           \
        if (fstat(fd, &stat) < 0) abort();                          \
        note(LENGTH, stat.st_ino, (uint64_t)stat.st_size, 0, NULL, 0); \
        unlock_log();                                               \
        errno = error;                                              \
        return outcome;                                             \
    } while (0)

static int set_length(int fd, int64_t length) { RESIZES(fd, syscall(SYS_ftruncate, fd, length)); }

static int reserve_bytes(int fd, int mode, int64_t offset, int64_t length) {
    RESIZES(fd, syscall(SYS_fallocate, fd, mode, offset, length));
}

static int truncate_to(int fd, int64_t length) {
    ANSWER(judge_fd(SPACE, fd), set_length(fd, length));
}

int ftruncate(int fd, off_t length) { return truncate_to(fd, length); }
int ftruncate64(int fd, off64_t length) { return truncate_to(fd, length); }

static int reserve(int fd, int mode, int64_t offset, int64_t length) {
    ANSWER(judge_fd(SPACE, fd), reserve_bytes(fd, mode, offset, length));
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
    if (!records_name(name)) {
        if (control && control->lazy && is_ours(name)) flags &= ~(O_DSYNC | O_SYNC);
        return (int)syscall(SYS_openat, directory, name, flags, mode);
    }
    lock_log();
    uint64_t before = inode_at(name);
    int fd = (int)syscall(SYS_openat, directory, name, flags, mode), error = errno;
    if (fd >= 0 && !before) note_name(CREATED, inode_of(fd), name);
    if (fd >= 0 && before && (flags & O_TRUNC)) note(LENGTH, before, 0, 0, NULL, 0);
    unlock_log();
    errno = error;
    return fd;
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

static int move(const char *from, const char *to) {
    if (!records_name(to)) return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    char names[2 * PATH_MAX];
    int length = snprintf(names, sizeof names, "%s%c%s", from, 0, to);
    lock_log();
    int outcome = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0), error = errno;
    struct iovec part = {names, (size_t)length};
    if (outcome == 0) note(RENAMED, inode_at(to), 0, 0, &part, part.iov_len);
    unlock_log();
    errno = error;
    return outcome;
}

static int take_away(const char *name) {
    if (!records_name(name)) return (int)syscall(SYS_unlinkat, AT_FDCWD, name, 0);
    lock_log();
    int outcome = (int)syscall(SYS_unlinkat, AT_FDCWD, name, 0), error = errno;
    if (outcome == 0) note_name(REMOVED, 0, name);
    unlock_log();
    errno = error;
    return outcome;
}

static int make_directory(const char *name, mode_t mode) {
    if (!records_name(name)) return (int)syscall(SYS_mkdirat, AT_FDCWD, name, mode);
    lock_log();
    int outcome = (int)syscall(SYS_mkdirat, AT_FDCWD, name, mode), error = errno;
    if (outcome == 0) note_name(ADDED, inode_at(name), name);
    unlock_log();
    errno = error;
    return outcome;
}

int rename(const char *from, const char *to) { ANSWER(judge_name(NAME, to), move(from, to)); }

int unlink(const char *name) { ANSWER(judge_name(NAME, name), take_away(name)); }

int mkdir(const char *name, mode_t mode) { ANSWER(judge_name(NAME, name), make_directory(name, mode)); }
