/* layers/inner.c - layers inside a layer: their names, shapes, weights and frames.
 * SPDX-License-Identifier: MIT */
#include "layers/inner.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "layers/noise.h"

/* Is this the name of a layer inside other than `but`? */
static bool taken(const seqecho_layer *layer, const seqecho_layer *but, const char *name)
{
    for (const seqecho_layer *l = layer->inner; l != NULL; l = l->next)
        if (l != but && l->name != NULL && strcmp(l->name, name) == 0)
            return true;
    return false;
}

int se_inner_name(seqecho_layer *layer)
{
    for (seqecho_layer *l = layer->inner; l != NULL; l = l->next) {
        char name[64];

        if (l->name != NULL) {
            if (taken(layer, l, l->name))
                return se_fail(SEQECHO_EINVAL, "%s: two layers inside are named \"%s\"",
                               layer->name, l->name);
            continue;
        }
        snprintf(name, sizeof name, "%s", l->ops->base_name);
        for (unsigned i = 1; taken(layer, l, name); i++)
            snprintf(name, sizeof name, "%s_%u", l->ops->base_name, i);
        SE_TRY(se_arena_strndup(layer->arena, &l->name, name, strlen(name)));
    }
    return SEQECHO_OK;
}

/* Put the wrapper's name before the message of a layer inside. */
static int blame(const seqecho_layer *layer, int code)
{
    char message[SE_ERROR_SIZE];

    snprintf(message, sizeof message, "%s", seqecho_error_message());
    return se_fail(code, "%s: %s", layer->name, message);
}

int se_inner_check(const seqecho_layer *layer, seqecho_layer *inner)
{
    const int err = inner->ops->check(inner);

    return err < 0 ? blame(layer, err) : err;
}

int se_inner_check_single(const seqecho_layer *layer, seqecho_layer *inner)
{
    if (inner->ops->max_inputs == 0)
        return se_fail(SEQECHO_EINVAL,
                       "%s: the layer inside is an input, expected another one",
                       layer->name);
    if (inner->ops->min_inputs > 1)
        return se_fail(SEQECHO_EINVAL,
                       "%s: expected layers of one input inside, found %s, which has %zu "
                       "or more",
                       layer->name, inner->ops->class_name, inner->ops->min_inputs);
    return se_inner_check(layer, inner);
}

int se_inner_infer(const seqecho_layer *layer, const seqecho_layer *inner,
                   const se_shape *in, size_t n_in, se_shape out[SE_MAX_PORTS])
{
    const int n_out = inner->ops->infer(inner, in, n_in, out);
    char want[SE_SHAPE_TEXT], got[SE_SHAPE_TEXT];

    if (n_out < 0)
        return blame(layer, n_out);
    if (inner->n_weights > 0 &&
        se_shape_features(&inner->built_for) != se_shape_features(in))
        return se_fail(SEQECHO_ESHAPE,
                       "%s: %s: its weights were made for input %s, found %s; a shared "
                       "layer needs equal features",
                       layer->name, inner->name, se_shape_text(want, 0, &inner->built_for),
                       se_shape_text(got, 0, in));
    for (int i = 0; i < n_out; i++)
        if (!se_shape_fits(&out[i], 1))
            return se_fail(SEQECHO_ENOMEM,
                           "%s: %s: an output of shape %s does not fit the address space",
                           layer->name, inner->name, se_shape_text(got, 0, &out[i]));
    return n_out;
}

/* The name of a weight with words before it; NULL if there is no memory. */
static const char *prefixed(se_arena *arena, const char *prefix, const char *separator,
                            const char *name)
{
    char *text;
    size_t size;

    if (name == NULL || (prefix[0] == '\0' && separator[0] == '\0'))
        return name;
    size = strlen(prefix) + strlen(separator) + strlen(name) + 1;
    if (se_arena_alloc(arena, &text, size) < 0)
        return NULL;
    snprintf(text, size, "%s%s%s", prefix, separator, name);
    return text;
}

void se_inner_build(seqecho_layer *layer, seqecho_layer *inner, const se_shape *in,
                    const char *prefix, const char *separator)
{
    if (inner->ops->build != NULL)
        inner->ops->build(inner, in);
    inner->built = true;
    inner->built_for = *in;
    for (size_t i = 0; i < inner->n_weights; i++) {
        se_weight *w;

        if (layer->n_weights >= SE_MAX_WEIGHTS) {
            layer->n_weights = SE_MAX_WEIGHTS + 1;
            return;
        }
        w = &layer->weights[layer->n_weights];
        *w = inner->weights[i];
        w->name = prefixed(layer->arena, prefix, separator, w->name);
        layer->n_weights++;
    }
}

se_frame se_inner_frame(const se_frame *f, const seqecho_layer *inner)
{
    se_frame g = *f;
    size_t i = 0;

    for (const seqecho_layer *l = f->layer->inner; l != inner; l = l->next) {
        g.weights += l->n_weights;
        i++;
    }
    g.layer = inner;
    g.noise = se_noise_inside(f->noise, i);
    g.mask = NULL;
    return g;
}

void se_inner_work(se_frame *g, se_carver *carver)
{
    se_carver own = { .base = NULL };

    if (g->layer->ops->work != NULL)
        g->layer->ops->work(g, &own);
    carver->overflow |= own.overflow;
    g->work = se_carve(carver, 1, 1, (int64_t)own.used);
}
