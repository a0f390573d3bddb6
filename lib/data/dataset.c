/* data/dataset.c - a generator that draws, encodes and frames in buffers of its own.
 * SPDX-License-Identifier: MIT
 *
 * Every draw is framed as class numbers first, -1 standing for a padded step; the floats
 * are made from those.  Padded steps are at the same places in every draw, so they are
 * filled once, when the dataset is created.  And since the class numbers still say where
 * the ones of a one-hot row are, a draw moves those alone and leaves the zeros be: its
 * cost does not depend on n_unique. */
#include "data/dataset.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"
#include "base/rng.h"
#include "base/size.h"

#define DEFAULT_LENGTH 25
#define DEFAULT_UNIQUE 100
#define DEFAULT_IN 5

#define PADDED (-1) /* the class number of a step that is not there */

static const char what[] = "dataset";

/* x or y. */
typedef struct frame {
    size_t steps;     /* a row */
    size_t total;     /* in all rows */
    int32_t *classes; /* (rows, steps) */
    float *values;    /* (rows, steps, features); NULL for integers */
    seqecho_view view;
} frame;

struct seqecho_dataset {
    seqecho_allocator allocator;
    size_t length, n_in;
    int64_t n_unique;
    size_t features;
    seqecho_encoding encoding;
    seqecho_rows rows;
    uint32_t domain; /* of the random numbers */
    seqecho_rng rng;
    int32_t *sequence;
    frame x, y;
    se_classes classes;
};

/* ---- Options ------------------------------------------------------------------------ */

static void set_default(int64_t *field, int64_t value)
{
    if (*field == 0)
        *field = value;
}

static int check_size(const char *name, int64_t size, int64_t most)
{
    if (size < 1 || size > most)
        return se_fail(SEQECHO_EINVAL, "%s: %s is %lld, expected 1 to %lld", what, name,
                       (long long)size, (long long)most);
    return SEQECHO_OK;
}

static int read_options(seqecho_dataset_options *o, const seqecho_dataset_options *given)
{
    SE_TRY(se_options_read(o, sizeof *o, given, "dataset options"));
    set_default(&o->length, DEFAULT_LENGTH);
    set_default(&o->n_unique, DEFAULT_UNIQUE);
    set_default(&o->n_in, DEFAULT_IN);
    set_default(&o->n_out, o->n_in);
    SE_TRY(check_size("length", o->length, SE_DIM_MAX));
    SE_TRY(check_size("n_unique", o->n_unique, SE_UNIQUE_MAX));
    SE_TRY(check_size("n_in", o->n_in, SE_DIM_MAX));
    SE_TRY(check_size("n_out", o->n_out, SE_DIM_MAX));
    if (o->n_in > o->length)
        return se_fail(SEQECHO_EINVAL,
                       "%s: n_in is %lld, but the sequence has only length = %lld steps",
                       what, (long long)o->n_in, (long long)o->length);
    if (o->n_out > o->n_in)
        return se_fail(SEQECHO_EINVAL,
                       "%s: n_out is %lld, but the window has only n_in = %lld steps", what,
                       (long long)o->n_out, (long long)o->n_in);
    if (o->encoding != SEQECHO_ENCODE_ONE_HOT && o->encoding != SEQECHO_ENCODE_LINEAR &&
        o->encoding != SEQECHO_ENCODE_INTEGER)
        return se_fail(SEQECHO_EINVAL, "%s: encoding is %d, expected SEQECHO_ENCODE_*",
                       what, (int)o->encoding);
    if (o->rows != SEQECHO_ROWS_COMPLETE && o->rows != SEQECHO_ROWS_PAD_START &&
        o->rows != SEQECHO_ROWS_PAD_BOTH)
        return se_fail(SEQECHO_EINVAL, "%s: rows is %d, expected SEQECHO_ROWS_*", what,
                       (int)o->rows);
    for (size_t i = 0; i < sizeof o->reserved; i++)
        if (o->reserved[i] != 0)
            return se_fail(SEQECHO_ENOTSUP,
                           "%s: reserved is set, but this library knows only 0", what);
    return SEQECHO_OK;
}

/* ---- Framing and encoding the current sequence -------------------------------------- */

static void put_pads(frame *f, size_t features, float pad_value)
{
    for (size_t i = 0; i < f->total; i++)
        if (f->classes[i] == PADDED)
            for (size_t k = 0; k < features; k++)
                f->values[i * features + k] = pad_value;
}

