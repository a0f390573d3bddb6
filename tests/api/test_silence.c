/* test_silence.c - the library prints nothing, and leaves the process as it found it.
 * SPDX-License-Identifier: MIT */
#include <fenv.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

#include "close.h"
#include "models.h"

static const models_size size = { .batch = 7, .classes = 6, .units = 3 };

/* All kinds of calls that go right, and that fail in all ways there are.  Notes how many
 * did which; asserts nothing, since nobody would see it. */
static void make_calls(int *good, int *bad)
{
    seqecho_graph *graph = models_whole(size), *broken;
    seqecho_trainer *trainer = models_trainer(graph, 2), *no_trainer;
    seqecho_dataset *data = models_data(size, 0, SEQECHO_ENCODE_ONE_HOT), *no_data;
    seqecho_predictor *predictor = NULL;
    seqecho_view x = *seqecho_dataset_x(data), wrong = x;
    const seqecho_view *const y = seqecho_dataset_y(data);
    static float out[21 * 5 * 6], infinite[21 * 5 * 6];
    int32_t classes[7] = { 99 };

    *good = *bad = 0;
#define CALL(call) (*((call) < 0 ? bad : good) += 1)
    CALL(seqecho_predictor_create(&predictor, graph, SEQECHO_PREDICTOR(.threads = 3)));
    CALL(seqecho_trainer_fit_dataset(trainer, data, SEQECHO_FIT(.epochs = 3), NULL));
    CALL(seqecho_trainer_evaluate(trainer, &x, y, NULL, NULL));
    CALL(seqecho_trainer_predict(trainer, &x, out, 21 * 5 * 6));
    CALL(seqecho_predictor_run(predictor, &x, out, 21 * 5 * 6));
    CALL(seqecho_predictor_step(predictor, out, infinite));
    CALL(seqecho_graph_create(&broken, NULL));

    seqecho_graph_add(broken, SEQECHO_LSTM(.units = 3));
    CALL(seqecho_graph_status(broken));
    CALL(seqecho_trainer_create(&no_trainer, broken, NULL));
    CALL(seqecho_predictor_run(predictor, &x, out, 3));
    CALL(seqecho_predictor_step_classes(predictor, classes, out));
    CALL(seqecho_trainer_fit(trainer, NULL, y, NULL, NULL));
    CALL(seqecho_trainer_set(trainer, SEQECHO_PARAM_BETA_1, 2.0));
    CALL(seqecho_trainer_apply_gradients(trainer));
    CALL(seqecho_graph_weight_get(graph, "none", out, 1));
    CALL(seqecho_dataset_create(&no_data, SEQECHO_DATASET(.n_in = -1)));
    wrong.dim[0] = 20;
    CALL(seqecho_trainer_fit(trainer, &wrong, y, NULL, NULL));
    for (size_t i = 0; i < 21 * 5 * 6; i++)
        infinite[i] = INFINITY;
    wrong = x;
    wrong.data = infinite;
    CALL(seqecho_trainer_fit(trainer, &wrong, &x, NULL, NULL));
#undef CALL
    seqecho_predictor_destroy(predictor);
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
    seqecho_graph_destroy(broken);
    seqecho_dataset_destroy(data);
}

/* Standard output and standard error into files; nothing gets there. */
static void nothing_is_printed(void **state)
{
    char names[2][32] = { "/tmp/seqecho-out-XXXXXX", "/tmp/seqecho-err-XXXXXX" };
    int files[2], saved[2], good, bad;
    struct stat info[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        files[i] = mkstemp(names[i]);
        assert_true(files[i] >= 0);
        assert_int_equal(unlink(names[i]), 0);
    }
    (void)fflush(stdout);
    (void)fflush(stderr);
    for (int i = 0; i < 2; i++) {
        saved[i] = dup(i + 1);
        (void)dup2(files[i], i + 1);
    }
    make_calls(&good, &bad);
    (void)fflush(stdout);
    (void)fflush(stderr);
    for (int i = 0; i < 2; i++)
        (void)dup2(saved[i], i + 1);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(fstat(files[i], &info[i]), 0);
        assert_int_equal(info[i].st_size, 0);
        assert_int_equal(close(files[i]), 0);
        assert_int_equal(close(saved[i]), 0);
    }
    assert_int_equal(good, 7);
    assert_int_equal(bad, 11);
}

static void the_locale_is_not_touched(void **state)
{
    char before[256];
    int good, bad;

    (void)state;
    (void)setlocale(LC_ALL, "");
    strncpy(before, setlocale(LC_ALL, NULL), sizeof before - 1);
    before[sizeof before - 1] = '\0';
    make_calls(&good, &bad);
    assert_string_equal(setlocale(LC_ALL, NULL), before);
}

/* The modes of floating point: rounding, and what x86 keeps beside it. */
static void floating_point_modes_are_not_touched(void **state)
{
    static const int modes[] = { FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO };

    (void)state;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        int good, bad;
#if defined(__SSE__)
        const unsigned flush = i % 2 == 0 ? 0U : 0x8040U; /* denormals are zero */
        unsigned before, after;

        _mm_setcsr((_mm_getcsr() & ~0x8040U) | flush);
#endif
        assert_int_equal(fesetround(modes[i]), 0);
#if defined(__SSE__)
        before = _mm_getcsr() & 0xffc0U;
#endif
        make_calls(&good, &bad);
        assert_int_equal(fegetround(), modes[i]);
#if defined(__SSE__)
        after = _mm_getcsr() & 0xffc0U;
        _mm_setcsr(_mm_getcsr() & ~0x8040U);
        assert_int_equal(after, before);
#endif
        (void)fesetround(FE_TONEAREST);
    }
}

/* No handlers, no mask: signals belong to the program. */
static void signals_are_not_touched(void **state)
{
    struct sigaction before[32], after[32];
    sigset_t mask_before, mask_after;
    int good, bad;

    (void)state;
    memset(before, 0, sizeof before);
    memset(after, 0, sizeof after);
    for (int i = 1; i < 32; i++)
        (void)sigaction(i, NULL, &before[i]);
    (void)sigprocmask(SIG_SETMASK, NULL, &mask_before);
    make_calls(&good, &bad);
    (void)sigprocmask(SIG_SETMASK, NULL, &mask_after);
    for (int i = 1; i < 32; i++) {
        (void)sigaction(i, NULL, &after[i]);
        assert_true(before[i].sa_handler == after[i].sa_handler);
        assert_int_equal(sigismember(&mask_before, i), sigismember(&mask_after, i));
    }
}

/* The environment and the directory. */
static void surroundings_are_not_touched(void **state)
{
    extern char **environ;
    char before[1024], after[1024];
    size_t n_before = 0, n_after = 0;
    int good, bad, lowest, again;

    (void)state;
    assert_non_null(getcwd(before, sizeof before));
    while (environ[n_before] != NULL)
        n_before++;
    lowest = open("/dev/null", O_RDONLY);
    assert_int_equal(close(lowest), 0);
    make_calls(&good, &bad);
    again = open("/dev/null", O_RDONLY);
    assert_int_equal(close(again), 0);
    assert_int_equal(again, lowest); /* no file was left open */
    assert_non_null(getcwd(after, sizeof after));
    assert_string_equal(before, after);
    while (environ[n_after] != NULL)
        n_after++;
    assert_int_equal(n_after, n_before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_are_not_touched), /* first: what was done would stay */
        cmocka_unit_test(nothing_is_printed),
        cmocka_unit_test(the_locale_is_not_touched),
        cmocka_unit_test(floating_point_modes_are_not_touched),
        cmocka_unit_test(surroundings_are_not_touched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
