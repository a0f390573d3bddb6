// user.cpp - a program that makes every struct with its template; only compiled.
// SPDX-License-Identifier: MIT
#include <seqecho/seqecho.h>

int build(seqecho_graph *graph);
int train(seqecho_graph *graph);

int build(seqecho_graph *graph)
{
    seqecho_input_spec input = seqecho_spec_init<seqecho_input_spec>();
    input.dim[0] = 5;
    input.dim[1] = 100;
    seqecho_graph_add(graph, &input.head);

    seqecho_lstm_spec lstm = seqecho_spec_init<seqecho_lstm_spec>();
    lstm.name = "encoder";
    lstm.units = 20;
    lstm.return_sequences = true;
    lstm.activation = SEQECHO_TANH;
    seqecho_graph_add(graph, &lstm.head);

    seqecho_repeat_vector_spec repeat = seqecho_spec_init<seqecho_repeat_vector_spec>();
    repeat.n = 2;
    seqecho_graph_add(graph, &repeat.head);

    seqecho_dense_spec dense = seqecho_spec_init<seqecho_dense_spec>();
    dense.units = 100;
    seqecho_time_distributed_spec wrapper =
        seqecho_spec_init<seqecho_time_distributed_spec>();
    wrapper.inner = &dense.head;
    seqecho_graph_add(graph, &wrapper.head);

    seqecho_activation_spec softmax = seqecho_spec_init<seqecho_activation_spec>();
    softmax.activation = SEQECHO_SOFTMAX;
    seqecho_graph_add(graph, &softmax.head);
    return seqecho_graph_status(graph);
}

int train(seqecho_graph *graph)
{
    seqecho_allocator memory = seqecho_options_init<seqecho_allocator>();
    seqecho_graph_options model = seqecho_options_init<seqecho_graph_options>();
    seqecho_dataset_options draw = seqecho_options_init<seqecho_dataset_options>();
    seqecho_trainer_options how = seqecho_options_init<seqecho_trainer_options>();
    seqecho_fit_options fit = seqecho_options_init<seqecho_fit_options>();
    seqecho_predictor_options run = seqecho_options_init<seqecho_predictor_options>();
    seqecho_report report = seqecho_options_init<seqecho_report>();
    seqecho_report same = SEQECHO_REPORT_INIT;
    seqecho_event event = seqecho_options_init<seqecho_event>();
    seqecho_dataset *data = 0;
    seqecho_graph *copy = 0;
    seqecho_trainer *trainer = 0;
    seqecho_predictor *predictor = 0;

    draw.n_out = 2;
    draw.allocator = &memory;
    how.loss = SEQECHO_CATEGORICAL_CROSSENTROPY;
    how.metrics = SEQECHO_METRIC_ACCURACY;
    fit.epochs = 3;
    run.batch = 1;
    event.kind = SEQECHO_EVENT_EPOCH_END;

    int err = seqecho_graph_create(&copy, &model);
    if (err == SEQECHO_OK)
        err = seqecho_dataset_create(&data, &draw);
    if (err == SEQECHO_OK)
        err = seqecho_trainer_create(&trainer, graph, &how);
    if (err == SEQECHO_OK)
        err = seqecho_trainer_fit_dataset(trainer, data, &fit, &report);
    if (err == SEQECHO_OK)
        err = seqecho_predictor_create(&predictor, graph, &run);
    return err + (report.samples == same.samples) + event.kind;
}
