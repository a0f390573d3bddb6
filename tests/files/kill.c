/* kill.c - a training that is killed again and again, at any moment, and started again each
 * time, comes to the same end as one that is left in peace.
 * SPDX-License-Identifier: MIT
 *
 * usage: kill [--times N] [--seed N] [--in DIRECTORY]
 *
 * The training is a process of its own: it looks for the newest checkpoint, restores it if
 * there is one, and fits.  It is killed N times; when it comes to its end before, it begins
 * anew in an empty directory. */
#define _XOPEN_SOURCE 700 /* realpath() */

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>

#include "training.h"

static const training_plan *plan(void)
{
    const training_plan *p = training_plans;

    while (strcmp(p->name, "killed") != 0)
        p++;
    return p;
}

/* ---- The training ------------------------------------------------------------------- */

static void put_file(const char *path, file_bytes bytes)
{
    FILE *const file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes.data, 1, bytes.size, file), bytes.size);
    assert_int_equal(fclose(file), 0);
}

/* What the guide to checkpoints says a program does; "ready" goes to the one that kills. */
static int train(int32_t threads)
{
    training t;
    char path[64];
    file_bytes end;
    ssize_t written;

    training_open(&t, plan(), threads, "run");
    file_must(seqecho_checkpoint_create(
        &t.callback[t.n_callbacks++],
        SEQECHO_CHECKPOINT(.directory = "run", .every_batches = 1, .save_best = true)));
    if (seqecho_checkpoint_latest("run", path, sizeof path) == 0)
        file_must(seqecho_trainer_restore(t.trainer, path));
    written = write(STDOUT_FILENO, "r", 1);
    assert_int_equal(written, 1);
    file_must(training_try(&t, true));
    end = training_bytes(t.trainer);
    put_file("end", end);
    free(end.data);
    training_close(&t);
    return 0;
}

/* ---- The one that kills ------------------------------------------------------------- */

typedef struct tally {
    int kills, runs, waits;
    int temporary;   /* the most that were there at once */
    int64_t newest;  /* -1 before the first checkpoint */
    int may_be_left; /* of those files, by processes that did not get to tidy up */
    uint64_t seed;
    int64_t least_time; /* that a whole run took, in nanoseconds */
} tally;

static uint64_t draw(tally *t)
{
    t->seed = t->seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return t->seed >> 33;
}

static int64_t nanoseconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Start the training; what it says comes from *from. */
static pid_t start(const char *program, bool three, int *from)
{
    int ends[2];
    pid_t pid;

    if (pipe(ends) != 0)
        return -1;
    pid = fork();
    if (pid == 0) {
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)close(ends[0]);
        (void)close(ends[1]);
        (void)execl(program, program, "--train", three ? "3" : "1", (char *)NULL);
        _exit(127);
    }
    (void)close(ends[1]);
    *from = ends[0];
    return pid;
}

/* 0 if it is ready to train; else it is not going to be. */
static int wait_until_ready(int from)
{
    char ready;

    return read(from, &ready, 1) == 1 ? 0 : -1;
}

/* Run it to its end, or kill it after `delay` nanoseconds of training; 1 if it came to its
 * end, 0 if it was killed, -1 if it failed. */
