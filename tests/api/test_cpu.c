/* test_cpu.c - the kernels that SEQECHO_CPU names: all of a group give the same bits, on
 * any number of threads and whatever compiler made them.
 * SPDX-License-Identifier: MIT
 *
 * Kernels are chosen once a process, so the test runs itself again for each name. */
#include <stdio.h>
#include <stdlib.h>

#include "close.h"
#include "models.h"

static const char *self;

/* One layer with each activation, in both roles of an LSTM's. */
static seqecho_graph *every_activation(void)
{
    seqecho_graph *graph;

    assert_int_equal(seqecho_graph_create(&graph, NULL), 0);
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 5, 100 }));
    for (seqecho_activation f = SEQECHO_LINEAR; f <= SEQECHO_SWISH; f++) {
        seqecho_graph_add(
            graph, SEQECHO_LSTM(.units = 7, .activation = f,
                                .recurrent_activation = (seqecho_activation)(13 - (int)f),
                                .return_sequences = true));
        seqecho_graph_add(graph, SEQECHO_DENSE(.units = 19, .activation = f));
    }
    seqecho_graph_add(graph, SEQECHO_DENSE(.units = 100, .activation = SEQECHO_SOFTMAX));
    return graph;
}

/* Weights that no function of the C library had a part in. */
static void set_weights(seqecho_graph *graph)
{
    for (size_t i = 0; i < seqecho_graph_weight_count(graph); i++) {
        const char *const name = seqecho_graph_weight_name(graph, i);
        seqecho_view shape;
        float *values;
        size_t n = 1;

        if (seqecho_graph_weight_shape(graph, name, &shape) < 0)
            exit(1);
        for (int32_t d = 0; d < shape.rank; d++)
            n *= (size_t)shape.dim[d];
        values = malloc(n * sizeof *values);
        models_fill(values, n, (uint32_t)i);
        for (size_t w = 0; w < n; w++)
            values[w] *= 0.125f;
        if (seqecho_graph_weight_set(graph, name, values, n) < 0)
            exit(1);
        free(values);
    }
}

/* Train for a while; the hash of what came of it. */
static uint64_t train(seqecho_graph *graph, seqecho_dataset *data, int32_t threads)
{
    seqecho_trainer *const trainer = models_trainer(graph, threads);
    seqecho_report report = SEQECHO_REPORT_INIT;
    uint64_t hash;
    float *weights;
    size_t n;

    set_weights(graph);
    if (seqecho_trainer_fit_dataset(trainer, data, SEQECHO_FIT(.epochs = 3), &report) < 0)
        exit(1);
    weights = models_weights(graph, &n);
    hash = models_hash(weights, n * sizeof *weights);
    hash = hash * 31 + models_hash(&report.loss, sizeof report.loss);
    free(weights);
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
    seqecho_dataset_destroy(data);
    return hash;
}

/* Both models of the demonstrations, one with odd sizes, one with every activation, and one
 * large enough for threads to share every part of the work. */
static uint64_t train_all(int32_t threads)
{
    const models_size first = { .batch = 7 }, second = { .batch = 21 };
    const models_size odd = { .units = 33, .classes = 19, .steps = 3 };
    const models_size large = { .units = 96, .classes = 50, .steps = 13 };
    uint64_t hash = 0;

    hash +=
        train(models_whole(first), models_data(first, 0, SEQECHO_ENCODE_INTEGER), threads);
    hash = hash * 31 + train(models_partial(second),
                             models_data(second, 2, SEQECHO_ENCODE_INTEGER), threads);
    hash = hash * 31 +
           train(models_whole(odd), models_data(odd, 0, SEQECHO_ENCODE_ONE_HOT), threads);
    hash = hash * 31 + train(every_activation(),
                             models_data(first, 0, SEQECHO_ENCODE_ONE_HOT), threads);
    return hash * 31 + train(models_whole(large),
                             models_data(large, 0, SEQECHO_ENCODE_INTEGER), threads);
}

