/* ort_peer.c - ONNX Runtime, through its C interface, at the inference of the benchmark.
 * SPDX-License-Identifier: MIT
 *
 * The model is one LSTM operator with its states as inputs and outputs. It is written here,
 * in the wire format of protocol buffers, so that nothing else is needed: a message is a
 * row of fields, each a number (field << 3 | kind) followed by a variable-length integer
 * (kind 0) or by a length and that many bytes (kind 2). */
#include <onnxruntime_c_api.h>

#include "peer.h"

typedef struct bytes {
    unsigned char *data;
    size_t size, room;
} bytes;

static const OrtApi *api;

static void fail(const char *what)
{
    fprintf(stderr, "ort: %s\n", what);
    exit(1);
}

static void check(OrtStatus *status)
{
    if (status != NULL)
        fail(api->GetErrorMessage(status));
}

static void put(bytes *to, const void *data, size_t size)
{
    if (to->size + size > to->room) {
        to->room = 2 * (to->size + size);
        to->data = (unsigned char *)realloc(to->data, to->room);
        if (to->data == NULL)
            fail("out of memory");
    }
    memcpy(to->data + to->size, data, size);
    to->size += size;
}

static void put_number(bytes *to, uint64_t number)
{
    while (number >= 128) {
        const unsigned char low = (unsigned char)(128 | (number & 127));

        put(to, &low, 1);
        number >>= 7;
    }
    put(to, &(const unsigned char){ (unsigned char)number }, 1);
}

static void field_number(bytes *to, unsigned field, uint64_t number)
{
    put_number(to, field << 3);
    put_number(to, number);
}

static void field_data(bytes *to, unsigned field, const void *data, size_t size)
{
    put_number(to, field << 3 | 2);
    put_number(to, size);
    put(to, data, size);
}

static void field_text(bytes *to, unsigned field, const char *text)
{
    field_data(to, field, text, strlen(text));
}

/* Appends a message as a field, and frees it. */
static void field_message(bytes *to, unsigned field, bytes *message)
{
    field_data(to, field, message->data, message->size);
    free(message->data);
    *message = (bytes){ 0 };
}

enum { ONNX_FLOAT = 1 };

/* GraphProto.initializer (5): a TensorProto of random numbers. */
static void put_weights(bytes *graph, const char *name, const long *dims, int n_dims,
                        double limit)
{
    bytes tensor = { 0 };
    size_t count = 1;
    float *values;

    for (int i = 0; i < n_dims; i++) {
        field_number(&tensor, 1, (uint64_t)dims[i]);
        count *= (size_t)dims[i];
    }
    values = (float *)malloc(count * sizeof(float));
    if (values == NULL)
        fail("out of memory");
    peer_fill(values, count, limit);
    field_number(&tensor, 2, ONNX_FLOAT);
    field_text(&tensor, 8, name);
    field_data(&tensor, 9, values, count * sizeof(float));
    field_message(graph, 5, &tensor);
    free(values);
}

/* A ValueInfoProto as GraphProto.input (11) or output (12). */
static void put_value(bytes *graph, unsigned field, const char *name, const int64_t *dims,
                      int n_dims)
{
    bytes shape = { 0 }, tensor = { 0 }, type = { 0 }, value = { 0 };

    for (int i = 0; i < n_dims; i++) {
        bytes dim = { 0 };

        field_number(&dim, 1, (uint64_t)dims[i]);
        field_message(&shape, 1, &dim);
    }
    field_number(&tensor, 1, ONNX_FLOAT);
    field_message(&tensor, 2, &shape);
    field_message(&type, 1, &tensor);
    field_text(&value, 1, name);
    field_message(&value, 2, &type);
    field_message(graph, field, &value);
}

/* NodeProto: inputs are fields 1, outputs 2; the operator's name is 4, attributes 5. */
static void put_lstm(bytes *graph, long units)
{
    static const char *const inputs[] = { "x", "W", "R", "B", "", "h", "c" };
    static const char *const outputs[] = { "y", "h_next", "c_next" };
    bytes node = { 0 }, attribute = { 0 };

    for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++)
        field_text(&node, 1, inputs[i]);
    for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++)
        field_text(&node, 2, outputs[i]);
    field_text(&node, 4, "LSTM");
    field_text(&attribute, 1, "hidden_size");
    field_number(&attribute, 3, (uint64_t)units);
    field_number(&attribute, 20, 2); /* the type of the attribute: INT */
    field_message(&node, 5, &attribute);
    field_message(graph, 1, &node);
}

typedef struct shapes {
    int64_t x[3], y[4], state[3];
} shapes;

