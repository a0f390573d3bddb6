/* test_hostile.c - paths at which there is something else than a file.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* setgroups() */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "io/read.h"
#include "io/replace.h"

#include "refuse.h"
#include "subject.h"

/* A call that hangs would hang for ever; nobody is in a hurry to find out. */
#define PATIENCE 10

#define NOBODY 65534
#define NOT_PERMITTED 77

static int save(const char *path)
{
    int status;

    alarm(PATIENCE);
    status = subject_save(subject_new, path);
    alarm(0);
    return status;
}

static int load(const char *path, size_t *size)
{
    seqecho_allocator a;
    unsigned char *bytes;
    int status;

    se_allocator_read(&a, NULL);
    alarm(PATIENCE);
    status = se_file_read(path, &a, &bytes, size, "load");
    alarm(0);
    se_free(&a, bytes);
    return (status == SEQECHO_OK) == (bytes != NULL) ? status : -1000;
}

static void refuse_both(const char *path, int code, const char *saving, const char *reading)
{
    size_t size = 1;

    assert_refused(save(path), code, saving);
    assert_refused(load(path, &size), code, reading);
    assert_int_equal(size, 0);
}

static void expect_message(const char *beginning, const char *end)
{
    const char *const text = seqecho_error_message();

    assert_memory_equal(text, beginning, strlen(beginning));
    assert_string_equal(text + strlen(text) - strlen(end), end);
}

static void holds_new(const char *path)
{
    const files_bytes new = subject_bytes(subject_new);
    size_t size;

    assert_true(files_hold(path, &new));
    assert_int_equal(load(path, &size), 0);
    assert_int_equal(size, new.size);
}

static mode_t kind_of(const char *path)
{
    struct stat found;

    return lstat(path, &found) == 0 ? found.st_mode & S_IFMT : 0;
}

static int set_up(void **state)
{
    (void)state;
    files_clear();
    return 0;
}

/* ---- What is not a regular file ---- */

static void not_files(void **state)
{
    const struct sockaddr_un address = { AF_UNIX, "socket" };
    const int s = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)state;
    assert_int_equal(mkfifo("fifo", 0666), 0);
    refuse_both("fifo", SEQECHO_EIO, "subject: \"fifo\" is a FIFO, expected a regular file",
                "load: \"fifo\" is a FIFO, expected a regular file");
    assert_int_equal(mkdir("directory", 0777), 0);
    refuse_both("directory", SEQECHO_EIO,
                "subject: \"directory\" is a directory, expected a regular file",
                "load: \"directory\" is a directory, expected a regular file");
    refuse_both("directory/..", SEQECHO_EIO,
                "subject: \"directory/..\" is a directory, expected a regular file",
                "load: \"directory/..\" is a directory, expected a regular file");
    assert_int_equal(bind(s, (const struct sockaddr *)&address, sizeof address), 0);
    refuse_both("socket", SEQECHO_EIO,
                "subject: \"socket\" is a socket, expected a regular file",
                "load: cannot open \"socket\": No such device or address");
    close(s);
    assert_int_equal(kind_of("fifo"), S_IFIFO);
    assert_int_equal(kind_of("directory"), S_IFDIR);
    assert_int_equal(kind_of("socket"), S_IFSOCK);
    assert_int_equal(files_others("fifo"), 2);
}

/* Devices of its own: nothing here saves to a path outside of the directory to play in, so
 * that a library that is wrong can do no harm. */
static void saving_to_devices(void **state)
{
    (void)state;
    if (mknod("zero", S_IFCHR | 0666, makedev(1, 5)) != 0) {
        print_message("skipped: this process may not make devices\n");
        skip();
    }
    assert_int_equal(mknod("full", S_IFCHR | 0666, makedev(1, 7)), 0);
    assert_refused(save("zero"), SEQECHO_EIO,
                   "subject: \"zero\" is a device, expected a regular file");
    assert_refused(save("full"), SEQECHO_EIO,
                   "subject: \"full\" is a device, expected a regular file");
    assert_int_equal(kind_of("zero"), S_IFCHR);
    assert_int_equal(kind_of("full"), S_IFCHR);
    assert_int_equal(files_others("zero"), 1);
}

static void reading_devices(void **state)
{
    size_t size;

    (void)state;
    assert_refused(load("/dev/zero", &size), SEQECHO_EIO,
                   "load: \"/dev/zero\" is a device, expected a regular file");
    assert_refused(load("/dev/full", &size), SEQECHO_EIO,
                   "load: \"/dev/full\" is a device, expected a regular file");
}

/* The files of /proc say that they are empty, and are not. */
static void files_without_a_size(void **state)
{
    size_t size;

    (void)state;
    if (kind_of("/proc/self/status") != S_IFREG)
        skip();
    assert_refused(load("/proc/self/status", &size), SEQECHO_EIO,
                   "load: the file changed while it was read, expected 0 bytes, found "
                   "more: \"/proc/self/status\"");
}

