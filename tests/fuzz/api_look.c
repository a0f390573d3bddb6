/* api_look.c - fuzz_api's calls that look at a graph and at its weights.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "api.h"

static void look(api *a, const api_graph *g)
{
    const uint32_t byte = input_byte(&a->in);
    const size_t size = byte * 8;
    char *const text = api_alloc(size, 1);
    const size_t length = (byte % 2 == 0 ? seqecho_graph_summary : seqecho_graph_dot)(
        g->handle, size > 0 ? text : NULL, size);

    FUZZ_CHECK((length > 0) == (g->handle != NULL), "%zu", length);
    if (size > 0 && g->handle != NULL)
        FUZZ_CHECK(strlen(text) == (length < size - 1 ? length : size - 1), "%zu", length);
    free(text);
    FUZZ_CHECK(seqecho_layer_name(NULL)[0] == '\0', "a name for nothing");
    for (size_t i = 0; i < g->n_layers; i++)
        FUZZ_CHECK(strlen(seqecho_layer_name(g->layer[i])) <= 128, "%zu", i);
}

/* The name of a weight, or of none. */
static const char *any_name(api *a, const api_graph *g, bool *found)
{
    const size_t n = seqecho_graph_weight_count(g->handle);
    const size_t i = input_byte(&a->in);

    FUZZ_CHECK(seqecho_graph_weight_name(g->handle, n) == NULL, "%zu", n);
    FUZZ_CHECK((seqecho_graph_parameter_count(g->handle) > 0) == (n > 0), "%zu", n);
    FUZZ_CHECK(n == 0 || g->status == SEQECHO_OK, "%zu", n);
    *found = n > 0 && i < 240;
    if (*found)
        return seqecho_graph_weight_name(g->handle, i % n);
    return i % 2 == 0 ? NULL : "lstm/kernels";
}

/* What a call that needs the weight gives before it looks at its other arguments. */
static int usable(const api_graph *g, bool found)
{
    if (g->handle == NULL)
        return SEQECHO_EINVAL;
    if (g->status < 0)
        return g->status;
    return found ? SEQECHO_OK : SEQECHO_ENOTFOUND;
}

static void ended(api_graph *g, int err)
{
    if (err == SEQECHO_OK)
        api_graph_built(g);
}

static size_t count_of(const seqecho_view *shape)
{
    size_t n = 1;

    for (int32_t i = 0; i < shape->rank; i++)
        n *= (size_t)shape->dim[i];
    return n;
}

static void call_shape(api *a, api_graph *g)
{
    bool found;
    const char *const name = any_name(a, g, &found);
    const bool null = input_chance(&a->in, 16);
    int want = usable(g, found);
    seqecho_view view;

    if (null)
        want = SEQECHO_EINVAL;
    else if (want == SEQECHO_OK)
        want = api_graph_ends_building(g);
    ended(g, API_CALL(a, want,
                      seqecho_graph_weight_shape(g->handle, name, null ? NULL : &view)));
}

static void call_values(api *a, api_graph *g)
{
    bool found;
    const char *const name = any_name(a, g, &found);
    const bool set = input_chance(&a->in, 2), wild = input_chance(&a->in, 6);
    const size_t more = input_chance(&a->in, 12), scale = input_below(&a->in, 4);
    int want = usable(g, found);
    seqecho_view view;
    uint64_t was;
    size_t n;
    float *values;

    if (want < 0) {
        (void)API_CALL(a, want, seqecho_graph_weight_get(g->handle, name, NULL, 0));
        return;
    }
    want = api_graph_ends_building(g);
    if (API_CALL(a, want, seqecho_graph_weight_shape(g->handle, name, &view)) < 0)
        return;
    api_graph_built(g);
    if (!g->form.known || (set && api_busy(a, g->handle)))
        return;
    n = count_of(&view);
    values = api_alloc(n + more, sizeof *values);
    (void)API_CALL(a, SEQECHO_EINVAL, seqecho_graph_weight_get(g->handle, name, NULL, n));
    (void)API_CALL(a, more ? SEQECHO_ESHAPE : SEQECHO_OK,
                   seqecho_graph_weight_get(g->handle, name, values, n + more));
    if (set) {
        was = api_weights(g->handle);
        for (size_t i = 0; i < n; i++)
            values[i] = scale == 3 ? 3e38f : 0.25f * (float)scale;
        if (wild)
            values[input_byte(&a->in) % n] = input_chance(&a->in, 2) ? NAN : -INFINITY;
        if (API_CALL(a,
                     more   ? SEQECHO_ESHAPE
                     : wild ? SEQECHO_EINVAL
                            : SEQECHO_OK,
                     seqecho_graph_weight_set(g->handle, name, values, n + more)) < 0)
            FUZZ_CHECK(api_weights(g->handle) == was, "weights that could not be set");
    }
    free(values);
}

static void call_copy(api *a, api_graph *g)
{
    api_graph *const from = &a->graph[input_below(&a->in, API_GRAPHS)];
    int want = from->handle == NULL || g->handle == NULL ? SEQECHO_EINVAL : from->status;
    size_t copied = 0;

    /* One whose building the call would end as well is tried by api_graph_settle(). */
    if ((want == SEQECHO_OK && !from->frozen) || api_busy(a, g->handle))
        return;
    if (want == SEQECHO_OK)
        want = api_graph_ends_building(g);
    ended(g,
          API_CALL(a, want, seqecho_graph_weights_copy(g->handle, from->handle, &copied)));
    if (g == from && g->frozen)
        FUZZ_CHECK(copied == seqecho_graph_weight_count(g->handle), "%zu", copied);
}

static void call_trainable(api *a, api_graph *g)
{
    const seqecho_layer *const layer =
        g->n_layers > 0 ? g->layer[input_byte(&a->in) % g->n_layers] : NULL;
    const bool train = input_chance(&a->in, 2);

    (void)API_CALL(
        a, usable(g, layer != NULL),
        seqecho_graph_set_trainable(
            g->handle, layer != NULL ? seqecho_layer_name(layer) : "none", train));
}

static void call_regularizer(api *a, api_graph *g)
{
    static const float strengths[] = { 0.0f, 0.01f, 0.5f, -0.1f, NAN, INFINITY, 1e30f };
    bool found;
    const char *const name = any_name(a, g, &found);
    const uint32_t l1 = input_below(&a->in, 7), l2 = input_below(&a->in, 7);
    int want = usable(g, found);

    if (want == SEQECHO_OK && ((l1 >= 3 && l1 <= 5) || (l2 >= 3 && l2 <= 5)))
        want = SEQECHO_EINVAL;
    (void)API_CALL(
        a, want,
        seqecho_graph_set_regularizer(g->handle, name, strengths[l1], strengths[l2]));
}

void api_graph_look(api *a)
{
    api_graph *const g = &a->graph[input_below(&a->in, API_GRAPHS)];

    switch (input_below(&a->in, 6)) {
    case 0: look(a, g); break;
    case 1: call_shape(a, g); break;
    case 2: call_values(a, g); break;
    case 3: call_copy(a, g); break;
    case 4: call_trainable(a, g); break;
    default: call_regularizer(a, g); break;
    }
}
