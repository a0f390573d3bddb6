/* api_data.c - fuzz_api's calls of datasets, and of the functions on plain arrays.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "api.h"

/* ---- Datasets ----------------------------------------------------------------------- */

static void or_default(int64_t *size, int64_t usual)
{
    if (*size == 0)
        *size = usual;
}

void api_dataset_create(api *a, api_dataset *d)
{
    seqecho_dataset_options o = { .struct_size = sizeof o,
                                  .length = input_below(&a->in, 12),
                                  .n_unique = input_below(&a->in, 8),
                                  .n_in = input_below(&a->in, 6),
                                  .n_out = input_below(&a->in, 5),
                                  .encoding = (seqecho_encoding)input_below(&a->in, 3),
                                  .rows = (seqecho_rows)input_below(&a->in, 3),
                                  .held_out = input_chance(&a->in, 2),
                                  .seed = input_byte(&a->in),
                                  .allocator = &a->hook };
    const void *given;
    int want;

    if (input_chance(&a->in, 8))
        o.pad_value = input_float(&a->in);
    d->options = o;
    or_default(&d->options.length, 25);
    or_default(&d->options.n_unique, 100);
    or_default(&d->options.n_in, 5);
    or_default(&d->options.n_out, d->options.n_in);
    want = d->options.n_in > d->options.length || d->options.n_out > d->options.n_in
               ? SEQECHO_EINVAL
               : SEQECHO_OK;
    if (input_chance(&a->in, 12)) {
        int64_t *const sizes[] = { &o.length, &o.n_unique, &o.n_in, &o.n_out };

        *sizes[input_below(&a->in, 4)] = input_absurd(&a->in);
        want = API_ANY;
    }
    given = api_options(a, &o, sizeof o, &want);
    d->handle = API_STALE(a);
    if (API_CALL(a, want, seqecho_dataset_create(&d->handle, given)) < 0)
        FUZZ_CHECK(d->handle == NULL, "a handle of a call that failed");
    d->position = 1;
    if (want != API_ANY || d->handle == NULL)
        return;
    seqecho_dataset_destroy(d->handle); /* its options are not known */
    d->handle = NULL;
}

static void check_views(const api_dataset *d)
{
    const seqecho_view *const x = seqecho_dataset_x(d->handle);
    const seqecho_view *const y = seqecho_dataset_y(d->handle);
    const size_t rows = seqecho_supervised_rows((size_t)d->options.length,
                                                (size_t)d->options.n_in, d->options.rows);
    size_t length = 1;
    const int32_t *const sequence = seqecho_dataset_sequence(d->handle, &length);

    FUZZ_CHECK((sequence != NULL) == (d->handle != NULL), "%p", (const void *)sequence);
    FUZZ_CHECK(seqecho_dataset_position(d->handle) == (d->handle ? d->position : 0), "%d",
               (int)d->position);
    if (d->handle == NULL) {
        FUZZ_CHECK(x == NULL && y == NULL && length == 0, "views of nothing");
        return;
    }
    FUZZ_CHECK(length == (size_t)d->options.length, "%zu", length);
    FUZZ_CHECK(x->dim[0] == (int64_t)rows && y->dim[0] == (int64_t)rows, "%zu", rows);
    FUZZ_CHECK(x->dim[1] == d->options.n_in && y->dim[1] == d->options.n_out, "steps");
    for (size_t i = 0; i < length; i++)
        FUZZ_CHECK(sequence[i] >= 0 && sequence[i] < d->options.n_unique, "%d",
                   sequence[i]);
}

