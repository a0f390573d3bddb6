// consumer.cpp - a user's C++98 program, built with nothing but the flags of pkg-config.
// SPDX-License-Identifier: MIT
#include <cmath>
#include <cstdio>
#include <vector>

#include <seqecho/seqecho.h>

static int fail(const char *what, int err)
{
    std::fprintf(stderr, "%s: %s: %s\n", what, seqecho_error_name(err),
                 seqecho_error_message());
    return 1;
}

// The LSTM sees one-hot rows and gives the class it saw.
static void build(seqecho_graph *model, int64_t steps, int64_t classes)
{
    seqecho_input_spec input = seqecho_spec_init<seqecho_input_spec>();
    input.dim[0] = steps;
    input.dim[1] = classes;
    seqecho_lstm_spec lstm = seqecho_spec_init<seqecho_lstm_spec>();
    lstm.units = 8;
    lstm.return_sequences = true;
    seqecho_dense_spec dense = seqecho_spec_init<seqecho_dense_spec>();
    dense.units = classes;
    dense.activation = SEQECHO_SOFTMAX;

    seqecho_graph_add(model, &input.head);
    seqecho_graph_add(model, &lstm.head);
    seqecho_graph_add(model, &dense.head);
}

int main()
{
    const int64_t steps = 4, classes = 5;
    seqecho_graph_options seed = seqecho_options_init<seqecho_graph_options>();
    seqecho_dataset_options draw = seqecho_options_init<seqecho_dataset_options>();
    seqecho_trainer_options how = seqecho_options_init<seqecho_trainer_options>();
    seqecho_fit_options fit = seqecho_options_init<seqecho_fit_options>();
    seqecho_report report = SEQECHO_REPORT_INIT;
    seqecho_graph *model = 0;
    seqecho_dataset *data = 0;
    seqecho_trainer *trainer = 0;
    int err;

    seed.seed = 1;
    draw.length = 12;
    draw.n_unique = classes;
    draw.n_in = steps;
    how.loss = SEQECHO_CATEGORICAL_CROSSENTROPY;
    how.metrics = SEQECHO_METRIC_ACCURACY;
    fit.epochs = 5;

    if ((err = seqecho_graph_create(&model, &seed)) < 0)
        return fail("graph", err);
    build(model, steps, classes);
    if ((err = seqecho_dataset_create(&data, &draw)) < 0)
        return fail("dataset", err);
    if ((err = seqecho_trainer_create(&trainer, model, &how)) < 0)
        return fail("trainer", err);
    if ((err = seqecho_trainer_fit_dataset(trainer, data, &fit, &report)) < 0)
        return fail("fit", err);

    const seqecho_view *x = seqecho_dataset_x(data);
    std::vector<float> out(static_cast<size_t>(x->dim[0] * steps * classes));
    if ((err = seqecho_trainer_predict(trainer, x, &out[0], out.size())) < 0)
        return fail("predict", err);
    double sum = 0.0;
    for (size_t i = 0; i < out.size(); i++)
        sum += out[i];
    const double rows = static_cast<double>(x->dim[0] * steps); // each sums to 1

    seqecho_trainer_destroy(trainer);
    seqecho_dataset_destroy(data);
    seqecho_graph_destroy(model);
    if (!(std::fabs(sum - rows) < 1e-3) || !(report.loss < 10.0)) {
        std::fprintf(stderr, "sum %g of %g, loss %g\n", sum, rows, report.loss);
        return 1;
    }
    std::printf("seqecho %s: loss %.4f\n", SEQECHO_VERSION_STRING, report.loss);
    return 0;
}
