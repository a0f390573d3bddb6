/* api_graph.c - fuzz_api's building calls.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "api.h"

/* ---- The state of building ---------------------------------------------------------- */

/* After a building call that gave `result`.  With `must` it had no reason to fail. */
static void check_built(api *a, api_graph *g, const void *result, bool must)
{
    const int status = seqecho_graph_status(g->handle);

    if (g->handle == NULL || g->status < 0 || g->frozen) {
        FUZZ_CHECK(result == NULL, "building had ended");
        FUZZ_CHECK(status == (g->handle == NULL ? SEQECHO_EINVAL : g->status), "%d",
                   status);
        return;
    }
    FUZZ_CHECK((result == NULL) == (status < 0), "status %d", status);
    FUZZ_CHECK(status >= 0 || seqecho_error_message()[0] != '\0', "no message");
    FUZZ_CHECK(!api_unlucky(a) || status == SEQECHO_ENOMEM, "status %d", status);
    FUZZ_CHECK(!must || api_unlucky(a) || status == SEQECHO_OK, "%s",
               seqecho_error_message());
    g->status = status;
}

int api_graph_ends_building(const api_graph *g)
{
    if (g->handle == NULL)
        return SEQECHO_EINVAL;
    if (g->status < 0 || g->frozen)
        return g->status;
    if (!g->tail && !g->output_set)
        return SEQECHO_ESTATE;
    return g->form.known && g->form.n_in == 1 ? SEQECHO_OK : API_ANY;
}

void api_graph_built(api_graph *g)
{
    if (g->frozen)
        return;
    g->frozen = true;
    if (!g->output_set) {
        g->form.out[0] = g->tail_shape;
        g->form.n_out = 1;
    }
}

void api_graph_settle(api_graph *g)
{
    if (g->handle != NULL && !g->frozen && g->status == SEQECHO_OK &&
        seqecho_graph_weights_copy(g->handle, g->handle, NULL) == SEQECHO_OK)
        api_graph_built(g);
}

/* ---- Descriptions ------------------------------------------------------------------- */

/* The description's own fields, behind its head and its name. */
#define FIELDS (sizeof(seqecho_spec) + sizeof(const char *))

static bool has_pointers(const seqecho_spec *spec)
{
    return spec->kind == SEQECHO_KIND_TIME_DISTRIBUTED ||
           spec->kind == SEQECHO_KIND_SEQUENTIAL ||
           spec->kind == SEQECHO_KIND_BIDIRECTIONAL;
}

static const char *odd_name(api *a)
{
    static const char *const names[] = { "a", "lstm", "dense_1", "", "a/b", "kernel" };
    static char longest[200];

    if (input_chance(&a->in, 8)) {
        memset(longest, 'n', sizeof longest - 1);
        return longest;
    }
    return names[input_below(&a->in, sizeof names / sizeof *names)];
}

/* Change some field to something that it may or may not be. */
static void disturb(api *a, random_spec *s)
{
    uint8_t *const bytes = (uint8_t *)s;
    const size_t fields = s->head.struct_size - FIELDS;
    const char *name;
    int64_t number;

    switch (input_below(&a->in, 8)) {
    case 0: s->head.struct_size = (size_t)input_absurd(&a->in) % 5000; break;
    case 1: s->head.kind = (uint32_t)input_byte(&a->in) % 40; break;
    case 2: s->head.reserved = input_byte(&a->in); break;
    case 3:
        name = odd_name(a);
        memcpy(bytes + sizeof s->head, &name, sizeof name);
        break;
    default:
        number =
            input_chance(&a->in, 2) ? input_absurd(&a->in) : input_between(&a->in, 0, 9);
        if (has_pointers(&s->head))
            memset(bytes + FIELDS, 0, fields);
        else if (fields >= 8)
            memcpy(bytes + FIELDS + input_below(&a->in, 16) * 4 % (fields - 4), &number,
                   input_chance(&a->in, 2) ? 1 : 4);
        break;
    }
}