static void set_sequence(api *a, const api_dataset *d)
{
    const size_t length = d->handle != NULL ? (size_t)d->options.length : 3;
    const size_t more = input_chance(&a->in, 12);
    const bool wrong = input_chance(&a->in, 12);
    int32_t *const sequence = api_alloc(length + more, sizeof *sequence);
    int want = d->handle == NULL ? SEQECHO_EINVAL : more ? SEQECHO_ESHAPE : SEQECHO_OK;

    for (size_t i = 0; i < length && d->handle != NULL; i++)
        sequence[i] = (int32_t)(input_byte(&a->in) % d->options.n_unique);
    if (wrong && d->handle != NULL) {
        sequence[input_byte(&a->in) % length] = input_chance(&a->in, 2)
                                                    ? (int32_t)d->options.n_unique
                                                    : -1 - (int32_t)input_byte(&a->in);
        want = want == SEQECHO_OK ? SEQECHO_EINVAL : want;
    }
    (void)API_CALL(a, want,
                   seqecho_dataset_set_sequence(d->handle, sequence, length + more));
    (void)API_CALL(a, SEQECHO_EINVAL,
                   seqecho_dataset_set_sequence(d->handle, NULL, length));
    free(sequence);
}

static void decode(api *a, const api_dataset *d)
{
    const size_t steps = input_below(&a->in, 5);
    const size_t width =
        d->options.encoding == SEQECHO_ENCODE_LINEAR ? 1 : (size_t)d->options.n_unique;
    float *const encoded = api_alloc(steps * width, sizeof *encoded);
    int32_t *const out = api_alloc(steps, sizeof *out);

    for (size_t i = 0; i < steps * width; i++)
        encoded[i] = input_chance(&a->in, 16) ? input_float(&a->in) : 0.0f;
    (void)API_CALL(a, d->handle != NULL ? SEQECHO_OK : SEQECHO_EINVAL,
                   seqecho_dataset_decode(d->handle, encoded, steps, out));
    for (size_t i = 0; i < steps && d->handle != NULL; i++)
        FUZZ_CHECK(out[i] >= 0 && out[i] < d->options.n_unique, "%d", out[i]);
    free(encoded);
    free(out);
}

void api_dataset_call(api *a)
{
    api_dataset *const d = &a->dataset[input_below(&a->in, API_DATASETS)];
    const uint32_t which = input_below(&a->in, 8);

    if (which <= 2 && d->handle == NULL) {
        api_dataset_create(a, d);
    } else if (which == 0 && a->depth == 0) {
        seqecho_dataset_destroy(d->handle);
        *d = (api_dataset){ 0 };
    } else if (which == 1) {
        d->position = input_chance(&a->in, 4) ? UINT64_MAX : input_byte(&a->in);
        seqecho_dataset_seek(d->handle, d->position);
    } else if (which <= 4) {
        seqecho_dataset_next(d->handle);
        d->position++;
    } else if (which == 5) {
        set_sequence(a, d);
    } else if (which == 6) {
        decode(a, d);
    }
    check_views(d);
}

/* ---- Plain arrays ------------------------------------------------------------------- */

typedef int (*encode_fn)(const int32_t *, size_t, int64_t, float *);
typedef int (*decode_fn)(const float *, size_t, int64_t, int32_t *);

/* There and back gives the same. */
static void encode(api *a, encode_fn to, decode_fn from, bool wide)
{
    const size_t length = input_below(&a->in, 9);
    const int64_t unique = input_chance(&a->in, 16) ? input_absurd(&a->in)
                                                    : (int64_t)input_between(&a->in, 1, 9);
    const bool fine = unique >= 1 && unique <= 9;
    const size_t width = wide && fine ? (size_t)unique : 1;
    int32_t *const sequence = api_alloc(length, sizeof *sequence);
    int32_t *const back = api_alloc(length, sizeof *back);
    float *const encoded = api_alloc(length * width, sizeof *encoded);
    const bool wrong = length > 0 && input_chance(&a->in, 12);
    int want = !fine ? SEQECHO_EINVAL : wrong ? SEQECHO_EINVAL : SEQECHO_OK;

    for (size_t i = 0; i < length; i++)
        sequence[i] = fine ? (int32_t)(input_byte(&a->in) % unique) : 0;
    if (wrong)
        sequence[length - 1] = INT32_MIN;
    /* So large a width is an error only if the array would be too large to be there. */
    if (fine || unique < 1 || unique > INT32_MAX) {
        if (API_CALL(a, want, to(sequence, length, unique, encoded)) == SEQECHO_OK) {
            (void)API_CALL(a, SEQECHO_OK, from(encoded, length, unique, back));
            FUZZ_CHECK(memcmp(sequence, back, length * sizeof *back) == 0, "not the same");
        }
        (void)API_CALL(a, SEQECHO_EINVAL, to(NULL, length + 1, unique, encoded));
        (void)API_CALL(a, SEQECHO_EINVAL, from(encoded, length + 1, unique, NULL));
    }
    free(sequence);
    free(back);
    free(encoded);
}