/* ModelProto: version 1, opset 8, graph 7. */
static bytes build_model(const peer_args *a, const shapes *s)
{
    const double width = 1 / sqrt((double)a->units);
    bytes model = { 0 }, graph = { 0 }, opset = { 0 };

    put_lstm(&graph, a->units);
    field_text(&graph, 2, "lstm");
    put_weights(&graph, "W", (const long[]){ 1, 4 * a->units, a->features }, 3, width);
    put_weights(&graph, "R", (const long[]){ 1, 4 * a->units, a->units }, 3, width);
    put_weights(&graph, "B", (const long[]){ 1, 8 * a->units }, 2, width);
    put_value(&graph, 11, "x", s->x, 3);
    put_value(&graph, 11, "h", s->state, 3);
    put_value(&graph, 11, "c", s->state, 3);
    put_value(&graph, 12, "y", s->y, 4);
    put_value(&graph, 12, "h_next", s->state, 3);
    put_value(&graph, 12, "c_next", s->state, 3);
    field_number(&model, 1, 8);
    field_message(&model, 7, &graph);
    field_text(&opset, 1, "");
    field_number(&opset, 2, 14);
    field_message(&model, 8, &opset);
    return model;
}

/* The states are bound twice, so that those of one call go into the next; `feed_back` says
 * whether they do. */
typedef struct inference {
    OrtSession *session;
    OrtValue *x, *y, *h[2], *c[2];
    float *outputs;
    size_t n_outputs;
    int turn, feed_back;
} inference;

static OrtValue *create_value(OrtMemoryInfo *memory, const int64_t *dims, size_t n_dims,
                              double limit, float **data)
{
    OrtValue *value;
    size_t count = 1;
    float *values;

    for (size_t i = 0; i < n_dims; i++)
        count *= (size_t)dims[i];
    values = (float *)malloc(count * sizeof(float));
    if (values == NULL)
        fail("out of memory");
    peer_fill(values, count, limit);
    check(api->CreateTensorWithDataAsOrtValue(memory, values, count * sizeof(float), dims,
                                              n_dims, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT,
                                              &value));
    if (data != NULL)
        *data = values;
    return value;
}

static void create_session(inference *in, const peer_args *a, const shapes *s)
{
    OrtEnv *env;
    OrtSessionOptions *options;
    bytes model = build_model(a, s);

    check(api->CreateEnv(ORT_LOGGING_LEVEL_ERROR, "peer", &env));
    check(api->CreateSessionOptions(&options));
    check(api->SetIntraOpNumThreads(options, (int)a->threads));
    check(api->SetInterOpNumThreads(options, 1));
    check(api->SetSessionGraphOptimizationLevel(options, ORT_ENABLE_ALL));
    check(api->CreateSessionFromArray(env, model.data, model.size, options, &in->session));
    free(model.data);
}

static void create_inference(inference *in, const peer_args *a)
{
    const shapes s = {
        .x = { a->steps, a->batch, a->features },
        .y = { a->steps, 1, a->batch, a->units },
        .state = { 1, a->batch, a->units },
    };
    OrtMemoryInfo *memory;

    create_session(in, a, &s);
    check(api->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &memory));
    in->x = create_value(memory, s.x, 3, .5, NULL);
    in->y = create_value(memory, s.y, 4, 0, &in->outputs);
    in->n_outputs = (size_t)(a->steps * a->batch * a->units);
    for (int i = 0; i < 2; i++) {
        in->h[i] = create_value(memory, s.state, 3, 0, NULL);
        in->c[i] = create_value(memory, s.state, 3, 0, NULL);
    }
    in->feed_back = peer_is(a, "step");
}

static void run(void *user)
{
    static const char *const names[] = { "x", "h", "c" };
    static const char *const out_names[] = { "y", "h_next", "c_next" };
    inference *const in = (inference *)user;
    const int now = in->turn, next = 1 - now;
    const OrtValue *const inputs[] = { in->x, in->h[now], in->c[now] };
    OrtValue *outputs[] = { in->y, in->h[next], in->c[next] };

    check(api->Run(in->session, NULL, names, inputs, 3, out_names, 3, outputs));
    if (in->feed_back)
        in->turn = next;
}

static double sum(const inference *in)
{
    double result = 0;

    for (size_t i = 0; i < in->n_outputs; i++)
        result += (double)in->outputs[i];
    return result;
}

int main(int argc, char **argv)
{
    const peer_args a = peer_parse(argc, argv);
    inference in = { 0 };
    peer_times t;
    double first;

    if (peer_trains(&a)) {
        fputs("ort: the C interface does not train\n", stderr);
        return 3;
    }
    api = OrtGetApiBase()->GetApi(ORT_API_VERSION);
    if (api == NULL)
        fail("the library is older than the header");
    create_inference(&in, &a);
    run(&in);
    first = sum(&in);
    t = peer_measure(&a, run, &in);
    return peer_report(&a, "ort", OrtGetApiBase()->GetVersionString(), t, first, sum(&in));
}
