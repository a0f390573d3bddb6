/* test_describe.c - graphs as JSON, and that no option and no description is left out.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <seqecho/files.h>
#include <seqecho/layers.h>

#include "base/alloc.h"
#include "counting_alloc.h"
#include "layers/field.h"
#include "model/describe.h"
#include "refuse.h"

/* ---- The tables --------------------------------------------------------------------- */

static const seqecho_spec *copy_of(const seqecho_spec *spec)
{
    static union {
        seqecho_spec head;
        char room[256];
    } copy;

    assert_true(spec->struct_size <= sizeof copy);
    memcpy(&copy, spec, spec->struct_size);
    return &copy.head;
}

/* A good description of each kind; valid until the next call. */
static const seqecho_spec *good_spec(uint32_t kind)
{
    static const seqecho_dense_spec dense = {
        .head = { sizeof dense, SEQECHO_KIND_DENSE, 0 },
        .units = 2,
    };
    static const seqecho_lstm_spec lstm = {
        .head = { sizeof lstm, SEQECHO_KIND_LSTM, 0 },
        .units = 2,
    };
    static const seqecho_spec *const inside[] = { &dense.head };
    static const seqecho_sequential_spec sequential = {
        .head = { sizeof sequential, SEQECHO_KIND_SEQUENTIAL, 0 },
        .layers = inside,
        .n_layers = 1,
    };

    switch (kind) {
        /* clang-format off */
#define GOOD(KIND, SPEC) case SEQECHO_KIND_##KIND: return copy_of(SPEC)
    GOOD(INPUT, SEQECHO_INPUT(.dim = { 3, 2 }));
    GOOD(DENSE, &dense.head);
    GOOD(ACTIVATION, SEQECHO_ACTIVATION(SEQECHO_TANH));
    GOOD(LSTM, &lstm.head);
    GOOD(GRU, SEQECHO_GRU(.units = 2));
    GOOD(SIMPLE_RNN, SEQECHO_SIMPLE_RNN(.units = 2));
    GOOD(REPEAT_VECTOR, SEQECHO_REPEAT_VECTOR(2));
    GOOD(TIME_DISTRIBUTED, SEQECHO_TIME_DISTRIBUTED(&dense.head));
    GOOD(SEQUENTIAL, &sequential.head);
    GOOD(MASKING, SEQECHO_MASKING(0.0F));
    GOOD(DROPOUT, SEQECHO_DROPOUT(0.5F));
    GOOD(EMBEDDING, SEQECHO_EMBEDDING(.output_dim = 2));
    GOOD(CONV1D, SEQECHO_CONV1D(.filters = 2, .kernel_size = 2));
    GOOD(MAX_POOLING1D, SEQECHO_MAX_POOLING1D(2));
    GOOD(AVERAGE_POOLING1D, SEQECHO_AVERAGE_POOLING1D(2));
    GOOD(GLOBAL_MAX_POOLING1D, SEQECHO_GLOBAL_MAX_POOLING1D);
    GOOD(GLOBAL_AVERAGE_POOLING1D, SEQECHO_GLOBAL_AVERAGE_POOLING1D);
    GOOD(FLATTEN, SEQECHO_FLATTEN);
    GOOD(RESHAPE, SEQECHO_RESHAPE(6));
    GOOD(PERMUTE, SEQECHO_PERMUTE(2, 1));
    GOOD(CONCATENATE, SEQECHO_CONCATENATE(.axis = 1));
    GOOD(ADD, SEQECHO_ADD);
    GOOD(MULTIPLY, SEQECHO_MULTIPLY);
    GOOD(AVERAGE, SEQECHO_AVERAGE);
    GOOD(LAYER_NORMALIZATION, SEQECHO_LAYER_NORMALIZATION(.epsilon = 0.1F));
    GOOD(ATTENTION, SEQECHO_ATTENTION(.dropout = 0.0F));
    GOOD(ADDITIVE_ATTENTION, SEQECHO_ADDITIVE_ATTENTION(.dropout = 0.0F));
    GOOD(BIDIRECTIONAL, SEQECHO_BIDIRECTIONAL(&lstm.head));
        /* clang-format on */
    default: fail_msg("kind %u: this test has no description of it", kind);
    }
    return NULL;
}

