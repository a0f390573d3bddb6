/* training.c - small trainings of many kinds, which can be stopped at any event, saved
 * there, and compared when they are done.
 * SPDX-License-Identifier: MIT */
#include "training.h"

#include <stdio.h>

/* ---- Opening and closing ------------------------------------------------------------ */

static void fill(float *values, size_t n, uint32_t seed)
{
    uint64_t s = seed;

    for (size_t i = 0; i < n; i++) {
        s = s * UINT64_C(6364136223846793005) + 1442695040888963407U;
        values[i] = (float)((double)(s >> 40) * 0x1p-23 - 1.0);
    }
}

static seqecho_view floats(const float *values, int64_t samples, int64_t a, int64_t b)
{
    return (seqecho_view){ values,
                           { samples, a, b },
                           b > 0   ? 3
                           : a > 0 ? 2
                                   : 1,
                           SEQECHO_FLOAT32 };
}

static void make_samples(training *t)
{
    enum { ALL = TRAINING_SAMPLES, HELD = TRAINING_HELD_OUT };

    fill(t->x[0][0], sizeof t->x / sizeof(float), 1);
    fill(t->y[0], sizeof t->y / sizeof(float), 2);
    fill(t->y_steps[0][0], sizeof t->y_steps / sizeof(float), 3);
    fill(t->weight, sizeof t->weight / sizeof(float), 4);
    fill(t->step_weight[0], sizeof t->step_weight / sizeof(float), 5);
    t->vx = floats(t->x[0][0], ALL, 4, 3);
    t->vy[0] = floats(t->y[0], ALL, 2, 0);
    t->vy[1] = floats(t->y_steps[0][0], ALL, 4, 3);
    t->vw[0] = floats(t->weight, ALL, 0, 0);
    t->vw[1] = floats(t->step_weight[0], ALL, 4, 0);
    t->held_x = floats(t->x[ALL][0], HELD, 4, 3);
    t->held_y[0] = floats(t->y[ALL], HELD, 2, 0);
    t->held_y[1] = floats(t->y_steps[ALL][0], HELD, 4, 3);
}

static void add(training *t, seqecho_callback *callback)
{
    t->callback[t->n_callbacks++] = callback;
}

static void add_callbacks(training *t)
{
    const unsigned which = t->plan->callbacks;
    seqecho_callback *c;

    if ((which & (TRAINING_STOP | TRAINING_BEST)) != 0) {
        const bool best = (which & TRAINING_BEST) != 0;

        file_must(seqecho_early_stopping_create(
            &c, SEQECHO_EARLY_STOPPING(.patience = t->plan->patience,
                                       .min_delta = t->plan->patience < 50 ? 0.5 : 0.0,
                                       .restore_best_weights = best)));
        add(t, c);
        t->stop = c;
    }
    if ((which & TRAINING_REDUCE) != 0) {
        file_must(seqecho_reduce_lr_create(
            &c, SEQECHO_REDUCE_LR(.patience = 1, .min_delta = 0.5, .cooldown = 1,
                                  .factor = 0.5, .min_lr = 1e-4)));
        add(t, c);
    }
    if ((which & TRAINING_LOG) != 0) {
        file_must(seqecho_csv_log_create(&c, SEQECHO_CSV_LOG(.path = t->log)));
        add(t, c);
    }
    if ((which & TRAINING_NAN) != 0) {
        file_must(seqecho_stop_on_nan_create(&c, NULL));
        add(t, c);
    }
    if ((which & TRAINING_SAVES) != 0) {
        file_must(seqecho_checkpoint_create(
            &c, SEQECHO_CHECKPOINT(.directory = t->directory, .every_batches = 1,
                                   .keep = 1000, .save_best = true)));
        add(t, c);
    }
}

void training_open(training *t, const training_plan *plan, int32_t threads,
                   const char *name)
{
    seqecho_trainer_options options = plan->trainer;

    memset(t, 0, sizeof *t);
    t->plan = plan;
    t->epochs = plan->fit.epochs;
    t->stop_at = -1;
    t->answer = 1;
    (void)snprintf(t->log, sizeof t->log, "%s.csv", name);
    (void)snprintf(t->directory, sizeof t->directory, "%s", name);
    make_samples(t);
    file_must(seqecho_dataset_create(
        &t->data, SEQECHO_DATASET(.n_unique = 6, .n_out = 5, .seed = 3)));
    file_must(seqecho_dataset_create(
        &t->held_out, SEQECHO_DATASET(.n_unique = 6, .seed = 3, .held_out = true)));
    t->graph = plan->graph();
    file_must(seqecho_graph_status(t->graph));
    options.struct_size = sizeof options;
    options.threads = threads;
    file_must(seqecho_trainer_create(&t->trainer, t->graph, &options));
    add_callbacks(t);
}

