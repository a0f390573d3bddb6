/* test_difference.c - what is said of descriptions that differ.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "model/describe.h"
#include "refuse.h"

static int compare(const char *found, const char *expected)
{
    json_t *is, *should;
    int err;

    assert_int_equal(se_json_parse(&is, found, strlen(found), "found"), 0);
    assert_int_equal(se_json_parse(&should, expected, strlen(expected), "expected"), 0);
    err = se_description_expect(is, should, "t");
    json_decref(is);
    json_decref(should);
    return err;
}

#define GRAPH(LAYERS, CALLS, OUTPUTS) \
    "{\"seed\":\"1\",\"layers\":[" LAYERS "],\"calls\":[" CALLS "],\"outputs\":[" OUTPUTS \
    "],\"trainable\":{},\"regularizers\":{}}"
#define LAYER(CLASS, CONFIG) "{\"class_name\":\"" CLASS "\",\"config\":{" CONFIG "}}"
#define LSTM(OPTIONS) LAYER("LSTM", "\"name\":\"memory\"," OPTIONS)
#define AROUND(INSIDE) LAYER("TimeDistributed", "\"name\":\"steps\",\"layer\":" INSIDE)

#define STACK(INSIDE) LAYER("Sequential", "\"name\":\"stack\",\"layers\":[" INSIDE "]")

static void same(void **state)
{
    (void)state;
    assert_int_equal(compare(GRAPH("", "", ""), GRAPH("", "", "")), 0);
    assert_int_equal(
        compare(GRAPH(LSTM("\"units\":2"), "", ""),
                "{\"layers\":[" LSTM(
                    "\"units\":2") "],\"calls\":[],"
                                   "\"outputs\":[],\"trainable\":{\"memory\":false}}"),
        0);
}

static void expect(const char *found, const char *expected, const char *rest)
{
    char message[320];

    snprintf(message, sizeof message, "t: the file is of another graph: %s", rest);
    assert_refused(compare(found, expected), SEQECHO_ESHAPE, message);
}

static void expect_layers(const char *found, const char *expected, const char *rest)
{
    char one[512], other[512];

    snprintf(one, sizeof one, "%s%s%s", "{\"layers\":[", found,
             "],\"calls\":[],\"outputs\":[]}");
    snprintf(other, sizeof other, "%s%s%s", "{\"layers\":[", expected,
             "],\"calls\":[],\"outputs\":[]}");
    expect(one, other, rest);
}

static void options(void **state)
{
    static const struct {
        const char *found, *expected, *rest;
    } cases[] = {
        { LSTM("\"units\":3"), LSTM("\"units\":2"), "units is 3, expected 2" },
        { LSTM("\"dropout\":0.5"), LSTM("\"dropout\":0.25"),
          "dropout is 0.5, expected 0.25" },
        { LSTM("\"stateful\":true"), LSTM("\"stateful\":false"),
          "stateful is true, expected false" },
        { LSTM("\"activation\":\"relu\""), LSTM("\"activation\":\"tanh\""),
          "activation is relu, expected tanh" },
        { LSTM("\"shape\":[5,[1],null]"), LSTM("\"shape\":[]"),
          "shape is [5, ..., nothing], expected []" },
        { LSTM("\"u\":null"), LSTM("\"units\":2"), "units is nothing, expected 2" },
        { LSTM("\"u\":{}"), LSTM("\"u\":2"), "u is nothing, expected 2" },
        { LSTM("\"units\":2,\"more\":1"), LSTM("\"units\":2"), NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char rest[160];

        snprintf(rest, sizeof rest, "layer \"memory\"%s%s",
                 cases[i].rest != NULL ? ": " : " has options that are not expected",
                 cases[i].rest != NULL ? cases[i].rest : "");
        expect_layers(cases[i].found, cases[i].expected, rest);
    }
}

static void layers(void **state)
{
    (void)state;
    expect_layers(LAYER("GRU", "\"name\":\"a\""), LAYER("LSTM", "\"name\":\"b\""),
                  "its layer \"b\" has the class GRU, expected LSTM");
    expect_layers(AROUND(LAYER("Dense", "\"units\":3")),
                  AROUND(LAYER("Dense", "\"units\":2")),
                  "layer \"steps\": units is 3, expected 2");
    expect_layers(AROUND(LAYER("Dense", "\"units\":3")),
                  AROUND(LAYER("LSTM", "\"units\":2")),
                  "its layer \"steps\" has the class Dense, expected LSTM");
    expect_layers(STACK(LAYER("Dense", "\"units\":2") "," LAYER("Dense", "\"units\":3")),
                  STACK(LAYER("Dense", "\"units\":2") "," LAYER("Dense", "\"units\":2")),
                  "layer \"stack\": units is 3, expected 2");
    expect_layers(STACK(LAYER("Flatten", "") "," LAYER("Flatten", "")),
                  STACK(LAYER("Flatten", "")),
                  "layer \"stack\": layers is [..., ...], expected [...]");
    /* Without a name it is its class, without a class a question. */
    expect_layers(LAYER("Dense", "\"units\":3"), LAYER("Dense", "\"units\":2"),
                  "layer \"Dense\": units is 3, expected 2");
    expect_layers("{}", LAYER("Dense", ""),
                  "its layer \"Dense\" has the class ?, expected Dense");
    expect_layers(LAYER("Flatten", ""), "", "it has 1 layers, expected 0");
    expect_layers(LAYER("Flatten", ""), LAYER("Flatten", "") "," LAYER("Flatten", ""),
                  "it has 1 layers, expected 2");
}

static void connections(void **state)
{
    (void)state;
    expect(GRAPH("", "1", ""), GRAPH("", "2", ""),
           "its layers are the same, but connected in another way");
    expect(GRAPH("", "1", "[0,0]"), GRAPH("", "1", "[0,1]"),
           "its outputs are those of other layers");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same),
        cmocka_unit_test(options),
        cmocka_unit_test(layers),
        cmocka_unit_test(connections),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
