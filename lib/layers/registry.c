/* layers/registry.c - the list of layer kinds, and making a layer from a description.
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "base/size.h"
#include "layers/kinds.h"
#include "layers/layer.h"

/* The only list: everything else asks here. */
static const se_layer_ops *const kinds[] = {
    /* clang-format off */
    &se_input_ops,
    &se_dense_ops,
    &se_activation_ops,
    &se_lstm_ops,
    &se_repeat_vector_ops,
    &se_time_distributed_ops,
    &se_masking_ops,
    &se_dropout_ops,
    &se_embedding_ops,
    &se_concatenate_ops,
    &se_add_ops,
    &se_multiply_ops,
    &se_average_ops,
    &se_layer_normalization_ops,
    &se_attention_ops,
    &se_additive_attention_ops,
    &se_conv1d_ops,
    &se_max_pooling1d_ops,
    &se_average_pooling1d_ops,
    &se_global_max_pooling1d_ops,
    &se_global_average_pooling1d_ops,
    &se_flatten_ops,
    &se_reshape_ops,
    &se_permute_ops,
    &se_bidirectional_ops,
    &se_sequential_ops,
    &se_gru_ops,
    &se_simple_rnn_ops,
    /* clang-format on */
};

const se_layer_ops *se_layer_find(uint32_t kind)
{
    /* The size of a pointer is meant: NOLINTNEXTLINE(bugprone-sizeof-expression) */
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i]->kind == kind)
            return kinds[i];
    return NULL;
}

const se_layer_ops *se_layer_find_class(const char *class_name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i]->class_name, class_name) == 0)
            return kinds[i];
    return NULL;
}

const se_layer_ops *se_layer_kind(size_t i)
{
    return i < sizeof kinds / sizeof *kinds ? kinds[i] : NULL;
}

/* Every description has its name first after the head. */
typedef struct named_spec {
    seqecho_spec head;
    const char *name;
} named_spec;

#define NAME_MAX_LENGTH 128

static int copy_name(seqecho_layer *layer, se_arena *arena, const char *name)
{
    const size_t length = strnlen(name, NAME_MAX_LENGTH + 1);

    if (length == 0 || length > NAME_MAX_LENGTH)
        return se_fail(
            SEQECHO_EINVAL, "%s: a layer's name has 1 to %d characters, this one %s",
            layer->ops->class_name, NAME_MAX_LENGTH, length == 0 ? "none" : "more");
    if (memchr(name, '/', length) != NULL)
        return se_fail(SEQECHO_EINVAL,
                       "%s: a layer's name has no '/', which stands between layer and "
                       "weight, but this one is \"%s\"",
                       layer->ops->class_name, name);
    return se_arena_strndup(arena, &layer->name, name, length);
}

static int make(seqecho_layer **out, se_arena *arena, const seqecho_spec *spec, int depth);

/* The layers inside a wrapper, in their order. */
static int make_inner(seqecho_layer *layer, int depth)
{
    const seqecho_spec *list[SE_MAX_INNER];
    const char *const class_name = layer->ops->class_name;
    const size_t n = layer->ops->inner(layer->spec, list);
    seqecho_layer **last = &layer->inner;

    if (depth == SE_MAX_WRAPPERS)
        return se_fail(SEQECHO_EINVAL,
                       "%s: more wrappers around each other than expected, at most %d",
                       class_name, SE_MAX_WRAPPERS);
    if (n == 0)
        return se_fail(SEQECHO_EINVAL,
                       "%s: expected 1 to %d layers inside, found none or more", class_name,
                       SE_MAX_INNER);
    for (size_t i = 0; i < n; i++) {
        if (list[i] == NULL)
            return se_fail(SEQECHO_EINVAL, "%s: the inner description is NULL", class_name);
        SE_TRY(make(last, layer->arena, list[i], depth + 1));
        assert(*last != NULL);
        last = &(*last)->next;
    }
    return SEQECHO_OK;
}

static int make(seqecho_layer **out, se_arena *arena, const seqecho_spec *spec, int depth)
{
    const se_layer_ops *ops;
    named_spec *copy;
    seqecho_spec head;
    seqecho_layer *layer;

    *out = NULL;
    if (spec == NULL)
        return se_fail(SEQECHO_EINVAL, "layer: the description is NULL");
    memcpy(&head.struct_size, spec, sizeof head.struct_size);
    if (head.struct_size < sizeof head)
        return se_fail(
            SEQECHO_EINVAL,
            "layer: struct_size of the description is %zu, expected %zu or more; was it "
            "made by its macro or init template?",
            head.struct_size, sizeof head);
    memcpy(&head, spec, sizeof head);
    ops = se_layer_find(head.kind);
    if (ops == NULL)
        return se_fail(SEQECHO_ENOTSUP, "layer: this library knows no kind %u", head.kind);
    SE_TRY(se_arena_alloc(arena, &layer, sizeof *layer));
    SE_TRY(se_arena_alloc(arena, &layer->spec, ops->spec_size));
    SE_TRY(se_options_read(layer->spec, ops->spec_size, spec, ops->class_name));
    layer->ops = ops;
    SE_TRY(se_layer_check_reserved(layer, &head.reserved, sizeof head.reserved));
    copy = layer->spec;
    if (copy->name != NULL)
        SE_TRY(copy_name(layer, arena, copy->name));
    copy->name = layer->name;
    layer->arena = arena;
    if (ops->inner != NULL)
        SE_TRY(make_inner(layer, depth));
    *out = layer;
    return SEQECHO_OK;
}

int se_layer_make(seqecho_layer **out, se_arena *arena, const seqecho_spec *spec)
{
    return make(out, arena, spec, 0);
}

int se_layer_check_reserved(const seqecho_layer *layer, const void *reserved, size_t size)
{
    const unsigned char *const bytes = reserved;

    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0)
            return se_fail(SEQECHO_ENOTSUP,
                           "%s: a reserved field is set, but this library knows only 0",
                           layer->name != NULL ? layer->name : layer->ops->class_name);
    return SEQECHO_OK;
}

se_weight *se_layer_add_weight(seqecho_layer *layer, const char *name, int64_t rows,
                               int64_t cols, seqecho_init init)
{
    se_weight *const w = &layer->weights[layer->n_weights++];

    assert(layer->n_weights <= SE_MAX_WEIGHTS);
    *w = (se_weight){
        .name = name,
        .dim = { rows > 0 ? rows : cols, rows > 0 ? cols : 0 },
        .rank = rows > 0 ? 2 : 1,
        .init = init,
    };
    return w;
}

const uint8_t *se_layer_same_mask(const se_frame *f, uint8_t *room)
{
    SE_UNUSED(room);
    return f->in[0].mask;
}

float *se_carve(se_carver *carver, int64_t a, int64_t b, int64_t c)
{
    const size_t line = SE_CACHE_LINE / sizeof(float);
    const int64_t dim[] = { a, b, c };
    float *const part = carver->base != NULL ? carver->base + carver->used : NULL;
    size_t size = 0;

    if (!se_size_product(&size, dim, 3) || !se_size_add(&size, size, line - 1) ||
        !se_size_add(&carver->used, carver->used, size & ~(line - 1)))
        carver->overflow = true;
    return size < line ? NULL : part;
}
