/* claims.c - the tutorial's two results as distributions over seeds.
 * SPDX-License-Identifier: MIT
 *
 *     claims seq2seq|encoder_decoder [SEEDS [FIRST_SEED]]
 *
 * Trains the demo once per seed and prints the learning curve and the final figures as
 * mean, standard deviation, smallest and largest over the seeds; docs/tutorial.md sets
 * them beside reference figures.  Not a test: nothing here passes or fails. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <seqecho/seqecho.h>

enum {
    CLASSES = 100,
    ROWS = 21,
    N_IN = 5,
    EVALUATED = 50,
    MAX_SEEDS = 1000,
    MAX_POINTS = 16
};

typedef struct demo {
    const char *name;
    int epochs, units, batch, n_out;
    int window;             /* epochs a point of the curve is averaged over */
    int points[MAX_POINTS]; /* the epochs of the points, ended by 0 */
} demo;

static const demo demos[] = {
    { "seq2seq",
      500,
      20,
      7,
      5,
      5,
      { 25, 50, 100, 150, 200, 250, 300, 350, 400, 450, 475, 500 } },
    { "encoder_decoder",
      5000,
      150,
      21,
      2,
      50,
      { 100, 250, 500, 1000, 1500, 2000, 2500, 3000, 3500, 4000, 4500, 5000 } },
};

enum {
    LAST_LOSS,
    LAST5_LOSS,
    LAST_ACC,
    LAST20_ACC,
    EVAL_LOSS,
    EVAL_ACC,
    EVAL_ROWS,
    EVAL_SEQS,
    HELD_FROM,
    SECONDS,
    FIGURES
};

static const char *const figure_names[FIGURES] = {
    "loss of the last epoch",
    "loss, mean of the last 5 epochs",
    "accuracy of the last epoch",
    "accuracy, mean of the last 20 epochs",
    "loss on 50 fresh sequences",
    "accuracy on 50 fresh sequences",
    "  rows entirely right",
    "  sequences entirely right",
    "epoch from which accuracy stays 1 for 20 epochs",
    "training, seconds",
};

static double figures[FIGURES][MAX_SEEDS];
static double curve[MAX_POINTS][2][MAX_SEEDS];

static void check(int err)
{
    if (err < 0) {
        fprintf(stderr, "claims: %s: %s\n", seqecho_error_name(err),
                seqecho_error_message());
        exit(1);
    }
}

static double mean(const double *values, int n)
{
    double sum = 0.0;

    for (int i = 0; i < n; i++)
        sum += values[i];
    return sum / n;
}

/* One line of the table; seeds whose figure is NaN are left out. */
static void print_row(const char *name, const double *values, int seeds)
{
    double sum = 0.0, square = 0.0, lo = INFINITY, hi = -INFINITY, m, sd;
    int n = 0;

    for (int i = 0; i < seeds; i++) {
        if (isnan(values[i]))
            continue;
        sum += values[i];
        lo = fmin(lo, values[i]);
        hi = fmax(hi, values[i]);
        n++;
    }
    m = sum / n;
    for (int i = 0; i < seeds; i++)
        if (!isnan(values[i]))
            square += (values[i] - m) * (values[i] - m);
    sd = n > 1 ? sqrt(square / (n - 1)) : 0.0;
    printf("| %-47s | %3d | %9.4f | %8.4f | %9.4f | %9.4f |\n", name, n, m, sd, lo, hi);
}

static void build(seqecho_graph *g, const demo *d)
{
    seqecho_graph_add(g, SEQECHO_INPUT(.batch = d->batch, .dim = { N_IN, CLASSES }));
    if (d->n_out < N_IN) {
        seqecho_graph_add(g, SEQECHO_LSTM(.units = d->units, .stateful = true));
        seqecho_graph_add(g, SEQECHO_REPEAT_VECTOR(d->n_out));
    }
    seqecho_graph_add(
        g, SEQECHO_LSTM(.units = d->units, .return_sequences = true, .stateful = true));
    seqecho_graph_add(g,
                      SEQECHO_TIME_DISTRIBUTED(
                          SEQECHO_DENSE(.units = CLASSES, .activation = SEQECHO_SOFTMAX)));
}

