/* test_dot.c - graphs in the DOT language, letter by letter.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include <seqecho/seqecho.h>

#include "refuse.h"

#define HEAD \
    "digraph seqecho {\n" \
    "    node [shape=box, style=rounded, fontname=\"Helvetica\"]\n" \
    "    edge [fontname=\"Helvetica\", fontsize=10]\n"

static void expect(seqecho_graph *graph, const char *want)
{
    char text[2048], part[64];
    const size_t length = strlen(want);

    assert_int_equal(seqecho_graph_status(graph), 0);
    assert_int_equal(seqecho_graph_dot(graph, text, sizeof text), length);
    assert_string_equal(text, want);
    /* What does not fit is cut, and counted all the same. */
    assert_int_equal(seqecho_graph_dot(graph, NULL, 0), length);
    memset(part, 'x', sizeof part);
    assert_int_equal(seqecho_graph_dot(graph, part, 20), length);
    assert_memory_equal(part, want, 19);
    assert_int_equal(part[19], '\0');
    assert_int_equal(part[20], 'x');
    seqecho_graph_destroy(graph);
}

static void in_sequence(void **state)
{
    seqecho_graph *graph;

    (void)state;
    assert_int_equal(seqecho_graph_create(&graph, NULL), 0);
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 5, 100 }, .batch = 7));
    seqecho_graph_add(graph, SEQECHO_LSTM(.units = 20, .return_sequences = true));
    seqecho_graph_add(graph, SEQECHO_TIME_DISTRIBUTED(SEQECHO_SEQUENTIAL(
                                 SEQECHO_DENSE(.units = 8), SEQECHO_DENSE(.units = 9))));
    expect(graph, HEAD
           "    n0 [label=\"input_layer\\nInputLayer\\n(7, 5, 100)\", "
           "style=\"rounded,dashed\"]\n"
           "    n1 [label=\"lstm\\nLSTM\\n(7, 5, 20)\"]\n"
           "    n2 [label=\"time_distributed\\nTimeDistributed(Sequential(Dense, Dense))\\n"
           "(7, 5, 9)\", penwidth=2]\n"
           "    n0 -> n1\n"
           "    n1 -> n2\n"
           "}\n");
}

/* Several outputs, a shared layer, and names of letters that mean something in DOT. */
static void connected(void **state)
{
    seqecho_graph *graph;
    seqecho_node *x, *y, *both[3];
    seqecho_layer *shared;

    (void)state;
    assert_int_equal(seqecho_graph_create(&graph, NULL), 0);
    x = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { 4, 3 }, .name = "a \"b\"\\\nc"));
    y = seqecho_layer_call(
        seqecho_layer_create(graph, SEQECHO_LSTM(.units = 2, .return_state = true)), x);
    shared = seqecho_layer_create(graph, SEQECHO_DENSE(.units = 2, .name = "twice"));
    both[0] = seqecho_layer_call(shared, y);
    both[1] = seqecho_layer_call(shared, seqecho_node_output(y, 2));
    assert_int_equal(
        seqecho_graph_output(
            graph, seqecho_layer_call_n(seqecho_layer_create(graph, SEQECHO_ADD), both, 2)),
        0);
    assert_int_equal(seqecho_graph_output(graph, both[0]), 0);
    expect(graph, HEAD "    n0 [label=\"a \\\"b\\\"\\\\\\nc\\nInputLayer\\n(any, 4, 3)\", "
                       "style=\"rounded,dashed\"]\n"
                       "    n1 [label=\"lstm\\nLSTM\\n(any, 2), (any, 2), (any, 2)\"]\n"
                       "    n2 [label=\"twice\\nDense\\n(any, 2)\", penwidth=2]\n"
                       "    n3 [label=\"twice\\nDense\\n(any, 2)\"]\n"
                       "    n4 [label=\"add\\nAdd\\n(any, 2)\", penwidth=2]\n"
                       "    n0 -> n1\n"
                       "    n1 -> n2 [label=\" 0\"]\n"
                       "    n1 -> n3 [label=\" 2\"]\n"
                       "    n2 -> n4\n"
                       "    n3 -> n4\n"
                       "}\n");
}

static void nothing(void **state)
{
    seqecho_graph *graph;
    char text[8] = "as new";

    (void)state;
    assert_int_equal(seqecho_graph_dot(NULL, text, sizeof text), 0);
    assert_string_equal(text, "");
    assert_int_equal(seqecho_graph_create(&graph, NULL), 0);
    expect(graph, HEAD "}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_sequence),
        cmocka_unit_test(connected),
        cmocka_unit_test(nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
