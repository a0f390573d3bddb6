/* model_resume.c - a training loop of one's own, saved half-way and gone on with.
 * SPDX-License-Identifier: MIT
 *
 *     model_resume [FILE]
 *
 * One training makes 200 steps.  Another makes 100 and is saved in FILE, by default
 * training.safetensors; a third is restored from it and makes the rest.  The weights are
 * then the same, bit for bit.  (Of a fit, seqecho_checkpoint_create() does it all.) */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <seqecho/seqecho.h>

enum { KERNEL = 10 * 4 * 8 }; /* (features, 4 units) */

typedef struct run {
    seqecho_graph *model;
    seqecho_dataset *data;
    seqecho_trainer *trainer;
} run;

/* The objects are made by the program, each time in the same way; a file has what has
 * become of them. */
static int begin(run *r)
{
    int err = seqecho_graph_create(&r->model, SEQECHO_GRAPH(.seed = 1));

    if (err == 0)
        err = seqecho_dataset_create(&r->data, SEQECHO_DATASET(.n_unique = 10, .seed = 1));
    if (err < 0)
        return err;
    seqecho_graph_add(r->model, SEQECHO_INPUT(.dim = { 5, 10 }));
    seqecho_graph_add(r->model,
                      SEQECHO_LSTM(.units = 8, .return_sequences = true, .dropout = 0.1f));
    seqecho_graph_add(r->model,
                      SEQECHO_TIME_DISTRIBUTED(
                          SEQECHO_DENSE(.units = 10, .activation = SEQECHO_SOFTMAX)));
    return seqecho_trainer_create(
        &r->trainer, r->model,
        SEQECHO_TRAINER(.loss = SEQECHO_CATEGORICAL_CROSSENTROPY, .learning_rate = 0.01f));
}

static void end(run *r)
{
    seqecho_trainer_destroy(r->trainer);
    seqecho_graph_destroy(r->model);
    seqecho_dataset_destroy(r->data);
}

static int train(run *r, int steps)
{
    seqecho_report report = SEQECHO_REPORT_INIT;
    int err = 0;

    for (int i = 0; i < steps && err == 0; i++) {
        seqecho_dataset_next(r->data);
        err = seqecho_trainer_train_on_batch(r->trainer, seqecho_dataset_x(r->data),
                                             seqecho_dataset_y(r->data), &report);
    }
    if (err == 0)
        printf("%d steps, up to sequence %" PRIu64 ": loss %.4f\n", steps,
               seqecho_dataset_position(r->data), report.loss);
    return err;
}

/* The first half.  The file has everything of the trainer; where the data stand, a loop of
 * one's own remembers itself. */
static int first_half(const char *path, uint64_t *position)
{
    run r = { NULL, NULL, NULL };
    int err = begin(&r);

    if (err == 0)
        err = train(&r, 100);
    if (err == 0)
        err = seqecho_trainer_save(r.trainer, path);
    if (err == 0)
        *position = seqecho_dataset_position(r.data);
    end(&r);
    return err;
}

static int second_half(run *r, const char *path, uint64_t position)
{
    int err = begin(r);

    if (err == 0)
        err = seqecho_trainer_restore(r->trainer, path);
    if (err < 0)
        return err;
    seqecho_dataset_seek(r->data, position);
    return train(r, 100);
}

/* What --help prints; 2 for an option that there is not. */
static int usage(const char *option)
{
    const bool asked = strcmp(option, "--help") == 0;

    fprintf(asked ? stdout : stderr,
            "Usage: model_resume [FILE]\n"
            "Save a training in FILE half-way, and go on with it to the same bits.\n"
            "FILE is by default training.safetensors.\n");
    return asked ? 0 : 2;
}

int main(int argc, char **argv)
{
    static float one[KERNEL], two[KERNEL];
    const char *const path = argc > 1 ? argv[1] : "training.safetensors";
    run whole = { NULL, NULL, NULL }, halves = { NULL, NULL, NULL };
    uint64_t position = 0;
    int err;

    if (argc > 1 && argv[1][0] == '-')
        return usage(argv[1]);
    err = begin(&whole);

    if (err == 0)
        err = train(&whole, 200);
    if (err == 0)
        err = first_half(path, &position);
    if (err == 0)
        err = second_half(&halves, path, position);
    if (err == 0)
        err = seqecho_graph_weight_get(whole.model, "lstm/kernel", one, KERNEL);
    if (err == 0)
        err = seqecho_graph_weight_get(halves.model, "lstm/kernel", two, KERNEL);
    if (err == 0)
        printf("the weights are %s\n",
               memcmp(one, two, sizeof one) == 0 ? "the same" : "different");
    else
        fprintf(stderr, "model_resume: %s: %s\n", seqecho_error_name(err),
                seqecho_error_message());
    end(&whole);
    end(&halves);
    return err < 0;
}
