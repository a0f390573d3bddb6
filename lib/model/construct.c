/* model/construct.c - a graph from JSON.
 * SPDX-License-Identifier: MIT
 *
 * Layers are made from descriptions like those of a program, put together here from what
 * the JSON says, so they pass the same checks; and they are called as a program calls
 * them. */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "layers/field.h"
#include "model/describe.h"

/* A description being read. */
typedef struct reading {
    const char *what;
    se_arena *arena; /* for the specs */
    size_t *layers;  /* that have been read, those inside others among them */
} reading;

/* The place in the file, for messages. */
typedef struct place {
    const char *class_name, *field;
} place;

static int bad(const reading *r, place at, const char *expected)
{
    return se_fail(SEQECHO_EFORMAT, "%s: %s: \"%.60s\": expected %s", r->what,
                   at.class_name, at.field, expected);
}

/* ---- Options of a layer ------------------------------------------------------------- */

static int read_spec(const reading *r, const json_t *layer, int depth,
                     const seqecho_spec **out);

static int read_numbers(const reading *r, place at, const json_t *value, bool wide,
                        void *out)
{
    const int64_t least = wide ? INT64_MIN : INT32_MIN, most = wide ? INT64_MAX : INT32_MAX;
    const size_t n = json_array_size(value);

    if (!json_is_array(value) || n > SEQECHO_MAX_RANK - 1)
        return bad(r, at, "up to three whole numbers");
    for (size_t i = 0; i < n; i++) {
        int64_t number;

        if (!se_json_is_int(json_array_get(value, i), least, most, &number))
            return bad(r, at, "up to three whole numbers");
        if (wide)
            ((int64_t *)out)[i] = number;
        else
            ((int32_t *)out)[i] = (int32_t)number;
    }
    return SEQECHO_OK;
}

static int read_float(const reading *r, place at, const json_t *value, void *out)
{
    double real;
    float narrow;

    if (!se_json_is_double(value, &real) ||
        (isfinite(real) && fabs(real) > (double)FLT_MAX))
        return bad(r, at, "a number");
    narrow = (float)real;
    memcpy(out, &narrow, sizeof narrow);
    return SEQECHO_OK;
}

static int read_name(const reading *r, place at, const json_t *value, const se_field *f,
                     void *out)
{
    const char *const name = json_string_value(value);
    const int number = name != NULL ? se_names_find(f->names, name) : -1;

    if (name == NULL)
        return bad(r, at, "a name");
    if (number < 0)
        return se_fail(SEQECHO_ENOTSUP,
                       "%s: %s: \"%s\": this library knows no \"%.60s\" of it", r->what,
                       at.class_name, at.field, name);
    memcpy(out, &(const int32_t){ number }, sizeof(int32_t));
    return SEQECHO_OK;
}

/* All layers inside: an array of them, its address and its count. */
static int read_layers(const reading *r, place at, const json_t *value, int depth,
                       const se_field *f, char *spec)
{
    const size_t n = json_array_size(value);
    const seqecho_spec **list;

    if (n < 1 || n > SE_MAX_INNER)
        return bad(r, at, "a list of 1 to 16 layers");
    SE_TRY(se_arena_alloc(r->arena, &list, n * sizeof *list));
    for (size_t i = 0; i < n; i++)
        SE_TRY(read_spec(r, json_array_get(value, i), depth + 1, &list[i]));
    memcpy(spec + f->offset, &list, sizeof list);
    memcpy(spec + f->count_offset, &n, sizeof n);
    return SEQECHO_OK;
}