static void put_ones(frame *f, size_t features, float value)
{
    for (size_t i = 0; i < f->total; i++)
        if (f->classes[i] != PADDED)
            f->values[i * features + (size_t)f->classes[i]] = value;
}

static void put_linear(frame *f, int64_t n_unique)
{
    for (size_t i = 0; i < f->total; i++)
        if (f->classes[i] != PADDED)
            f->values[i] = se_linear(f->classes[i], n_unique);
}

static void frame_sequence(const seqecho_dataset *d, frame *f)
{
    const int32_t pad = PADDED;

    if (d->encoding == SEQECHO_ENCODE_ONE_HOT)
        put_ones(f, d->features, 0.0f); /* of the sequence before; at first, of zeros */
    se_frame_windows(d->sequence, d->length, 1, d->n_in, f->steps, d->rows, &pad,
                     f->classes);
    if (d->encoding == SEQECHO_ENCODE_ONE_HOT)
        put_ones(f, d->features, 1.0f);
    else if (d->encoding == SEQECHO_ENCODE_LINEAR)
        put_linear(f, d->n_unique);
}

/* ---- Creating ----------------------------------------------------------------------- */

static int create_frame(seqecho_dataset *d, frame *f, const char *name, int64_t rows,
                        int64_t steps)
{
    const bool integers = d->encoding == SEQECHO_ENCODE_INTEGER;
    const int64_t dim[] = { rows, steps, integers ? 1 : (int64_t)d->features,
                            (int64_t)sizeof(float) };
    size_t bytes;

    if (rows == 0 || !se_size_product(&bytes, dim, 4))
        return se_fail(
            SEQECHO_EINVAL,
            "%s: %s of (%lld, %lld, %lld) numbers does not fit the address space", what,
            name, (long long)dim[0], (long long)dim[1], (long long)dim[2]);
    f->steps = (size_t)steps;
    f->total = (size_t)rows * (size_t)steps;
    SE_TRY(se_alloc(&f->classes, &d->allocator, f->total, sizeof *f->classes, what));
    if (!integers)
        SE_TRY(se_alloc(&f->values, &d->allocator, f->total * d->features,
                        sizeof *f->values, what));
    f->view = (seqecho_view){
        .data = integers ? (const void *)f->classes : (const void *)f->values,
        .dim = { rows, steps, integers ? 0 : (int64_t)d->features },
        .rank = integers ? 2 : 3,
        .dtype = integers ? SEQECHO_INT32 : SEQECHO_FLOAT32,
    };
    return SEQECHO_OK;
}

static seqecho_view class_view(const frame *f, int64_t rows)
{
    return (seqecho_view){ .data = f->classes,
                           .dim = { rows, (int64_t)f->steps },
                           .rank = 2,
                           .dtype = SEQECHO_INT32 };
}

static int create_buffers(seqecho_dataset *d, const seqecho_dataset_options *o)
{
    const size_t rows = seqecho_supervised_rows(d->length, d->n_in, d->rows);

    SE_TRY(create_frame(d, &d->x, "x", (int64_t)rows, o->n_in));
    SE_TRY(create_frame(d, &d->y, "y", (int64_t)rows, o->n_out));
    SE_TRY(se_alloc(&d->sequence, &d->allocator, d->length, sizeof *d->sequence, what));
    d->classes = (se_classes){ class_view(&d->x, (int64_t)rows),
                               class_view(&d->y, (int64_t)rows), d->n_unique };
    return SEQECHO_OK;
}

int seqecho_dataset_create(seqecho_dataset **out, const seqecho_dataset_options *options)
{
    seqecho_dataset_options o;
    seqecho_allocator allocator;
    seqecho_dataset *d;
    int err;

    if (out == NULL)
        return se_fail(SEQECHO_EINVAL, "%s: out is NULL", what);
    *out = NULL;
    SE_TRY(read_options(&o, options));
    SE_TRY(se_allocator_read(&allocator, o.allocator));
    SE_TRY(se_alloc(&d, &allocator, 1, sizeof *d, what));
    d->allocator = allocator;
    d->length = (size_t)o.length;
    d->n_in = (size_t)o.n_in;
    d->n_unique = o.n_unique;
    d->features = o.encoding == SEQECHO_ENCODE_ONE_HOT ? (size_t)o.n_unique : 1;
    d->encoding = o.encoding;
    d->rows = o.rows;
    d->domain = o.held_out ? SE_RNG_HELD_OUT : SE_RNG_SEQUENCES;
    d->rng.seed = o.seed;
    err = create_buffers(d, &o);
    if (err < 0) {
        seqecho_dataset_destroy(d);
        return err;
    }
    seqecho_dataset_next(d);
    if (o.encoding != SEQECHO_ENCODE_INTEGER)
        put_pads(&d->x, d->features, o.pad_value);
    if (o.encoding == SEQECHO_ENCODE_LINEAR)
        put_pads(&d->y, d->features, o.pad_value);
    *out = d;
    return SEQECHO_OK;
}

