/* test_optimizer_options.c - options and parameters of optimizers that are refused.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "close.h"
#include "models.h"
#include "refuse.h"

#define HEAD .struct_size = sizeof(seqecho_trainer_options)

typedef struct refusal {
    seqecho_trainer_options options;
    const char *text;
} refusal;

static const refusal refusals[] = {
    { { HEAD, .learning_rate = -1 }, "trainer: learning_rate is -1, expected 0 to 1000" },
    { { HEAD, .learning_rate = NAN }, "trainer: learning_rate is nan, expected 0 to 1000" },
    { { HEAD, .nesterov = true }, "trainer: Adam has no nesterov" },
    { { HEAD, .centered = true }, "trainer: Adam has no centered" },
    { { HEAD, .epsilon_outside = true }, "trainer: Adam has no epsilon_outside" },
    { { HEAD, .momentum = 0.5F }, "trainer: Adam has no momentum" },
    { { HEAD, .rho = 0.5F }, "trainer: Adam has no rho" },
    { { HEAD, .weight_decay = 0.5F }, "trainer: Adam has no weight_decay" },
    { { HEAD, .optimizer = SEQECHO_NADAM, .amsgrad = true },
      "trainer: Nadam has no amsgrad" },
    { { HEAD, .optimizer = SEQECHO_SGD, .amsgrad = true }, "trainer: SGD has no amsgrad" },
    { { HEAD, .optimizer = SEQECHO_SGD, .rho = 0.5F }, "trainer: SGD has no rho" },
    { { HEAD, .optimizer = SEQECHO_RMSPROP, .nesterov = true },
      "trainer: RMSprop has no nesterov" },
    { { HEAD, .optimizer = SEQECHO_ADAMW, .momentum = 0.5F },
      "trainer: AdamW has no momentum" },
    { { HEAD, .optimizer = SEQECHO_SGD, .momentum = 1.5F },
      "trainer: momentum is 1.5, expected 0 to 1" },
    { { HEAD, .optimizer = SEQECHO_RMSPROP, .momentum = -0.5F },
      "trainer: momentum is -0.5, expected 0 to 1" },
    { { HEAD, .optimizer = SEQECHO_RMSPROP, .rho = 1 },
      "trainer: rho is 1, expected 0 to 1, the last excluded" },
    { { HEAD, .optimizer = SEQECHO_ADAMW, .weight_decay = 1.5F },
      "trainer: weight_decay is 1.5, expected 0 to 1" },
    { { HEAD, .clipnorm = -1 },
      "trainer: clipnorm is -1, expected a positive number, or 0 for none" },
    { { HEAD, .global_clipnorm = NAN },
      "trainer: global_clipnorm is nan, expected a positive number, or 0 for none" },
    { { HEAD, .clipvalue = INFINITY },
      "trainer: clipvalue is inf, expected a positive number, or 0 for none" },
    { { HEAD, .clipnorm = 1, .clipvalue = 1 },
      "trainer: both clipnorm and clipvalue are set, expected one at most" },
    { { HEAD, .clipnorm = 1, .global_clipnorm = 1 },
      "trainer: both clipnorm and global_clipnorm are set, expected one at most" },
    { { HEAD, .global_clipnorm = 1, .clipvalue = 1 },
      "trainer: both global_clipnorm and clipvalue are set, expected one at most" },
};

static void options(void **state)
{
    seqecho_graph *const graph = models_small();
    seqecho_trainer *trainer = NULL;
    const seqecho_schedule bad = { .struct_size = sizeof bad,
                                   .kind = SEQECHO_EXPONENTIAL_DECAY };

    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        trainer = (void *)1;
        assert_refused(seqecho_trainer_create(&trainer, graph, &refusals[i].options),
                       SEQECHO_EINVAL, refusals[i].text);
        assert_null(trainer);
    }
    assert_refused(seqecho_trainer_create(
                       &trainer, graph, SEQECHO_TRAINER(.optimizer = (seqecho_optimizer)5)),
                   SEQECHO_ENOTSUP, "trainer: optimizer 5 is unknown to this library");
    assert_refused(
        seqecho_trainer_create(&trainer, graph, SEQECHO_TRAINER(.schedule = &bad)),
        SEQECHO_EINVAL, "schedule: decay_rate is 0, expected more than 0");
    seqecho_graph_destroy(graph);
}

/* Which optimizer has which parameter. */
static void parameters(void **state)
{
    static const char *const optimizers[] = { "Adam", "SGD", "RMSprop", "AdamW", "Nadam" };
    static const struct {
        const char *name;
        const char *has; /* one character for each optimizer */
        double lo, hi, beyond;
    } params[] = {
        { "learning_rate", "yyyyy", 0, 1000, 1000.5 },
        { "beta_1", "y..yy", 0, 0.999, 1 },
        { "beta_2", "y..yy", 0, 0.999, 1 },
        { "epsilon", "y.yyy", 1e-12, 1, 1e-13 },
        { "momentum", ".yy..", 0, 1, 1.5 },
        { "rho", "..y..", 0, 0.999, 1 },
        { "weight_decay", "...y.", 0, 1, -0.5 },
    };

    (void)state;
    for (int kind = 0; kind < 5; kind++) {
        seqecho_graph *const graph = models_small();
        seqecho_trainer *trainer;

        assert_int_equal(
            seqecho_trainer_create(
                &trainer, graph,
                SEQECHO_TRAINER(.optimizer = (seqecho_optimizer)kind,
                                .momentum = params[4].has[kind] == 'y' ? 0.5F : 0)),
            0);
        for (int i = 0; i < 7; i++) {
            const seqecho_param param = (seqecho_param)(i + 1);
            char text[64];
            double value = 77;

            if (params[i].has[kind] == 'y') {
                assert_int_equal(seqecho_trainer_set(trainer, param, params[i].lo), 0);
                assert_int_equal(seqecho_trainer_set(trainer, param, params[i].hi), 0);
                assert_int_equal(seqecho_trainer_set(trainer, param, params[i].beyond),
                                 SEQECHO_EINVAL);
                assert_int_equal(seqecho_trainer_set(trainer, param, (double)NAN),
                                 SEQECHO_EINVAL);
                assert_int_equal(seqecho_trainer_get(trainer, param, &value), 0);
                assert_close_double(value, params[i].hi, 0, 0);
                continue;
            }
            snprintf(text, sizeof text, "trainer: %s has no %s", optimizers[kind],
                     params[i].name);
            assert_refused(seqecho_trainer_set(trainer, param, 0.5), SEQECHO_EINVAL, text);
            assert_refused(seqecho_trainer_get(trainer, param, &value), SEQECHO_EINVAL,
                           text);
            assert_close_double(value, 77, 0, 0);
        }
        seqecho_trainer_destroy(trainer);
        seqecho_graph_destroy(graph);
    }
}

/* Without a velocity there is nothing that momentum could work on. */
static void momentum_later(void **state)
{
    seqecho_graph *const graph = models_small();
    seqecho_trainer *trainer;

    (void)state;
    assert_int_equal(
        seqecho_trainer_create(&trainer, graph, SEQECHO_TRAINER(.optimizer = SEQECHO_SGD)),
        0);
    assert_int_equal(seqecho_trainer_set(trainer, SEQECHO_PARAM_MOMENTUM, 0.0), 0);
    assert_refused(seqecho_trainer_set(trainer, SEQECHO_PARAM_MOMENTUM, 0.5),
                   SEQECHO_ESTATE,
                   "trainer: it was created without momentum, so it cannot be given one "
                   "later");
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options),
        cmocka_unit_test(parameters),
        cmocka_unit_test(momentum_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
