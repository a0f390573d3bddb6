/* layers/lstm.c - LSTM over sequences.
 * SPDX-License-Identifier: MIT
 *
 * Forward, step by step: the input product of all four gates in one matrix, the recurrent
 * product added to it, and the cell on top (lstm_cell.h) while they are in the cache; of
 * small batches the input products of all steps come first, as one.
 * Backward: step by step from the end, the cell's gradients in place of the gates and the
 * recurrent product with the transpose; then each weight's gradient as one product over
 * all steps.
 *
 * The steps of one sample depend on each other, those of different samples do not: with
 * threads each takes a range of samples through all steps.
 *
 * Arrays are step-major, and "step" counts in the order of processing: with go_backwards
 * step s reads input step T - 1 - s. */
#include "layers/lstm.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "layers/activate.h"
#include "layers/kinds.h"
#include "layers/lstm_cell.h"

/* Samples from which a step's input product fills the kernels as well as that of all steps
 * would. */
#define STEP_ROWS 16

/* Below this many multiplications in the recurrence it stays on one thread: starting the
 * others costs some microseconds. */
#define MIN_PARALLEL_WORK 1.0e6

static int lstm_check(seqecho_layer *layer)
{
    seqecho_lstm_spec *const spec = layer->spec;

    SE_TRY(se_layer_check_reserved(layer, spec->reserved, sizeof spec->reserved));
    if (!se_dim_ok(spec->units) || spec->units > SE_DIM_MAX / 4)
        return se_fail(SEQECHO_EINVAL, "%s: units is %" PRId64 ", expected 1 to %" PRId64,
                       layer->name, spec->units, SE_DIM_MAX / 4);
    if (spec->activation == SEQECHO_ACTIVATION_DEFAULT)
        spec->activation = SEQECHO_TANH;
    if (spec->recurrent_activation == SEQECHO_ACTIVATION_DEFAULT)
        spec->recurrent_activation = SEQECHO_SIGMOID;
    if (spec->kernel_init == SEQECHO_INIT_DEFAULT)
        spec->kernel_init = SEQECHO_INIT_GLOROT_UNIFORM;
    if (spec->recurrent_init == SEQECHO_INIT_DEFAULT)
        spec->recurrent_init = SEQECHO_INIT_ORTHOGONAL;
    if (spec->bias_init == SEQECHO_INIT_DEFAULT)
        spec->bias_init = SEQECHO_INIT_ZEROS;
    if (!se_activation_known(spec->activation) ||
        !se_activation_known(spec->recurrent_activation))
        return se_fail(
            SEQECHO_ENOTSUP, "%s: activation %d is unknown to this library", layer->name,
            (int)(se_activation_known(spec->activation) ? spec->recurrent_activation
                                                        : spec->activation));
    if (!se_init_known(spec->kernel_init) || !se_init_known(spec->recurrent_init) ||
        !se_init_known(spec->bias_init))
        return se_fail(SEQECHO_ENOTSUP, "%s: an initialiser is unknown to this library",
                       layer->name);
    return SEQECHO_OK;
}

static uint32_t lstm_traits(const seqecho_layer *layer)
{
    const seqecho_lstm_spec *const spec = layer->spec;

    return SE_TRAIT_CLASSES | SE_TRAIT_REPEATED | SE_TRAIT_RECURRENT |
           (spec->stateful ? SE_TRAIT_STATEFUL : 0) |
           (spec->go_backwards ? SE_TRAIT_NO_STEP : 0);
}

static int lstm_infer(const seqecho_layer *layer, const se_shape *in, size_t n_in,
                      se_shape *out)
{
    const seqecho_lstm_spec *const spec = layer->spec;
    const se_shape state = { .dim = { spec->units }, .rank = 1 };
    char text[SE_SHAPE_TEXT];

    if (in->rank != 2)
        return se_fail(SEQECHO_ESHAPE,
                       "%s: expected input (batch, timesteps, features), found %s; %s",
                       layer->name, se_shape_text(text, 0, in),
                       in->rank == 1 ? "put a repeat_vector before it, or set "
                                       "return_sequences on the layer before"
                                     : "wrap it in time_distributed");
    if (n_in != 1 && n_in != 3)
        return se_fail(SEQECHO_EINVAL,
                       "%s: expected 1 input (x) or 3 (x, initial h, initial c), found %zu",
                       layer->name, n_in);
    for (size_t i = 1; i < n_in; i++)
        if (!se_shape_equal(&in[i], &state))
            return se_fail(SEQECHO_ESHAPE,
                           "%s: expected initial state %s of shape (batch, %" PRId64
                           "), found %s",
                           layer->name, i == 1 ? "h" : "c", spec->units,
                           se_shape_text(text, 0, &in[i]));
    out[0] = spec->return_sequences
                 ? (se_shape){ .dim = { in->dim[0], spec->units }, .rank = 2 }
                 : state;
    out[1] = state;
    out[2] = state;
    return spec->return_state ? 3 : 1;
}

