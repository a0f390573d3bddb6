/* test_resume.c - a training that is stopped anywhere and goes on from a file is, bit for
 * bit, the one that was not stopped.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "training.h"

static const char *now = ""; /* the plan a test is at */

static int name_failure(void **state)
{
    (void)state;
    if (now[0] != '\0')
        print_message("It was at \"%s\".\n", now);
    now = "";
    return file_scratch_end(state);
}

#define resume_test(FN) \
    cmocka_unit_test_setup_teardown(FN, file_scratch_begin, name_failure)

/* The next plan; NULL after the last. */
static const training_plan *next_plan(size_t *i)
{
    const training_plan *const plan = *i < training_plan_count ? &training_plans[*i] : NULL;

    ++*i;
    now = plan != NULL ? plan->name : "";
    return plan;
}

static const training_plan *find_plan(const char *name)
{
    size_t i = 0;
    const training_plan *plan = next_plan(&i);

    while (plan != NULL && strcmp(plan->name, name) != 0)
        plan = next_plan(&i);
    assert_non_null(plan);
    return plan;
}

static void run_whole(training *t, const training_plan *plan)
{
    file_remove_directory("whole");
    training_open(t, plan, 1, "whole");
    training_fit(t);
    assert_true(t->events >= 20);
    print_message("%-30s %3d events\n", plan->name, t->events);
}

static void forget_files(void)
{
    file_remove_directory("again");
    (void)unlink("again.csv");
}

/* A training that is stopped at an event: by a positive answer, or by one that makes the
 * fit fail. */
static void run_stopped(training *t, const training_plan *plan, int at, int32_t threads)
{
    forget_files();
    training_open(t, plan, threads, "again");
    t->stop_at = at;
    t->answer = at % 2 == 0 ? 1 : -1234;
    training_fit(t);
}

/* ---- Stopped and resumed ------------------------------------------------------------ */

/* Every event of a fit, the last after its end, is a place to stop. */
static void every_event(void **state)
{
    int plans = 0, stops = 0, kinds[8] = { 0 };
    const training_plan *plan;

    (void)state;
    for (size_t p = 0; (plan = next_plan(&p)) != NULL; plans++) {
        training whole;

        run_whole(&whole, plan);
        for (int i = 0; i < whole.events; i++, stops++) {
            training first, second;

            run_stopped(&first, plan, i, i % 4 < 2 ? 1 : 3);
            kinds[first.kind]++;
            training_open(&second, plan, i % 4 < 2 ? 3 : 1, "again");
            training_restore(&second, &first);
            training_fit(&second);
            training_assert_same(&second, &whole);
            training_close(&first);
            training_close(&second);
        }
        training_close(&whole);
    }
    print_message("%d of %d stops in %d trainings\n", stops, stops, plans);
    for (seqecho_event_kind k = SEQECHO_EVENT_EPOCH_BEGIN; k <= SEQECHO_EVENT_FIT_END; k++)
        assert_true(kinds[k] > 0);
    assert_true(stops >= 120 && plans >= 6);
}

/* Stopped at every third event of each part, until there is nothing left. */
static void again_and_again(void **state)
{
    const training_plan *plan;
    int parts = 0;

    (void)state;
    for (size_t p = 0; (plan = next_plan(&p)) != NULL;) {
        training whole, one, next;

        run_whole(&whole, plan);
        run_stopped(&one, plan, 2, 1);
        while (one.saved.data != NULL) {
            training_open(&next, plan, 1, "again");
            training_restore(&next, &one);
            next.stop_at = 2;
            training_fit(&next);
            training_close(&one);
            one = next;
            parts++;
        }
        training_assert_same(&one, &whole);
        training_close(&one);
        training_close(&whole);
    }
    print_message("%d parts\n", parts);
}

/* Into a trainer, and with datasets and callbacks, that something else was done with. */
static void into_used_ones(void **state)
{
    const training_plan *plan;

    (void)state;
    for (size_t p = 0; (plan = next_plan(&p)) != NULL;) {
        training whole, first, second;

        run_whole(&whole, plan);
        for (int i = 1; i < whole.events; i += 7) {
            run_stopped(&first, plan, i, 1);
            forget_files();
            training_open(&second, plan, 1, "again");
            second.epochs = 2;
            training_fit(&second);
            forget_files();
            training_close(&first);
            run_stopped(&first, plan, i, 1); /* for its files */
            second.epochs = plan->fit.epochs;
            training_restore(&second, &first);
            training_fit(&second);
            training_assert_same(&second, &whole);
            training_close(&first);
            training_close(&second);
        }
        training_close(&whole);
    }
}

