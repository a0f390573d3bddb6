/* api_views.c - samples and targets for fuzz_api: right ones, wild ones, wrong ones.
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "api.h"

void *api_alloc(size_t count, size_t size)
{
    void *const ptr = calloc(count > 0 ? count : 1, size > 0 ? size : 1);

    if (ptr == NULL)
        abort();
    return ptr;
}

int64_t api_size(const seqecho_view *shape)
{
    int64_t size = 1;

    for (int32_t i = 1; i < shape->rank; i++)
        size *= shape->dim[i];
    return size;
}

size_t api_out_count(const api_form *form, int64_t samples)
{
    int64_t count = 0;

    for (size_t i = 0; i < form->n_out; i++)
        count += api_size(&form->out[i]) * samples;
    return (size_t)count;
}

int64_t api_samples(api *a, const api_form *form)
{
    return form->batch > 0 ? form->batch : input_between(&a->in, 1, 5);
}

static void fill(api *a, float *values, size_t n, bool wild)
{
    static const float odd[] = { 0.0f, -0.0f,    1e-40f,    3e38f, -1e19f,
                                 NAN,  INFINITY, -INFINITY, 1e10f };
    uint32_t state = (uint32_t)input_bytes(&a->in, 2);

    for (size_t i = 0; i < n; i++) {
        state = state * 1664525 + 1013904223;
        values[i] = (float)(state >> 8) * 0x1p-23f - 1.0f;
        if (wild && state >> 29 == 0)
            values[i] = odd[(state >> 10) % (sizeof odd / sizeof *odd)];
    }
}

/* Class numbers; one of them wrong if so asked. */
static void fill_classes(api *a, int32_t *values, size_t n, int64_t classes, bool wrong)
{
    static const int32_t none[] = { -1, INT32_MIN, INT32_MAX };
    const uint32_t step = input_below(&a->in, 7);

    for (size_t i = 0; i < n; i++)
        values[i] = (int32_t)((int64_t)(i * step) % classes);
    if (wrong)
        values[input_byte(&a->in) % n] =
            input_chance(&a->in, 2) ? (int32_t)classes : none[input_below(&a->in, 3)];
}

/* Make a view wrong in a way that can be told without looking at what it points to. */
static void spoil(api *a, seqecho_view *view)
{
    switch (input_below(&a->in, 6)) {
    case 0: view->data = NULL; break;
    case 1: view->dtype = input_chance(&a->in, 2) ? 7 : -1; break;
    case 2: view->rank = input_chance(&a->in, 2) ? 0 : INT32_MAX; break;
    case 3: view->rank = -view->rank; break;
    case 4: view->dim[0] = input_chance(&a->in, 2) ? 0 : INT64_MIN; break;
    default:
        view->dim[view->rank > 1 ? 1 : 0] = view->rank > 1 ? input_absurd(&a->in) : -1;
        if (view->rank > 1 && view->dim[1] == 1)
            view->dim[1] = INT64_MAX;
        break;
    }
}

static void add(api_views *v, seqecho_view view, void *data)
{
    view.data = data;
    v->data[v->n] = data;
    v->view[v->n++] = view;
}

static void add_floats(api *a, api_views *v, const seqecho_view *shape, int64_t samples)
{
    const size_t n = (size_t)(api_size(shape) * samples);
    float *const values = api_alloc(n, sizeof *values);
    seqecho_view view = *shape;

    fill(a, values, n, v->wild);
    view.dim[0] = samples;
    view.dtype = SEQECHO_FLOAT32;
    add(v, view, values);
}

static void add_classes(api *a, api_views *v, const seqecho_view *shape, int64_t samples,
                        bool wrong)
{
    const int64_t classes = shape->dim[shape->rank - 1];
    const size_t n = (size_t)(api_size(shape) / classes * samples);
    int32_t *const values = api_alloc(n, sizeof *values);
    seqecho_view view = *shape;

    fill_classes(a, values, n, classes, wrong);
    v->flawed |= wrong;
    view.dim[0] = samples;
    view.rank--;
    view.dtype = SEQECHO_INT32;
    add(v, view, values);
}

static void add_lengths(api *a, api_views *v, const seqecho_view *shape, int64_t samples)
{
    const bool wrong = input_chance(&a->in, 32);
    int32_t *const values = api_alloc((size_t)samples, sizeof *values);

    fill_classes(a, values, (size_t)samples, shape->dim[1] + 1, wrong);
    v->flawed |= wrong;
    add(v, (seqecho_view){ .dim = { samples }, .rank = 1, .dtype = SEQECHO_INT32 }, values);
}

void api_views_x(api *a, api_views *v, const api_form *form, int64_t samples)
{
    *v = (api_views){ .wild = input_chance(&a->in, 8) };
    for (size_t i = 0; i < form->n_in; i++) {
        /* A wrong class may stand at a step that is not there. */
        const bool wrong = !form->lengths[i] && input_chance(&a->in, 32);

        if (input_chance(&a->in, 3))
            add_classes(a, v, &form->in[i], samples, wrong);
        else
            add_floats(a, v, &form->in[i], samples);
        if (form->lengths[i])
            add_lengths(a, v, &form->in[i], samples);
    }
    if (input_chance(&a->in, 24)) {
        spoil(a, &v->view[input_byte(&a->in) % v->n]);
        v->flawed = true;
    }
}

void api_views_y(api *a, api_views *v, const api_form *form, int64_t samples,
                 const seqecho_loss *loss)
{
    *v = (api_views){ .wild = input_chance(&a->in, 8) };
    for (size_t i = 0; i < form->n_out; i++) {
        if (loss[i] == SEQECHO_SPARSE_CATEGORICAL_CROSSENTROPY ||
            (loss[i] == SEQECHO_CATEGORICAL_CROSSENTROPY && input_chance(&a->in, 2)))
            add_classes(a, v, &form->out[i], samples, input_chance(&a->in, 32));
        else
            add_floats(a, v, &form->out[i], samples);
    }
    if (input_chance(&a->in, 24)) {
        const size_t i = input_byte(&a->in) % v->n;

        spoil(a, &v->view[i]);
        v->flawed |= loss[i] != SEQECHO_LOSS_NONE;
    }
}

void api_views_dy(api *a, api_views *v, const api_form *form, int64_t samples)
{
    *v = (api_views){ .wild = input_chance(&a->in, 8) };
    for (size_t i = 0; i < form->n_out; i++)
        add_floats(a, v, &form->out[i], samples);
    if (input_chance(&a->in, 24)) {
        spoil(a, &v->view[input_byte(&a->in) % v->n]);
        v->flawed = true;
    }
}

void api_views_free(api_views *v)
{
    for (size_t i = 0; i < v->n; i++)
        free(v->data[i]);
}

size_t api_dx_count(const api_form *form, const api_views *x, int64_t samples)
{
    int64_t count = 0;

    for (size_t i = 0, view = 0; i < form->n_in; i++, view++) {
        if (x->view[view].dtype == SEQECHO_FLOAT32)
            count += api_size(&form->in[i]) * samples;
        view += form->lengths[i];
    }
    return (size_t)count;
}