static int read_field(const reading *r, place at, const json_t *value, int depth,
                      const se_field *f, char *spec)
{
    char *const out = spec + f->offset;
    const seqecho_spec *inner;
    int64_t number;

    switch (f->type) {
    case SE_FIELD_INT64:
        if (!se_json_is_int(value, INT64_MIN, INT64_MAX, &number))
            return bad(r, at, "a whole number");
        memcpy(out, &number, sizeof number);
        return SEQECHO_OK;
    case SE_FIELD_INT32:
        if (!se_json_is_int(value, INT32_MIN, INT32_MAX, &number))
            return bad(r, at, "a whole number of 32 bits");
        memcpy(out, &(const int32_t){ (int32_t)number }, sizeof(int32_t));
        return SEQECHO_OK;
    case SE_FIELD_BYTE:
        if (!se_json_is_int(value, 0, UINT8_MAX, &number))
            return bad(r, at, "a whole number from 0 to 255");
        *(uint8_t *)out = (uint8_t)number;
        return SEQECHO_OK;
    case SE_FIELD_BOOL:
    case SE_FIELD_NOT:
        if (!json_is_boolean(value))
            return bad(r, at, "true or false");
        *(uint8_t *)out = json_is_true(value) == (f->type == SE_FIELD_BOOL);
        return SEQECHO_OK;
    case SE_FIELD_FLOAT: return read_float(r, at, value, out);
    case SE_FIELD_NAME: return read_name(r, at, value, f, out);
    case SE_FIELD_SIZES: return read_numbers(r, at, value, true, out);
    case SE_FIELD_AXES: return read_numbers(r, at, value, false, out);
    case SE_FIELD_LAYER:
        SE_TRY(read_spec(r, value, depth + 1, &inner));
        memcpy(out, &inner, sizeof inner);
        return SEQECHO_OK;
    case SE_FIELD_LAYERS: return read_layers(r, at, value, depth, f, spec);
    }
    return SEQECHO_EFORMAT;
}

/* Every description has its name first after the head. */
#define NAME_OFFSET sizeof(seqecho_spec)

static int read_option(const reading *r, const se_layer_ops *ops, const char *key,
                       const json_t *value, int depth, char *spec)
{
    const place at = { ops->class_name, key };
    const char *const text = json_string_value(value);

    if (strcmp(key, "name") == 0) {
        if (text == NULL)
            return bad(r, at, "a text");
        memcpy(spec + NAME_OFFSET, &text, sizeof text);
        return SEQECHO_OK;
    }
    for (size_t i = 0; i < ops->n_fields; i++)
        if (strcmp(ops->fields[i].name, key) == 0)
            return read_field(r, at, value, depth, &ops->fields[i], spec);
    return se_fail(SEQECHO_ENOTSUP,
                   "%s: %s: \"%.60s\" is an option that this library does not know",
                   r->what, ops->class_name, key);
}

static int read_spec(const reading *r, const json_t *layer, int depth,
                     const seqecho_spec **out)
{
    const char *class_name;
    const se_layer_ops *ops;
    json_t *config;
    char *spec;

    if (!json_is_object(layer))
        return se_fail(SEQECHO_EFORMAT, "%s: a layer is no object, expected { ... }",
                       r->what);
    SE_TRY(se_json_get_text(layer, "class_name", &class_name, r->what));
    SE_TRY(se_json_get(layer, "config", JSON_OBJECT, &config, r->what));
    ops = se_layer_find_class(class_name);
    if (ops == NULL)
        return se_fail(SEQECHO_ENOTSUP, "%s: this library knows no layer \"%.60s\"",
                       r->what, class_name);
    if (depth > SE_MAX_WRAPPERS)
        return se_fail(SEQECHO_EFORMAT, "%s: %s: more than %d wrappers around each other",
                       r->what, class_name, SE_MAX_WRAPPERS);
    if (++*r->layers > SE_LAYERS_MAX)
        return se_fail(SEQECHO_ENOTSUP,
                       "%s: more than %d layers, those inside others among them", r->what,
                       SE_LAYERS_MAX);
    SE_TRY(se_arena_alloc(r->arena, &spec, ops->spec_size));
    memcpy(spec, &(const seqecho_spec){ ops->spec_size, ops->kind, 0 }, sizeof **out);
    for (void *it = json_object_iter(config); it != NULL;
         it = json_object_iter_next(config, it))
        SE_TRY(read_option(r, ops, json_object_iter_key(it), json_object_iter_value(it),
                           depth, spec));
    *out = (const seqecho_spec *)(const void *)spec;
    return SEQECHO_OK;
}

/* ---- Layers and calls --------------------------------------------------------------- */