/* ---- Checkpoints -------------------------------------------------------------------- */

static void copy_file(const char *from, const char *to)
{
    const file_bytes f = file_read(from);
    FILE *const file = fopen(to, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(f.data, 1, f.size, file), f.size);
    assert_int_equal(fclose(file), 0);
    free(f.data);
}

/* A training that has only what `first` has left on the disk. */
static void go_on_from_file(const training *first, const char *path, const training *whole)
{
    training second;

    forget_files();
    if ((whole->plan->callbacks & TRAINING_LOG) != 0)
        copy_file(first->log, "again.csv");
    training_open(&second, whole->plan, 1, "again");
    second.epochs = whole->epochs;
    file_must(seqecho_trainer_restore(second.trainer, path));
    training_fit(&second);
    training_assert_same(&second, whole);
    training_close(&second);
}

/* All that the callback saves, after batches and epochs, and that of the best epoch. */
static void every_checkpoint(void **state)
{
    const training_plan *plan;
    int files = 0;

    (void)state;
    for (size_t p = 0; (plan = next_plan(&p)) != NULL;) {
        const struct dirent *entry;
        char path[512];
        training whole;
        DIR *dir;

        if ((plan->callbacks & TRAINING_SAVES) == 0)
            continue;
        run_whole(&whole, plan);
        dir = opendir(whole.directory);
        assert_non_null(dir);
        while ((entry = readdir(dir)) != NULL) {
            if (entry->d_name[0] == '.' ||
                snprintf(path, sizeof path, "%s/%s", whole.directory, entry->d_name) >=
                    (int)sizeof path)
                continue;
            go_on_from_file(&whole, path, &whole);
            files++;
        }
        closedir(dir);
        training_close(&whole);
    }
    print_message("%d checkpoints\n", files);
    assert_true(files > 40);
}

/* A training that has ended is taken up to go on for longer. */
static void for_longer(void **state)
{
    const training_plan *plan;
    int longer = 0;

    (void)state;
    for (size_t p = 0; (plan = next_plan(&p)) != NULL;) {
        training first, whole, second;
        char path[512];

        if (plan->fit.epochs != 4)
            continue;
        file_remove_directory("whole");
        training_open(&whole, plan, 1, "whole");
        whole.epochs = 7;
        training_fit(&whole);
        for (int i = 19; i < 21; i++) { /* of 21 events */
            run_stopped(&first, plan, i, 1);
            training_open(&second, plan, 1, "again");
            second.epochs = 7;
            training_restore(&second, &first);
            training_fit(&second);
            training_assert_same(&second, &whole);
            training_close(&first);
            training_close(&second);
        }
        if ((plan->callbacks & TRAINING_SAVES) != 0) {
            training_open(&first, plan, 1, "first");
            training_fit(&first);
            file_must(seqecho_checkpoint_latest("first", path, sizeof path));
            go_on_from_file(&first, path, &whole);
            training_close(&first);
            file_remove_directory("first");
            longer++;
        }
        training_close(&whole);
    }
    assert_true(longer > 1);
}

/* Taken up again, a training that is done does nothing. */
static void done_is_done(void **state)
{
    const training_plan *plan;

    (void)state;
    for (size_t p = 0; (plan = next_plan(&p)) != NULL;) {
        training whole, second;
        int events;

        run_whole(&whole, plan);
        events = whole.events;
        training_close(&whole);
        file_remove_directory("whole");
        training_open(&whole, plan, 1, "whole");
        whole.stop_at = events - 1;
        training_fit(&whole);
        assert_int_equal(whole.kind, SEQECHO_EVENT_FIT_END);
        training_open(&second, plan, 1, "whole");
        training_restore(&second, &whole);
        training_fit(&second);
        assert_int_equal(second.events, 1); /* the end again */
        training_assert_same(&second, &whole);
        training_close(&second);
        training_close(&whole);
    }
}

/* ---- Saved again -------------------------------------------------------------------- */

