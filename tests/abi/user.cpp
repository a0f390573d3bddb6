// user.cpp - a program that makes every struct with its template; only compiled.
// SPDX-License-Identifier: MIT
#include <seqecho/seqecho.h>

int build(seqecho_graph *graph);
int stack(seqecho_graph *graph);
int shorten(seqecho_graph *graph);
int connect(seqecho_graph *graph);
int watch(seqecho_callback *out[4]);
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

int stack(seqecho_graph *graph)
{
    seqecho_embedding_spec embedding = seqecho_spec_init<seqecho_embedding_spec>();
    embedding.output_dim = 12;
    seqecho_graph_add(graph, &embedding.head);

    seqecho_masking_spec masking = seqecho_spec_init<seqecho_masking_spec>();
    masking.mask_value = -1.0F;
    seqecho_graph_add(graph, &masking.head);

    seqecho_dropout_spec dropout = seqecho_spec_init<seqecho_dropout_spec>();
    dropout.rate = 0.25F;
    seqecho_graph_add(graph, &dropout.head);

    seqecho_gru_spec gru = seqecho_spec_init<seqecho_gru_spec>();
    gru.units = 12;
    gru.masked_output = SEQECHO_MASKED_ZERO;
    seqecho_graph_add(graph, &gru.head);

    seqecho_simple_rnn_spec rnn = seqecho_spec_init<seqecho_simple_rnn_spec>();
    rnn.units = 6;
    seqecho_bidirectional_spec both = seqecho_spec_init<seqecho_bidirectional_spec>();
    both.inner = &rnn.head;
    both.merge_mode = SEQECHO_MERGE_SUM;
    seqecho_graph_add(graph, &both.head);

    seqecho_layer_normalization_spec norm =
        seqecho_spec_init<seqecho_layer_normalization_spec>();
    norm.epsilon = 1e-5F;
    seqecho_graph_add(graph, &norm.head);
    return seqecho_graph_status(graph);
}

int shorten(seqecho_graph *graph)
{
    seqecho_conv1d_spec conv = seqecho_spec_init<seqecho_conv1d_spec>();
    conv.filters = 4;
    conv.kernel_size = 3;
    conv.padding = SEQECHO_PADDING_CAUSAL;
    seqecho_graph_add(graph, &conv.head);

    seqecho_pooling1d_spec pooling =
        seqecho_spec_init<seqecho_pooling1d_spec>(SEQECHO_KIND_MAX_POOLING1D);
    pooling.stride = 2;
    seqecho_graph_add(graph, &pooling.head);

    seqecho_reshape_spec reshape = seqecho_spec_init<seqecho_reshape_spec>();
    reshape.dim[0] = 4;
    reshape.dim[1] = -1;
    seqecho_flatten_spec flatten = seqecho_spec_init<seqecho_flatten_spec>();
    const seqecho_spec *const inner[2] = { &reshape.head, &flatten.head };
    seqecho_sequential_spec sequential = seqecho_spec_init<seqecho_sequential_spec>();
    sequential.layers = inner;
    sequential.n_layers = 2;
    seqecho_graph_add(graph, &sequential.head);

    seqecho_permute_spec permute = seqecho_spec_init<seqecho_permute_spec>();
    permute.dims[0] = 2;
    permute.dims[1] = 1;
    seqecho_graph_add(graph, &permute.head);

    seqecho_global_pooling1d_spec global = seqecho_spec_init<seqecho_global_pooling1d_spec>(
        SEQECHO_KIND_GLOBAL_AVERAGE_POOLING1D);
    global.name = "mean";
    seqecho_graph_add(graph, &global.head);
    return seqecho_graph_status(graph);
}

int connect(seqecho_graph *graph)
{
    seqecho_attention_spec attention =
        seqecho_spec_init<seqecho_attention_spec>(SEQECHO_KIND_ADDITIVE_ATTENTION);
    seqecho_merge_spec sum = seqecho_spec_init<seqecho_merge_spec>(SEQECHO_KIND_ADD);
    seqecho_concatenate_spec join = seqecho_spec_init<seqecho_concatenate_spec>();
    seqecho_input_spec input = seqecho_spec_init<seqecho_input_spec>();
    seqecho_node *x[2] = { 0, 0 };

    input.dim[0] = 5;
    input.dim[1] = 4;
    attention.causal = true;
    join.axis = 1;
    x[0] = x[1] = seqecho_graph_input(graph, &input.head);
    x[0] = seqecho_layer_call_n(seqecho_layer_create(graph, &attention.head), x, 2);
    x[0] = seqecho_layer_call_n(seqecho_layer_create(graph, &sum.head), x, 2);
    x[0] = seqecho_layer_call_n(seqecho_layer_create(graph, &join.head), x, 2);
    return seqecho_graph_output(graph, x[0]);
}

int watch(seqecho_callback *out[4])
{
    seqecho_early_stopping_options stop =
        seqecho_options_init<seqecho_early_stopping_options>();
    seqecho_reduce_lr_options reduce = seqecho_options_init<seqecho_reduce_lr_options>();
    seqecho_csv_log_options log = seqecho_options_init<seqecho_csv_log_options>();
    seqecho_tensorboard_options board = seqecho_options_init<seqecho_tensorboard_options>();

    stop.patience = 10;
    board.directory = "board";
    reduce.factor = 0.5;
    log.path = "log.csv";

    int err = seqecho_early_stopping_create(&out[0], &stop);
    if (err == SEQECHO_OK)
        err = seqecho_reduce_lr_create(&out[1], &reduce);
    if (err == SEQECHO_OK)
        err = seqecho_csv_log_create(&out[2], &log);
    if (err == SEQECHO_OK)
        err = seqecho_tensorboard_create(&out[3], &board);
    return err;
}

int files(seqecho_graph *graph, seqecho_callback **out)
{
    seqecho_checkpoint_options keep = seqecho_options_init<seqecho_checkpoint_options>();
    seqecho_weights_options some = seqecho_options_init<seqecho_weights_options>();

    keep.directory = "run";
    some.allow_missing = true;

    int err = seqecho_checkpoint_create(out, &keep);
    if (err == SEQECHO_OK)
        err = seqecho_graph_load_weights(graph, "weights.safetensors", &some, NULL);
    return err == SEQECHO_OK ? seqecho_graph_save(graph, "model.safetensors") : err;
}

int train(seqecho_graph *graph)
{
    seqecho_allocator memory = seqecho_options_init<seqecho_allocator>();
    seqecho_graph_options model = seqecho_options_init<seqecho_graph_options>();
    seqecho_dataset_options draw = seqecho_options_init<seqecho_dataset_options>();
    seqecho_schedule rate = seqecho_options_init<seqecho_schedule>();
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
    rate.kind = SEQECHO_COSINE_DECAY;
    rate.decay_steps = 100;
    how.schedule = &rate;
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