static int run(const char *program, bool three, int64_t delay, int64_t *took)
{
    int from = -1, status = 0;
    const pid_t pid = start(program, three, &from);
    const int ready = pid > 0 ? wait_until_ready(from) : -1;
    const int64_t began = nanoseconds();

    if (ready == 0 && delay >= 0) {
        const struct timespec pause = { delay / 1000000000, delay % 1000000000 };

        (void)nanosleep(&pause, NULL);
        (void)kill(pid, SIGKILL);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return -1;
    (void)close(from);
    *took = nanoseconds() - began;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        return 0;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 1 : -1;
}

static int complain(const char *what)
{
    (void)fprintf(stderr, "kill: %s (%s)\n", what, seqecho_error_message());
    return -1;
}

static int count_temporary(void)
{
    DIR *const dir = opendir("run");
    const struct dirent *entry;
    int n = 0;

    if (dir == NULL)
        return 0;
    while ((entry = readdir(dir)) != NULL)
        n += strstr(entry->d_name, ".tmp") != NULL;
    closedir(dir);
    return n;
}

/* After a kill: once there was a whole checkpoint there always is one, never an older one,
 * and files that were not finished do not pile up. */
static int look(tally *t)
{
    char path[64] = "";
    unsigned long long steps;
    int64_t more;
    const int err = seqecho_checkpoint_latest("run", path, sizeof path);
    const int temporary = count_temporary();

    if (err < 0 && (err != SEQECHO_ENOTFOUND || t->newest >= 0))
        return complain("no whole checkpoint is left");
    t->waits += err < 0;
    if (err == 0 && sscanf(path, "run/checkpoint-%llu", &steps) != 1)
        return complain("what is the number of this checkpoint?");
    more = err == 0 ? (int64_t)steps - t->newest : 0;
    if (more < 0)
        return complain("the newest checkpoint is an older one");
    t->newest += more;
    /* Who has saved twice has tidied up after the first. */
    t->may_be_left = more > 1 ? 1 : t->may_be_left + 1;
    if (temporary > t->may_be_left)
        return complain("unfinished files pile up");
    t->temporary = temporary > t->temporary ? temporary : t->temporary;
    return 0;
}

static void clear(tally *t)
{
    file_remove_directory("run");
    (void)unlink("run.csv");
    (void)unlink("end");
    t->newest = -1;
    t->may_be_left = 0;
}

/* The same training, the same log but for the time, and a checkpoint of the last step. */
static bool same_end(file_bytes end, const char *log)
{
    char text[4096], path[64];
    const file_bytes got = file_read("end");
    const bool same = got.size == end.size && memcmp(got.data, end.data, end.size) == 0;

    free(got.data);
    training_read_log("run.csv", text);
    return same && strcmp(text, log) == 0 &&
           seqecho_checkpoint_latest("run", path, sizeof path) == 0 &&
           strcmp(path, "run/checkpoint-000000000030.safetensors") == 0;
}

static int kill_and_start(const char *program, int times, tally *t)
{
    int64_t took = 0;
    char log[4096];
    file_bytes end;
    int got;

    if (run(program, false, -1, &t->least_time) != 1)
        return complain("the training fails by itself");
    end = file_read("end");
    training_read_log("run.csv", log);
    for (clear(t); t->kills < times || t->newest >= 0; t->kills += got == 0) {
        const bool last = t->kills >= times;
        const int64_t longest = t->least_time / 6 + 1;
        const int64_t delay = last ? -1 : (int64_t)(draw(t) % (uint64_t)longest);

        got = run(program, draw(t) % 2 == 0, delay, &took);
        if (got < 0)
            return complain("the training fails when it is started again");
        if (got == 0 && look(t) < 0)
            return -1;
        if (got == 0)
            continue;
        if (!same_end(end, log))
            return complain("the end is another than that of a run in peace");
        t->runs++;
        clear(t);
    }
    free(end.data);
    return 0;
}

int main(int argc, char **argv)
{
    char *program;
    void *where = NULL;
    int times = 20, err;
    tally t = { .seed = 1 };

    if (argc == 3 && strcmp(argv[1], "--train") == 0)
        return train((int32_t)strtol(argv[2], NULL, 10));
    program = realpath(argv[0], NULL);
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--times") == 0)
            times = (int)strtol(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--seed") == 0)
            t.seed = strtoull(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--in") == 0)
            where = argv[i + 1];
    }
    if (program == NULL || file_scratch_begin(&where) != 0)
        return 1;
    err = kill_and_start(program, times, &t);
    printf(
        "%d kills of %d, %d of them before the first checkpoint; %d trainings, each with "
        "the same end; at most %d unfinished files\n",
        t.kills, times, t.waits, t.runs, t.temporary);
    free(program);
    return file_scratch_end(&where) == 0 && err == 0 ? 0 : 1;
}