/* Kinds and sizes that are changed must not make an inner pointer of something else. */
static bool harmless(const random_spec *was, const random_spec *is)
{
    return is->head.kind == was->head.kind ||
           (!has_pointers(&was->head) && !has_pointers(&is->head));
}

/* A description that fits `in`, and then *out; or one that may not, and *fits is false. */
static const seqecho_spec *any_spec(api *a, const api_graph *g, const seqecho_view *in,
                                    seqecho_view *out, bool *fits)
{
    random_graph *const r = a->random;
    random_spec *s, was;

    r->n_specs = 0;
    r->state = input_bytes(&a->in, 3);
    r->style = input_chance(&a->in, 4) ? RANDOM_STEPS : RANDOM_ANY;
    r->drops = input_chance(&a->in, 4);
    r->batch = g->form.batch;
    *fits = false;
    for (int i = 0; i < 8; i++) {
        const seqecho_spec *const spec = random_spec_one(r, in, 0);

        if (spec == NULL)
            return NULL;
        *fits = random_spec_fits(r, spec, in, out);
        s = (random_spec *)(uintptr_t)spec;
        if (*fits || i == 7)
            break;
        r->n_specs = 0;
    }
    if (!input_chance(&a->in, 8))
        return &s->head;
    was = *s;
    disturb(a, s);
    if (!harmless(&was, s))
        *s = was;
    *fits = false;
    return &s->head;
}

static seqecho_input_spec any_input(api *a, const api_graph *g, bool *fits)
{
    seqecho_input_spec s = { .head = { sizeof s, SEQECHO_KIND_INPUT, 0 } };
    const int32_t rank = 1 + (int32_t)input_below(&a->in, 3);

    for (int32_t i = 0; i < rank; i++)
        s.dim[i] = input_between(&a->in, 1, 6);
    s.batch = g->form.n_in > 0
                  ? g->form.batch
                  : (input_chance(&a->in, 3) ? input_between(&a->in, 1, 4) : 0);
    s.lengths = rank > 1 && input_chance(&a->in, 3);
    *fits = g->form.n_in < 16;
    if (!input_chance(&a->in, 12))
        return s;
    *fits = false;
    switch (input_below(&a->in, 6)) {
    case 0: s.batch = input_absurd(&a->in); break;
    case 1: s.dim[input_below(&a->in, 3)] = input_absurd(&a->in); break;
    case 2: s.name = odd_name(a); break;
    case 3: s.lengths = true; break;
    case 4: s.reserved[input_below(&a->in, 7)] = 1; break;
    default: s.head.kind = input_below(&a->in, 40); break;
    }
    return s;
}

/* ---- Bookkeeping -------------------------------------------------------------------- */

static void note_node(api_graph *g, seqecho_node *node)
{
    seqecho_view shape;

    if (node == NULL || g->n_nodes == API_NODES)
        return;
    FUZZ_CHECK(seqecho_node_shape(node, &shape) == 0, "%s", seqecho_error_message());
    FUZZ_CHECK(shape.rank >= 2 && shape.rank <= SEQECHO_MAX_RANK && shape.data == NULL,
               "rank %d", shape.rank);
    for (int32_t i = 1; i < shape.rank; i++)
        if (shape.dim[i] > RANDOM_SIZE_MAX || api_size(&shape) > 4 * RANDOM_SIZE_MAX)
            g->form.known = false;
    g->node[g->n_nodes++] = node;
}

static void note_input(api_graph *g, const seqecho_input_spec *s)
{
    api_form *const f = &g->form;
    seqecho_view view = { .dtype = SEQECHO_FLOAT32, .rank = 1 };

    for (int32_t i = 0; i < 3 && s->dim[i] != 0; i++) {
        view.dim[view.rank++] = s->dim[i];
        f->known &= s->dim[i] <= RANDOM_SIZE_MAX;
    }
    f->known &= s->batch <= 64;
    f->batch = s->batch;
    f->lengths[f->n_in] = s->lengths;
    f->in[f->n_in++] = view;
}