void seqecho_dataset_destroy(seqecho_dataset *dataset)
{
    seqecho_allocator allocator;

    if (dataset == NULL)
        return;
    allocator = dataset->allocator;
    se_free(&allocator, dataset->sequence);
    se_free(&allocator, dataset->y.values);
    se_free(&allocator, dataset->y.classes);
    se_free(&allocator, dataset->x.values);
    se_free(&allocator, dataset->x.classes);
    se_free(&allocator, dataset);
}

/* ---- Using -------------------------------------------------------------------------- */

void seqecho_dataset_next(seqecho_dataset *dataset)
{
    if (dataset == NULL)
        return;
    se_sequence_draw(&dataset->rng, dataset->domain, (uint32_t)dataset->n_unique,
                     dataset->sequence, dataset->length);
    se_dataset_frame(dataset);
}

int seqecho_dataset_set_sequence(seqecho_dataset *dataset, const int32_t *sequence,
                                 size_t length)
{
    if (dataset == NULL)
        return se_fail(SEQECHO_EINVAL, "%s: dataset is NULL", what);
    if (sequence == NULL)
        return se_fail(SEQECHO_EINVAL, "%s: sequence is NULL", what);
    if (length != dataset->length)
        return se_fail(SEQECHO_ESHAPE,
                       "%s: the sequence has %zu steps, expected length = %zu", what,
                       length, dataset->length);
    SE_TRY(se_sequence_check(what, sequence, length, dataset->n_unique));
    memmove(dataset->sequence, sequence, length * sizeof *sequence);
    se_dataset_frame(dataset);
    return SEQECHO_OK;
}

uint64_t seqecho_dataset_position(const seqecho_dataset *dataset)
{
    return dataset != NULL ? dataset->rng.position : 0;
}

void seqecho_dataset_seek(seqecho_dataset *dataset, uint64_t position)
{
    if (dataset != NULL)
        dataset->rng.position = position;
}

const seqecho_view *seqecho_dataset_x(const seqecho_dataset *dataset)
{
    return dataset != NULL ? &dataset->x.view : NULL;
}

const seqecho_view *seqecho_dataset_y(const seqecho_dataset *dataset)
{
    return dataset != NULL ? &dataset->y.view : NULL;
}

const int32_t *seqecho_dataset_sequence(const seqecho_dataset *dataset, size_t *length)
{
    if (length != NULL)
        *length = dataset != NULL ? dataset->length : 0;
    return dataset != NULL ? dataset->sequence : NULL;
}

int seqecho_dataset_decode(const seqecho_dataset *dataset, const float *encoded,
                           size_t steps, int32_t *out)
{
    if (dataset == NULL)
        return se_fail(SEQECHO_EINVAL, "%s: dataset is NULL", what);
    if (dataset->encoding == SEQECHO_ENCODE_LINEAR)
        return seqecho_linear_decode(encoded, steps, dataset->n_unique, out);
    return seqecho_one_hot_decode(encoded, steps, dataset->n_unique, out);
}

const se_classes *se_dataset_classes(const seqecho_dataset *dataset)
{
    const bool whole = dataset->rows == SEQECHO_ROWS_COMPLETE;

    return whole && dataset->encoding != SEQECHO_ENCODE_LINEAR ? &dataset->classes : NULL;
}

const char *const se_dataset_numbers[SE_DATASET_NUMBERS] = {
    "length", "n_unique", "n_in", "n_out", "encoding", "rows", "held_out",
};

se_dataset_identity se_dataset_identify(const seqecho_dataset *d)
{
    if (d == NULL)
        return (se_dataset_identity){ .seed = 0 };
    return (se_dataset_identity){
        .seed = d->rng.seed,
        .number = { (int64_t)d->length, d->n_unique, (int64_t)d->n_in, (int64_t)d->y.steps,
                    (int64_t)d->encoding, (int64_t)d->rows, d->domain == SE_RNG_HELD_OUT },
    };
}

int32_t *se_dataset_sequence(seqecho_dataset *d)
{
    return d->sequence;
}

void se_dataset_frame(seqecho_dataset *d)
{
    frame_sequence(d, &d->x);
    frame_sequence(d, &d->y);
}
