/* replay.c - runs a fuzzing target on every file of a corpus, and on mutations of each.
 * SPDX-License-Identifier: MIT
 *
 * usage: replay_NAME [-m MUTATIONS] FILE_OR_DIRECTORY...
 *
 * The mutations are the same every time.  All runs in a child process, whose output must
 * be empty; if it is not, or the child dies, the input it had at work is left in
 * crash-NAME, in the current directory, to be given to replay_NAME -m 0 or to fuzz_NAME. */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

#pragma weak LLVMFuzzerCustomMutator

#define SIZE_MAX_INPUT ((size_t)1 << 16)
#define MUTATIONS 24

/* Shared with the child. */
typedef struct work {
    uint64_t runs;
    uint64_t state; /* of the random numbers */
    size_t size;
    char from[256]; /* the file */
    uint8_t data[SIZE_MAX_INPUT];
} work;

typedef struct file {
    char path[1024];
    uint8_t *data;
    size_t size;
} file;

static work *now;
static file *files;
static size_t n_files;

static void give_up(const char *what, const char *name)
{
    fprintf(stderr, "replay: %s: ", what);
    perror(name);
    exit(2);
}

/* ---- The corpus --------------------------------------------------------------------- */

static void add_file(const char *path)
{
    FILE *const stream = fopen(path, "rb");
    file *f;

    files = realloc(files, (n_files + 1) * sizeof *files);
    if (stream == NULL || files == NULL)
        give_up("cannot read", path);
    f = &files[n_files++];
    snprintf(f->path, sizeof f->path, "%s", path);
    f->data = malloc(SIZE_MAX_INPUT);
    if (f->data == NULL)
        give_up("no memory for", path);
    f->size = fread(f->data, 1, SIZE_MAX_INPUT, stream);
    fclose(stream);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const file *)a)->path, ((const file *)b)->path);
}

static void add(const char *path)
{
    DIR *const directory = opendir(path);
    const struct dirent *entry;
    char name[1024];

    if (directory == NULL) {
        add_file(path);
        return;
    }
    while ((entry = readdir(directory)) != NULL)
        if (entry->d_name[0] != '.') {
            snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
            add_file(name);
        }
    closedir(directory);
}

/* ---- Mutations ---------------------------------------------------------------------- */

static size_t below(size_t n)
{
    now->state = now->state * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return n > 0 ? (size_t)(now->state >> 33) % n : 0;
}

static size_t overwrite(uint8_t *data, size_t size, size_t max, const void *bytes, size_t n)
{
    const size_t at = below(size + 1);

    n = n < max - at ? n : max - at;
    memcpy(data + at, bytes, n);
    return at + n > size ? at + n : size;
}

static size_t insert(uint8_t *data, size_t size, size_t max, const void *bytes, size_t n)
{
    const size_t at = below(size + 1);

    n = n < max - size ? n : max - size;
    memmove(data + at + n, data + at, size - at);
    memcpy(data + at, bytes, n);
    return size + n;
}

static size_t flip(uint8_t *data, size_t size)
{
    for (size_t n = 1 + below(4); size > 0 && n > 0; n--)
        data[below(size)] ^= (uint8_t)(1 + below(255));
    return size;
}

/* A number that breaks sizes: as little-endian bytes, or as text. */
static size_t plant(uint8_t *data, size_t size, size_t max)
{
    static const uint64_t numbers[] = {
        0,
        1,
        INT32_MAX,
        UINT64_C(1) << 31,
        UINT64_C(1) << 32,
        UINT64_C(1) << 61,
        INT64_MAX,
        UINT64_MAX,
    };
    const uint64_t number = numbers[below(sizeof numbers / sizeof *numbers)];
    uint8_t bytes[8];
    char text[24];

    if (below(2) == 0) {
        snprintf(text, sizeof text, "%" PRIu64, number);
        return insert(data, size, max, text, strlen(text));
    }
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(number >> (8 * i));
    return overwrite(data, size, max, bytes, below(2) == 0 ? 4 : 8);
}

static size_t extend(uint8_t *data, size_t size, size_t max)
{
    uint8_t more[64];

    for (size_t i = 0; i < sizeof more; i++)
        more[i] = (uint8_t)below(256);
    return insert(data, size, max, more, 1 + below(sizeof more));
}