/* Share of rows and of whole sequences without an error. */
static void evaluate(seqecho_trainer *t, seqecho_dataset *data, const demo *d, int seed)
{
    static float out[ROWS * N_IN * CLASSES];
    int32_t want[ROWS * N_IN], got[ROWS * N_IN];
    const size_t steps = (size_t)(ROWS * d->n_out), row = (size_t)d->n_out * sizeof *want;
    int rows = 0, sequences = 0;

    for (int i = 0; i < EVALUATED; i++) {
        int right = 0;

        seqecho_dataset_next(data);
        seqecho_trainer_reset_states(t);
        check(seqecho_trainer_predict(t, seqecho_dataset_x(data), out, steps * CLASSES));
        check(seqecho_dataset_decode(data, seqecho_dataset_y(data)->data, steps, want));
        check(seqecho_dataset_decode(data, out, steps, got));
        for (int r = 0; r < ROWS; r++)
            right += memcmp(want + r * d->n_out, got + r * d->n_out, row) == 0;
        rows += right;
        sequences += right == ROWS;
    }
    figures[EVAL_ROWS][seed] = rows / (double)(ROWS * EVALUATED);
    figures[EVAL_SEQS][seed] = sequences / (double)EVALUATED;
}

/* First epoch of the last 20 or more in a row with accuracy 1, or NaN. */
static double held_from(const double *accuracy, int epochs)
{
    int run = 0;

    for (int e = 0; e < epochs; e++) {
        run = accuracy[e] == 1.0 ? run + 1 : 0;
        if (run == 20)
            return e - 19 + 1;
    }
    return (double)NAN;
}

static void run(const demo *d, int i, uint64_t seed)
{
    seqecho_report report = SEQECHO_REPORT_INIT;
    seqecho_dataset *data;
    seqecho_graph *g;
    seqecho_trainer *t;
    const double *loss, *accuracy, *seconds;

    check(seqecho_dataset_create(&data, SEQECHO_DATASET(.n_out = d->n_out, .seed = seed)));
    check(seqecho_graph_create(&g, SEQECHO_GRAPH(.seed = seed)));
    build(g, d);
    check(seqecho_trainer_create(&t, g,
                                 SEQECHO_TRAINER(.loss = SEQECHO_CATEGORICAL_CROSSENTROPY,
                                                 .metrics = SEQECHO_METRIC_ACCURACY,
                                                 .threads = 1)));
    check(seqecho_trainer_fit_dataset(t, data, SEQECHO_FIT(.epochs = d->epochs), NULL));
    loss = seqecho_trainer_history(t, "loss", NULL);
    accuracy = seqecho_trainer_history(t, "accuracy", NULL);
    seconds = seqecho_trainer_history(t, "seconds", NULL);
    for (int p = 0; d->points[p] > 0; p++) {
        curve[p][0][i] = mean(loss + d->points[p] - d->window, d->window);
        curve[p][1][i] = mean(accuracy + d->points[p] - d->window, d->window);
    }
    figures[LAST_LOSS][i] = loss[d->epochs - 1];
    figures[LAST5_LOSS][i] = mean(loss + d->epochs - 5, 5);
    figures[LAST_ACC][i] = accuracy[d->epochs - 1];
    figures[LAST20_ACC][i] = mean(accuracy + d->epochs - 20, 20);
    figures[HELD_FROM][i] = held_from(accuracy, d->epochs);
    figures[SECONDS][i] = mean(seconds, d->epochs) * d->epochs;

    evaluate(t, data, d, i);
    seqecho_dataset_seek(data, seqecho_dataset_position(data) - EVALUATED);
    check(seqecho_trainer_evaluate_dataset(t, data, EVALUATED, NULL, &report));
    figures[EVAL_LOSS][i] = report.loss;
    figures[EVAL_ACC][i] = report.accuracy;

    seqecho_trainer_destroy(t);
    seqecho_graph_destroy(g);
    seqecho_dataset_destroy(data);
}

int main(int argc, char **argv)
{
    const int seeds = argc > 2 ? atoi(argv[2]) : 20, first = argc > 3 ? atoi(argv[3]) : 1;
    const demo *d = NULL;
    char name[64];

    for (size_t i = 0; argc > 1 && i < sizeof demos / sizeof *demos; i++)
        if (strcmp(argv[1], demos[i].name) == 0)
            d = &demos[i];
    if (d == NULL || seeds < 1 || seeds > MAX_SEEDS) {
        fprintf(stderr, "usage: claims seq2seq|encoder_decoder [SEEDS [FIRST_SEED]]\n");
        return 2;
    }
    for (int i = 0; i < seeds; i++)
        run(d, i, (uint64_t)(first + i));

    printf("%s, %d epochs, seeds %d to %d\n\n", d->name, d->epochs, first,
           first + seeds - 1);
    printf("| %-47s |   n |      mean |       sd |       min |       max |\n", "figure");
    printf("|---|---|---|---|---|---|\n");
    for (int f = 0; f < FIGURES; f++)
        print_row(figure_names[f], figures[f], seeds);
    for (int p = 0; d->points[p] > 0; p++)
        for (int k = 0; k < 2; k++) {
            snprintf(name, sizeof name, "%s, mean of %d epochs up to %d",
                     k == 0 ? "loss" : "accuracy", d->window, d->points[p]);
            print_row(name, curve[p][k], seeds);
        }
    return 0;
}