static int declare(const seqecho_spec *spec)
{
    seqecho_graph *graph;
    seqecho_layer *layer;
    int err;

    assert_int_equal(seqecho_graph_create(&graph, NULL), 0);
    err = se_graph_declare(graph, spec, &layer);
    seqecho_graph_destroy(graph);
    return err;
}

static size_t size_of(se_field_type type)
{
    switch (type) {
    case SE_FIELD_INT64: return sizeof(int64_t);
    case SE_FIELD_INT32: return sizeof(int32_t);
    case SE_FIELD_BYTE:
    case SE_FIELD_BOOL:
    case SE_FIELD_NOT: return 1;
    case SE_FIELD_FLOAT: return sizeof(float);
    case SE_FIELD_NAME: return sizeof(int32_t);
    case SE_FIELD_SIZES: return SE_SAMPLE_RANK * sizeof(int64_t);
    case SE_FIELD_AXES: return SE_SAMPLE_RANK * sizeof(int32_t);
    case SE_FIELD_LAYER:
    case SE_FIELD_LAYERS: return sizeof(void *);
    }
    return 0;
}

static void mark(const se_layer_ops *ops, bool *known, size_t offset, size_t size)
{
    for (size_t i = offset; i < offset + size; i++) {
        if (i >= ops->spec_size || known[i])
            fail_msg("%s: byte %zu: two options, or none", ops->class_name, i);
        known[i] = true;
    }
}

/* Each byte of each description belongs to one option, or must be zero: a new option
 * cannot be left out of files. */
static void every_byte(void **state)
{
    size_t kinds = 0;

    (void)state;
    for (const se_layer_ops *ops; (ops = se_layer_kind(kinds)) != NULL; kinds++) {
        const seqecho_spec *const spec = good_spec(ops->kind);
        bool known[256] = { false };

        assert_int_equal(spec->struct_size, ops->spec_size);
        if (declare(spec) != 0)
            fail_msg("%s: %s", ops->class_name, seqecho_error_message());
        mark(ops, known, 0, sizeof(seqecho_spec) + sizeof(char *));
        for (size_t i = 0; i < ops->n_fields; i++) {
            const se_field *const f = &ops->fields[i];

            mark(ops, known, f->offset, size_of(f->type));
            if (f->type == SE_FIELD_LAYERS)
                mark(ops, known, f->count_offset, sizeof(size_t));
            for (size_t j = 0; j < i; j++)
                assert_string_not_equal(f->name, ops->fields[j].name);
            assert_string_not_equal(f->name, "name");
        }
        for (size_t i = 0; i < ops->spec_size; i++) {
            _Alignas(16) char changed[256];

            if (known[i])
                continue;
            memcpy(changed, good_spec(ops->kind), ops->spec_size);
            changed[i] = 1;
            if (declare((const seqecho_spec *)(const void *)changed) == 0)
                fail_msg("%s: byte %zu is in no table of options", ops->class_name, i);
        }
    }
    assert_int_equal(kinds, SEQECHO_KIND_SEQUENTIAL);
}

/* Every enumerator that a description may have has a name. */
static void every_name(void **state)
{
    static const se_names *const tables[] = {
        &se_activation_names, &se_init_names,          &se_padding_names,
        &se_merge_names,      &se_masked_output_names,
    };
    bool seen[5] = { false };
    const se_layer_ops *ops;

    (void)state;
    for (size_t t = 0; t < 5; t++) {
        const se_names *const n = tables[t];

        for (size_t i = 0; i < n->count; i++) {
            assert_non_null(n->name[i]);
            assert_int_equal(se_names_find(n, n->name[i]), (int)i);
        }
        assert_int_equal(se_names_find(n, "none of them"), -1);
    }
    for (size_t k = 0; (ops = se_layer_kind(k)) != NULL; k++)
        for (size_t i = 0; i < ops->n_fields; i++) {
            const se_field *const f = &ops->fields[i];
            _Alignas(16) char changed[256];

            if (f->type != SE_FIELD_NAME)
                continue;
            for (int32_t value = -1; value <= (int32_t)f->names->count + 1; value++) {
                memcpy(changed, good_spec(ops->kind), ops->spec_size);
                memcpy(changed + f->offset, &value, sizeof value);
                if (declare((const seqecho_spec *)(const void *)changed) == 0 &&
                    (value < 0 || value >= (int32_t)f->names->count))
                    fail_msg("%s: %s: %d has no name", ops->class_name, f->name,
                             (int)value);
            }
            for (size_t t = 0; t < 5; t++)
                seen[t] |= tables[t] == f->names;
        }
    for (size_t t = 0; t < 5; t++)
        assert_true(seen[t]);
}