static void empty_files(void **state)
{
    const se_bytes nothing = { NULL, 0 };
    size_t size = 1;

    (void)state;
    files_write("file", NULL, 0);
    assert_int_equal(load("file", &size), 0);
    assert_int_equal(size, 0);
    assert_int_equal(save("file"), 0);
    holds_new("file");
    assert_int_equal(se_file_replace("file", &nothing, 1, "subject"), 0);
    assert_int_equal(se_file_replace("other", NULL, 0, "subject"), 0);
    assert_int_equal(load("file", &size), 0);
    assert_int_equal(size, 0);
    assert_int_equal(load("other", &size), 0);
    assert_int_equal(size, 0);
}

/* ---- Paths ---- */

static void not_paths(void **state)
{
    const se_bytes huge[] = { { "", SIZE_MAX / 2 }, { "", 1 } };
    size_t size;

    (void)state;
    refuse_both(NULL, SEQECHO_EINVAL, "subject: path is NULL, expected that of a file",
                "load: path is NULL, expected that of a file");
    refuse_both("", SEQECHO_EINVAL, "subject: path is empty, expected that of a file",
                "load: path is empty, expected that of a file");
    assert_refused(save("./"), SEQECHO_EINVAL,
                   "subject: path ends in '/', expected that of a file");
    assert_refused(save("file/"), SEQECHO_EINVAL,
                   "subject: path ends in '/', expected that of a file");
    refuse_both("missing/file", SEQECHO_EIO,
                "subject: cannot open the directory of \"missing/file\": No such file or "
                "directory",
                "load: cannot open \"missing/file\": No such file or directory");
    files_write("file", "x", 1);
    refuse_both("file/file", SEQECHO_EIO,
                "subject: cannot open the directory of \"file/file\": Not a directory",
                "load: cannot open \"file/file\": Not a directory");
    assert_int_equal(load("missing", &size), SEQECHO_EIO);
    assert_int_equal(se_file_replace("file", huge, 2, "subject"), SEQECHO_EINVAL);
    assert_int_equal(files_others("file"), 0);
}

/* The name of the temporary file, which keeps `kept` bytes of the name of the file. */
static void save_under(const char *name, size_t kept)
{
    calls_trace trace = { NULL, 0 };
    const calls_plan plan = { .trace = &trace };
    char expected[2 * NAME_MAX];

    calls_begin(&plan);
    assert_int_equal(save(name), 0);
    calls_end();
    snprintf(expected, sizeof expected, ".%.*s.%ld.0.tmp", (int)kept, name, (long)getpid());
    assert_int_equal(trace.op[1].kind, CALLS_OPEN); /* after the directory */
    assert_string_equal(trace.op[1].name, expected);
    calls_trace_free(&trace);
    holds_new(name);
}

static void long_names(void **state)
{
    char name[NAME_MAX + 2] = { 0 }, path[2 * PATH_MAX] = { 0 }, tail[64];
    const int added = 1 + snprintf(tail, sizeof tail, ".%ld.0.tmp", (long)getpid());
    const size_t room = NAME_MAX - (size_t)added;

    (void)state;
    save_under("short", 5);
    memset(name, 'x', room);
    save_under(name, room);
    memset(name, 'x', NAME_MAX);
    save_under(name, room);
    save_under(name, room);
    /* Characters of three bytes, of which none is cut. */
    for (size_t i = 0; i < NAME_MAX; i += 3)
        memcpy(name + i, "\xe2\x82\xac", 3);
    save_under(name, room / 3 * 3);
    memcpy(name, "xx\xc3\xa4", 4);
    for (size_t i = 4; i < NAME_MAX; i += 2)
        memcpy(name + i, "\xc3\xa4", 2);
    name[NAME_MAX] = '\0';
    name[NAME_MAX - 1] = 'x';
    save_under(name, room / 2 * 2);
    memset(name, 'x', NAME_MAX + 1);
    assert_int_equal(save(name), SEQECHO_EIO);
    expect_message("subject: cannot examine \"...xxx", "xxx\": File name too long");
    for (size_t i = 0; i < sizeof path - 2; i += 2)
        memcpy(path + i, "./", 2);
    path[sizeof path - 2] = 'x';
    assert_int_equal(save(path), SEQECHO_EIO);
    expect_message("subject: cannot open the directory of \"...", "File name too long");
    assert_int_equal(files_others("short"), 4);
}

static void strange_names(void **state)
{
    static const char *const names[] = {
        "new\nline", "%s%n", " ", "-rf", ".hidden", "back\\slash", "\xff\xfe", "\"quoted\"",
    };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(save(names[i]), 0);
        holds_new(names[i]);
        assert_int_equal(files_others(names[i]), (int)i);
    }
    assert_int_equal(mkdir("in", 0777), 0);
    assert_int_equal(save("in//./../in/file"), 0);
    holds_new("in/file");
    assert_int_equal(unlink("in/file"), 0);
}

/* ---- Links ---- */