/* What was restored is saved as it was, with the place where its fit goes on. */
static void the_same_file(void **state)
{
    const training_plan *plan;
    int files = 0;

    (void)state;
    for (size_t p = 0; (plan = next_plan(&p)) != NULL;)
        for (int i = 0; i < 20; i += 3, files++) {
            training first, second;
            file_bytes again;

            run_stopped(&first, plan, i, 1);
            training_open(&second, plan, 1, "again");
            for (int k = 0; k < 2; k++) {
                training_restore(&second, &first);
                again = file_of_trainer(second.trainer);
                file_assert_same(again, first.saved);
                free(again.data);
            }
            training_close(&first);
            training_close(&second);
        }
    print_message("%d files\n", files);
}

/* ---- Begun anew --------------------------------------------------------------------- */

typedef struct seen {
    int64_t epoch, batch;
    seqecho_event_kind kind;
} seen;

static int look(void *user, const seqecho_event *event)
{
    seen *const s = user;

    if (s->kind == 0)
        *s = (seen){ event->epoch, event->batch, event->kind };
    return 0;
}

/* Where a fit on the views of the plan "sgd" begins. */
static seen where_it_begins(training *t, bool resume)
{
    const seqecho_view x = { t->x, { TRAINING_SAMPLES, 4, 3 }, 3, SEQECHO_FLOAT32 };
    const seqecho_view y = { t->y, { TRAINING_SAMPLES, 2 }, 2, SEQECHO_FLOAT32 };
    seen s = { 0 };

    file_must(
        seqecho_trainer_fit(t->trainer, &x, &y,
                            SEQECHO_FIT(.epochs = 4, .batch_size = 8, .on_event = look,
                                        .user = &s, .resume = resume),
                            NULL));
    return s;
}

enum { RESUMED, NOT_ASKED, FITTED, STEPPED, APPLIED, LOOKED, REFUSED, AFTERS };

/* What is done with a restored trainer before it is fitted. */
static void act(training *t, int what)
{
    const seqecho_view x = { t->x, { 8, 4, 3 }, 3, SEQECHO_FLOAT32 };
    const seqecho_view y = { t->y, { 8, 2 }, 2, SEQECHO_FLOAT32 };
    float out[8 * 2];

    switch (what) {
    case FITTED: file_must(seqecho_trainer_fit(t->trainer, &x, &y, NULL, NULL)); break;
    case STEPPED:
        file_must(seqecho_trainer_train_on_batch(t->trainer, &x, &y, NULL));
        break;
    case APPLIED:
        file_must(seqecho_trainer_compute_gradients(t->trainer, &x, &y, NULL, 0, NULL));
        file_must(seqecho_trainer_apply_gradients(t->trainer));
        break;
    case LOOKED: /* changes nothing that a fit goes on with */
        file_must(seqecho_trainer_evaluate(t->trainer, &x, &y, NULL, NULL));
        file_must(seqecho_trainer_predict(t->trainer, &x, out, 8 * 2));
        break;
    case REFUSED:
        assert_int_equal(seqecho_trainer_train_on_batch(t->trainer, &x, NULL, NULL),
                         SEQECHO_EINVAL);
        assert_int_equal(seqecho_trainer_fit(t->trainer, &x, NULL, NULL, NULL),
                         SEQECHO_EINVAL);
        break;
    default: break;
    }
}

/* A fit that is not asked to goes on from nowhere, and so does one after another step. */
static void places_are_forgotten(void **state)
{
    const training_plan *const plan = find_plan("sgd");

    (void)state;
    for (int i = 0; i < AFTERS; i++) {
        const bool goes_on = i == RESUMED || i == LOOKED || i == REFUSED;
        training first, second;
        seen s;

        run_stopped(&first, plan, 7, 1); /* epoch 1, batch 1 */
        training_open(&second, plan, 1, "again");
        training_restore(&second, &first);
        act(&second, i);
        s = where_it_begins(&second, i != NOT_ASKED);
        assert_int_equal(s.epoch, goes_on ? 1 : 0);
        assert_int_equal(s.batch, goes_on ? 2 : -1);
        assert_int_equal(s.kind,
                         goes_on ? SEQECHO_EVENT_BATCH_END : SEQECHO_EVENT_EPOCH_BEGIN);
        training_close(&first);
        training_close(&second);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        resume_test(every_event),    resume_test(again_and_again),
        resume_test(into_used_ones), resume_test(every_checkpoint),
        resume_test(for_longer),     resume_test(done_is_done),
        resume_test(the_same_file),  resume_test(places_are_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