/* What has been made so far, by number. */
typedef struct made {
    seqecho_layer *layer[SE_LAYERS_MAX];
    seqecho_node *call[SE_CALLS_MAX]; /* its first output */
    size_t layers, calls;
} made;

static int declare_layers(const reading *r, seqecho_graph *graph, const json_t *list,
                          made *m)
{
    const size_t n = json_array_size(list);

    if (n > SE_LAYERS_MAX)
        return se_fail(SEQECHO_ENOTSUP, "%s: %zu layers, expected at most %d", r->what, n,
                       SE_LAYERS_MAX);
    for (; m->layers < n; m->layers++) {
        const seqecho_spec *spec;

        SE_TRY(read_spec(r, json_array_get(list, m->layers), 0, &spec));
        SE_TRY(se_graph_declare(graph, spec, &m->layer[m->layers]));
    }
    return SEQECHO_OK;
}

/* A pair [call, output]. */
static int find_node(const reading *r, const made *m, const json_t *pair,
                     seqecho_node **out)
{
    int64_t call, port;

    if (json_array_size(pair) != 2 ||
        !se_json_is_int(json_array_get(pair, 0), 0, (int64_t)m->calls - 1, &call) ||
        !se_json_is_int(json_array_get(pair, 1), 0, (int64_t)m->call[call]->call->n_out - 1,
                        &port))
        return se_fail(SEQECHO_EFORMAT,
                       "%s: expected a pair [call, output] of one of the %zu calls before",
                       r->what, m->calls);
    *out = &m->call[call]->call->out[port];
    return SEQECHO_OK;
}

static int make_call(const reading *r, const json_t *call, made *m, seqecho_node **out)
{
    seqecho_node *in[SE_MAX_PORTS];
    json_t *inputs;
    int64_t number;
    size_t n;

    if (!json_is_object(call))
        return se_fail(SEQECHO_EFORMAT, "%s: a call is no object, expected { ... }",
                       r->what);
    SE_TRY(se_json_get_int(call, "layer", 0, (int64_t)m->layers - 1, &number, r->what));
    SE_TRY(se_json_get(call, "inputs", JSON_ARRAY, &inputs, r->what));
    n = json_array_size(inputs);
    if (n > SE_MAX_PORTS)
        return se_fail(SEQECHO_EFORMAT, "%s: a call with %zu inputs, expected at most %d",
                       r->what, n, SE_MAX_PORTS);
    if (m->layer[number]->ops->max_inputs == 0) {
        if (n > 0 || m->layer[number]->built)
            return se_fail(SEQECHO_EFORMAT, "%s: %s: an input is called once, with nothing",
                           r->what, m->layer[number]->name);
        return se_graph_call_input(m->layer[number], out);
    }
    for (size_t i = 0; i < n; i++)
        SE_TRY(find_node(r, m, json_array_get(inputs, i), &in[i]));
    return se_graph_call(m->layer[number], in, n, out);
}

static int make_calls(const reading *r, const json_t *list, made *m)
{
    const size_t n = json_array_size(list);

    if (n > SE_CALLS_MAX)
        return se_fail(SEQECHO_ENOTSUP, "%s: %zu calls, expected at most %d", r->what, n,
                       SE_CALLS_MAX);
    for (; m->calls < n; m->calls++)
        SE_TRY(make_call(r, json_array_get(list, m->calls), m, &m->call[m->calls]));
    return SEQECHO_OK;
}

static int choose_outputs(const reading *r, seqecho_graph *graph, const json_t *list,
                          const made *m)
{
    const size_t n = json_array_size(list);

    if (n == 0)
        return se_fail(SEQECHO_EFORMAT,
                       "%s: the graph has no outputs, expected one or more", r->what);
    for (size_t i = 0; i < n; i++) {
        seqecho_node *node;

        SE_TRY(find_node(r, m, json_array_get(list, i), &node));
        SE_TRY(seqecho_graph_output(graph, node));
    }
    return SEQECHO_OK;
}