static seqecho_node *any_node(api *a, const api_graph *g)
{
    if (g->n_nodes == 0 || input_chance(&a->in, 32))
        return NULL;
    return g
        ->node[input_chance(&a->in, 3) ? input_byte(&a->in) % g->n_nodes : g->n_nodes - 1];
}

/* ---- Calls -------------------------------------------------------------------------- */

static void create(api *a, api_graph *g)
{
    const seqecho_graph_options options = { sizeof options, input_byte(&a->in), &a->hook };
    int want = SEQECHO_OK;
    const void *const given = api_options(a, &options, sizeof options, &want);

    if (g->handle != NULL)
        return;
    *g = (api_graph){ .handle = API_STALE(a), .references = 1, .form.known = true };
    if (API_CALL(a, want, seqecho_graph_create(&g->handle, given)) < 0)
        FUZZ_CHECK(g->handle == NULL, "a handle of a call that failed");
}

/* All at once, with several inputs and outputs; of memory that does not fail. */
void api_graph_create_whole(api *a, api_graph *g)
{
    static const random_style styles[8] = { RANDOM_ANY,   RANDOM_ANY,  RANDOM_ANY,
                                            RANDOM_ANY,   RANDOM_ANY,  RANDOM_STEPS,
                                            RANDOM_STEPS, RANDOM_LARGE };
    random_graph *r;

    if (g->handle != NULL)
        return;
    r = random_graph_make(input_bytes(&a->in, 3), styles[input_below(&a->in, 8)]);
    *g = (api_graph){ .handle = seqecho_graph_ref(r->graph), .references = 1 };
    g->form.known = true;
    g->form.batch = r->batch;
    g->output_set = r->n_outputs > 0;
    g->status = seqecho_graph_status(g->handle);
    FUZZ_CHECK(g->status == 0 && g->output_set, "%s", seqecho_error_message());
    for (size_t i = 0; i < r->n_inputs; i++) {
        g->form.in[i] = r->input[i].shape;
        g->form.lengths[i] = r->input[i].lengths;
    }
    g->form.n_in = r->n_inputs;
    memcpy(g->form.out, r->output, sizeof r->output);
    g->form.n_out = r->n_outputs;
    for (size_t i = 0; i < r->n_nodes; i++)
        note_node(g, r->node[i].node);
    random_graph_free(r);
}

/* One that a dataset feeds. */
void api_graph_create_echo(api *a, api_graph *g)
{
    const api_dataset *const d = &a->dataset[input_below(&a->in, API_DATASETS)];
    const bool linear = d->options.encoding == SEQECHO_ENCODE_LINEAR;
    const int64_t features = linear ? 1 : d->options.n_unique;
    const seqecho_input_spec first = { .head = { sizeof first, SEQECHO_KIND_INPUT, 0 },
                                       .dim = { d->options.n_in, features } };
    const bool states = input_chance(&a->in, 2);
    bool same;

    if (g->handle != NULL || d->handle == NULL)
        return;
    create(a, g);
    same = g->handle != NULL;
    api_before(a);
    (void)seqecho_graph_add(g->handle, &first.head);
    (void)seqecho_graph_add(
        g->handle, SEQECHO_LSTM(.units = 3, .return_sequences = true, .no_bias = states));
    (void)seqecho_graph_add(
        g->handle, SEQECHO_DENSE(.units = features,
                                 .activation = linear ? SEQECHO_LINEAR : SEQECHO_SOFTMAX));
    if (!same)
        return;
    g->status = seqecho_graph_status(g->handle);
    FUZZ_CHECK(g->status == (api_unlucky(a) ? SEQECHO_ENOMEM : SEQECHO_OK), "%d",
               g->status);
    if (g->status < 0)
        return;
    note_input(g, &first);
    g->tail = true;
    g->tail_shape = g->form.in[0];
}

static void call_input(api *a, api_graph *g)
{
    bool fits;
    const seqecho_input_spec s = any_input(a, g, &fits);
    const bool null = input_chance(&a->in, 64);
    seqecho_node *node;

    api_before(a);
    node = seqecho_graph_input(g->handle, null ? NULL : &s.head);
    check_built(a, g, node, fits && !null);
    if (node == NULL)
        return;
    note_input(g, &s);
    note_node(g, node);
}