static void lstm_build(seqecho_layer *layer, const se_shape *in)
{
    const seqecho_lstm_spec *const spec = layer->spec;

    se_layer_add_weight(layer, "kernel", in->dim[1], 4 * spec->units, spec->kernel_init);
    se_layer_add_weight(layer, "recurrent_kernel", spec->units, 4 * spec->units,
                        spec->recurrent_init);
    if (spec->no_bias)
        return;
    se_layer_add_weight(layer, "bias", 0, 4 * spec->units, spec->bias_init);
    layer->weights[BIAS].unit_forget_bias = !spec->no_unit_forget_bias;
}

static int64_t lstm_state_size(const seqecho_layer *layer, const se_shape *in)
{
    const seqecho_lstm_spec *const spec = layer->spec;

    SE_UNUSED(in);
    return 2 * spec->units;
}

/* One call's view of its frame: sizes, memory, and where the state begins. */
typedef struct lstm_pass {
    const se_frame *f;
    const seqecho_lstm_spec *spec;
    se_lstm_cell cell;
    int64_t steps, batch, features, units;
    int64_t kept, kept_z; /* steps of c and h, and of z, that are kept: all or the newest */

    const float *h0, *c0; /* NULL for zeros */
    se_factor kernel;     /* K */
    se_factor recurrent;  /* R forward, R transposed backward */

    /* Workspace. */
    float *z;     /* (kept_z, batch, 4 units): gates, then their gradients */
    float *c;     /* (kept, batch, units) */
    float *act_c; /* (kept, batch, units): activation(c); training only */
    float *h;     /* (kept, batch, units): the output itself where that is the sequence */
    float *pre;   /* (steps, batch, 4 units): where a derivative needs it */
    float *once;  /* (batch, 4 units): for a repeated input, its product, then dz summed */
    float *kernel_packed, *recurrent_packed; /* backward: of the transposes */
    float *dh, *dc, *scratch;                /* (batch, units), the last several */
} lstm_pass;

static float *carve_factor(const se_frame *f, se_carver *carver, int64_t k, int64_t n)
{
    return se_carve(carver, 1, 1, (int64_t)se_factor_size(f->compute, k, n));
}

/* Are the input products of all steps made in one go, before the first? */
static bool input_in_one(const lstm_pass *p)
{
    return p->batch < STEP_ROWS && !p->spec->go_backwards && !p->f->in[0].repeated;
}