/* The beginning of this one, and the end of another. */
static size_t splice(uint8_t *data, size_t size, size_t max)
{
    const file *const other = &files[below(n_files)];
    const size_t from = below(other->size + 1), at = below(size + 1);
    const size_t n = other->size - from < max - at ? other->size - from : max - at;

    memcpy(data + at, other->data + from, n);
    return at + n;
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size)
{
    switch (below(5)) {
    case 0: return flip(data, size);
    case 1: return below(size + 1); /* cut off */
    case 2: return extend(data, size, max_size);
    case 3: return splice(data, size, max_size);
    default: return plant(data, size, max_size);
    }
}

/* ---- Running ------------------------------------------------------------------------ */

/* In memory of exactly this size, so that reading beyond is found. */
static void run_input(void)
{
    uint8_t *const data = malloc(now->size > 0 ? now->size : 1);

    if (data == NULL)
        abort();
    memcpy(data, now->data, now->size);
    (void)LLVMFuzzerTestOneInput(data, now->size);
    free(data);
    now->runs++;
}

static void run_all(size_t mutations)
{
    now->size = 0;
    run_input();
    for (size_t i = 0; i < n_files; i++) {
        const file *const f = &files[i];
        const char *const name = strrchr(f->path, '/');

        snprintf(now->from, sizeof now->from, "%.255s", name != NULL ? name + 1 : f->path);
        for (size_t m = 0; m <= mutations; m++) {
            now->state = i * 1000 + m;
            now->size = f->size;
            memcpy(now->data, f->data, f->size);
            for (size_t n = m > 0 ? 1 + below(3) : 0; n > 0; n--)
                now->size =
                    LLVMFuzzerCustomMutator != NULL && below(2) == 0
                        ? LLVMFuzzerCustomMutator(now->data, now->size, SIZE_MAX_INPUT,
                                                  (unsigned int)below(1u << 30))
                        : LLVMFuzzerMutate(now->data, now->size, SIZE_MAX_INPUT);
            run_input();
        }
    }
}

/* Copies what the child wrote; returns how much that was. */
static size_t show(FILE *output)
{
    char text[4096];
    size_t all = 0, n;

    rewind(output);
    while ((n = fread(text, 1, sizeof text, output)) > 0) {
        fwrite(text, 1, n, stderr);
        all += n;
    }
    return all;
}

static void save(const char *program)
{
    const char *const slash = strrchr(program, '/');
    const char *const name = strstr(slash != NULL ? slash : program, "replay_");
    char path[256];
    FILE *stream;

    snprintf(path, sizeof path, "crash-%s", name != NULL ? name + 7 : "input");
    stream = fopen(path, "wb");
    if (stream == NULL || fwrite(now->data, 1, now->size, stream) != now->size ||
        fclose(stream) != 0)
        give_up("cannot write", path);
    fprintf(stderr, "the input, %zu bytes made of %s, is in %s\n", now->size, now->from,
            path);
}

static void *share(size_t size)
{
    FILE *const stream = tmpfile();
    void *memory = MAP_FAILED;

    if (stream != NULL && ftruncate(fileno(stream), (off_t)size) == 0)
        memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(stream), 0);
    if (memory == MAP_FAILED)
        give_up("no memory", "mmap");
    fclose(stream);
    return memory;
}

int main(int argc, char **argv)
{
    size_t mutations = MUTATIONS, written;
    int first = 1, status = 0;
    FILE *const output = tmpfile();
    pid_t child;

    if (argc > 2 && strcmp(argv[1], "-m") == 0) {
        mutations = (size_t)strtoul(argv[2], NULL, 10);
        first = 3;
    }
    for (int i = first; i < argc; i++)
        add(argv[i]);
    if (n_files == 0 || output == NULL) {
        fprintf(stderr, "usage: %s [-m MUTATIONS] FILE_OR_DIRECTORY...\n", argv[0]);
        return 2;
    }
    qsort(files, n_files, sizeof *files, by_name);
    now = share(sizeof *now);
    child = fork();
    if (child < 0)
        give_up("no process", "fork");
    if (child == 0) {
        if (dup2(fileno(output), 1) < 0 || dup2(fileno(output), 2) < 0)
            abort();
        run_all(mutations);
        exit(0);
    }
    if (waitpid(child, &status, 0) != child)
        give_up("lost the child", "waitpid");
    written = show(output);
    if (written > 0 || status != 0) {
        fprintf(stderr, "%zu bytes written, status %d, after %" PRIu64 " inputs\n", written,
                status, now->runs);
        save(argv[0]);
        return 1;
    }
    printf("%zu files, %" PRIu64 " inputs\n", n_files, now->runs);
    for (size_t i = 0; i < n_files; i++)
        free(files[i].data);
    free(files);
    return 0;
}