static void call_add(api *a, api_graph *g)
{
    bool fits = false;
    seqecho_input_spec first;
    seqecho_view out = { 0 };
    const seqecho_spec *spec;
    const seqecho_layer *layer;

    if (!g->tail) {
        first = any_input(a, g, &fits);
        spec = &first.head;
    } else {
        spec = any_spec(a, g, &g->tail_shape, &out, &fits);
    }
    api_before(a);
    layer = seqecho_graph_add(g->handle, spec);
    check_built(a, g, layer, fits);
    if (layer == NULL)
        return;
    FUZZ_CHECK(seqecho_layer_name(layer)[0] != '\0', "no name");
    if (!g->tail) {
        note_input(g, &first);
        g->tail_shape = g->form.in[g->form.n_in - 1];
    } else {
        g->tail_shape = out;
        g->form.known &= fits;
    }
    g->tail = true;
}

/* A layer, and a call of it or of an older one. */
static void call_layer(api *a, api_graph *g)
{
    seqecho_node *const x = any_node(a, g);
    seqecho_view shape = { .rank = 2, .dim = { -1, 3 } }, out;
    const bool old = g->n_layers > 0 && input_chance(&a->in, 5);
    bool fits = false;
    const seqecho_spec *spec;
    seqecho_layer *layer;
    seqecho_node *node;

    if (x != NULL)
        FUZZ_CHECK(seqecho_node_shape(x, &shape) == 0, "%s", seqecho_error_message());
    if (!g->form.known)
        shape = (seqecho_view){ .rank = 3, .dim = { -1, 2, 3 } };
    spec = any_spec(a, g, &shape, &out, &fits);
    fits = fits && g->form.known;
    api_before(a);
    layer = old ? g->layer[input_byte(&a->in) % g->n_layers]
                : seqecho_layer_create(g->handle, spec);
    if (!old)
        check_built(a, g, layer, fits);
    if (layer != NULL && !old && g->n_layers < API_NODES)
        g->layer[g->n_layers++] = layer;
    if (layer == NULL)
        return;
    api_before(a);
    node = seqecho_layer_call(layer, x);
    check_built(a, g, node, fits && !old && x != NULL);
    note_node(g, node);
}

static void call_several(api *a, api_graph *g)
{
    static const uint32_t kinds[] = {
        SEQECHO_KIND_CONCATENATE, SEQECHO_KIND_ADD,       SEQECHO_KIND_MULTIPLY,
        SEQECHO_KIND_AVERAGE,     SEQECHO_KIND_ATTENTION, SEQECHO_KIND_ADDITIVE_ATTENTION,
        SEQECHO_KIND_LSTM,        SEQECHO_KIND_GRU,
    };
    const size_t n = input_below(&a->in, 11);
    random_spec s = { .head = { 0 } };
    seqecho_node *x[11], *node;
    seqecho_layer *layer;

    s.head.kind = kinds[input_below(&a->in, 8)];
    s.head.struct_size = s.head.kind == SEQECHO_KIND_CONCATENATE ? sizeof s.concatenate
                         : s.head.kind == SEQECHO_KIND_LSTM      ? sizeof s.lstm
                         : s.head.kind == SEQECHO_KIND_GRU       ? sizeof s.gru
                         : s.head.kind <= SEQECHO_KIND_AVERAGE   ? sizeof s.merge
                                                                 : sizeof s.attention;
    if (s.head.kind == SEQECHO_KIND_LSTM || s.head.kind == SEQECHO_KIND_GRU)
        s.lstm.units = input_between(&a->in, 1, 6); /* at the same place in both */
    for (size_t i = 0; i < n; i++)
        x[i] = any_node(a, g);
    api_before(a);
    layer = seqecho_layer_create(g->handle, &s.head);
    check_built(a, g, layer, true);
    if (layer == NULL)
        return;
    api_before(a);
    node = seqecho_layer_call_n(layer, n == 10 ? NULL : x, n);
    check_built(a, g, node, false);
    note_node(g, node);
}