static void every_class(void **state)
{
    const se_layer_ops *ops;

    (void)state;
    for (size_t k = 0; (ops = se_layer_kind(k)) != NULL; k++) {
        assert_ptr_equal(se_layer_find_class(ops->class_name), ops);
        assert_ptr_equal(se_layer_find(ops->kind), ops);
    }
    assert_null(se_layer_find_class("lstm"));
    assert_null(se_layer_find_class(""));
}

/* ---- Descriptions ------------------------------------------------------------------- */

#define INPUT "{\"class_name\":\"InputLayer\",\"config\":{\"name\":\"in\",\"shape\":[3,2]}}"
#define DENSE "{\"class_name\":\"Dense\",\"config\":{\"name\":\"d\",\"units\":2}}"
#define CALLS "[{\"layer\":0,\"inputs\":[]},{\"layer\":1,\"inputs\":[[0,0]]}]"
#define GRAPH(LAYERS, CALLS_, OUTPUTS) \
    "{\"seed\":\"1\",\"layers\":" LAYERS ",\"calls\":" CALLS_ ",\"outputs\":" OUTPUTS \
    ",\"trainable\":{},\"regularizers\":{}}"
#define LAYER(TEXT) GRAPH("[" INPUT "," TEXT "]", CALLS, "[[1,0]]")
#define OPTIONS(CLASS, TEXT) \
    LAYER("{\"class_name\":\"" CLASS "\",\"config\":{\"name\":\"d\"," TEXT "}}")

static int construct_with(const char *text, const seqecho_allocator *a)
{
    json_t *description;
    seqecho_graph *graph = NULL;
    int err = se_json_parse(&description, text, strlen(text), "t");

    assert_int_equal(err, 0);
    err = se_graph_construct(&graph, description, a, "t");
    assert_int_equal(err == 0, graph != NULL);
    if (err == 0)
        err = se_training_check(graph, description, "t");
    if (err == 0 && seqecho_graph_weight_count(graph) > 0)
        se_training_set(graph, description);
    seqecho_graph_destroy(graph);
    json_decref(description);
    return err;
}

static int construct(const char *text)
{
    seqecho_allocator a;

    assert_int_equal(se_allocator_read(&a, NULL), 0);
    return construct_with(text, &a);
}

#define REFUSED(TEXT, CODE, MESSAGE) assert_refused(construct(TEXT), CODE, MESSAGE)
#define DAMAGED(TEXT, MESSAGE) REFUSED(TEXT, SEQECHO_EFORMAT, "t: " MESSAGE)

static void members(void **state)
{
    (void)state;
    assert_int_equal(construct(LAYER(DENSE)), 0);
    DAMAGED("{}", "\"seed\" is missing or of another kind, expected a text");
    DAMAGED("{\"seed\":\"-1\"}",
            "\"seed\" is \"-1\", expected a decimal number of 64 bits");
    DAMAGED("{\"seed\":\"1\"}",
            "\"layers\" is missing or of another kind, expected an array");
    DAMAGED("{\"seed\":\"1\",\"layers\":[]}",
            "\"calls\" is missing or of another kind, expected an array");
    DAMAGED("{\"seed\":\"1\",\"layers\":[],\"calls\":[]}",
            "\"outputs\" is missing or of another kind, expected an array");
    DAMAGED(GRAPH("[]", "[]", "[]"), "the graph has no outputs, expected one or more");
    DAMAGED(LAYER("1"), "a layer is no object, expected { ... }");
    DAMAGED(LAYER("{}"), "\"class_name\" is missing or of another kind, expected a text");
    DAMAGED(LAYER("{\"class_name\":\"Dense\"}"),
            "\"config\" is missing or of another kind, expected an object");
    REFUSED(LAYER("{\"class_name\":\"Transformer\",\"config\":{}}"), SEQECHO_ENOTSUP,
            "t: this library knows no layer \"Transformer\"");
}

