/* user.c - a program that uses every macro of the public headers; only compiled.
 * SPDX-License-Identifier: MIT */
#include <seqecho/seqecho.h>

int build(seqecho_graph *graph);
int stack(seqecho_graph *graph);
int connect(seqecho_graph *graph);
int watch(seqecho_callback *out[5]);
int files(seqecho_graph *graph, seqecho_trainer *trainer, seqecho_callback **out);
int files(seqecho_graph *graph, seqecho_trainer *trainer, seqecho_callback **out)
{
    char path[256];
    size_t count = 0;
    int err = seqecho_checkpoint_create(
        out, SEQECHO_CHECKPOINT(.directory = "run", .every_batches = 100));

    if (err == SEQECHO_OK)
        err = seqecho_checkpoint_latest("run", path, sizeof path);
    if (err == SEQECHO_OK)
        err = seqecho_trainer_restore(trainer, path);
    if (err == SEQECHO_OK)
        err = seqecho_graph_load_weights(graph, "weights.safetensors",
                                         SEQECHO_WEIGHTS(.allow_missing = true), &count);
    return err == SEQECHO_OK ? seqecho_graph_save(graph, "model.safetensors") : err;
}

int train(seqecho_graph *graph, const seqecho_allocator *memory);
uint32_t versions(void);

int build(seqecho_graph *graph)
{
    seqecho_graph_add(graph, SEQECHO_INPUT(.batch = 21, .dim = { 5, 100 }));
    seqecho_graph_add(graph, SEQECHO_LSTM(.units = 150, .stateful = true, .name = "encoder",
                                          .activation = SEQECHO_TANH,
                                          .recurrent_init = SEQECHO_INIT_ORTHOGONAL));
    seqecho_graph_add(graph, SEQECHO_REPEAT_VECTOR(2));
    seqecho_graph_add(graph, SEQECHO_LSTM(.units = 150, .return_sequences = true));
    seqecho_graph_add(graph, SEQECHO_TIME_DISTRIBUTED(SEQECHO_DENSE(.units = 100)));
    seqecho_graph_add(graph, SEQECHO_TIME_DISTRIBUTED(SEQECHO_TIME_DISTRIBUTED(
                                 SEQECHO_DENSE(.units = 1, .no_bias = true))));
    seqecho_graph_add(graph, SEQECHO_ACTIVATION(SEQECHO_SOFTMAX));
    return seqecho_graph_status(graph);
}

int stack(seqecho_graph *graph)
{
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 8, 32 }, .lengths = true));
    seqecho_graph_add(graph, SEQECHO_EMBEDDING(.output_dim = 12, .mask_zero = true));
    seqecho_graph_add(graph, SEQECHO_MASKING(-1.0F));
    seqecho_graph_add(graph, SEQECHO_DROPOUT(0.25F));
    seqecho_graph_add(graph, SEQECHO_GRU(.units = 12, .return_sequences = true,
                                         .dropout = 0.5F, .no_reset_after = true,
                                         .masked_output = SEQECHO_MASKED_ZERO));
    seqecho_graph_add(graph, SEQECHO_BIDIRECTIONAL(
                                 SEQECHO_SIMPLE_RNN(.units = 6, .return_sequences = true),
                                 .merge_mode = SEQECHO_MERGE_SUM));
    seqecho_graph_add(graph, SEQECHO_LAYER_NORMALIZATION(.epsilon = 1e-5F));
    seqecho_graph_add(graph, SEQECHO_CONV1D(.filters = 4, .kernel_size = 3,
                                            .padding = SEQECHO_PADDING_CAUSAL));
    seqecho_graph_add(graph, SEQECHO_MAX_POOLING1D(2));
    seqecho_graph_add(graph, SEQECHO_AVERAGE_POOLING1D(2));
    seqecho_graph_add(graph, SEQECHO_RESHAPE(4, -1));
    seqecho_graph_add(graph, SEQECHO_PERMUTE(2, 1));
    seqecho_graph_add(graph, SEQECHO_TIME_DISTRIBUTED(SEQECHO_SEQUENTIAL(
                                 SEQECHO_RESHAPE(2, 2), SEQECHO_FLATTEN,
                                 SEQECHO_DENSE(.units = 3, .activation = SEQECHO_ELU))));
    seqecho_graph_add(graph, SEQECHO_GLOBAL_AVERAGE_POOLING1D);
    return seqecho_graph_status(graph);
}