static lstm_pass lstm_divide(const se_frame *f, se_carver *carver)
{
    const seqecho_lstm_spec *const spec = f->layer->spec;
    lstm_pass p = {
        .f = f,
        .spec = spec,
        .cell = { f->compute->k, spec->activation, spec->recurrent_activation,
                  spec->units },
        .steps = f->in_shape[0]->dim[0],
        .batch = f->batch,
        .features = f->in_shape[0]->dim[1],
        .units = spec->units,
    };
    const int64_t u = p.units;
    const bool backward = f->grads != NULL;
    float *packed[4]; /* K, R, and their transposes */

    p.kept = f->training ? p.steps : 1;
    p.kept_z = f->training || input_in_one(&p) ? p.steps : 1;
    p.z = se_carve(carver, p.kept_z, p.batch, 4 * u);
    p.c = se_carve(carver, p.kept, p.batch, u);
    if (f->training)
        p.act_c = se_carve(carver, p.kept, p.batch, u);
    p.h = spec->return_sequences ? f->out[0] : se_carve(carver, p.kept, p.batch, u);
    if (f->training && se_lstm_cell_needs_input(&p.cell))
        p.pre = se_carve(carver, p.steps, p.batch, 4 * u);
    if (f->in[0].repeated)
        p.once = se_carve(carver, 1, p.batch, 4 * u);

    packed[0] = carve_factor(f, carver, p.features, 4 * u);
    packed[1] = carve_factor(f, carver, u, 4 * u);
    packed[2] = f->want_d_in[0] ? carve_factor(f, carver, 4 * u, p.features) : NULL;
    packed[3] = f->training ? carve_factor(f, carver, 4 * u, u) : NULL;
    p.kernel_packed = packed[backward ? 2 : 0];
    p.recurrent_packed = packed[backward ? 3 : 1];
    if (f->training) {
        p.dh = se_carve(carver, 1, p.batch, u);
        p.dc = se_carve(carver, 1, p.batch, u);
        if (!se_lstm_cell_fused(&p.cell))
            p.scratch = se_carve(carver, SE_LSTM_CELL_SCRATCH, p.batch, u);
    }

    if (f->n_in == 3) {
        p.h0 = f->in[1].data;
        p.c0 = f->in[2].data;
    } else if (f->keep_state) {
        p.h0 = f->state;
        p.c0 = f->state != NULL ? f->state + p.batch * u : NULL;
    }
    return p;
}

static void lstm_work(const se_frame *f, se_carver *carver)
{
    lstm_divide(f, carver);
}

/* h or c after step s - 1, first row `row`; NULL stands for zeros. */
static const float *before(const lstm_pass *p, const float *sequence, int64_t kept,
                           const float *initial, int64_t s, int64_t row)
{
    const int64_t slot = kept == 1 ? 0 : s - 1;

    if (s == 0)
        return initial != NULL ? initial + row * p->units : NULL;
    return sequence + (slot * p->batch + row) * p->units;
}

/* Steps of h that are kept. */
static int64_t kept_h(const lstm_pass *p)
{
    return p->spec->return_sequences ? p->steps : p->kept;
}

/* First row of the input of step s. */
static int64_t input_row(const lstm_pass *p, int64_t s)
{
    return (p->spec->go_backwards ? p->steps - 1 - s : s) * p->batch;
}

/* z = x K + b from row `row` of x on. */
static void input_product(const lstm_pass *p, const se_compute *compute, int64_t rows,
                          int64_t row, float *z)
{
    const float *const bias = p->spec->no_bias ? NULL : se_frame_weight(p->f, BIAS);

    se_gemm(compute, rows, p->f->in[0].data + row * p->features, p->features, 1, &p->kernel,
            z, 4 * p->units, bias != NULL ? SE_STORE_BIAS : SE_STORE_SET, bias);
}

/* What of the input products comes before the steps: for a repeated input the only one,
 * into p->once; where batches are small, all of them. */
static void input_ahead(lstm_pass *p)
{
    const se_frame *const f = p->f;
    const bool repeated = f->in[0].repeated, in_one = input_in_one(p);
    const int64_t rows = in_one ? p->steps * p->batch : p->batch, n = 4 * p->units;

    if (f->in[0].classes != NULL)
        return;
    p->kernel =
        se_factor_make(f->compute, rows, repeated || in_one ? 1 : p->steps, p->features, n,
                       se_frame_weight(f, KERNEL), n, 1, p->kernel_packed);
    if (repeated || in_one)
        input_product(p, f->compute, rows, 0, repeated ? p->once : p->z);
}

/* z = x K + b of step s for `rows` samples from `begin` on, unless it is there already. */
static void step_input(const lstm_pass *p, const se_compute *compute, int64_t s,
                       int64_t begin, int64_t rows, float *z)
{
    const int64_t n = 4 * p->units, row = input_row(p, s) + begin;

    if (p->f->in[0].classes != NULL)
        compute->k->gather(rows, n, p->f->in[0].classes + row,
                           se_frame_weight(p->f, KERNEL),
                           p->spec->no_bias ? NULL : se_frame_weight(p->f, BIAS), z);
    else if (p->f->in[0].repeated)
        memcpy(z, p->once + begin * n, (size_t)(rows * n) * sizeof *z);
    else if (!input_in_one(p))
        input_product(p, compute, rows, row, z);
}

