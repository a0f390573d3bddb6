/* weights.c - the weights of a case's model, and the generator of stored-nowhere numbers.
 * SPDX-License-Identifier: MIT */
#include "weights.h"

#include <math.h>
#include <string.h>

double prng_uniform(uint32_t seed, uint32_t j)
{
    uint32_t z = seed + (j + 1u) * UINT32_C(0x6D2B79F5);

    z = (z ^ (z >> 15)) * (z | 1u);
    z ^= z + (z ^ (z >> 7)) * (z | 61u);
    return (double)(z ^ (z >> 14)) / 4294967296.0;
}

char **model_weight_names(struct golden_case *c, size_t *count)
{
    const struct line *const line = case_line(c, "weights", NULL);

    *count = line ? line->words : 0;
    return line ? line->word : NULL;
}

static bool weight_shape(struct model *m, size_t i, seqecho_view *shape)
{
    const char *const name = seqecho_graph_weight_name(m->graph, i);

    return result_call(m->c->result, seqecho_graph_weight_shape(m->graph, name, shape),
                       "a weight's shape");
}

static size_t view_count(const seqecho_view *view)
{
    size_t count = 1;

    for (int32_t i = 0; i < view->rank; i++)
        count *= (size_t)view->dim[i];
    return count;
}

size_t model_weight_size(struct model *m, size_t i)
{
    seqecho_view shape;

    return weight_shape(m, i, &shape) ? view_count(&shape) : 0;
}

/* Whether weight array i is the bias of an LSTM: one-dimensional, and by its name, which
 * is "layer/weight", one of that layer's. */
static bool is_lstm_bias(const struct model *m, size_t i, const seqecho_view *shape)
{
    const char *const name = seqecho_graph_weight_name(m->graph, i);

    for (size_t k = 0; shape->rank == 1 && k < m->layers; k++) {
        const char *const layer = seqecho_layer_name(m->layer[k].layer);
        const size_t length = strlen(layer);

        if (strncmp(name, layer, length) == 0 && name[length] == '/')
            return m->layer[k].class->kind == SEQECHO_KIND_LSTM;
    }
    return false;
}

/* Matrices are uniform in +- sqrt(6 / (rows + columns)); biases are zero, but one in the
 * forget block, the second quarter, of an LSTM's. */
static bool generate(struct model *m, size_t i, uint32_t base, const seqecho_view *shape,
                     float *values)
{
    const size_t count = view_count(shape);
    const uint32_t seed = base + UINT32_C(1000003) * (uint32_t)i;
    double limit;

    if (shape->rank == 1) {
        for (size_t j = 0; is_lstm_bias(m, i, shape) && j < count / 4; j++)
            values[count / 4 + j] = 1.0f;
        return true;
    }
    if (shape->rank != 2)
        return result_fail(m->c->result, "no rule for a weight of %d dimensions",
                           (int)shape->rank);
    limit = sqrt(6.0 / (double)(shape->dim[0] + shape->dim[1]));
    for (size_t j = 0; j < count; j++)
        values[j] = (float)((2.0 * prng_uniform(seed, (uint32_t)j) - 1.0) * limit);
    return true;
}

/* prng_shape NAME D0 ...: what the case thinks the weight's shape is. */
static bool check_prng_shape(struct model *m, const char *name, const seqecho_view *shape)
{
    for (const struct line *line = NULL; (line = case_line(m->c, "prng_shape", line));) {
        if (line->words < 1 || strcmp(line->word[0], name) != 0)
            continue;
        if (line->words - 1 != (size_t)shape->rank)
            return result_fail(m->c->result, "prng_shape %s: %zu dimensions, not %d", name,
                               line->words - 1, (int)shape->rank);
        for (size_t i = 1; i < line->words; i++) {
            int64_t dim;

            if (!parse_int(m->c, name, line->word[i], &dim))
                return false;
            if (dim != shape->dim[i - 1])
                return result_fail(m->c->result, "prng_shape %s: %s, not %lld", name,
                                   line->word[i], (long long)shape->dim[i - 1]);
        }
    }
    return true;
}

static bool set_weight(struct model *m, size_t i, const char *name, const int64_t *base)
{
    seqecho_view shape;
    const float *values;

    if (!weight_shape(m, i, &shape))
        return false;
    if (base) {
        float *const fresh = case_alloc(m->c, view_count(&shape), sizeof *fresh);

        if (!check_prng_shape(m, name, &shape) ||
            !generate(m, i, (uint32_t)*base, &shape, fresh))
            return false;
        values = fresh;
    } else {
        const struct array *const array = case_floats(m->c, name);

        if (!array || !case_shape(m->c, array, shape.rank, shape.dim))
            return false;
        values = array->floats;
    }
    return result_call(m->c->result,
                       seqecho_graph_weight_set(m->graph,
                                                seqecho_graph_weight_name(m->graph, i),
                                                values, view_count(&shape)),
                       name);
}

bool weights_set(struct model *m)
{
    const bool generated = case_line(m->c, "prng_base", NULL) != NULL;
    size_t count;
    char **const name = model_weight_names(m->c, &count);
    int64_t base;

    if (!case_int(m->c, "prng_base", 0, &base))
        return false;
    if (count != seqecho_graph_weight_count(m->graph))
        return result_fail(m->c->result, "the case has %zu weights, the model %zu", count,
                           seqecho_graph_weight_count(m->graph));
    for (size_t i = 0; i < count; i++)
        if (!set_weight(m, i, name[i], generated ? &base : NULL))
            return false;
    return true;
}

bool model_copy_weights(struct model *m, float *to)
{
    for (size_t i = 0; i < seqecho_graph_weight_count(m->graph); i++) {
        const char *const name = seqecho_graph_weight_name(m->graph, i);
        const size_t size = model_weight_size(m, i);

        if (!result_call(m->c->result, seqecho_graph_weight_get(m->graph, name, to, size),
                         name))
            return false;
        to += size;
    }
    return true;
}

bool model_copy_gradients(struct model *m, float *to)
{
    for (size_t i = 0; i < seqecho_graph_weight_count(m->graph); i++) {
        const char *const name = seqecho_graph_weight_name(m->graph, i);
        const size_t size = model_weight_size(m, i);

        if (!result_call(m->c->result,
                         seqecho_trainer_gradient_get(m->trainer, name, to, size), name))
            return false;
        to += size;
    }
    return true;
}