void training_close(training *t)
{
    for (size_t i = 0; i < t->n_callbacks; i++)
        seqecho_callback_destroy(t->callback[i]);
    seqecho_trainer_destroy(t->trainer);
    seqecho_graph_destroy(t->graph);
    seqecho_dataset_destroy(t->data);
    seqecho_dataset_destroy(t->held_out);
    free(t->saved.data);
}

/* ---- Training ----------------------------------------------------------------------- */

static int on_event(void *user, const seqecho_event *event)
{
    training *const t = user;

    if (t->plan->interfere != NULL)
        t->plan->interfere(t, event);
    if (t->events++ != t->stop_at)
        return 0;
    t->saved = file_of_trainer(event->trainer);
    t->kind = event->kind;
    return t->answer;
}

seqecho_fit_options training_options(training *t, bool resume)
{
    const training_plan *const p = t->plan;
    seqecho_fit_options o = p->fit;

    o.struct_size = sizeof o;
    o.epochs = t->epochs;
    if (o.batch_size == 0)
        o.batch_size = p->dataset ? 7 : 8;
    o.on_event = on_event;
    o.user = t;
    o.resume = resume;
    o.callbacks = t->callback;
    o.n_callbacks = t->n_callbacks;
    o.sample_weight = p->weighted ? t->vw : NULL;
    o.validation_x = p->held_out && !p->dataset ? &t->held_x : NULL;
    o.validation_y = p->held_out && !p->dataset ? t->held_y : NULL;
    o.validation_dataset = p->held_out && p->dataset ? t->held_out : NULL;
    return o;
}

int training_try(training *t, bool resume)
{
    const seqecho_fit_options o = training_options(t, resume);

    t->report = (seqecho_report)SEQECHO_REPORT_INIT;
    if (t->plan->dataset)
        return seqecho_trainer_fit_dataset(t->trainer, t->data, &o, &t->report);
    return seqecho_trainer_fit(t->trainer, &t->vx, t->vy, &o, &t->report);
}

void training_fit(training *t)
{
    const int err = training_try(t, true);

    if (err != t->answer || t->saved.data == NULL)
        file_must(err);
}

void training_restore(training *t, const training *from)
{
    assert_non_null(from->saved.data);
    file_must(
        seqecho_trainer_restore_memory(t->trainer, from->saved.data, from->saved.size));
}

/* ---- Comparing ---------------------------------------------------------------------- */

file_bytes training_bytes(seqecho_trainer *trainer)
{
    const file_bytes f = file_of_trainer(trainer);

    file_clear_seconds(f);
    return f;
}

void training_read_log(const char *path, char text[4096])
{
    FILE *const file = fopen(path, "r");
    char line[512];
    size_t at = 0;
    int seconds = -1;

    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        int column = 0;

        for (char *field = strtok(line, ","); field != NULL; field = strtok(NULL, ",")) {
            if (strcmp(field, "seconds") == 0)
                seconds = column;
            if (column++ != seconds)
                at += (size_t)snprintf(text + at, 4096 - at, "%s,", field);
            assert_true(at < 4096);
        }
    }
    fclose(file);
    assert_true(seconds > 0);
}

static void assert_same_report(const seqecho_report *a, const seqecho_report *b)
{
    seqecho_report x = *a, y = *b;

    x.seconds = y.seconds = 0.0;
    assert_memory_equal(&x, &y, sizeof x);
}

static void assert_same_best(const training *a, const training *b)
{
    double x = 0.0, y = 0.0;
    int64_t m = -1, n = -1;

    assert_int_equal(seqecho_early_stopping_best(a->stop, &x, &m),
                     seqecho_early_stopping_best(b->stop, &y, &n));
    assert_memory_equal(&x, &y, sizeof x);
    assert_int_equal(m, n);
}

static void assert_same_sequence(const seqecho_dataset *a, const seqecho_dataset *b)
{
    size_t m, n;
    const int32_t *const x = seqecho_dataset_sequence(a, &m);
    const int32_t *const y = seqecho_dataset_sequence(b, &n);

    assert_int_equal(seqecho_dataset_position(a), seqecho_dataset_position(b));
    assert_int_equal(m, n);
    assert_memory_equal(x, y, n * sizeof *y);
}

void training_assert_same(const training *a, const training *b)
{
    const file_bytes x = training_bytes(a->trainer), y = training_bytes(b->trainer);
    char log_a[4096], log_b[4096];

    file_assert_same(x, y);
    free(x.data);
    free(y.data);
    assert_same_report(&a->report, &b->report);
    assert_same_sequence(a->data, b->data);
    assert_same_sequence(a->held_out, b->held_out);
    if (a->stop != NULL)
        assert_same_best(a, b);
    if ((a->plan->callbacks & TRAINING_LOG) != 0) {
        training_read_log(a->log, log_a);
        training_read_log(b->log, log_b);
        assert_string_equal(log_a, log_b);
    }
}