/* In the child. */
static int train_and_print(void)
{
    static const int32_t threads[] = { 1, 2, 3, 8 };
    uint64_t hash[4];

    for (size_t i = 0; i < 4; i++) {
        hash[i] = train_all(threads[i]);
        if (hash[i] != hash[0])
            return 1;
    }
    printf("%016llx %s\n", (unsigned long long)hash[0], seqecho_build_info());
    return 0;
}

enum { INFO = 384 };

/* Hash and build info with kernels of this name, NULL for the library's choice. */
static uint64_t ask(const char *name, char info[INFO])
{
    char command[1024], line[INFO + 32];
    unsigned long long hash = 0;
    FILE *child;

    if (name != NULL)
        assert_int_equal(setenv("SEQECHO_CPU", name, 1), 0);
    else
        assert_int_equal(unsetenv("SEQECHO_CPU"), 0);
    snprintf(command, sizeof command, "'%s' train", self);
    child = popen(command, "r");
    assert_non_null(child);
    assert_non_null(fgets(line, sizeof line, child));
    assert_int_equal(pclose(child), 0);
    assert_int_equal(sscanf(line, "%llx %383[^\n]", &hash, info), 2);
    print_message("SEQECHO_CPU=%s: %016llx, %s\n", name != NULL ? name : "", hash, info);
    return hash;
}

/* What every compiler, on every machine, makes of the trainings above; a change here is a
 * change of the library's bits. */
#define UNFUSED UINT64_C(0x4f19b6532fa3bd69)
#define FUSED UINT64_C(0xdea2843576c28bff)

/* All of a group give these bits; how many there were. */
static int check_group(const char *const *names, size_t n, uint64_t bits)
{
    int found = 0;

    for (size_t i = 0; i < n; i++) {
        char info[INFO], want[32];
        const uint64_t hash = ask(names[i], info);

        snprintf(want, sizeof want, ", %s kernels, ", names[i]);
        if (strstr(info, want) == NULL)
            continue; /* not on this machine */
        found++;
        assert_true(hash == bits);
        assert_non_null(strstr(info, "; kernels: asked for by SEQECHO_CPU; "));
    }
    return found;
}

static void unfused_kernels_agree(void **state)
{
    static const char *const names[] = { "c", "sse2" };

    (void)state;
#if defined(__x86_64__)
    assert_int_equal(check_group(names, 2, UNFUSED), 2);
#else
    assert_int_equal(check_group(names, 2, UNFUSED), 1);
#endif
}

static void fused_kernels_agree(void **state)
{
    static const char *const names[] = { "avx2", "avx512", "neon" };
    char usual[INFO];

    (void)state;
    (void)ask(NULL, usual);
    assert_int_equal(check_group(names, 3, FUSED),
                     strstr(usual, " avx512 kernels,") != NULL ? 2
                     : strstr(usual, " sse2 kernels,") != NULL ? 0
                                                               : 1);
}

static void unknown_names_are_ignored(void **state)
{
    char usual[INFO], unknown[INFO], empty[INFO];
    size_t length;
    const uint64_t hash = ask(NULL, usual);

    (void)state;
    assert_true(ask("pentium", unknown) == hash);
    assert_true(ask("", empty) == hash);
    assert_string_equal(empty, usual);
    /* What was chosen is the same, but that a name was given is told. */
    length = strcspn(usual, ";");
    assert_memory_equal(unknown, usual, length + 1);
    assert_non_null(strstr(unknown, "(SEQECHO_CPU names another, and is ignored)"));
    assert_null(strstr(usual, "SEQECHO_CPU"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unfused_kernels_agree),
        cmocka_unit_test(fused_kernels_agree),
        cmocka_unit_test(unknown_names_are_ignored),
    };

    self = argv[0];
    if (argc > 1)
        return train_and_print();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