static void options(void **state)
{
    (void)state;
    REFUSED(OPTIONS("Dense", "\"colour\":1"), SEQECHO_ENOTSUP,
            "t: Dense: \"colour\" is an option that this library does not know");
    REFUSED(OPTIONS("Dense", "\"units\":2,\"activation\":\"gelu\""), SEQECHO_ENOTSUP,
            "t: Dense: \"activation\": this library knows no \"gelu\" of it");
    DAMAGED(OPTIONS("Dense", "\"activation\":1"), "Dense: \"activation\": expected a name");
    DAMAGED(LAYER("{\"class_name\":\"Dense\",\"config\":{\"name\":1}}"),
            "Dense: \"name\": expected a text");
    DAMAGED(OPTIONS("Dense", "\"units\":1.0"), "Dense: \"units\": expected a whole number");
    DAMAGED(OPTIONS("Dense", "\"use_bias\":1"),
            "Dense: \"use_bias\": expected true or false");
    DAMAGED(OPTIONS("LSTM", "\"stateful\":0"),
            "LSTM: \"stateful\": expected true or false");
    DAMAGED(OPTIONS("LSTM", "\"implementation\":256"),
            "LSTM: \"implementation\": expected a whole number from 0 to 255");
    DAMAGED(OPTIONS("LSTM", "\"implementation\":-1"),
            "LSTM: \"implementation\": expected a whole number from 0 to 255");
    DAMAGED(OPTIONS("LSTM", "\"dropout\":\"x\""), "LSTM: \"dropout\": expected a number");
    DAMAGED(OPTIONS("LSTM", "\"dropout\":1e39"), "LSTM: \"dropout\": expected a number");
    DAMAGED(OPTIONS("Concatenate", "\"axis\":2147483648"),
            "Concatenate: \"axis\": expected a whole number of 32 bits");
    DAMAGED(OPTIONS("Reshape", "\"target_shape\":1"),
            "Reshape: \"target_shape\": expected up to three whole numbers");
    DAMAGED(OPTIONS("Reshape", "\"target_shape\":[1,2,3,1]"),
            "Reshape: \"target_shape\": expected up to three whole numbers");
    DAMAGED(OPTIONS("Reshape", "\"target_shape\":[1,2.0]"),
            "Reshape: \"target_shape\": expected up to three whole numbers");
    DAMAGED(OPTIONS("Permute", "\"dims\":[2147483648]"),
            "Permute: \"dims\": expected up to three whole numbers");
    DAMAGED(OPTIONS("Sequential", "\"layers\":{}"),
            "Sequential: \"layers\": expected a list of 1 to 16 layers");
    DAMAGED(OPTIONS("Sequential", "\"layers\":[1]"),
            "a layer is no object, expected { ... }");
    DAMAGED(OPTIONS("TimeDistributed", "\"layer\":null"),
            "a layer is no object, expected { ... }");
    /* What the layers themselves refuse. */
    REFUSED(OPTIONS("LSTM", "\"units\":2,\"dropout\":\"nan\""), SEQECHO_EINVAL,
            "d: dropout is nan, expected 0 to 1");
    REFUSED(OPTIONS("Dense", "\"units\":0"), SEQECHO_EINVAL,
            "d: units is 0, expected 1 or more");
    assert_int_equal(construct(OPTIONS("LSTM", "\"units\":1,\"dropout\":\"inf\"")),
                     SEQECHO_EINVAL);
    assert_int_equal(construct(OPTIONS("Masking", "\"mask_value\":\"-inf\"")), 0);
}

#define CALLED(CALLS_) GRAPH("[" INPUT "," DENSE "]", CALLS_, "[[1,0]]")
#define FIRST "{\"layer\":0,\"inputs\":[]}"

