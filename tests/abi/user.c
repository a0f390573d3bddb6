/* user.c - a program that uses every macro of the public headers; only compiled.
 * SPDX-License-Identifier: MIT */
#include <seqecho/seqecho.h>

int build(seqecho_graph *graph);
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
                            .numerics = SEQECHO_NUMERICS_FAST));
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
