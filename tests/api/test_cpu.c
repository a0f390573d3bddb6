/* test_cpu.c - the kernels that SEQECHO_CPU names: all of a group give the same bits.
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

/* Train for a while; what came of it is added to the hash. */
static uint64_t train(uint64_t hash, seqecho_graph *graph, seqecho_dataset *data)
{
    seqecho_trainer *const trainer = models_trainer(graph, 1);
    seqecho_report report = SEQECHO_REPORT_INIT;
    float *weights;
    size_t n;

    if (seqecho_trainer_fit_dataset(trainer, data, SEQECHO_FIT(.epochs = 3), &report) < 0)
        exit(1);
    weights = models_weights(graph, &n);
    hash = hash * 31 + models_hash(weights, n * sizeof *weights);
    hash = hash * 31 + models_hash(&report.loss, sizeof report.loss);
    free(weights);
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
    seqecho_dataset_destroy(data);
    return hash;
}

/* In the child: both models of the demonstrations, one with odd sizes, one with every
 * activation. */
static int train_and_print(void)
{
    const models_size first = { .batch = 7 }, second = { .batch = 21 };
    const models_size odd = { .units = 33, .classes = 19, .steps = 3 };
    uint64_t hash = 0;

    hash = train(hash, models_whole(first), models_data(first, 0, SEQECHO_ENCODE_INTEGER));
    hash =
        train(hash, models_partial(second), models_data(second, 2, SEQECHO_ENCODE_INTEGER));
    hash = train(hash, models_whole(odd), models_data(odd, 0, SEQECHO_ENCODE_ONE_HOT));
    hash = train(hash, every_activation(), models_data(first, 0, SEQECHO_ENCODE_ONE_HOT));
    printf("%016llx %s\n", (unsigned long long)hash, seqecho_build_info());
    return 0;
}

/* Hash and build info with kernels of this name, NULL for the library's choice. */
static uint64_t ask(const char *name, char info[128])
{
    char command[1024], line[256];
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
    assert_int_equal(sscanf(line, "%llx %127[^\n]", &hash, info), 2);
    print_message("SEQECHO_CPU=%s: %016llx, %s\n", name != NULL ? name : "", hash, info);
    return hash;
}

/* Those without a fused multiply-add agree, and those with one; how many were there. */
static int check_group(const char *const *names, size_t n)
{
    uint64_t first = 0;
    int found = 0;

    for (size_t i = 0; i < n; i++) {
        char info[128], want[32];
        const uint64_t hash = ask(names[i], info);

        snprintf(want, sizeof want, ", %s kernels, ", names[i]);
        if (strstr(info, want) == NULL)
            continue; /* not on this machine */
        if (found++ == 0)
            first = hash;
        assert_true(hash == first);
    }
    return found;
}

static void unfused_kernels_agree(void **state)
{
    static const char *const names[] = { "c", "sse2" };

    (void)state;
#if defined(__x86_64__)
    assert_int_equal(check_group(names, 2), 2);
#else
    assert_int_equal(check_group(names, 2), 1);
#endif
}

static void fused_kernels_agree(void **state)
{
    static const char *const names[] = { "avx2", "avx512", "neon" };
    char usual[128];

    (void)state;
    (void)ask(NULL, usual);
    assert_int_equal(check_group(names, 3), strstr(usual, "avx512") != NULL ? 2
                                            : strstr(usual, "sse2") != NULL ? 0
                                                                            : 1);
}

static void unknown_names_are_ignored(void **state)
{
    char usual[128], unknown[128], empty[128];
    const uint64_t hash = ask(NULL, usual);

    (void)state;
    assert_true(ask("pentium", unknown) == hash);
    assert_true(ask("", empty) == hash);
    assert_string_equal(unknown, usual);
    assert_string_equal(empty, usual);
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