static void calls(void **state)
{
    static const char pair[] =
        "t: expected a pair [call, output] of one of the 1 calls before";
    static const char *const pairs[] = {
        "1",
        "[]",
        "[0]",
        "[0,0,0]",
        "[1,0]",
        "[-1,0]",
        "[0,1]",
        "[0,-1]",
        "[0.0,0]",
        "[\"0\",0]",
        "[0,9223372036854775807]",
    };
    char text[1024];

    (void)state;
    DAMAGED(CALLED("[1]"), "a call is no object, expected { ... }");
    DAMAGED(CALLED("[{}]"), "\"layer\" is missing or of another kind, expected a whole "
                            "number");
    DAMAGED(CALLED("[{\"layer\":2,\"inputs\":[]}]"), "\"layer\" is 2, expected 0 to 1");
    DAMAGED(CALLED("[{\"layer\":-1,\"inputs\":[]}]"), "\"layer\" is -1, expected 0 to 1");
    DAMAGED(CALLED("[{\"layer\":0}]"),
            "\"inputs\" is missing or of another kind, expected an array");
    DAMAGED(CALLED("[" FIRST "," FIRST "]"), "in: an input is called once, with nothing");
    DAMAGED(CALLED("[{\"layer\":0,\"inputs\":[[0,0]]}]"),
            "in: an input is called once, with nothing");
    DAMAGED(CALLED("[" FIRST ",{\"layer\":1,\"inputs\":[1,2,3,4,5,6,7,8,9]}]"),
            "a call with 9 inputs, expected at most 8");
    DAMAGED(CALLED("[{\"layer\":1,\"inputs\":[[0,0]]}]"),
            "expected a pair [call, output] of one of the 0 calls before");
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        snprintf(text, sizeof text, CALLED("[" FIRST ",{\"layer\":1,\"inputs\":[%s]}]"),
                 pairs[i]);
        assert_refused(construct(text), SEQECHO_EFORMAT, pair);
    }
    REFUSED(CALLED("[" FIRST ",{\"layer\":1,\"inputs\":[]}]"), SEQECHO_EINVAL,
            "d: expected 1 to 1 inputs, found 0");
    REFUSED(GRAPH("[" INPUT "]", "[" FIRST "]", "[[0,0],[0,0]]"), SEQECHO_EINVAL,
            "in: it is output 0 already");
    DAMAGED(GRAPH("[" INPUT "]", "[" FIRST "]", "[[0,1]]"),
            "expected a pair [call, output] of one of the 1 calls before");
}

#define TRAINED(TRAINABLE, REGULARIZERS) \
    "{\"seed\":\"1\",\"layers\":[" INPUT "," DENSE "],\"calls\":" CALLS \
    ",\"outputs\":[[1,0]],\"trainable\":" TRAINABLE ",\"regularizers\":" REGULARIZERS "}"

static void training(void **state)
{
    static const char *const factors[] = {
        "1",
        "{}",
        "{\"l1\":1}",
        "{\"l2\":1}",
        "{\"l1\":\"nan\",\"l2\":0}",
        "{\"l1\":0,\"l2\":\"inf\"}",
        "{\"l1\":-1,\"l2\":0}",
        "{\"l1\":0,\"l2\":1e39}",
        "{\"l1\":null,\"l2\":0}",
    };
    char text[1024];

    (void)state;
    assert_int_equal(construct(TRAINED("{\"d\":false,\"in\":true}",
                                       "{\"d/kernel\":{\"l1\":0,\"l2\":0.5}}")),
                     0);
    DAMAGED(TRAINED("[]", "{}"),
            "\"trainable\" is missing or of another kind, expected an object");
    DAMAGED(TRAINED("{}", "[]"),
            "\"regularizers\" is missing or of another kind, expected an object");
    DAMAGED(TRAINED("{\"e\":true}", "{}"),
            "\"trainable\": expected layers of the graph, true or false");
    DAMAGED(TRAINED("{\"d\":1}", "{}"),
            "\"trainable\": expected layers of the graph, true or false");
    DAMAGED(TRAINED("{}", "{\"d/bia\":{\"l1\":0,\"l2\":0}}"),
            "a regularizer belongs to no weight of the graph, expected one of its "
            "paths");
    for (size_t i = 0; i < sizeof factors / sizeof *factors; i++) {
        snprintf(text, sizeof text, TRAINED("{}", "{\"d/kernel\":%s}"), factors[i]);
        assert_refused(construct(text), SEQECHO_EFORMAT,
                       "t: the regularizer of d/kernel: expected l1 and l2, 0 or more");
    }
}