static void links_are_replaced(void **state)
{
    const files_bytes target = { (unsigned char *)(uintptr_t) "target", 6, true };
    size_t size;

    (void)state;
    files_write("target", target.data, target.size);
    assert_int_equal(symlink("target", "link"), 0);
    assert_int_equal(load("link", &size), 0);
    assert_int_equal(size, target.size);
    assert_int_equal(save("link"), 0);
    holds_new("link");
    assert_int_equal(kind_of("link"), S_IFREG);
    assert_true(files_hold("target", &target));

    assert_int_equal(symlink("nowhere", "dangling"), 0);
    assert_int_equal(load("dangling", &size), SEQECHO_EIO);
    assert_int_equal(save("dangling"), 0);
    holds_new("dangling");
    assert_int_equal(kind_of("dangling"), S_IFREG);
    assert_int_equal(kind_of("nowhere"), 0);

    /* Other names of the old file keep it. */
    assert_int_equal(link("target", "hard"), 0);
    assert_int_equal(save("hard"), 0);
    holds_new("hard");
    assert_true(files_hold("target", &target));
}

static void directories_by_links(void **state)
{
    (void)state;
    assert_int_equal(mkdir("in", 0777), 0);
    assert_int_equal(symlink("in", "to"), 0);
    assert_int_equal(symlink("loop", "loop"), 0);
    assert_int_equal(save("to/file"), 0);
    holds_new("in/file");
    refuse_both("loop/file", SEQECHO_EIO,
                "subject: cannot open the directory of \"loop/file\": Too many levels of "
                "symbolic links",
                "load: cannot open \"loop/file\": Too many levels of symbolic links");
    assert_int_equal(unlink("in/file"), 0);
}

/* ---- Permissions ---- */

static mode_t permissions(const char *path)
{
    struct stat found;

    return stat(path, &found) == 0 ? found.st_mode & 07777 : 0;
}

static void permissions_are_kept(void **state)
{
    static const mode_t modes[] = { 0600, 0640, 0444, 0666, 0777, 0200 };
    const mode_t old = umask(027);

    (void)state;
    assert_int_equal(save("file"), 0);
    assert_int_equal(permissions("file"), 0640);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        assert_int_equal(chmod("file", modes[i]), 0);
        assert_int_equal(save("file"), 0);
        assert_int_equal(permissions("file"), modes[i]);
    }
    /* Those that make programs of files are not handed on. */
    assert_int_equal(chmod("file", 06755), 0);
    assert_int_equal(save("file"), 0);
    assert_int_equal(permissions("file"), 0755);
    /* Nor are those of a link, which are all. */
    assert_int_equal(symlink("file", "link"), 0);
    assert_int_equal(save("link"), 0);
    assert_int_equal(permissions("link"), 0640);
    umask(old);
}

static int as_nobody(void *user)
{
    const char *const denied = strerror(EACCES);
    size_t size;

    (void)user;
    if (geteuid() == 0 &&
        (setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
        return NOT_PERMITTED;
    /* Where not even the way here is open to it, messages would be those of the way. */
    if (access(".", R_OK) != 0)
        return NOT_PERMITTED;
    if (save("closed/file") != SEQECHO_EIO ||
        strstr(seqecho_error_message(), denied) == NULL ||
        strstr(seqecho_error_message(), "create a file beside \"closed/file\"") == NULL)
        return 1;
    if (save("closed/new") != SEQECHO_EIO)
        return 2;
    if (load("closed/file", &size) != SEQECHO_OK)
        return 3;
    if (load("closed/secret", &size) != SEQECHO_EIO ||
        strstr(seqecho_error_message(), denied) == NULL)
        return 4;
    return 0;
}

static void without_permission(void **state)
{
    int result;

    (void)state;
    assert_int_equal(chmod(".", 0755), 0);
    assert_int_equal(mkdir("closed", 0777), 0);
    files_write("closed/file", "x", 1);
    files_write("closed/secret", "x", 1);
    assert_int_equal(chmod("closed/secret", 0), 0);
    assert_int_equal(chmod("closed", 0555), 0);
    result = files_in_child(as_nobody, NULL);
    assert_int_equal(chmod("closed", 0777), 0);
    assert_int_equal(unlink("closed/file"), 0);
    assert_int_equal(unlink("closed/secret"), 0);
    assert_int_equal(rmdir("closed"), 0); /* nothing was left in it */
    if (result == NOT_PERMITTED) {
        print_message("skipped: this process may not become another user\n");
        skip();
    }
    assert_int_equal(result, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(not_files, set_up),
        cmocka_unit_test_setup(saving_to_devices, set_up),
        cmocka_unit_test_setup(reading_devices, set_up),
        cmocka_unit_test_setup(files_without_a_size, set_up),
        cmocka_unit_test_setup(empty_files, set_up),
        cmocka_unit_test_setup(not_paths, set_up),
        cmocka_unit_test_setup(long_names, set_up),
        cmocka_unit_test_setup(strange_names, set_up),
        cmocka_unit_test_setup(links_are_replaced, set_up),
        cmocka_unit_test_setup(directories_by_links, set_up),
        cmocka_unit_test_setup(permissions_are_kept, set_up),
        cmocka_unit_test_setup(without_permission, set_up),
    };

    return cmocka_run_group_tests(tests, files_enter, files_leave);
}