static void generate(api *a)
{
    seqecho_rng rng = { input_byte(&a->in), input_byte(&a->in) }, again = rng;
    const uint64_t position = rng.position;
    const size_t length = input_below(&a->in, 9);
    const int64_t unique =
        input_chance(&a->in, 4) ? input_absurd(&a->in) : (int64_t)input_byte(&a->in);
    const bool fine = unique >= 1 && unique <= INT32_MAX;
    int32_t one[9], two[9];

    (void)API_CALL(a, SEQECHO_EINVAL, seqecho_generate_sequence(NULL, 5, one, length));
    (void)API_CALL(a, fine ? SEQECHO_OK : SEQECHO_EINVAL,
                   seqecho_generate_sequence(&rng, unique, one, length));
    FUZZ_CHECK(rng.position == position + fine, "%d", (int)rng.position);
    if (!fine)
        return;
    (void)API_CALL(a, SEQECHO_OK, seqecho_generate_sequence(&again, unique, two, length));
    FUZZ_CHECK(memcmp(one, two, length * sizeof *one) == 0, "not the same");
}

/* Floats and integers are framed alike. */
static void supervise(api *a)
{
    const size_t length = input_below(&a->in, 9), n_in = input_below(&a->in, 9);
    const size_t n_out = input_below(&a->in, 9);
    const seqecho_rows keep = (seqecho_rows)input_below(&a->in, 4);
    const size_t rows = seqecho_supervised_rows(length, n_in, keep);
    const bool fine = rows > 0 && n_out >= 1 && n_out <= n_in;
    const int want = fine ? SEQECHO_OK : SEQECHO_EINVAL;
    float *const sequence = api_alloc(length, sizeof *sequence);
    float *const x = api_alloc(rows * n_in, sizeof *x);
    float *const y = api_alloc(fine ? rows * n_out : 0, sizeof *y);
    int32_t *const sequence_i = api_alloc(length, sizeof *sequence_i);
    int32_t *const x_i = api_alloc(rows * n_in, sizeof *x_i);
    int32_t *const y_i = api_alloc(fine ? rows * n_out : 0, sizeof *y_i);

    for (size_t i = 0; i < length; i++)
        sequence[i] = (float)(sequence_i[i] = (int32_t)input_byte(&a->in));
    (void)API_CALL(
        a, want,
        seqecho_to_supervised(sequence, length, 1, n_in, n_out, keep, -1.0f, x, y));
    (void)API_CALL(
        a, want,
        seqecho_to_supervised_int32(sequence_i, length, n_in, n_out, keep, -1, x_i, y_i));
    for (size_t i = 0; fine && i < rows * n_in; i++)
        FUZZ_CHECK(x[i] == (float)x_i[i], "%zu", i);
    (void)API_CALL(a, SEQECHO_EINVAL,
                   seqecho_to_supervised(sequence, (size_t)input_absurd(&a->in), SIZE_MAX,
                                         SIZE_MAX, 1, keep, 0.0f, x, y));
    free(sequence);
    free(sequence_i);
    free(x);
    free(x_i);
    free(y);
    free(y_i);
}

void api_array_call(api *a)
{
    switch (input_below(&a->in, 4)) {
    case 0: encode(a, seqecho_one_hot_encode, seqecho_one_hot_decode, true); break;
    case 1: encode(a, seqecho_linear_encode, seqecho_linear_decode, false); break;
    case 2: generate(a); break;
    default: supervise(a); break;
    }
}