/* All steps for the samples in [begin, end). */
static void forward_rows(void *arg, int piece, int64_t begin, int64_t end)
{
    const lstm_pass *const p = arg;
    const se_compute compute = se_compute_piece(p->f->compute, piece);
    const int64_t u = p->units, rows = end - begin;

    for (int64_t s = 0; s < p->steps; s++) {
        const int64_t first = s * p->batch + begin;
        const int64_t kept = p->kept == 1 ? begin : first;
        const int64_t out = kept_h(p) == 1 ? begin : first;
        const float *const h = before(p, p->h, kept_h(p), p->h0, s, begin);
        float *const z = p->z + (p->kept_z == 1 ? begin : first) * 4 * u;

        step_input(p, &compute, s, begin, rows, z);
        if (h != NULL)
            se_gemm(&compute, rows, h, u, 1, &p->recurrent, z, 4 * u, SE_STORE_ADD, NULL);
        se_lstm_cell_forward(&p->cell, rows, z,
                             p->pre != NULL ? p->pre + first * 4 * u : NULL,
                             before(p, p->c, p->kept, p->c0, s, begin), p->c + kept * u,
                             p->act_c != NULL ? p->act_c + kept * u : NULL, p->h + out * u);
    }
}

/* The samples through all steps, on as many threads as that is worth. */
static void run_rows(const lstm_pass *p, se_pool_fn fn)
{
    lstm_pass pass = *p;
    const double work = 4.0 * (double)p->units * (double)(p->units + p->features) *
                        (double)p->batch * (double)p->steps;

    se_pool_run(work < MIN_PARALLEL_WORK ? NULL : p->f->compute->pool, p->batch, 1, fn,
                &pass);
}

static void lstm_forward(const se_frame *f)
{
    se_carver carver = { .base = f->work };
    lstm_pass p = lstm_divide(f, &carver);
    const int64_t u = p.units, size = p.batch * u;
    const size_t bytes = (size_t)size * sizeof(float);
    const float *h, *c;

    input_ahead(&p);
    p.recurrent =
        se_factor_make(f->compute, p.batch, p.steps, u, 4 * u,
                       se_frame_weight(f, RECURRENT_KERNEL), 4 * u, 1, p.recurrent_packed);
    run_rows(&p, forward_rows);

    h = before(&p, p.h, kept_h(&p), p.h0, p.steps, 0);
    c = before(&p, p.c, p.kept, p.c0, p.steps, 0);
    if (!p.spec->return_sequences)
        memcpy(f->out[0], h, bytes);
    if (f->n_out == 3) {
        memcpy(f->out[1], h, bytes);
        memcpy(f->out[2], c, bytes);
    }
    if (f->keep_state) {
        memcpy(f->next_state, h, bytes);
        memcpy(f->next_state + size, c, bytes);
    }
}

/* From the last step to the first for the samples in [begin, end): z becomes dz. */
static void backward_rows(void *arg, int piece, int64_t begin, int64_t end)
{
    const lstm_pass *const p = arg;
    const se_frame *const f = p->f;
    const se_compute compute = se_compute_piece(f->compute, piece);
    const int64_t u = p->units, rows = end - begin;

    for (int64_t s = p->steps - 1; s >= 0; s--) {
        const int64_t first = s * p->batch + begin;
        const bool last = s == p->steps - 1;
        const float *const d_out = !p->spec->return_sequences ? (last ? f->d_out[0] : NULL)
                                   : f->d_out[0] != NULL ? f->d_out[0] + s * p->batch * u
                                                         : NULL;
        const float *const d_next = last ? f->d_out[1] : p->dh;
        const se_lstm_cell_grad grad = {
            .z = p->z + first * 4 * u,
            .pre = p->pre != NULL ? p->pre + first * 4 * u : NULL,
            .c_prev = before(p, p->c, p->kept, p->c0, s, begin),
            .c = p->c + first * u,
            .act_c = p->act_c + first * u,
            .dh_1 = d_out != NULL ? d_out + begin * u : NULL,
            .dh_2 = d_next != NULL ? d_next + begin * u : NULL,
            .dc = p->dc + begin * u,
            .scratch =
                p->scratch != NULL ? p->scratch + begin * SE_LSTM_CELL_SCRATCH * u : NULL,
        };

        se_lstm_cell_backward(&p->cell, rows, &grad);
        if (s > 0 || f->want_d_in[1])
            se_gemm(&compute, rows, grad.z, 4 * u, 1, &p->recurrent, p->dh + begin * u, u,
                    SE_STORE_SET, NULL);
    }
}