static char *repeated(const char *begin, const char *part, size_t n, const char *end)
{
    const size_t size = strlen(begin) + n * (strlen(part) + 8) + strlen(end) + 1;
    char *const text = malloc(size);
    size_t at = strlen(begin);

    assert_non_null(text);
    memcpy(text, begin, at + 1);
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(text + at, size - at, "%s%s", i > 0 ? "," : "", part);
    snprintf(text + at, size - at, "%s", end);
    return text;
}

static void too_many(void **state)
{
    char *text = repeated("{\"seed\":\"1\",\"layers\":[",
                          "{\"class_name\":\"Flatten\",\"config\":{}}", SE_LAYERS_MAX + 1,
                          "],\"calls\":[],\"outputs\":[]}");

    (void)state;
    assert_refused(construct(text), SEQECHO_ENOTSUP,
                   "t: 4097 layers, expected at most 4096");
    free(text);
    text = repeated("{\"seed\":\"1\",\"layers\":[],\"calls\":[", "1", SE_CALLS_MAX + 1,
                    "],\"outputs\":[]}");
    assert_refused(construct(text), SEQECHO_ENOTSUP,
                   "t: 4097 calls, expected at most 4096");
    free(text);
    text = repeated("{\"seed\":\"1\",\"layers\":[{\"class_name\":\"Sequential\","
                    "\"config\":{\"layers\":[",
                    DENSE, SE_MAX_INNER + 1, "]}}],\"calls\":[],\"outputs\":[]}");
    assert_refused(construct(text), SEQECHO_EFORMAT,
                   "t: Sequential: \"layers\": expected a list of 1 to 16 layers");
    free(text);
    /* The last one is that Sequential itself. */
    text = repeated("{\"seed\":\"1\",\"layers\":[",
                    "{\"class_name\":\"Sequential\",\"config\":{\"layers\":[" DENSE "]}}",
                    SE_LAYERS_MAX / 2 + 1, "],\"calls\":[],\"outputs\":[]}");
    assert_refused(construct(text), SEQECHO_ENOTSUP,
                   "t: more than 4096 layers, those inside others among them");
    free(text);
}

static void wrappers(void **state)
{
#define WRAPPED(INSIDE) \
    "{\"class_name\":\"TimeDistributed\",\"config\":{\"layer\":" INSIDE "}}"
    (void)state;
    assert_int_equal(
        construct(GRAPH("[" WRAPPED(WRAPPED(WRAPPED(WRAPPED(DENSE)))) "]", "[]", "[]")),
        SEQECHO_EFORMAT);
    assert_string_equal(seqecho_error_message(),
                        "t: the graph has no outputs, expected one or more");
    DAMAGED(GRAPH("[" WRAPPED(WRAPPED(WRAPPED(WRAPPED(WRAPPED(DENSE))))) "]", "[]", "[]"),
            "Dense: more than 4 wrappers around each other");
}

/* ---- Describing --------------------------------------------------------------------- */

static seqecho_graph *make(const seqecho_allocator *a, const char *name)
{
    seqecho_graph *graph;

    assert_int_equal(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 7, .allocator = a)),
                     0);
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 4, 3, 2 }));
    seqecho_graph_add(graph,
                      SEQECHO_TIME_DISTRIBUTED(SEQECHO_SEQUENTIAL(
                          SEQECHO_LSTM(.units = 2, .name = name), SEQECHO_RESHAPE(2, 1),
                          SEQECHO_PERMUTE(2, 1), SEQECHO_FLATTEN)));
    seqecho_graph_add(graph, SEQECHO_BIDIRECTIONAL(SEQECHO_GRU(.units = 2)));
    seqecho_graph_add(graph, SEQECHO_DENSE(.units = 1));
    assert_int_equal(seqecho_graph_status(graph), 0);
    assert_int_equal(seqecho_graph_set_trainable(graph, "dense", false), 0);
    assert_int_equal(seqecho_graph_set_regularizer(graph, "dense/bias", 0.25F, 0), 0);
    return graph;
}

static int64_t json_calls, json_fail_at, json_live;

static void *json_alloc(size_t size)
{
    if (++json_calls == json_fail_at)
        return NULL;
    json_live++;
    return malloc(size);
}