static void call_output(api *a, api_graph *g)
{
    seqecho_node *node = any_node(a, g);
    const size_t number = input_chance(&a->in, 3) ? input_below(&a->in, 4) : 0;
    const bool was = g->handle != NULL && g->status == SEQECHO_OK && !g->frozen;
    seqecho_view shape;
    int err;

    if (node == NULL || g->handle == NULL)
        return;
    node = seqecho_node_output(node, number);
    FUZZ_CHECK(number > 0 || g->status < 0 || node != NULL, "no first output");
    g->status = seqecho_graph_status(g->handle);
    FUZZ_CHECK((node != NULL) == (g->status == SEQECHO_OK) || g->frozen, "%d", g->status);
    if (node == NULL || g->form.n_out == API_ENDS)
        return;
    note_node(g, node);
    err = API_CALL(a,
                   was         ? API_ANY
                   : g->frozen ? SEQECHO_ESTATE
                               : g->status,
                   seqecho_graph_output(g->handle, node));
    g->status = seqecho_graph_status(g->handle);
    FUZZ_CHECK(g->frozen || g->status == err, "%d, but status %d", err, g->status);
    if (err < 0)
        return;
    g->output_set = true;
    FUZZ_CHECK(seqecho_node_shape(node, &shape) == 0, "%s", seqecho_error_message());
    g->form.out[g->form.n_out++] = shape;
}

/* Nodes and layers of one graph in the calls of another. */
static void call_mixed(api *a, api_graph *g)
{
    api_graph *const other = &a->graph[input_below(&a->in, API_GRAPHS)];
    seqecho_node *const node = any_node(a, other);
    const seqecho_node *result;

    if (g->handle == NULL || other == g || node == NULL || g->n_layers == 0)
        return;
    api_before(a);
    if (input_chance(&a->in, 2)) {
        result = seqecho_layer_call(g->layer[0], node);
        check_built(a, g, result, false);
        FUZZ_CHECK(result == NULL, "a node of another graph was taken");
    } else {
        const int err = seqecho_graph_output(g->handle, node);

        FUZZ_CHECK(err < 0, "a node of another graph was taken");
        g->status = seqecho_graph_status(g->handle);
    }
}

void api_graph_destroy(api *a, api_graph *g)
{
    (void)a;
    while (g->references > 0) {
        seqecho_graph_destroy(g->handle);
        g->references--;
    }
    *g = (api_graph){ 0 };
}

/* References, which come and go; the last only where no event is at work. */
static void call_count(api *a, api_graph *g)
{
    if (g->handle == NULL) {
        FUZZ_CHECK(seqecho_graph_ref(NULL) == NULL, "a reference on nothing");
        seqecho_graph_destroy(NULL);
        return;
    }
    if (input_chance(&a->in, 2)) {
        FUZZ_CHECK(seqecho_graph_ref(g->handle) == g->handle, "another handle");
        g->references++;
        return;
    }
    if (g->references == 1 && a->depth > 0)
        return;
    seqecho_graph_destroy(g->handle);
    if (--g->references == 0)
        *g = (api_graph){ 0 };
}

void api_graph_call(api *a)
{
    api_graph *const g = &a->graph[input_below(&a->in, API_GRAPHS)];

    switch (input_below(&a->in, 16)) {
    case 0: create(a, g); break;
    case 1:
    case 2: api_graph_create_whole(a, g); break;
    case 3: api_graph_create_echo(a, g); break;
    case 4:
    case 5: call_input(a, g); break;
    case 6:
    case 7:
    case 8: call_add(a, g); break;
    case 9:
    case 10:
    case 11: call_layer(a, g); break;
    case 12: call_several(a, g); break;
    case 13: call_output(a, g); break;
    case 14: call_mixed(a, g); break;
    default: call_count(a, g); break;
    }
}
