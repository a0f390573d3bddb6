/* test_locale.c - what is written and read is the same in a locale with a decimal comma.
 * SPDX-License-Identifier: MIT
 *
 * The locale is made by comma.py, which sets LOCPATH; without it the test is skipped. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include "../api/models.h"
#include "../files/files.h"

#define SKIP 77 /* the exit status of a test that could not be made */

static const char log_name[] = "locale-test.csv";

/* Everything that has numbers in it. */
typedef struct outcome {
    file_bytes model, trainer;
    char summary[2048], message[512], log[1024];
} outcome;

static outcome make(void)
{
    seqecho_graph *graph = NULL, *loaded = NULL;
    seqecho_trainer *trainer = NULL;
    seqecho_dataset *data = NULL;
    seqecho_callback *csv = NULL;
    outcome o = { .model = { NULL, 0 } };
    FILE *file;

    file_must(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 1)));
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 5, 100 }));
    seqecho_graph_add(
        graph, SEQECHO_LSTM(.units = 3, .dropout = 0.125f, .return_sequences = true));
    seqecho_graph_add(graph,
                      SEQECHO_TIME_DISTRIBUTED(
                          SEQECHO_DENSE(.units = 100, .activation = SEQECHO_SOFTMAX)));
    file_must(seqecho_dataset_create(&data, NULL));
    file_must(seqecho_trainer_create(
        &trainer, graph,
        SEQECHO_TRAINER(.loss = SEQECHO_CATEGORICAL_CROSSENTROPY, .learning_rate = 0.25f)));
    file_must(seqecho_csv_log_create(&csv, SEQECHO_CSV_LOG(.path = log_name)));
    file_must(seqecho_trainer_fit_dataset(
        trainer, data, SEQECHO_FIT(.epochs = 1, .callbacks = &csv, .n_callbacks = 1),
        NULL));
    assert_int_equal(seqecho_trainer_set(trainer, SEQECHO_PARAM_BETA_1, 1.5),
                     SEQECHO_EINVAL);
    (void)snprintf(o.message, sizeof o.message, "%s", seqecho_error_message());
    (void)seqecho_graph_summary(graph, o.summary, sizeof o.summary);
    o.model = file_of_graph(graph);
    file_must(seqecho_graph_load_memory(&loaded, o.model.data, o.model.size, NULL));
    file = fopen(log_name, "r");
    assert_non_null(file);
    (void)fread(o.log, 1, sizeof o.log - 1, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(remove(log_name), 0);
    seqecho_callback_destroy(csv);
    seqecho_graph_destroy(loaded);
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
    seqecho_dataset_destroy(data);
    return o;
}

static int commas(const char *text)
{
    int n = 0;

    for (; *text != '\0'; text++)
        n += *text == ',';
    return n;
}

static void a_decimal_comma(void **state)
{
    outcome plain, comma;
    char text[16];

    (void)state;
    plain = make();
    assert_non_null(setlocale(LC_ALL, "de_DE.UTF-8"));
    (void)snprintf(text, sizeof text, "%.1f", 0.5);
    assert_string_equal(text, "0,5");
    comma = make();
    file_assert_same(plain.model, comma.model);
    assert_string_equal(plain.summary, comma.summary);
    assert_int_equal(commas(plain.log), commas(comma.log));
    assert_non_null(strstr(comma.log, ",0.25"));
    assert_non_null(strstr(plain.message, "beta_1 is 1"));
    assert_non_null(strstr(comma.message, "beta_1 is 1"));
    free(plain.model.data);
    free(comma.model.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_decimal_comma),
    };

    if (setlocale(LC_ALL, "de_DE.UTF-8") == NULL)
        return SKIP;
    (void)setlocale(LC_ALL, "C");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