/* Gradients of kernel and input from dz of all steps; for a repeated input, from its sum
 * over the steps. */
static void input_gradients(const lstm_pass *p)
{
    const se_frame *const f = p->f;
    const se_kernels *const k = f->compute->k;
    const int64_t n = 4 * p->units, size = p->batch * n;
    const bool repeated = f->in[0].repeated;
    const int64_t step = repeated || p->spec->go_backwards ? 1 : p->steps;
    const int64_t rows = step * p->batch;
    float *const d_kernel = se_frame_grad(f, KERNEL);
    se_factor transpose = { 0 };

    if (repeated) {
        memcpy(p->once, p->z, (size_t)size * sizeof(float));
        for (int64_t s = 1; s < p->steps; s++)
            k->add(size, p->z + s * size, p->once);
    }
    if (f->want_d_in[0])
        transpose =
            se_factor_make(f->compute, rows, repeated ? 1 : p->steps / step, n, p->features,
                           se_frame_weight(f, KERNEL), 1, n, p->kernel_packed);
    for (int64_t s = 0; s < (repeated ? 1 : p->steps); s += step) {
        const int64_t row = repeated ? 0 : input_row(p, s);
        const float *const dz = repeated ? p->once : p->z + s * size;
        const se_store store = s == 0 ? se_frame_store(f) : SE_STORE_ADD;

        if (f->in[0].classes != NULL)
            se_scatter_gradient(f->compute, rows, p->features, n, f->in[0].classes + row,
                                dz, d_kernel, store);
        else
            se_gemm_gradient(f->compute, rows, p->features, n,
                             f->in[0].data + row * p->features, p->features, dz, n,
                             d_kernel, store);
        if (f->want_d_in[0])
            se_gemm(f->compute, rows, dz, n, 1, &transpose, f->d_in[0] + row * p->features,
                    p->features, SE_STORE_SET, NULL);
    }
    if (!p->spec->no_bias)
        se_bias_gradient(f->compute, repeated ? p->batch : p->steps * p->batch, n,
                         repeated ? p->once : p->z, se_frame_grad(f, BIAS),
                         se_frame_store(f));
}

static void lstm_backward(const se_frame *f)
{
    se_carver carver = { .base = f->work };
    lstm_pass p = lstm_divide(f, &carver);
    const int64_t u = p.units, size = p.batch * u;
    const size_t bytes = (size_t)size * sizeof(float);
    float *const d_recurrent = se_frame_grad(f, RECURRENT_KERNEL);

    p.recurrent =
        se_factor_make(f->compute, p.batch, p.steps, 4 * u, u,
                       se_frame_weight(f, RECURRENT_KERNEL), 1, 4 * u, p.recurrent_packed);
    if (f->d_out[2] != NULL)
        memcpy(p.dc, f->d_out[2], bytes);
    else
        memset(p.dc, 0, bytes);
    run_rows(&p, backward_rows);

    if (p.h0 != NULL)
        se_gemm_gradient(f->compute, p.batch, u, 4 * u, p.h0, u, p.z, 4 * u, d_recurrent,
                         se_frame_store(f));
    se_gemm_gradient(f->compute, (p.steps - 1) * p.batch, u, 4 * u, p.h, u, p.z + 4 * size,
                     4 * u, d_recurrent, p.h0 != NULL ? SE_STORE_ADD : se_frame_store(f));
    input_gradients(&p);
    if (f->want_d_in[1])
        memcpy(f->d_in[1], p.dh, bytes);
    if (f->want_d_in[2])
        memcpy(f->d_in[2], p.dc, bytes);
}

const se_layer_ops se_lstm_ops = {
    .kind = SEQECHO_KIND_LSTM,
    .class_name = "LSTM",
    .base_name = "lstm",
    .spec_size = sizeof(seqecho_lstm_spec),
    .max_inputs = 3,
    .check = lstm_check,
    .traits = lstm_traits,
    .infer = lstm_infer,
    .build = lstm_build,
    .work = lstm_work,
    .state_size = lstm_state_size,
    .forward = lstm_forward,
    .step = se_lstm_forward_step,
    .backward = lstm_backward,
};
