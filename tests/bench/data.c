/* data.c - inputs and targets, made before the clock starts.
 * SPDX-License-Identifier: MIT */
#include "data.h"

#include <stdlib.h>

#include <seqecho/dataset.h>

enum {
    SEQUENCES = 32,      /* so many that they are learned as a whole, not one by one */
    RANDOM_RANGE = 65536 /* steps of the random numbers */
};

static void *allocate(int64_t count, size_t size)
{
    return (uint64_t)count <= SIZE_MAX / size ? calloc((size_t)count, size) : NULL;
}

/* The integers as rows of floats, one of them 1; NULL if there is no memory. */
static float *one_hot_rows(const int32_t *values, int64_t count, int64_t classes)
{
    float *const rows = allocate(count * classes, sizeof *rows);

    if (rows != NULL && seqecho_one_hot_encode(values, (size_t)count, classes, rows) < 0) {
        free(rows);
        return NULL;
    }
    return rows;
}

/* Describe an array of all batches: its first batch, and how many bytes that is. */
static size_t describe(seqecho_view *view, const void *array, bool one_hot,
                       const work_size *size, int64_t steps)
{
    const int64_t count = size->batch * steps;

    *view = (seqecho_view){
        .data = array, .dim = { size->batch, steps }, .rank = 2, .dtype = SEQECHO_INT32
    };
    if (!one_hot)
        return (size_t)count * sizeof(int32_t);
    view->dim[2] = size->features;
    view->rank = 3;
    view->dtype = SEQECHO_FLOAT32;
    return (size_t)(count * size->features) * sizeof(float);
}

/* Draw the sequences and frame each. */
static int frame(const work_size *size, int64_t rows, int64_t echoed, int32_t *sequence,
                 int32_t *x, int32_t *y)
{
    const size_t length = (size_t)(rows + size->steps - 1);
    seqecho_rng rng = { .seed = 1 };
    int err = 0;

    for (int64_t i = 0; i < SEQUENCES && err == 0; i++) {
        err = seqecho_generate_sequence(&rng, size->features, sequence, length);
        if (err == 0)
            err = seqecho_to_supervised_int32(sequence, length, (size_t)size->steps,
                                              (size_t)echoed, SEQECHO_ROWS_COMPLETE, 0,
                                              x + i * rows * size->steps,
                                              y + i * rows * echoed);
    }
    return err;
}

/* Replace the integers behind *array by one-hot rows. */
static bool expand(void **array, int64_t count, int64_t classes)
{
    float *const rows = one_hot_rows(*array, count, classes);

    free(*array);
    *array = rows;
    return rows != NULL;
}

static bool create_classes(data *d, const workload *w, const work_size *size, bool one_hot)
{
    const int64_t echoed = workload_echoed(w, size);
    const int64_t rows = w->batches * size->batch; /* of a sequence */
    const int64_t inputs = SEQUENCES * rows * size->steps;
    const int64_t targets = SEQUENCES * rows * echoed;
    int32_t *const sequence = allocate(rows + size->steps - 1, sizeof *sequence);
    bool good;

    d->batches = SEQUENCES * w->batches;
    d->x = allocate(inputs, sizeof(int32_t));
    d->y = allocate(targets, sizeof(int32_t));
    good = sequence != NULL && d->x != NULL && d->y != NULL &&
           frame(size, rows, echoed, sequence, d->x, d->y) == 0;
    free(sequence);
    if (good && one_hot)
        good =
            expand(&d->x, inputs, size->features) && expand(&d->y, targets, size->features);
    d->x_bytes = describe(&d->x_view, d->x, one_hot, size, size->steps);
    d->y_bytes = describe(&d->y_view, d->y, one_hot, size, echoed);
    return good;
}

/* Numbers in [-0.5, 0.5). */
static float *random_floats(seqecho_rng *rng, int64_t count)
{
    int32_t *const draws = allocate(count, sizeof *draws);
    float *const numbers = allocate(count, sizeof *numbers);
    const bool good =
        draws != NULL && numbers != NULL &&
        seqecho_generate_sequence(rng, RANDOM_RANGE, draws, (size_t)count) == 0;

    for (int64_t i = 0; good && i < count; i++)
        numbers[i] = (float)draws[i] / RANDOM_RANGE - 0.5F;
    free(draws);
    if (good)
        return numbers;
    free(numbers);
    return NULL;
}

static bool create_floats(data *d, const workload *w, const work_size *size)
{
    const int64_t rows = size->batch * size->steps;
    seqecho_rng rng = { .seed = 1 };

    d->batches = 1;
    d->x = random_floats(&rng, rows * size->features);
    d->x_view = (seqecho_view){ .data = d->x,
                                .dim = { size->batch, size->steps, size->features },
                                .rank = 3,
                                .dtype = SEQECHO_FLOAT32 };
    if (d->x == NULL || !w->trains)
        return d->x != NULL;
    d->y = allocate(rows, sizeof(int32_t));
    d->y_bytes = describe(&d->y_view, d->y, false, size, size->steps);
    return d->y != NULL &&
           seqecho_generate_sequence(&rng, WORK_CLASSES, d->y, (size_t)rows) == 0;
}

bool data_create(data *d, const workload *w, const work_size *size, bool one_hot)
{
    *d = (data){ .batches = 0 };
    if (w->from_classes ? create_classes(d, w, size, one_hot) : create_floats(d, w, size))
        return true;
    data_destroy(d);
    return false;
}

void data_destroy(data *d)
{
    free(d->x);
    free(d->y);
    *d = (data){ .batches = 0 };
}

void data_batch(const data *d, int64_t i, seqecho_view *x, seqecho_view *y)
{
    *x = d->x_view;
    *y = d->y_view;
    x->data = (const char *)x->data + (size_t)i * d->x_bytes;
    if (y->data != NULL)
        y->data = (const char *)y->data + (size_t)i * d->y_bytes;
}
