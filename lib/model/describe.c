/* model/describe.c - a graph as JSON.
 * SPDX-License-Identifier: MIT
 *
 * Values that could not be made for want of memory are NULL, which jansson refuses to put
 * anywhere: so it is enough to look whether all of them could be put. */
#include "model/describe.h"

#include <assert.h>
#include <string.h>

#include "layers/field.h"

/* ---- Layers ------------------------------------------------------------------------- */

static json_t *describe_layer(const seqecho_layer *layer, const char *name);

static json_t *numbers(const se_field *f, const void *place)
{
    json_t *const list = json_array();

    for (size_t i = 0; i < SEQECHO_MAX_RANK - 1; i++) {
        int64_t wide = 0;
        int32_t narrow = 0;

        if (f->type == SE_FIELD_SIZES)
            memcpy(&wide, (const int64_t *)place + i, sizeof wide);
        else
            memcpy(&narrow, (const int32_t *)place + i, sizeof narrow);
        if (wide == 0 && narrow == 0)
            break;
        if (json_array_append_new(list, json_integer(wide + narrow)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* The name in its own description: a wrapper may have put something before it. */
static const char *own_name(const seqecho_layer *layer)
{
    struct {
        seqecho_spec head;
        const char *name;
    } begin;

    memcpy(&begin, layer->spec, sizeof begin);
    return begin.name;
}

static json_t *all_inside(const seqecho_layer *layer)
{
    json_t *const list = json_array();

    for (const seqecho_layer *l = layer->inner; l != NULL; l = l->next)
        if (json_array_append_new(list, describe_layer(l, own_name(l))) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

/* The value of a field; *inside is the next of the layers inside. */
static json_t *field_value(const seqecho_layer *layer, const se_field *f,
                           const seqecho_layer **inside)
{
    const char *const place = (const char *)layer->spec + f->offset;
    const seqecho_layer *const next = *inside;
    int64_t wide = 0;
    int32_t narrow = 0;
    uint8_t byte = 0;
    float real = 0.0f;

    switch (f->type) {
    case SE_FIELD_INT64: memcpy(&wide, place, sizeof wide); return json_integer(wide);
    case SE_FIELD_INT32: memcpy(&narrow, place, sizeof narrow); return json_integer(narrow);
    case SE_FIELD_BYTE: memcpy(&byte, place, sizeof byte); return json_integer(byte);
    case SE_FIELD_BOOL: memcpy(&byte, place, sizeof byte); return json_boolean(byte != 0);
    case SE_FIELD_NOT: memcpy(&byte, place, sizeof byte); return json_boolean(byte == 0);
    case SE_FIELD_FLOAT:
        memcpy(&real, place, sizeof real);
        return se_json_double((double)real);
    case SE_FIELD_NAME:
        memcpy(&narrow, place, sizeof narrow);
        return json_string(f->names->name[narrow]);
    case SE_FIELD_SIZES:
    case SE_FIELD_AXES: return numbers(f, place);
    case SE_FIELD_LAYER:
        assert(next != NULL); /* of a wrapper, as many as it has such fields */
        *inside = next->next;
        return describe_layer(next, own_name(next));
    case SE_FIELD_LAYERS: return all_inside(layer);
    }
    return NULL;
}

/* Wrappers are not deep: see SE_MAX_WRAPPERS. */
static json_t *describe_layer(const seqecho_layer *layer, const char *name)
{
    json_t *const object = json_object(), *const config = json_object();
    const seqecho_layer *inside = layer->inner;
    bool good =
        json_object_set_new(object, "class_name", json_string(layer->ops->class_name)) == 0;

    if (name != NULL)
        good = json_object_set_new(config, "name", json_string(name)) == 0 && good;
    for (size_t i = 0; i < layer->ops->n_fields; i++) {
        const se_field *const f = &layer->ops->fields[i];

        good = json_object_set_new(config, f->name, field_value(layer, f, &inside)) == 0 &&
               good;
    }
    good = json_object_set_new(object, "config", config) == 0 && good;
    if (good)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *describe_layers(const seqecho_graph *graph)
{
    json_t *const list = json_array();

    for (const seqecho_layer *l = graph->layers; l != NULL; l = l->next)
        if (json_array_append_new(list, describe_layer(l, l->name)) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

/* ---- Calls -------------------------------------------------------------------------- */

/* Found by counting, as that of a call. */
static int64_t layer_number(const seqecho_graph *graph, const seqecho_layer *wanted)
{
    int64_t n = 0;

    for (const seqecho_layer *l = graph->layers; l != wanted; l = l->next)
        n++;
    return n;
}

static json_t *describe_nodes(const seqecho_graph *graph, seqecho_node *const *nodes,
                              size_t n)
{
    json_t *const list = json_array();

    for (size_t i = 0; i < n; i++) {
        const json_int_t call = se_graph_call_number(graph, nodes[i]->call);

        if (json_array_append_new(list,
                                  json_pack("[I, I]", call, (json_int_t)nodes[i]->port))) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *describe_calls(const seqecho_graph *graph)
{
    json_t *const list = json_array();

    for (const se_call *call = graph->calls; call != NULL; call = call->next) {
        json_t *const one = json_object();
        bool good = json_object_set_new(
                        one, "layer", json_integer(layer_number(graph, call->layer))) == 0;

        good = json_object_set_new(one, "inputs",
                                   describe_nodes(graph, call->in, call->n_in)) == 0 &&
               good;
        if (!good)
            json_decref(one);
        if (!good || json_array_append_new(list, one) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* ---- What training may do ----------------------------------------------------------- */

static json_t *describe_trainable(const seqecho_graph *graph)
{
    json_t *const object = json_object();

    for (const seqecho_layer *l = graph->layers; l != NULL; l = l->next)
        if (l->frozen && json_object_set_new(object, l->name, json_false()) != 0) {
            json_decref(object);
            return NULL;
        }
    return object;
}

static json_t *describe_regularizers(const seqecho_graph *graph)
{
    json_t *const object = json_object();
    se_weight_cursor cursor = { NULL, 0 };
    const se_weight *w;

    while ((w = se_graph_next_weight(graph, &cursor)) != NULL)
        if ((w->l1 != 0.0f || w->l2 != 0.0f) &&
            json_object_set_new(
                object, w->path,
                json_pack("{s:f, s:f}", "l1", (double)w->l1, "l2", (double)w->l2)) != 0) {
            json_decref(object);
            return NULL;
        }
    return object;
}

/* ---- All of it ---------------------------------------------------------------------- */

/* The names of a layer and of those inside it, which are counted. */
static int check_layer(const seqecho_layer *layer, const char *name, const char *what,
                       size_t *layers)
{
    ++*layers;
    if (name != NULL && !se_json_is_utf8(name))
        return se_fail(SEQECHO_ENOTSUP,
                       "%s: %s: the name of a layer is not UTF-8, which files need", what,
                       layer->ops->class_name);
    for (const seqecho_layer *l = layer->inner; l != NULL; l = l->next)
        SE_TRY(check_layer(l, own_name(l), what, layers));
    return SEQECHO_OK;
}

static int check_graph(const seqecho_graph *graph, const char *what)
{
    size_t layers = 0;

    for (const seqecho_layer *l = graph->layers; l != NULL; l = l->next)
        SE_TRY(check_layer(l, l->name, what, &layers));
    if (layers > SE_LAYERS_MAX || graph->n_calls > SE_CALLS_MAX)
        return se_fail(SEQECHO_ENOTSUP,
                       "%s: the graph has %zu layers and %zu calls, expected at most %d "
                       "and %d",
                       what, layers, graph->n_calls, SE_LAYERS_MAX, SE_CALLS_MAX);
    return SEQECHO_OK;
}

int se_graph_describe(json_t **out, const seqecho_graph *graph, const char *what)
{
    json_t *const all = json_object();
    int err;

    *out = NULL;
    err = check_graph(graph, what);
    if (err == SEQECHO_OK &&
        (se_json_put_uint64(all, "seed", graph->seed) < 0 ||
         se_json_put(all, "layers", describe_layers(graph)) < 0 ||
         se_json_put(all, "calls", describe_calls(graph)) < 0 ||
         se_json_put(all, "outputs",
                     describe_nodes(graph, graph->outputs, graph->n_outputs)) < 0 ||
         se_json_put(all, "trainable", describe_trainable(graph)) < 0 ||
         se_json_put(all, "regularizers", describe_regularizers(graph)) < 0))
        err = se_fail(SEQECHO_ENOMEM, "%s: out of memory for the description", what);
    if (err < 0)
        json_decref(all);
    else
        *out = all;
    return err;
}
