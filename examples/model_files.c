/* model_files.c - a model in a file: saved, looked at, loaded whole, and its weights loaded
 * into a model that is there already.
 * SPDX-License-Identifier: MIT
 *
 *     model_files [FILE]
 *
 * FILE, by default model.safetensors, stays there; other programs can read it too. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <seqecho/seqecho.h>

enum { STEPS = 5, CLASSES = 10, ROWS = 21, OUTPUTS = ROWS * STEPS * CLASSES };

static int create(seqecho_graph **model, uint64_t seed)
{
    const int err = seqecho_graph_create(model, SEQECHO_GRAPH(.seed = seed));

    seqecho_graph_add(*model, SEQECHO_INPUT(.dim = { STEPS, CLASSES }));
    seqecho_graph_add(*model, SEQECHO_LSTM(.units = 8, .return_sequences = true));
    seqecho_graph_add(*model,
                      SEQECHO_TIME_DISTRIBUTED(
                          SEQECHO_DENSE(.units = CLASSES, .activation = SEQECHO_SOFTMAX)));
    return err == 0 ? seqecho_graph_status(*model) : err;
}

static int train(seqecho_graph *model, seqecho_dataset *data)
{
    seqecho_trainer *trainer = NULL;
    int err = seqecho_trainer_create(
        &trainer, model,
        SEQECHO_TRAINER(.loss = SEQECHO_CATEGORICAL_CROSSENTROPY, .learning_rate = 0.01f));

    if (err == 0)
        err = seqecho_trainer_fit_dataset(trainer, data, SEQECHO_FIT(.epochs = 100), NULL);
    seqecho_trainer_destroy(trainer);
    return err;
}

static int predict(seqecho_graph *model, const seqecho_view *x, float *out)
{
    seqecho_predictor *predictor = NULL;
    int err = seqecho_predictor_create(&predictor, model, NULL);

    if (err == 0)
        err = seqecho_predictor_run(predictor, x, out, OUTPUTS);
    seqecho_predictor_destroy(predictor);
    return err;
}

/* Does the model say what was expected, bit for bit? */
static int compare(const char *name, seqecho_graph *model, const seqecho_view *x,
                   const float *expected)
{
    static float out[OUTPUTS];
    const int err = predict(model, x, out);

    if (err == 0)
        printf("%s: its predictions are %s\n", name,
               memcmp(out, expected, sizeof out) == 0 ? "the same" : "different");
    return err;
}

/* The names and shapes of the arrays. */
static int list(seqecho_graph *model)
{
    for (size_t i = 0; i < seqecho_graph_weight_count(model); i++) {
        const char *const name = seqecho_graph_weight_name(model, i);
        seqecho_view shape;
        const int err = seqecho_graph_weight_shape(model, name, &shape);

        if (err < 0)
            return err;
        printf("  %-26s", name);
        for (int32_t d = 0; d < shape.rank; d++)
            printf(" %" PRId64, shape.dim[d]);
        printf("\n");
    }
    return 0;
}

/* What --help prints; 2 for an option that there is not. */
static int usage(const char *option)
{
    const bool asked = strcmp(option, "--help") == 0;

    fprintf(asked ? stdout : stderr,
            "Usage: model_files [FILE]\n"
            "Save a small model in FILE, and load it, whole and its weights alone.\n"
            "FILE is by default model.safetensors.\n");
    return asked ? 0 : 2;
}

int main(int argc, char **argv)
{
    static float expected[OUTPUTS];
    const char *const path = argc > 1 ? argv[1] : "model.safetensors";
    seqecho_graph *model = NULL, *loaded = NULL, *other = NULL;
    seqecho_dataset *data = NULL;
    const seqecho_view *x;
    size_t arrays = 0;
    int err;

    if (argc > 1 && argv[1][0] == '-')
        return usage(argv[1]);
    err = seqecho_dataset_create(&data, SEQECHO_DATASET(.n_unique = CLASSES));

    x = seqecho_dataset_x(data);
    if (err == 0 && (err = create(&model, 1)) == 0 && (err = train(model, data)) == 0 &&
        (err = predict(model, x, expected)) == 0)
        err = seqecho_graph_save(model, path);

    /* The whole model: nothing but the file is needed. */
    if (err == 0 && (err = seqecho_graph_load(&loaded, path, NULL)) == 0) {
        printf("%s has\n", path);
        if ((err = list(loaded)) == 0)
            err = compare("loaded", loaded, x, expected);
    }
    /* The weights alone, into a model that knows nothing yet. */
    if (err == 0 && (err = create(&other, 2)) == 0 &&
        (err = compare("another model", other, x, expected)) == 0 &&
        (err = seqecho_graph_load_weights(other, path, NULL, &arrays)) == 0) {
        printf("%zu arrays loaded into it\n", arrays);
        err = compare("another model", other, x, expected);
    }
    if (err < 0)
        fprintf(stderr, "model_files: %s: %s\n", seqecho_error_name(err),
                seqecho_error_message());
    seqecho_graph_destroy(other);
    seqecho_graph_destroy(loaded);
    seqecho_graph_destroy(model);
    seqecho_dataset_destroy(data);
    return err < 0;
}