int connect(seqecho_graph *graph)
{
    seqecho_node *const x = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { 5, 4 }));
    seqecho_node *pair[2], *many[5];

    pair[0] = pair[1] = x;
    many[0] = seqecho_layer_call_n(
        seqecho_layer_create(graph, SEQECHO_ATTENTION(.use_scale = true)), pair, 2);
    many[1] = seqecho_layer_call_n(
        seqecho_layer_create(graph, SEQECHO_ADDITIVE_ATTENTION(.causal = true)), pair, 2);
    many[2] = seqecho_layer_call_n(seqecho_layer_create(graph, SEQECHO_ADD), many, 2);
    many[3] = seqecho_layer_call_n(seqecho_layer_create(graph, SEQECHO_MULTIPLY), many, 3);
    many[4] = seqecho_layer_call_n(seqecho_layer_create(graph, SEQECHO_AVERAGE), many, 4);
    pair[0] = seqecho_layer_call_n(
        seqecho_layer_create(graph, SEQECHO_CONCATENATE(.axis = 1)), many, 5);
    pair[1] = seqecho_layer_call(seqecho_layer_create(graph, SEQECHO_GLOBAL_MAX_POOLING1D),
                                 pair[0]);
    return seqecho_graph_output(graph, pair[1]);
}

int watch(seqecho_callback *out[5])
{
    int err = seqecho_early_stopping_create(
        &out[0], SEQECHO_EARLY_STOPPING(.monitor = "loss", .patience = 10));

    if (err == SEQECHO_OK)
        err = seqecho_reduce_lr_create(&out[1], SEQECHO_REDUCE_LR(.factor = 0.5));
    if (err == SEQECHO_OK)
        err = seqecho_csv_log_create(&out[2],
                                     SEQECHO_CSV_LOG(.path = "log.csv", .separator = ';'));
    if (err == SEQECHO_OK)
        err = seqecho_stop_on_nan_create(&out[3], NULL);
    if (err == SEQECHO_OK)
        err =
            seqecho_tensorboard_create(&out[4], SEQECHO_TENSORBOARD(.directory = "board"));
    return err;
}

int train(seqecho_graph *graph, const seqecho_allocator *memory)
{
    seqecho_report report = SEQECHO_REPORT_INIT;
    seqecho_dataset *data = NULL;
    seqecho_graph *copy = NULL;
    seqecho_trainer *trainer = NULL;
    seqecho_predictor *predictor = NULL;
    int err = seqecho_dataset_create(
        &data, SEQECHO_DATASET(.n_in = 5, .n_out = 2, .encoding = SEQECHO_ENCODE_INTEGER,
                               .rows = SEQECHO_ROWS_PAD_START, .allocator = memory));

    if (err == SEQECHO_OK)
        err = seqecho_graph_create(&copy, SEQECHO_GRAPH(.seed = 1));
    if (err == SEQECHO_OK)
        err = seqecho_trainer_create(
            &trainer, graph,
            SEQECHO_TRAINER(.loss = SEQECHO_CATEGORICAL_CROSSENTROPY,
                            .optimizer = SEQECHO_ADAM, .metrics = SEQECHO_METRIC_ACCURACY,
                            .numerics = SEQECHO_NUMERICS_FAST,
                            .schedule = SEQECHO_SCHEDULE(.kind = SEQECHO_COSINE_DECAY,
                                                         .decay_steps = 100)));
    if (err == SEQECHO_OK)
        err = seqecho_trainer_fit_dataset(trainer, data, SEQECHO_FIT(.epochs = 3), &report);
    if (err == SEQECHO_OK)
        err = seqecho_trainer_fit_dataset(trainer, data, SEQECHO_FIT(), &report);
    if (err == SEQECHO_OK)
        err = seqecho_predictor_create(&predictor, graph, SEQECHO_PREDICTOR(.batch = 1));
    return err;
}

uint32_t versions(void)
{
#if SEQECHO_VERSION_HEX >= 0x000100 && SEQECHO_VERSION_MAJOR < 100
    return seqecho_version() + (uint32_t)sizeof SEQECHO_VERSION_STRING;
#else
#error "SEQECHO_VERSION_HEX cannot be compared by the preprocessor"
#endif
}