static int construct(const reading *r, seqecho_graph *graph, const json_t *description,
                     made *m)
{
    json_t *layers, *calls, *outputs;

    SE_TRY(se_json_get(description, "layers", JSON_ARRAY, &layers, r->what));
    SE_TRY(se_json_get(description, "calls", JSON_ARRAY, &calls, r->what));
    SE_TRY(se_json_get(description, "outputs", JSON_ARRAY, &outputs, r->what));
    SE_TRY(declare_layers(r, graph, layers, m));
    SE_TRY(make_calls(r, calls, m));
    return choose_outputs(r, graph, outputs, m);
}

int se_graph_construct(seqecho_graph **out, const json_t *description,
                       const seqecho_allocator *a, const char *what)
{
    se_arena arena;
    size_t layers = 0;
    const reading r = { what, &arena, &layers };
    seqecho_graph *graph = NULL;
    made *m = NULL;
    uint64_t seed;
    int err;

    *out = NULL;
    SE_TRY(se_json_get_uint64(description, "seed", &seed, what));
    se_arena_init(&arena, a);
    err = seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = seed, .allocator = a));
    if (err == SEQECHO_OK)
        err = se_arena_alloc(&arena, &m, sizeof *m);
    if (err == SEQECHO_OK)
        err = construct(&r, graph, description, m);
    if (err == SEQECHO_OK)
        *out = graph;
    else
        seqecho_graph_destroy(graph);
    se_arena_finish(&arena);
    return err;
}

/* ---- What training may do ----------------------------------------------------------- */

/* The factors of a weight that has an entry; false if that holds none. */
static bool read_factors(const json_t *entry, float *l1, float *l2)
{
    double factors[2];

    if (!se_json_is_double(json_object_get(entry, "l1"), &factors[0]) ||
        !se_json_is_double(json_object_get(entry, "l2"), &factors[1]))
        return false;
    for (int i = 0; i < 2; i++)
        if (!(factors[i] >= 0.0 && factors[i] <= (double)FLT_MAX))
            return false;
    *l1 = (float)factors[0];
    *l2 = (float)factors[1];
    return true;
}

static int check_regularizers(const seqecho_graph *graph, const json_t *regularizers,
                              const char *what)
{
    se_weight_cursor cursor = { NULL, 0 };
    const se_weight *w;
    size_t found = 0;
    float l1, l2;

    while ((w = se_graph_next_weight(graph, &cursor)) != NULL) {
        const json_t *const entry = json_object_get(regularizers, w->path);

        if (entry != NULL && !read_factors(entry, &l1, &l2))
            return se_fail(SEQECHO_EFORMAT,
                           "%s: the regularizer of %s: expected l1 and l2, 0 or more", what,
                           w->path);
        found += entry != NULL;
    }
    if (found != json_object_size(regularizers))
        return se_fail(
            SEQECHO_EFORMAT,
            "%s: a regularizer belongs to no weight of the graph, expected one of its "
            "paths",
            what);
    return SEQECHO_OK;
}

int se_training_check(const seqecho_graph *graph, const json_t *description,
                      const char *what)
{
    json_t *trainable, *regularizers;
    size_t found = 0;

    SE_TRY(se_json_get(description, "trainable", JSON_OBJECT, &trainable, what));
    SE_TRY(se_json_get(description, "regularizers", JSON_OBJECT, &regularizers, what));
    for (const seqecho_layer *l = graph->layers; l != NULL; l = l->next)
        found += json_is_boolean(json_object_get(trainable, l->name));
    if (found != json_object_size(trainable))
        return se_fail(SEQECHO_EFORMAT,
                       "%s: \"trainable\": expected layers of the graph, true or false",
                       what);
    return check_regularizers(graph, regularizers, what);
}

void se_training_set(seqecho_graph *graph, const json_t *description)
{
    const json_t *const trainable = json_object_get(description, "trainable");
    const json_t *const regularizers = json_object_get(description, "regularizers");

    for (seqecho_layer *l = graph->layers; l != NULL; l = l->next) {
        l->frozen = json_is_false(json_object_get(trainable, l->name));
        for (size_t i = 0; i < l->n_weights; i++) {
            se_weight *const w = &l->weights[i];

            w->l1 = w->l2 = 0.0f;
            (void)read_factors(json_object_get(regularizers, w->path), &w->l1, &w->l2);
        }
    }
}