static void json_free(void *ptr)
{
    json_live -= ptr != NULL;
    free(ptr);
}

/* Each allocation of jansson fails once. */
static void describing_without_memory(void **state)
{
    seqecho_graph *const graph = make(NULL, "inside");
    json_t *right, *got;

    (void)state;
    json_set_alloc_funcs(json_alloc, json_free);
    json_fail_at = 0;
    assert_int_equal(se_graph_describe(&right, graph, "t"), 0);
    for (json_fail_at = 1;; json_fail_at++) {
        int err;

        json_calls = 0;
        err = se_graph_describe(&got, graph, "t");
        if (json_calls < json_fail_at) {
            assert_int_equal(err, 0);
            break;
        }
        assert_refused(err, SEQECHO_ENOMEM, "t: out of memory for the description");
        assert_null(got);
    }
    assert_true(json_fail_at > 200);
    json_fail_at = 0;
    assert_true(json_equal(right, got));
    assert_int_equal(se_description_expect(got, right, "t"), 0);
    json_decref(right);
    json_decref(got);
    assert_int_equal(json_live, 0);
    json_set_alloc_funcs(malloc, free);
    seqecho_graph_destroy(graph);
}

static void constructing_without_memory(void **state)
{
    static const char text[] =
        OPTIONS("Sequential",
                "\"layers\":[" DENSE ",{\"class_name\":\"LSTM\",\"config\":{\"units\":"
                "2}}]");
    int64_t n = 1;

    (void)state;
    for (;; n++) {
        counting_alloc memory = { .fail_at = n };
        const seqecho_allocator hook = counting_alloc_hook(&memory);
        const int err = construct_with(text, &hook);

        assert_int_equal(memory.live, 0);
        if (err == 0)
            break;
        assert_int_equal(err, SEQECHO_ENOMEM);
    }
    assert_true(n > 3);
}

static void names(void **state)
{
    seqecho_graph *graph = make(NULL, "\xff");
    json_t *description;

    (void)state;
    assert_refused(se_graph_describe(&description, graph, "t"), SEQECHO_ENOTSUP,
                   "t: LSTM: the name of a layer is not UTF-8, which files need");
    assert_null(description);
    seqecho_graph_destroy(graph);
    assert_int_equal(seqecho_graph_create(&graph, NULL), 0);
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 2 }));
    for (int i = 0; i < SE_LAYERS_MAX; i++)
        seqecho_graph_add(graph, SEQECHO_FLATTEN);
    assert_int_equal(seqecho_graph_status(graph), 0);
    assert_refused(se_graph_describe(&description, graph, "t"), SEQECHO_ENOTSUP,
                   "t: the graph has 4097 layers and 4097 calls, expected at most 4096 "
                   "and 4096");
    seqecho_graph_destroy(graph);
}

/* Neither a program nor a training makes such a weight easily. */
static void not_finite(void **state)
{
    static const float values[] = { NAN, INFINITY, -INFINITY };
    seqecho_graph *const graph = make(NULL, "inside");
    const se_weight *const w = se_graph_find_weight(graph, "dense/kernel");
    size_t length = 5;

    (void)state;
    assert_int_equal(se_graph_freeze(graph), 0);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        graph->params[w->offset + 1] = values[i];
        assert_refused(
            seqecho_graph_save_memory(graph, NULL, 0, &length), SEQECHO_ENUMERIC,
            "graph_save_memory: dense/kernel: value 1 is not finite, so it is not saved");
        assert_int_equal(length, 5);
    }
    graph->params[w->offset + 1] = 1.0F;
    assert_int_equal(seqecho_graph_save_memory(graph, NULL, 0, &length), 0);
    assert_true(length > 5);
    seqecho_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte),
        cmocka_unit_test(every_name),
        cmocka_unit_test(every_class),
        cmocka_unit_test(members),
        cmocka_unit_test(options),
        cmocka_unit_test(calls),
        cmocka_unit_test(training),
        cmocka_unit_test(too_many),
        cmocka_unit_test(wrappers),
        cmocka_unit_test(describing_without_memory),
        cmocka_unit_test(constructing_without_memory),
        cmocka_unit_test(names),
        cmocka_unit_test(not_finite),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
