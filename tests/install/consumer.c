/* consumer.c - a user's program, built with nothing but the flags of pkg-config.
 * SPDX-License-Identifier: MIT
 *
 * Trains a small encoder-decoder for a few epochs and runs it. */
#include <math.h>
#include <stdio.h>

#include <seqecho/seqecho.h>

enum {
    LENGTH = 12,
    CLASSES = 6,
    N_IN = 3,
    N_OUT = 2,
    ROWS = LENGTH - N_IN + 1,
    EPOCHS = 5
};

static int train(seqecho_graph *model, seqecho_dataset *data, seqecho_report *report)
{
    seqecho_trainer *trainer = NULL;
    int err;

    seqecho_graph_add(model, SEQECHO_INPUT(.batch = ROWS, .dim = { N_IN, CLASSES }));
    seqecho_graph_add(model, SEQECHO_LSTM(.units = 8, .stateful = true));
    seqecho_graph_add(model, SEQECHO_REPEAT_VECTOR(N_OUT));
    seqecho_graph_add(model, SEQECHO_LSTM(.units = 8, .return_sequences = true));
    seqecho_graph_add(model,
                      SEQECHO_TIME_DISTRIBUTED(
                          SEQECHO_DENSE(.units = CLASSES, .activation = SEQECHO_SOFTMAX)));
    err = seqecho_trainer_create(&trainer, model,
                                 SEQECHO_TRAINER(.loss = SEQECHO_CATEGORICAL_CROSSENTROPY,
                                                 .metrics = SEQECHO_METRIC_ACCURACY));
    if (err == SEQECHO_OK)
        err = seqecho_trainer_fit_dataset(trainer, data, SEQECHO_FIT(.epochs = EPOCHS),
                                          report);
    seqecho_trainer_destroy(trainer);
    return err;
}

static int predict(seqecho_graph *model, const seqecho_dataset *data, double *sum)
{
    static float out[ROWS * N_OUT * CLASSES];
    seqecho_predictor *predictor = NULL;
    int err = seqecho_predictor_create(&predictor, model, NULL);

    if (err == SEQECHO_OK)
        err = seqecho_predictor_run(predictor, seqecho_dataset_x(data), out,
                                    sizeof out / sizeof out[0]);
    *sum = 0.0;
    for (size_t i = 0; i < sizeof out / sizeof out[0]; i++)
        *sum += (double)out[i];
    seqecho_predictor_destroy(predictor);
    return err;
}

int main(void)
{
    seqecho_report report = SEQECHO_REPORT_INIT;
    seqecho_graph *model = NULL;
    seqecho_dataset *data = NULL;
    double sum = 0.0;
    int err = seqecho_graph_create(&model, SEQECHO_GRAPH(.seed = 1));

    if (err == SEQECHO_OK)
        err = seqecho_dataset_create(&data,
                                     SEQECHO_DATASET(.length = LENGTH, .n_unique = CLASSES,
                                                     .n_in = N_IN, .n_out = N_OUT));
    if (err == SEQECHO_OK)
        err = train(model, data, &report);
    if (err == SEQECHO_OK)
        err = predict(model, data, &sum);
    if (err < 0)
        fprintf(stderr, "%s: %s\n", seqecho_error_name(err), seqecho_error_message());
    seqecho_dataset_destroy(data);
    seqecho_graph_destroy(model);
    if (err < 0)
        return 1;

    /* Each row of a softmax sums to 1. */
    if (seqecho_version() != SEQECHO_VERSION_HEX || report.samples != ROWS ||
        !isfinite(report.loss) || fabs(sum - ROWS * N_OUT) > 1e-3) {
        fprintf(stderr, "version %x, samples %lld, loss %g, sum %g\n",
                (unsigned)seqecho_version(), (long long)report.samples, report.loss, sum);
        return 1;
    }
    printf("seqecho %s: loss %.4f\n", SEQECHO_VERSION_STRING, report.loss);
    return 0;
}
